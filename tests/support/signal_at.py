#!/usr/bin/env python3
"""signal_at.py SIGNAL GLOB COMMAND...: run the command, send it the signal once a file matches, and end with its
status. Its limit of core dumps goes to standard output before."""

import glob
import pathlib
import signal
import subprocess
import sys
import time


def main():
    number = getattr(signal, "SIG" + sys.argv[1])
    for each in (signal.SIGINT, signal.SIGQUIT, number):  # a shell ignores them for what runs behind it
        signal.signal(each, signal.SIG_DFL)
    child = subprocess.Popen(sys.argv[3:])
    while child.poll() is None and not glob.glob(sys.argv[2]):
        time.sleep(0.02)
    limits = pathlib.Path(f"/proc/{child.pid}/limits").read_text().splitlines()
    print(*next(line for line in limits if "core" in line).split()[:5], flush=True)
    child.send_signal(number)
    status = child.wait()
    sys.exit(128 - status if status < 0 else status)


main()
