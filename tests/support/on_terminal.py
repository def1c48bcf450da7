#!/usr/bin/env python3
"""on_terminal.py PROMPT ANSWER COMMAND...: run COMMAND on a terminal and type ANSWER when PROMPT is
shown. What it shows goes to standard output; the status is the command's. ANSWER may be the word ctrl-c.
A command that never asks is not answered. The terminal has 80 columns, or TERMINAL_WIDTH.
"""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios


LIMIT_S = 120


def main():
    prompt, answer, command = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
    typed = b"\x03" if answer == "ctrl-c" else answer.encode() + b"\n"
    child, terminal = pty.fork()
    if child == 0:
        width = int(os.environ.get("TERMINAL_WIDTH", "80"))
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 25, width, 0, 0))
        os.execvp(command[0], command)
    shown = b""

    def give_up(*_):
        """A question that never comes, or has other words, must not hang the test."""
        os.kill(child, signal.SIGKILL)
        sys.stdout.buffer.write(shown)
        sys.exit(f"no '{sys.argv[1]}' within {LIMIT_S} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_S)
    asked = False
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
        if not asked and prompt in shown:
            asked = True
            os.write(terminal, typed)
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
