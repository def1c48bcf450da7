#!/usr/bin/env python3
"""Make the .txt files here from recordings (JSON lines: dir, frame, omitted_payload_bytes).

    compact.py RECORDING.jsonl:SHA256-OF-THE-FLASH-AFTERWARDS ...

See README.md for the form. What a formula gives is written as the formula.
"""

import json
import pathlib
import sys

FLASH = bytearray(b"\xff" * 0x400000)
for i in [*range(0x3000), *range(0x10000, 0x18000)]:
    FLASH[i] = ((i * 2654435761) >> 13) & 0xFF
WRITTEN = bytes(((i * 40503) >> 7) & 0xFF for i in range(20000))


def token(data):
    """One piece of payload as formula or hex."""
    if len(data) < 16:
        return data.hex()
    if data == b"\xff" * len(data):
        return f"ff*{len(data)}"
    at = FLASH[:0x18000].find(data)
    if at >= 0:
        return f"flash({at:#x},{len(data)})"
    at = WRITTEN.find(data)
    if at >= 0:
        return f"written({at:#x},{len(data)})"
    body = data.rstrip(b"\xff")
    if len(data) - len(body) >= 16:
        return token(body) + f" ff*{len(data) - len(body)}"
    return data.hex()


def pieces(frame, direction):
    if len(frame) >= 1024 and frame[:2] != b"\x00\x03":
        return [frame]
    if direction == "host" and frame[1:2] == b"\x03":
        return [frame[:24], frame[24:]]
    if direction == "chip" and frame[:2] == b"\x01\x0e":
        return [frame[:8], frame[8:72], frame[72:]]
    return [frame]


def main():
    here = pathlib.Path(__file__).parent
    for argument in sys.argv[1:]:
        source, sha256 = argument.rsplit(":", 1)
        lines, last, times = [f"flash-sha256 {sha256}"], None, 0
        for text in pathlib.Path(source).read_text().splitlines() + ["{}"]:
            entry = json.loads(text)
            line = None
            if entry:
                frame = bytes.fromhex(entry["frame"])
                line = ("> " if entry["dir"] == "host" else "< ") + " ".join(
                    token(p) for p in pieces(frame, entry["dir"]))
                if "omitted_payload_bytes" in entry:
                    line += f" stub*{entry['omitted_payload_bytes']}"
            if line != last and last is not None:
                lines.append(last if times == 1 else f"{last} times*{times}")
                times = 0
            last, times = line, times + 1
        (here / (pathlib.Path(source).stem + ".txt")).write_text("\n".join(lines) + "\n")


main()
