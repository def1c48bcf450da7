"""How well --wire real keeps its rates: a table, for reading."""
import argparse
import os
import resource
import socket
import subprocess
import sys
import time

SIZES = {115200: 20, 460800: 80, 921600: 160, 2000000: 255}  # times 4096 bytes


def receive(sock, count):
    got = 0
    while got < count:
        part = sock.recv(65536)
        if not part:
            sys.exit("the connection ended")
        got += len(part)
    return got


def child(baud):
    host, port = os.environ["ESPBACKUP_PORT"].removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(b"\x1b\x1bC")
        receive(sock, 2)
        sock.sendall(b"\x1b\x1bB" + baud.to_bytes(4, "little"))
        receive(sock, 2)
        blocks = SIZES[baud]
        start = time.monotonic()
        sock.sendall(b"\x1b\x1bS" + bytes([blocks]))
        receive(sock, 1 + blocks * 4096)
        down = blocks * 4096 * 10 / (time.monotonic() - start) / baud
        start = time.monotonic()
        for _ in range(20):
            sock.sendall(b"x")
            receive(sock, 1)
        echo = (time.monotonic() - start) / 20 * 1000
    print(f"| {baud} | {100 * down:.2f} % | {echo:.2f} ms |", end="", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--espsim")
    parser.add_argument("--child", type=int)
    args = parser.parse_args()
    if args.child:
        return child(args.child)
    print("| baud | of the wire's rate | one byte and back | CPU of the board |\n|---|---|---|---|")
    for baud in SIZES:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        subprocess.run([args.espsim, "--wire", "real", "--", sys.executable, __file__, "--child",
                        str(baud)], check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        print(f" {100 * seconds / (time.monotonic() - start):.0f} % |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
