#!/usr/bin/env python3
"""Run a command with ESPBACKUP_PORT at a TCP peer that is no board.

tcp_peer.py silent|garbage|closes -- COMMAND...
"""

import os
import random
import socket
import subprocess
import sys
import threading


def serve(listener, kind):
    rng = random.Random(1)
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
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
    if kind not in ("silent", "garbage", "closes") or separator != "--" or not command:
        sys.exit(__doc__)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, kind), daemon=True).start()
        port = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        done = subprocess.run(command, env={**os.environ, "ESPBACKUP_PORT": port}, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
