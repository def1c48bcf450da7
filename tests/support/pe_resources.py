#!/usr/bin/env python3
"""Check what Windows reads of a program before it runs it: pe_resources.py PROGRAM VERSION

The properties (VERSIONINFO) name the product and the version, and the manifest asks for long paths, UTF-8
and no administrator.
"""

import pathlib
import re
import struct
import sys
import xml.etree.ElementTree

VERSION, MANIFEST = 16, 24  # RT_VERSION, RT_MANIFEST
SETTINGS = "{http://schemas.microsoft.com/SMI/%s/WindowsSettings}%s"
WINDOWS_10 = "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"


def sections(image):
    """(address, size, offset in the file) of each; the optional header of 64 bits is a given."""
    pe, = struct.unpack_from("<I", image, 0x3C)
    if image[pe:pe + 4] != b"PE\0\0" or image[pe + 24:pe + 26] != b"\x0b\x02":
        sys.exit("not a PE32+ program")
    count, header = struct.unpack_from("<H12xH", image, pe + 6)
    for at in range(pe + 24 + header, pe + 24 + header + 40 * count, 40):
        size, address, raw_size, offset = struct.unpack_from("<4I", image, at + 8)
        yield address, max(size, raw_size), offset


def resources(image):
    """{type: bytes} of the first resource of each type."""
    pe, = struct.unpack_from("<I", image, 0x3C)
    root, = struct.unpack_from("<I", image, pe + 24 + 112 + 2 * 8)  # the third directory
    places = list(sections(image))

    def offset_of(address):
        return next(offset + address - start for start, size, offset in places
                    if start <= address < start + size)

    def entries(at):
        named, numbered = struct.unpack_from("<2H", image, at + 12)
        return [struct.unpack_from("<2I", image, at + 16 + 8 * i) for i in range(named + numbered)]

    base, found = offset_of(root), {}
    for kind, below in entries(base):
        while below & 0x80000000:  # a folder: name, then language
            below = entries(base + (below & 0x7FFFFFFF))[0][1]
        address, size = struct.unpack_from("<2I", image, base + below)
        found[kind] = image[offset_of(address):offset_of(address) + size]
    return found


def check_version(data, version):
    fixed = data.index(struct.pack("<I", 0xFEEF04BD))
    high, low = struct.unpack_from("<2I", data, fixed + 8)
    numbers = f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
    if numbers != version + ".0":
        yield f"the file version is {numbers}, expected {version}.0"
    text = data.decode("utf-16-le", "replace")
    for name, pattern in (("ProductName", "espbackup"), ("FileVersion", re.escape(version)),
                          ("OriginalFilename", r"espbackup\.exe"),
                          ("ProductVersion", re.escape(version) + r"(-\d+)?(-g[0-9a-f]+)?(-dirty)?")):
        if not re.search(rf"{name}\0+{pattern}\0", text):
            yield f"{name} is missing or wrong"


def check_manifest(data):
    root = xml.etree.ElementTree.fromstring(data)
    found = {element.tag: (element.text or "").strip() for element in root.iter()}
    for year, name, value in ((2016, "longPathAware", "true"), (2019, "activeCodePage", "UTF-8")):
        if found.get(SETTINGS % (year, name)) != value:
            yield f"the manifest has no {name} {value}"
    if WINDOWS_10 not in [element.get("Id") for element in root.iter()]:
        yield "the manifest does not name Windows 10"
    if "asInvoker" not in [element.get("level") for element in root.iter()]:
        yield "the manifest does not ask for the rights of who runs it"


def main():
    found = resources(pathlib.Path(sys.argv[1]).read_bytes())
    faults = [f"there is no resource of type {kind}" for kind in (VERSION, MANIFEST) if kind not in found]
    if not faults:
        faults = [*check_version(found[VERSION], sys.argv[2]), *check_manifest(found[MANIFEST])]
    print("\n".join(f"{sys.argv[1]}: {fault}" for fault in faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
