#!/usr/bin/env python3
"""make_map.py --bin BUILD [--check] FILE: docs/flash-map.svg, made by a real run of espbackup.

A simulated ESP32 is backed up. It then gets an update over the air, as ESP-IDF does one: the new app
into the other slot, OTA data that select it, and a setting. `diff` draws the backup and the board.
"""
import argparse
import os
import pathlib
import struct
import subprocess
import tempfile
import zlib

IMAGE = "esp32-4mb"
NVS, OTA_DATA, OTA_0 = 0x9000, 0xD000, 0x10000
SEQUENCE = 3  # odd: the first of two slots


def run(status, folder, bin_dir, *command):
    path = f"{bin_dir / 'src'}:{bin_dir / 'tests/espsim'}:{os.environ['PATH']}"
    board = ("espsim", "--chip", "esp32", "--flash", "flash.bin", "--tcp", "--wire", "instant", "--")
    done = subprocess.run(board + command, cwd=folder, env=os.environ | {"PATH": path}, check=False,
                          capture_output=True, text=True)
    if done.returncode != status:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")


def update(flash, app):
    flash[OTA_0:OTA_0 + len(app)] = app
    number = struct.pack("<I", SEQUENCE)
    crc = struct.pack("<I", zlib.crc32(number, 0xFFFFFFFF))
    flash[OTA_DATA:OTA_DATA + 32] = number + b"\xff" * 24 + crc
    flash[NVS + 0x200] &= 0xFE


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the build")
    parser.add_argument("--check", action="store_true", help="only compare FILE with a new picture")
    parser.add_argument("file", type=pathlib.Path)
    args = parser.parse_args()
    data = args.bin.resolve() / "testdata"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        flash = bytearray((data / f"{IMAGE}.bin").read_bytes())
        (folder / "flash.bin").write_bytes(flash)
        run(0, folder, args.bin.resolve(), "espbackup", "backup", "-o", "before-the-update.bin")
        update(flash, (data / "parts" / f"{IMAGE}-ota_1.bin").read_bytes())
        (folder / "flash.bin").write_bytes(flash)
        run(3, folder, args.bin.resolve(), "espbackup", "diff", "before-the-update.bin", "board",
            "--svg", "map.svg")
        picture = (folder / "map.svg").read_bytes()
    if not args.check:
        args.file.write_bytes(picture)
    elif args.file.read_bytes() != picture:
        raise SystemExit(f"{args.file} is out of date; the target flash-map draws it anew")


if __name__ == "__main__":
    main()
