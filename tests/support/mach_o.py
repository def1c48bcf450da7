#!/usr/bin/env python3
"""Look at a program of macOS: mach_o.py PROGRAM arm64|x86_64

Its form, the system that it asks for, the libraries that it is linked with, its signature, which an
arm64 does not start a program without, the calls that macOS has in place of those of Linux, and that
no hint speaks of Linux. Nothing is run.
"""

import pathlib
import struct
import sys

MAGIC_64 = 0xFEEDFACF
PROCESSORS = {"arm64": 0x0100000C, "x86_64": 0x01000007}
EXECUTE = 2
LOAD_DYLIB, CODE_SIGNATURE, BUILD_VERSION = 0xC, 0x1D, 0x32
OTHER_DYLIBS = {0x80000018, 0x8000001F, 0x20, 0x80000023}  # weak, re-exported, lazy, upward
MACOS, VERSION_11 = 1, 11 << 16
LIBRARIES = ["/usr/lib/libSystem.B.dylib"]
CALLS = ["_renamex_np", "_CC_MD5_Final", "_CC_SHA256_Final", "_select", "_dlopen"]
LINUX = ["/dev/ttyUSB", "dialout", "usermod", "apt remove", "systemctl", "/proc/"]


def commands(data):
    count = struct.unpack_from("<I", data, 16)[0]
    at = 32
    for _ in range(count):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, data[at:at + size]
        at += size


def text_at(command, offset):
    return command[offset:].split(b"\0", 1)[0].decode()


def findings(data, processor):
    magic, cpu, _, filetype = struct.unpack_from("<IIII", data)
    if (magic, cpu, filetype) != (MAGIC_64, PROCESSORS[processor], EXECUTE):
        yield f"no program for {processor}: {magic:#x} {cpu:#x} {filetype}"
        return
    found = list(commands(data))
    libraries = [text_at(c, struct.unpack_from("<I", c, 8)[0]) for kind, c in found
                 if kind == LOAD_DYLIB or kind in OTHER_DYLIBS]
    if libraries != LIBRARIES:
        yield f"libraries: {libraries}"
    systems = [struct.unpack_from("<II", c, 8) for kind, c in found if kind == BUILD_VERSION]
    if systems != [(MACOS, VERSION_11)]:
        yield f"not for macOS 11: {systems}"
    if processor == "arm64" and CODE_SIGNATURE not in [kind for kind, _ in found]:
        yield "no signature"
    yield from (f"no call of {name}" for name in CALLS if name.encode() + b"\0" not in data)
    yield from (f"words of Linux: {words}" for words in LINUX if words.encode() in data)


def main():
    faults = list(findings(pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2]))
    for fault in faults:
        print(f"{sys.argv[1]}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
