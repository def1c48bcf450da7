#!/usr/bin/env python3
"""in_trace.py TRACE IMAGE...: print how many stretches of eight bytes of the images a trace shows, as
hex or as text. Eight alike bytes, or a few values only, are no secret."""

import re
import sys

WIDTH = 8


def main():
    trace = open(sys.argv[1], "rb").read()
    images = [open(name, "rb").read() for name in sys.argv[2:]]
    secrets = {image[i:i + WIDTH] for image in images for i in range(len(image) - WIDTH + 1)}
    shown = [bytes.fromhex(run.decode()[:len(run) // 2 * 2]) for run in re.findall(rb"[0-9a-f]{16,}", trace)]
    shown.append(trace)
    found = {text[i:i + WIDTH] for text in shown for i in range(len(text) - WIDTH + 1)} & secrets
    print(sum(len(set(secret)) > 4 for secret in found))


main()
