#!/usr/bin/env python3
"""Run a command with ESPBACKUP_PORT at a TCP peer that is no board.

tcp_peer.py silent|garbage|closes|unknown-chip -- COMMAND...

unknown-chip is a ROM loader whose chip has the id 99, and whose registers are all 0.
"""

import os
import random
import socket
import struct
import subprocess
import sys
import threading


SYNC, GET_SECURITY_INFO = 0x08, 0x14
SECURITY_INFO = struct.pack("<IB7xII", 0, 0, 99, 1)


def rom_replies(received):
    """Frames out of the bytes received; what is left of them, and the answers."""
    answers = b""
    while received.count(b"\xc0") >= 2:
        _, frame, received = received.split(b"\xc0", 2)
        frame = frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
        if len(frame) < 8:
            received = b"\xc0" + received  # that was an end and a start
            continue
        data = SECURITY_INFO if frame[1] == GET_SECURITY_INFO else b""
        reply = struct.pack("<BBHI", 1, frame[1], len(data) + 4, 0) + data + bytes(4)
        answers += (b"\xc0" + reply + b"\xc0") * (8 if frame[1] == SYNC else 1)
    return received, answers


def serve_rom(connection):
    received = b""
    while data := connection.recv(4096):
        received, answers = rom_replies(received + data)
        connection.sendall(answers)


def serve(listener, kind):
    rng = random.Random(1)
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                if kind == "unknown-chip":
                    serve_rom(connection)
                    continue
                while kind != "closes":
                    # Garbage comes in answer to what is sent, as from a wrong baud rate; never a
                    # SLIP delimiter, which would make frames of it.
                    if not connection.recv(4096):
                        break
                    if kind == "garbage":
                        connection.sendall(bytes(rng.choice(b"\x00\x80\xf8\xfe\x1c\xe0\xff\x98")
                                                 for _ in range(200)))
            except OSError:
                pass


def main():
    kind, separator, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    if kind not in ("silent", "garbage", "closes", "unknown-chip") or separator != "--" or not command:
        sys.exit(__doc__)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, kind), daemon=True).start()
        port = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        done = subprocess.run(command, env={**os.environ, "ESPBACKUP_PORT": port}, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
