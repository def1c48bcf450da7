#!/usr/bin/env python3
"""Make the seed corpus of the fuzz targets, from the vectors of the format tests and the example in
docs/sidecar-format.md:

    python3 tests/fuzz/make_corpus.py

The results are committed, beside inputs that fuzzing found (named by their hash).
"""
import hashlib
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VECTORS = ROOT / "tests" / "unit" / "format" / "vectors"
FLASH_4MB = struct.pack("<I", 0x400000)


def save(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def entry(label, kind, subtype, addr, size, flags=0):
    return struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, addr, size, label, flags)


def md5_entry(entries):
    return b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(entries).digest()


def partition_tables():
    table = (VECTORS / "table.bin").read_bytes()[:0x100]
    plain = entry(b"nvs", 1, 2, 0x9000, 0x6000) + entry(b"sixteen_bytes_xy", 0, 0, 0x10000, 0x1000)
    overlap = plain + entry(b"x", 1, 6, 0x10800, 0x1000)
    full = b"".join(entry(b"p%d" % i, 1, 6, 0x9000 + 0x1000 * i, 0x1000, 3) for i in range(95))
    cases = {
        "with_md5": FLASH_4MB + table,
        "bad_md5": FLASH_4MB + table[:-40] + b"\0" + table[-39:],
        "no_md5": bytes(4) + plain + b"\xff" * 32,
        "no_end": FLASH_4MB + plain,
        "overlap": FLASH_4MB + overlap + md5_entry(overlap),
        "full": FLASH_4MB + full + md5_entry(full),
        "too_many": FLASH_4MB + full + entry(b"p95", 1, 6, 0x200000, 0x1000),
        "beyond": struct.pack("<I", 0x10000) + table,
        "wraps": bytes(4) + entry(b"w", 1, 6, 0xFFFFF000, 0x2000) + b"\xff" * 32,
        "erased": FLASH_4MB + b"\xff" * 64,
        "whole_flash": FLASH_4MB + entry(b"spiFlash", 2, 1, 0, 0x400000) + plain,
    }
    for name, content in cases.items():
        save("partition_table", name, content)


def short_header(segments, magic=0xE9):
    return struct.pack("<BBBBI", magic, segments, 2, 0x40, 0x40100004)


def segment(addr, content):
    return struct.pack("<II", addr, len(content)) + content


def checksummed(image, *covered):
    checksum = 0xEF
    for byte in b"".join(covered):
        checksum ^= byte
    return image + bytes(15 - len(image) % 16) + bytes([checksum])


def short_images():
    text, data, ram = bytes(range(200)), (0xABCD5432).to_bytes(4, "little") + b"1.0\0" * 70, b"ram!" * 30
    sdk = checksummed(short_header(3) + segment(0x40210010, text) + segment(0x402100E0, data)
                      + segment(0x40100000, ram), text, data, ram)
    double = checksummed(short_header(4, 0xEA) + segment(0, text * 2) + short_header(1)
                         + segment(0x40100000, ram), ram)
    crc = zlib.crc32(double)
    return {
        "short": sdk,
        "short_hash": sdk + hashlib.sha256(sdk).digest(),
        "double": double + b"\xff" * 64,
        "double_crc": double + struct.pack("<I", crc ^ 0xFFFFFFFF if crc >> 31 else crc + 1),
        "double_header_only": double[:16],
    }


def app_images():
    image = (VECTORS / "app_c3.bin").read_bytes()
    no_hash = image[:23] + b"\0" + image[24:-32]
    cases = {
        "valid": image,
        "in_a_slot": image + b"\xff" * 160,
        "no_hash": no_hash,
        "bad_checksum": no_hash[:-1] + bytes([no_hash[-1] ^ 1]),
        "cut": image[:-33],
        "header_only": image[:32],
        "seventeen_segments": image[:1] + b"\x11" + image[2:],
        "long_segment": image[:28] + struct.pack("<I", 0xFFFFFFFC) + image[32:],
        "erased": b"\xff" * 300,
        "opaque": bytes(range(256)) * 2,
    }
    for name, content in (cases | short_images()).items():
        save("app_image", name, content)


def ota_data():
    def copies(name):
        sectors = (VECTORS / name).read_bytes()
        return sectors[:32] + sectors[0x1000:0x1020]

    both, app0 = copies("otadata.bin"), copies("boot_app0.bin")
    # Two bytes an entry: type and subtype; state of the app (1: valid), size and flags.
    two = b"\x02\x10\x01\x11\x01"
    cases = {
        "factory_and_two": b"\x03\x00\x01\x10\x01\x11\x01" + both,
        "two_slots": two + app0,
        "hole": b"\x02\x10\x01\x12\x01" + both,
        "aborted": two + both[:56] + struct.pack("<I", 4) + both[60:],
        "on_trial": two + both[:56] + struct.pack("<I", 1) + both[60:],
        "erased": b"\x03\x11\x01\x10\x01\x80\x00" + b"\xff" * 64,
        "test_only": b"\x01\x20\x01" + both,
        "empty_slot": b"\x03\x00\x01\x10\x01\x11\x00" + both,
        "small": b"\x03\x80\x80\x10\x01\x11\x01" + both,
        "other_chip": b"\x02\x10\x01\x11\x41" + both + b"\0",
        "cut": two + both[:48],
    }
    for name, content in cases.items():
        save("ota_data", name, content)


def sidecars():
    docs = (ROOT / "docs" / "sidecar-format.md").read_text()
    example = docs.split("```json\n", 1)[1].split("```", 1)[0]
    cases = {
        "example": example,
        "compact": "".join(line.strip() for line in example.splitlines()),
        "newer": '{"format": 2}',
        "extra": example.replace('"chip":\t{', '"chip":\t{ "x": [[], {"y": null}],', 1),
        "twice": example.replace('"format":\t1,', '"format":\t1, "format":\t1,', 1),
        "path": example.replace("esp32_backup_", "../esp32_backup_", 1),
        "no_table": example.split('"partition_table"')[0] + '"partition_table": null, "connection"'
                    + example.split('"connection"')[1],
        "escapes": example.replace("before the update", "\\u001b[0m\\ud83d\\ude00\\n\\\"", 1),
    }
    for name, content in cases.items():
        save("sidecar", name, content.encode())


partition_tables()
app_images()
ota_data()
sidecars()
