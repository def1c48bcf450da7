#!/usr/bin/env python3
"""Make the seed corpus of the fuzz targets, from the vectors of the format tests, the example in
docs/sidecar-format.md, and what is written below:

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


def frame(content):
    return b"\xc0" + content.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def packets():
    reply = b"\x01\x0a\x04\x00\x83\x1d\xf0\x00" + bytes(4)
    stub_error = b"\x01\x02\x02\x00" + bytes(4) + b"\xc4\x00"
    boot = b"ets Jul 29 2019\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n"
    cases = {
        "reply": b"\x02" + frame(reply) + frame(stub_error),
        "boot_between": b"\x05" + frame(reply) + boot + frame(reply),
        "escapes": b"\x01" + frame(b"\xc0\xdb" * 20) + b"\xc0\xdb\x07\xc0",
        "too_long": b"\x06" + frame(bytes(400)) + frame(reply),
        "delimiters": b"\x00" + b"\xc0" * 50 + frame(reply)[1:],
        "cut": b"\x03" + frame(reply)[:-3],
    }
    for name, content in cases.items():
        save("slip", name, content)


IAC, SB, SE, WILL, WONT, DO, DONT = 255, 250, 240, 251, 252, 253, 254
NEGOTIATED = bytes([IAC, DO, 44, IAC, DO, 0, IAC, WILL, 0, IAC, WILL, 3, IAC, DO, 3])


def com_port(command, *value):
    return bytes([IAC, SB, 44, 100 + command, *value, IAC, SE])


def telnet():
    settings = com_port(5, 1) + com_port(2, 8) + com_port(3, 1) + com_port(4, 1) + com_port(1, 0, 1, 0xC2, 0)
    cases = {
        "negotiated": NEGOTIATED,
        "settings": settings,
        "refused": bytes([IAC, DONT, 44, IAC, WONT, 0]),
        "data": b"abc" + bytes([IAC, IAC]) + b"def",
        "long_sub": bytes([IAC, SB, 44]) + bytes(100) + bytes([IAC, SE]) + b"x",
        "cut": bytes([IAC, SB, 44, 101, 0]),
        "not_ended": bytes([IAC, SB, 44, 107, 0xB0, IAC, WILL, 1]),
        "nop": bytes([IAC, 241, IAC, 249]) + b"y",
    }
    for name, content in cases.items():
        save("telnet", name, b"\x02" + content)
    lines = com_port(5, 8) + com_port(5, 11) + com_port(5, 9) + com_port(5, 12)

    def said(*parts):
        return b"".join(bytes([pause, len(content)]) + content for pause, content in parts)

    cases = {
        "usual": said((1, NEGOTIATED), (1, settings), (1, lines), (1, com_port(12, 1)), (9, b"hello")),
        "mute": said((1, NEGOTIATED), (255, b""), (255, b"")),
        "slow": said((100, NEGOTIATED), (100, settings), (100, lines)),
        "wrong_baud": said((1, NEGOTIATED), (1, com_port(1, 0, 0, 1, 0)), (50, b"")),
        "refuses": said((1, bytes([IAC, DONT, 44])), (9, b"")),
        "plain": said((1, b"ets Jul 29 2019"), (200, b"x" * 200)),
        "hangs_up": said((0, b"")),
        "quarrel": said(*[(1, bytes([IAC, verb, 1])) for verb in (WILL, WONT, DO, DONT) * 8]),
    }
    for name, content in cases.items():
        save("rfc2217", name, content)


def journals():
    head = ("espbackup-journal 1\ntool 0.1.0\nstarted 1764000000\nchip esp32\nmac 24:6f:28:aa:bb:cc\n"
            "jedec 0xc84016\nflash 4194304\nrange 0x0 0x400000\nverified\n")
    lines = "read 0x00000000 0x4000\nerased 0x00004000 0x1000\nreceived 0x00010000 0x4000\n"
    cases = {
        "head": head,
        "lines": head + lines,
        "torn": head + lines[:-4],
        "nonsense": head + "eaten 0x00000000 0x10\nread 0x00000000 0xffffffff\n" + lines,
        "part": head.replace("range 0x0 0x400000", "range 0x9000 0x6000") + "read 0x00009000 0x400\n",
        "another": head.replace("journal 1", "journal 2"),
        "small": head.replace("0x400000", "0x1"),
        "far": head.replace("range 0x0 0x400000", "range 0xfffff000 0x1000"),
    }
    for name, content in cases.items():
        save("journal", name, content.encode())


def json_texts():
    cases = {
        "nested": '{"a": [1, -2.5e3, true, null, "x\\u00e4\\n"], "b": {"c": {}}}',
        "unsafe": '{"a": "\\u009b\\u202e\\u001b[2J\\u007f", "\u2066b": "\u200f"}',
        "surrogates": '["\\ud83d\\ude00", "\\ud83d"]',
        "deep": "[" * 60 + "]" * 60,
        "twice": '{"a": 1, "a": 2}',
        "numbers": "[0, -0, 1e308, 1e-308, 9007199254740993, 0.1]",
        "trailing": "{} x",
        "words": "[true, false, null, truefalse]",
    }
    for name, content in cases.items():
        save("json", name, content.encode())
    stub = '{"entry": 1074521560, "text": "CADAP/8=", "text_start": 1074520064, "data": "CIH+Pw==", "data_start": 1073605544}'
    cases = {
        "stub": stub,
        "no_data": '{"entry": 1, "text": "AAAA", "text_start": 0}',
        "bad_base64": stub.replace("CADAP/8=", "CAD=P/8="),
        "empty": stub.replace("CADAP/8=", ""),
        "wide": stub.replace("1074520064", "4294967296"),
        "text": stub.replace("1074521560", '"x"'),
    }
    for name, content in cases.items():
        save("stub", name, content.encode())


def option_texts():
    cases = {
        "backup": "backup\n--output\nx.bin\n--force\n-p\nsocket://host:1\n-qv",
        "restore": "restore\nlatest\n--partition=nvs\n--partition\nota_0\n--address\n0x1000\n--yes",
        "erase": "erase\n0x9000\n24K\n--dry-run",
        "conflict": "--no-stub\nbackup\n--stub\nx.json",
        "unknown": "bakup\n--fulll\n-Z",
        "ends": "verify\n--\n--full\n-x",
        "abbreviated": "backup\n--out=x\n--flash_size\n4MB\n--baud\n921600",
        "reset": "D0|R1|W0.1|D1|R0|W0.05|D0",
        "reset_odd": "U1,0|W.2|W9.999|w1| d1 ||R 0",
        "pins": "18,7,8,9,11",
        "rfc2217": "rfc2217://[::1]:4000?ign_set_control&timeout=3",
        "numbers": "0x10\n4MB\n1_000\n18446744073709551616\n-1\n1.5M",
    }
    for name, content in cases.items():
        save("options", name, content.encode())


def image_headers():
    image = (VECTORS / "app_c3.bin").read_bytes()
    cases = {
        "all": b"\x02\x01\x02\x02" + image,
        "keep": b"\x00\x01\x00\x02" + image,
        "wrong_word": b"\x04\x00\x04\x00" + image,
        "odd_rate": b"\x00\x04\x00\x03" + image,
        "damaged": b"\x03\x02\x01\x05" + image[:-1] + b"\0",
        "cut": b"\x03\x02\x01\x05" + image[:40],
    }
    for name, content in cases.items():
        save("image_header", name, content)


def sessions():
    cases = {
        "usual": b"\x00",
        "without_stub": b"\x01",
        "named_chip": b"\x12" + bytes(200),
        "stub_runs": b"\x04" + bytes(40),
        "errors": b"\x02" + bytes(30) + b"\xc1\x05" * 20,
        "resets": b"\x12" + bytes(300) + b"\xc5" + bytes(50) + b"\xc5",
        "mute": b"\x03" + bytes(60) + b"\xc7" * 60,
        "noise": b"\x13" + bytes(20) + b"\xc3" + b"\xc0\xdb" * 128 + b"\xff",
        "late": b"\x22" + bytes(100) + b"\xc6\xff" * 20,
        "others": b"\x03" + bytes(100) + b"\xc2\x0a\x01" * 20,
    }
    for name, content in cases.items():
        save("session", name, content)


def data_image(files, crc=None, **fields):
    """Files are (name, content, type); a field takes the place of what the header would have."""
    at = 48 + 80 * len(files)
    records = content = b""
    for name, data, kind in files:
        records += struct.pack("<32s4I32s", name, 1600000001, len(data), at + len(content), 0, kind)
        content += data
    head = {"magic": 0xE0917763, "version": 1, "count": len(files), "size": at + len(content), **fields}
    image = struct.pack("<6I24x", *head.values(), 0, 1600000000) + records + content
    crc = zlib.crc32(image) if crc is None else crc
    return image[:0x10] + struct.pack("<I", crc) + image[0x14:]


def data_images():
    files = [(b"a.txt", b"Hi there\n", b"text/plain"), (b"empty", b"", b"x/y"), (b"\xc3\xbc", b"\0\1", b"image/png")]
    image = data_image(files)
    cases = {
        "usual": image,
        "none": data_image([]),
        "behind": image + b"\xff" * 100,
        "wrong_crc": data_image(files, crc=1),
        "magic": data_image(files, magic=0),
        "version": data_image(files, version=2),
        "count": data_image(files, count=1000),
        "size": data_image(files, size=1 << 20),
        "twice": data_image([files[0], files[0]]),
        "overlap": image[:0xA8] + struct.pack("<I", 0x121) + image[0xAC:],
        "beyond": image[:0x54] + b"\xff" * 4 + image[0x58:],
        "names": data_image([(b"..", b"", b""), (b"a/b", b"", b""), (b"NUL.x", b"", b""), (b"\xff\n", b"", b"")]),
        "no_end": data_image([(b"x" * 32, b"", b"y" * 32)]),
        "cut": image[:100],
    }
    for name, content in cases.items():
        save("data_image", name, content)
def crc(content, start=0xFFFFFFFF):
    return struct.pack("<I", zlib.crc32(content, start))


def nvs_entry(space, kind, key, value, data=b"", chunk=0xFF, span=None):
    span = 1 + (len(data) + 31) // 32 if span is None else span
    head, body = bytes([space, kind, span, chunk]), key.ljust(16, b"\0") + value.ljust(8, b"\xff")
    return head + crc(head + body) + body + data.ljust((len(data) + 31) // 32 * 32, b"\xff")


def nvs_data(space, kind, key, data, chunk=0xFF):
    return nvs_entry(space, kind, key, struct.pack("<HH", len(data), 0xFFFF) + crc(data), data, chunk)


def nvs_page(sequence, *entries, state=0xFFFFFFFE, erased=()):
    content = b"".join(entries)
    states = [3] * 128
    for index in range(len(content) // 32):
        states[index] = 0 if index in erased else 2
    bitmap = bytes(sum(states[i + k] << 2 * k for k in range(4)) for i in range(0, 128, 4))
    head = struct.pack("<IB", sequence, 0xFE) + b"\xff" * 19
    return (struct.pack("<I", state) + head + crc(head) + bitmap + content).ljust(4096, b"\xff")


NAME = nvs_entry(0, 0x01, b"light", b"\x01")
STORE = nvs_page(0, NAME, nvs_entry(1, 0x14, b"level", b"\xfe\xff\xff\xff"),
                 nvs_data(1, 0x21, b"password", b"battery\0"), nvs_data(1, 0x41, b"old", b"x" * 40))


def stores():
    index = nvs_entry(1, 0x48, b"cal", struct.pack("<IBB", 8, 2, 0x80))
    chunks = [nvs_data(1, 0x42, b"cal", b"1234", number) for number in (0x80, 0x81)]
    cases = {
        "all": STORE,
        "chunks": nvs_page(1, NAME, chunks[1]) + nvs_page(0, chunks[0], index, state=0xFFFFFFFC),
        "rewritten": nvs_page(3, NAME, *[nvs_entry(1, 1, b"n", bytes([n])) for n in range(5)], erased=(1, 2)),
        "no_chunks": nvs_page(0, NAME, index, index),
        "odd_span": nvs_page(0, NAME, nvs_entry(1, 0x21, b"s", b"\x40\0", span=126)),
        "freeing": nvs_page(2, NAME, state=0xFFFFFFF8) + nvs_page(2, NAME) + b"\xff" * 5000,
        "opaque": nvs_page(0, b"\xa7" * 320),
    }
    for name, content in cases.items():
        save("nvs", name, content)


def core_dumps():
    def note(name, kind, content):
        head = struct.pack("<III", len(name), len(content), kind)
        return head + name.ljust((len(name) + 3) // 4 * 4, b"\0") + content.ljust((len(content) + 3) // 4 * 4, b"\0")

    def dump(version, rest, content, digest=crc):
        size = 8 + len(rest) + len(content) + len(digest(b""))
        whole = struct.pack("<IHH", size, version, 5) + rest + content
        return whole + digest(whole)

    def crc_0(content):
        return crc(content, 0)

    notes = (note(b"CORE\0", 1, bytes(72)) + note(b"ESP_CORE_DUMP_INFO\0", 8266, bytes(4) + b"c0ffee".ljust(65, b"\0"))
             + note(b"ESP_EXTRA_INFO\0", 677, bytes(8)) + note(b"ESP_PANIC_DETAILS\0", 679, b"abort()"))
    elf = (b"\x7fELF\x01\x01\x01".ljust(28, b"\0") + struct.pack("<IIIHHHHHH", 52, 0, 0, 52, 32, 2, 0, 0, 0)
           + struct.pack("<8I", 4, 116, 0, 0, len(notes), 0, 0, 0) + struct.pack("<8I", 4, 116, 0, 0, 92, 0, 0, 0) + notes)
    cases = {
        "elf_crc": dump(0x102, bytes(16), elf, crc_0),
        "elf_sha256": dump(0x104, bytes(4), elf, lambda content: hashlib.sha256(content).digest()),
        "binary": dump(0x001, struct.pack("<II", 3, 340), bytes(64), crc_0),
        "bad_crc": dump(0x100, bytes(12), elf),
        "cut": dump(0x102, bytes(16), elf, crc_0)[:-20],
        "far": dump(0x102, bytes(16), elf.replace(struct.pack("<II", 4, 116), struct.pack("<II", 4, 0xFFFFFFF0)), crc_0),
    }
    for name, content in cases.items():
        save("core_dump", name, content)
    save("content", "core_dump", b"\x04\x00" + cases["elf_crc"])


def contents():
    littlefs = (bytes(4) + b"\xf0\x0f\xff\xf7littlefs/\xe0\0\x10" + struct.pack("<III", 0x20001, 128, 4)).ljust(512, b"\xff")
    spiffs = bytearray(b"\x01\x80\0\0".ljust(4096, b"\xff"))
    spiffs[252:254] = struct.pack("<H", 0x0529 ^ 256)
    boot = (b"\xeb\x3c\x90MSDOS5.0" + struct.pack("<HBHBHHBHHHII", 512, 1, 1, 2, 16, 8, 0xF8, 1, 1, 1, 0, 0)
            + b"\x80\0\x29\0\0\0\0PORCH      FAT12   ").ljust(510, b"\0") + b"\x55\xaa"
    keys = bytes(range(64))
    cases = {
        "littlefs": b"\x00\x00" + littlefs,
        "spiffs": b"\x00\x0f" + bytes(spiffs),
        "fat12": b"\x00\x00" + boot + b"\xf8\xff\xff\x03\xf0\xff".ljust(3584, b"\0"),
        "nvs": b"\x03\x00" + STORE,
        "nvs_by_mark": b"\x00\x02" + STORE,
        "nvs_keys": b"\x05\x00" + keys + crc(keys),
        "ota": b"\x01\x01" + (struct.pack("<I", 1).ljust(28, b"\xff") + crc(struct.pack("<I", 1))).ljust(4096, b"\xff"),
        "phy": b"\x02\x00PHYINIT\0" + bytes(128) + b"PHYINIT\0",
    }
    for name, content in cases.items():
        save("content", name, content)


partition_tables()
app_images()
ota_data()
sidecars()
packets()
telnet()
journals()
json_texts()
option_texts()
image_headers()
sessions()
data_images()
stores()
core_dumps()
contents()
