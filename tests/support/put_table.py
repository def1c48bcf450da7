#!/usr/bin/env python3
"""Write a partition table with its MD5 into a flash image, whatever it says:

    put_table.py FILE ADDR NAME:TYPE:SUBTYPE:OFFSET:SIZE...
"""
import hashlib
import struct
import sys


def main():
    path, addr, *rows = sys.argv[1:]
    table = b""
    for row in rows:
        name, *numbers = row.split(":")
        table += struct.pack("<2sBBII16sI", b"\xaa\x50", *(int(number, 0) for number in numbers),
                             name.encode(), 0)
    table += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()
    with open(path, "r+b") as flash:
        flash.seek(int(addr, 0))
        flash.write(table.ljust(0x1000, b"\xff"))


if __name__ == "__main__":
    main()
