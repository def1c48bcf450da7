#!/usr/bin/env python3
"""Run a command and fail when it takes too much memory, or is silent for too long.

limits.py [--peak-mb 32] [--first-words-share 0.1] -- COMMAND...

--first-words-share: of the time that the command takes. A share holds on a slow machine too.
"""

import argparse
import pathlib
import subprocess
import sys
import threading
import time


def peak_mb(pid):
    """Its own peak; what wait4 gives would include this process from before exec."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peak-mb", type=float, default=float("inf"))
    parser.add_argument("--first-words-share", type=float, default=1)
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    words_after = []

    def listen(stream, started):
        while chunk := stream.read1(4096):
            words_after.append(time.monotonic() - started)
            sys.stderr.buffer.write(chunk)

    started = time.monotonic()
    with subprocess.Popen(args.command, stderr=subprocess.PIPE) as child:
        listener = threading.Thread(target=listen, args=(child.stderr, started))
        listener.start()
        peak = 0
        while child.poll() is None:
            peak = max(peak, peak_mb(child.pid))
            time.sleep(0.01)
        listener.join()
    took = time.monotonic() - started
    share = words_after[0] / took if words_after else float("inf")
    print(f"peak {peak:.1f} MB, first words after {share:.3f} of {took:.1f} s")
    if share > args.first_words_share:
        sys.exit(f"first words after {share:.3f} of the time, limit {args.first_words_share}")
    if child.returncode != 0:
        return child.returncode
    if peak == 0 or peak > args.peak_mb:
        sys.exit(f"peak memory {peak:.1f} MB, limit {args.peak_mb} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
