#!/usr/bin/env python3
"""What espbackup makes of firmware files, against esptool and an independent reading.

    check_firmware.py --bin DIR ... [--address ADDR] FILE ...

FILE is an image of a whole flash, a merged image, or one bare program. ADDR is where its first byte
lies in the flash. The file becomes the flash of a simulated board; bare programs get partitions of
their own there. Compared are the entries of the partition table, the state, length, chip id, name and
version of each program, and the bytes of each partition that `backup-partition --from` writes.

Nothing here is shared with espbackup. The reader below tries both lengths of a header and keeps the
one whose checksum holds, instead of looking at addresses. Exit 1: something differs.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

MB = 1024 * 1024
SECTOR = 4096
CHIPS = {0: "esp32", 2: "esp32s2", 5: "esp32c3", 9: "esp32s3", 12: "esp32c2", 13: "esp32c6",
         16: "esp32h2", 18: "esp32p4", 20: "esp32c61", 23: "esp32c5", 25: "esp32h21", 28: "esp32h4",
         32: "esp32s31", 0xFFFF: "esp8266"}
APP_AT = 0x10000  # of a bare program


# -- independent reading ----------------------------------------------------------------------------

def walk(data, at, count):
    """The segments of `count` headers from `at`: [(address, content)] and where they end."""
    segments = []
    for _ in range(count):
        addr, size = struct.unpack_from("<II", data, at)
        content = data[at + 8:at + 8 + size]
        if len(content) < size:
            raise ValueError("cut")
        segments.append((addr, content))
        at += 8 + size
    return segments, at


def xor(contents):
    value = 0xEF
    for content in contents:
        for byte in content:
            value ^= byte
    return value


def read_at(data, header):
    """A program with a header of 24 or 8 bytes, or of 8 bytes twice (0)."""
    flash = []
    if header == 0:
        flash, at = walk(data, 8, 1)
        if data[at] != 0xE9:
            raise ValueError("no second header")
        segments, end = walk(data, at + 8, data[at + 1])
    else:
        segments, end = walk(data, header, data[1])
    end += 16 - end % 16
    sum_of_ram = xor(content for _, content in segments)
    sums = {sum_of_ram, xor([flash[0][1], bytes([sum_of_ram ^ 0xEF])])} if flash else {sum_of_ram}
    late = segments[0][1][:8] if header == 8 else b""  # Arduino fills them in after the checksum
    odd = len(late) == 8 and struct.unpack_from("<I", late)[0] == 0x1000 + end
    if odd:
        sums = {xor([bytes([sum_of_ram ^ 0xEF]), late])}
    sound = data[end - 1] in sums
    trailer = b""
    if header == 24 and data[23] == 1:
        trailer = hashlib.sha256(data[:end]).digest()
        sound = sound and data[end:end + 32] == trailer
    elif header == 8 and data[end:end + 32] == hashlib.sha256(data[:end]).digest():
        trailer = data[end:end + 32]
    elif header == 0:
        crc = zlib.crc32(data[:end])
        crc = struct.pack("<I", crc ^ 0xFFFFFFFF if crc & 0x80000000 else crc + 1)
        trailer = crc if data[end:end + 4] == crc else b""
    found = {"length": end + len(trailer), "sound": sound, "name": None, "version": None, "odd": odd,
             "chip": struct.unpack_from("<H", data, 12)[0] if header == 24 else 0xFFFF}
    for _, content in segments[:2]:
        if content[:4] == b"\x32\x54\xcd\xab" and len(content) >= 256:
            found["version"], found["name"] = (
                content[from_:from_ + 32].split(b"\0")[0].decode("utf-8", "replace")
                for from_ in (16, 48))
            break
    return found


def read_image(data):
    """None: no program there."""
    headers = {0xE9: (24, 8), 0xEA: (0,)}.get(data[0] if data[1:2] not in (b"", b"\0") else None, ())
    best = None
    for header in headers:
        try:
            found = read_at(data, header)
        except (ValueError, IndexError, struct.error):
            continue
        if found["sound"]:
            return found
        best = best or found
    return best or ({"length": 0, "sound": False, "name": None, "version": None, "chip": None,
                     "odd": False}
                    if headers else None)


def read_table(data, at):
    """[(name, type, subtype, address, size)], or None."""
    rows = []
    for offset in range(at, min(at + 0xC00, len(data) - 31), 32):
        entry = data[offset:offset + 32]
        if entry[:2] == b"\xaa\x50":
            kind, subtype, addr, size = struct.unpack_from("<BBII", entry, 2)
            rows.append((entry[12:28].split(b"\0")[0].decode("utf-8", "replace"), kind, subtype,
                         addr, size))
        elif entry[:2] == b"\xeb\xeb":
            return rows if hashlib.md5(data[at:offset]).digest() == entry[16:] else None
        else:
            return rows if entry == b"\xff" * 32 and rows else None
    return rows or None


def find_table(data):
    """The usual place first, then the others in order."""
    for at in sorted(range(SECTOR, len(data), SECTOR), key=lambda at: (at != 0x8000, at)):
        rows = data[at:at + 2] == b"\xaa\x50" and read_table(data, at)
        if rows:
            return at, [row for row in rows if not (row[1] == 2 and row[3] == 0 and row[4] > at)]
    return None, []


# -- the tools --------------------------------------------------------------------------------------

def run(command, folder, path):
    return subprocess.run(list(map(str, command)), cwd=folder, text=True, check=False,
                          capture_output=True, timeout=600, env=os.environ | {"PATH": path})


def ask_esptool(data, chip, folder, path):
    """Whether it is sound, and its name and version; None: esptool does not read it."""
    (folder / "program.bin").write_bytes(data)
    done = run([sys.executable, "-m", "esptool", "--chip", chip, "image-info", "program.bin"], folder,
               path)
    if done.returncode != 0 or "Checksum:" not in done.stdout:
        return None
    fields = dict(re.findall(r"(?m)^(Checksum|Validation hash|Project name|App version): (.*)$",
                             done.stdout))
    return {"sound": all("(valid)" in fields[key] for key in ("Checksum", "Validation hash")
                         if key in fields),
            "name": fields.get("Project name"), "version": fields.get("App version")}


def on_board(chip, arguments, folder, path):
    done = run(["espsim", "--chip", chip, "--flash", "flash.bin", "--tcp", "--wire", "instant", "--",
                "espbackup"] + arguments, folder, path)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def ask_espbackup(flash, chip, folder, path):
    """The sidecar of a backup of a board with that flash, and what flash-info says."""
    (folder / "flash.bin").write_bytes(flash)
    info = json.loads(on_board(chip, ["--json", "flash-info"], folder, path))
    on_board(chip, ["backup", "--output", "backup.bin"], folder, path)
    if (folder / "backup.bin").read_bytes() != flash:
        raise RuntimeError("the backup differs from the flash")
    return json.loads((folder / "backup_info.json").read_text()), info


def flash_around(data, rows):
    size = 1
    while size * MB < max([len(data)] + [addr + length for _, _, _, addr, length in rows]):
        size *= 2
    return data.ljust(size * MB, b"\xff")


def with_table(file):
    """A flash with the programs of a file that has no table, each in a partition of its own."""
    starts = [at for at in (0, 0x1000, 0x2000) if read_image(file[at:])]
    rows, content, at = [], b"", APP_AT
    for start, end in zip(starts, starts[1:] + [len(file)]):
        size = -(-(end - start + 64) // 0x10000) * 0x10000
        rows.append((f"program_{len(rows)}", 0, 0x10 + len(rows), at, size))
        content += file[start:end].ljust(size, b"\xff")
        at += size
    table = b"".join(struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, addr, length,
                                 name.encode(), 0) for name, kind, subtype, addr, length in rows)
    data = b"\xff" * 0x8000 + table + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()
    return data.ljust(APP_AT, b"\xff") + content, 0x8000, rows


# -- comparing --------------------------------------------------------------------------------------

def compare_programs(flash, rows, chip, said, folder, path):
    """Yields (label, text, what differs)."""
    for row, entry in zip(rows, said["partition_table"]["partitions"]):
        label, kind, _, addr, size = row
        if kind != 0:
            continue
        slot = flash[addr:addr + size]
        found, app = read_image(slot), entry["app"]
        if found is None:
            if app["state"] not in ("none", "opaque"):
                yield label, app["state"], "the reader finds no program"
            continue
        desc = app["description"] or {"name": None, "version": None}
        mine = (app["state"] == "valid", desc["name"], desc["version"])
        differs = []
        if mine != (found["sound"], found["name"], found["version"]):
            differs.append(f"the reader finds {found}, espbackup {app}")
        if found["sound"] and (app["length_bytes"], app["chip_id"]) != (found["length"],
                                                                         found["chip"]):
            differs.append(f"length and chip: {found}, espbackup {app['length_bytes']}, "
                           f"{app['chip_id']}")
        other = ask_esptool(slot[:found["length"]] if found["length"] else slot, chip, folder, path)
        if found["odd"]:  # of these bytes esptool does not know
            other = {"sound": found["sound"]}
        # esptool 5.6 looks for the description of an ESP8266 in no segment.
        if other and chip != "esp8266" and mine != tuple(other.values()):
            differs.append(f"esptool finds {other}, espbackup {mine}")
        if (other or {"sound": False})["sound"] != (app["state"] == "valid"):
            differs.append(f"esptool finds {other}, espbackup {app['state']}")
        text = " ".join([app["state"]] + [word for word in (desc["name"], desc["version"]) if word])
        yield label, text, "; ".join(differs)


def compare_bootloader(flash, said, info):
    """flash-info looks at its headers only. What no header announces is not in its length."""
    found = read_image(flash[said["chip"]["bootloader_addr"]:])
    told = info["bootloader"]
    if found and found["sound"] and (
            told["state"] != "unchecked" or told["chip_id"] != found["chip"] or
            not 0 <= found["length"] - told["length_bytes"] <= 32):
        return f"bootloader: the reader finds {found}, flash-info {told}"
    same = info["partition_table"]["addr"] == said["partition_table"]["addr"]
    return "" if same else "flash-info has another table"


def compare_partitions(file, data, rows, folder, path):
    """What `backup-partition --all --from` takes out of the file itself."""
    done = run(["espbackup", "--json", "backup-partition", "--all", "--from", file, "--dir", "parts"],
               folder, path)
    if done.returncode != 0:
        return f"backup-partition: {done.stderr}"
    taken = {f["partition"]: (folder / "parts" / pathlib.Path(f["image"]).name).read_bytes()
             for f in json.loads(done.stdout)["files"]}
    for label, _, _, addr, size in rows:
        if addr + size <= len(data) and taken.get(label) != data[addr:addr + size]:
            return f"backup-partition: {label} differs"
        if addr + size > len(data) and label in taken:
            return f"backup-partition: {label} does not lie in the file"
    return ""


def check(file, address, folder, path):
    """One line for people, and whether all agree."""
    data = b"\xff" * address + file.read_bytes()
    table_at, rows = find_table(data)
    from_file = table_at is not None and address == 0
    chips = [found["chip"] for found in map(read_image, (data[at:] for at in
             [0, 0x1000, 0x2000] + [row[3] for row in rows if row[1] == 0])) if found]
    chip = CHIPS.get(next((chip for chip in chips if chip is not None), None))
    if chip is None:
        return "no program in it", True
    if table_at is None:
        data, table_at, rows = with_table(data[address:])
    flash = flash_around(data, rows)
    said, info = ask_espbackup(flash, chip, folder, path)
    table = said["partition_table"]
    mine = [(p["name"], p["type"], p["subtype"], p["addr"], p["size_bytes"])
            for p in (table or {"partitions": []})["partitions"]]
    if mine != rows or table["addr"] != table_at:
        return f"{chip}: table at 0x{table_at:x}: {rows}, espbackup: {table}", False
    results = list(compare_programs(flash, rows, chip, said, folder, path))
    wrong = [differs for _, _, differs in results if differs]
    wrong += filter(None, [compare_bootloader(flash, said, info)])
    if from_file:
        wrong += filter(None, [compare_partitions(file, data, rows, folder, path)])
    text = f"{chip}: {len(rows)} entries at 0x{table_at:x}; " if from_file or address else f"{chip}: "
    text += ", ".join(f"{label} {text}" if len(rows) > 1 else text for label, text, _ in results)
    return text + "".join(f"\n  DIFFERS: {words}" for words in wrong), not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, action="append", default=[],
                        help="folder of espbackup or espsim")
    parser.add_argument("--address", type=lambda text: int(text, 0), default=0)
    parser.add_argument("files", type=pathlib.Path, nargs="+", metavar="FILE")
    args = parser.parse_args()
    path = os.pathsep.join([str(folder.resolve()) for folder in args.bin] + [os.environ["PATH"]])
    good = True
    for file in args.files:
        with tempfile.TemporaryDirectory() as folder:
            try:
                text, agrees = check(file.resolve(), args.address, pathlib.Path(folder), path)
            except (RuntimeError, subprocess.TimeoutExpired) as err:
                text, agrees = str(err), False
        good = good and agrees
        print(f"{file.name} ({file.stat().st_size} bytes): {text}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
