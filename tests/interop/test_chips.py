#!/usr/bin/env python3
"""Real esptool on every simulated chip.

    test_chips.py --list
    test_chips.py --bin DIR ... NAME        one chip: what it is, reading and writing, rates
    test_chips.py --bin DIR ... chip-info   every chip: espbackup says what esptool says
    test_chips.py --bin DIR ... round-trip  every chip: backup, erase, restore, verify
    test_chips.py --bin DIR ... security    every chip, locked in each way: what it says and refuses

A row below says what esptool must make of a chip; none of it is read from the simulator.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# name: espsim's options, esptool's words, and what the chip cannot do
CHIPS = {
    "esp8266": {
        "sim": "--chip esp8266", "type": "ESP8266EX", "features": "Wi-Fi, 160MHz",
        "crystal": 26, "mac": "5c:cf:7f:12:34:56", "no_rom_read": True, "rates": True,
    },
    "esp8266-40m": {
        "sim": "--chip esp8266 --crystal 40", "type": "ESP8266EX", "features": "Wi-Fi, 160MHz",
        "crystal": 40, "mac": "5c:cf:7f:12:34:56", "no_rom_read": True, "rates": True,
    },
    "esp8285": {
        "sim": "--chip esp8266 --efuse esp8285", "type": "ESP8285N16",
        "features": "Wi-Fi, 160MHz, Embedded Flash", "crystal": 26, "mac": "5c:cf:7f:12:34:56",
        "no_rom_read": True,
    },
    "esp32": {
        "sim": "--chip esp32", "type": "ESP32-D0WD-V3 (revision v3.1)",
        "features": "Wi-Fi, BT, Dual Core + LP Core, 240MHz, Vref calibration in eFuse, "
                    "Coding Scheme None",
        "crystal": 40, "mac": "24:0a:c4:12:34:56", "rates": True,
    },
    "esp32-26m": {
        "sim": "--chip esp32 --crystal 26", "type": "ESP32-D0WD-V3 (revision v3.1)",
        "features": "Wi-Fi, BT, Dual Core + LP Core, 240MHz, Vref calibration in eFuse, "
                    "Coding Scheme None",
        "crystal": 26, "mac": "24:0a:c4:12:34:56", "rates": True,
    },
    # Its ROM bootloader finds the flash only on the pins that the eFuses name.
    "esp32-pico-d4": {
        "sim": "--chip esp32 --efuse pico-d4", "type": "ESP32-PICO-D4 (revision v1.0)",
        "features": "Wi-Fi, BT, Dual Core + LP Core, 240MHz, Embedded Flash, "
                    "Vref calibration in eFuse, Coding Scheme None",
        "crystal": 40, "mac": "24:0a:c4:12:34:56", "rates": True,
    },
    "esp32s2": {
        "sim": "--chip esp32s2", "type": "ESP32-S2R2 (revision v1.0)",
        "features": "Wi-Fi, Single Core, 240MHz, No Embedded Flash, Embedded PSRAM 2MB, "
                    "ADC and temperature sensor calibration in BLK2 of eFuse V2",
        "crystal": 40, "mac": "7c:df:a1:12:34:56", "rates": True,
    },
    "esp32s3": {
        "sim": "--chip esp32s3", "type": "ESP32-S3 (QFN56) (revision v0.2)",
        "features": "Wi-Fi, BT 5 (LE), Dual Core + LP Core, 240MHz, Embedded PSRAM 8MB (AP_3v3)",
        "crystal": 40, "mac": "f4:12:fa:12:34:56",
        "extra": ["Flash type set in eFuse: quad (4 data lines)",
                  "Flash voltage set by eFuse: 3.3V"],
    },
    "esp32s3-octal": {
        "sim": "--chip esp32s3 --efuse octal", "type": "ESP32-S3 (QFN56) (revision v0.2)",
        "features": "Wi-Fi, BT 5 (LE), Dual Core + LP Core, 240MHz, Embedded PSRAM 8MB (AP_1v8)",
        "crystal": 40, "mac": "f4:12:fa:12:34:56", "megabytes": 32,
        "extra": ["Flash type set in eFuse: octal (8 data lines)",
                  "Flash voltage set by eFuse: 1.8V"],
    },
    "esp32c2": {
        "sim": "--chip esp32c2", "type": "ESP8684H (revision v1.1)",
        "features": "Wi-Fi, BT 5 (LE), Single Core, 120MHz, Embedded Flash 4MB (XMC)",
        "crystal": 26, "mac": "08:3a:8d:12:34:56", "rates": True,
    },
    "esp32c2-40m": {
        "sim": "--chip esp32c2 --crystal 40", "type": "ESP8684H (revision v1.1)",
        "features": "Wi-Fi, BT 5 (LE), Single Core, 120MHz, Embedded Flash 4MB (XMC)",
        "crystal": 40, "mac": "08:3a:8d:12:34:56", "rates": True,
    },
    "esp32c2-rev0": {
        "sim": "--chip esp32c2 --efuse rev0", "type": "ESP8684H (revision v0.0)",
        "features": "Wi-Fi, BT 5 (LE), Single Core, 120MHz, Embedded Flash 4MB (XMC)",
        "crystal": 26, "mac": "08:3a:8d:12:34:56", "no_stub": True,
    },
    "esp32c3": {
        "sim": "--chip esp32c3", "type": "ESP32-C3 (QFN32) (revision v0.4)",
        "features": "Wi-Fi, BT 5 (LE), Single Core, 160MHz",
        "crystal": 40, "mac": "34:85:18:12:34:56",
    },
    "esp32c5": {
        "sim": "--chip esp32c5", "type": "ESP32-C5HR8 (revision v1.0)",
        "features": "Wi-Fi 6 (dual-band), BT 5 (LE), IEEE802.15.4, Single Core + LP Core, 240MHz, "
                    "No Embedded Flash, Embedded PSRAM 8MB (AP_3v3)",
        "crystal": 48, "mac": "3c:dc:75:12:34:56", "eui64": True, "rates": True, "megabytes": 32,
    },
    "esp32c6": {
        "sim": "--chip esp32c6", "type": "ESP32-C6FH4 (QFN32) (revision v0.1)",
        "features": "Wi-Fi 6, BT 5 (LE), IEEE802.15.4, Single Core + LP Core, 160MHz, "
                    "Embedded Flash 4MB",
        "crystal": 40, "mac": "40:4c:ca:12:34:56", "eui64": True,
    },
    "esp32c61": {
        "sim": "--chip esp32c61", "type": "ESP32-C61HR2 (revision v1.0)",
        "features": "Wi-Fi 6, BT 5 (LE), Single Core, 160MHz, No Embedded Flash, "
                    "Embedded PSRAM 2MB",
        "crystal": 40, "mac": "30:ed:a0:12:34:56", "megabytes": 32,
    },
    # esptool has no place of its revision and says v0.0, and estimates its crystal.
    "esp32e22": {
        "sim": "--chip esp32e22", "type": "ESP32-E22 (revision v0.0)",
        "features": "Wi-Fi 6E (tri-band, 2x2 MU-MIMO), BT 5.4 (LE) + Classic, Dual Core, 500MHz",
        "crystal": 40, "mac": "d0:cf:13:12:34:56", "no_stub": True, "rates": True,
        "unknown": {"description": "ESP32-E22", "package": None, "crystal": "NoneMHz",
                    "revision": "None.None"},
    },
    "esp32h2": {
        "sim": "--chip esp32h2", "type": "ESP32-H2FH4S (revision v1.2)",
        "features": "BT 5 (LE), IEEE802.15.4, Single Core, 96MHz, Embedded Flash 4MB (TT)",
        "crystal": 32, "mac": "74:4d:bd:12:34:56", "eui64": True,
    },
    "esp32h21": {
        "sim": "--chip esp32h21", "type": "ESP32-H21HF4 (revision v0.1)",
        "features": "BT 5 (LE), IEEE802.15.4, Single Core, 96MHz, Embedded Flash 4MB (XMC)",
        "crystal": 32, "mac": "60:55:f9:12:34:56", "eui64": True,
    },
    "esp32h4": {
        "sim": "--chip esp32h4", "type": "ESP32-H4HF4R2 (revision v0.0)",
        "features": "BT 5 (LE), IEEE802.15.4, Dual Core, 96MHz, Embedded Flash 4MB (FM), "
                    "Embedded PSRAM 2MB (AP)",
        "crystal": 32, "mac": "60:55:f9:12:34:56", "eui64": True, "megabytes": 32,
    },
    "esp32p4": {
        "sim": "--chip esp32p4", "type": "ESP32-P4 (revision v3.0)",
        "features": "Dual Core + LP Core, 400MHz", "crystal": 40, "mac": "e8:f6:0a:12:34:56",
        "megabytes": 32,
    },
    "esp32p4-rev1": {
        "sim": "--chip esp32p4 --efuse rev1", "type": "ESP32-P4 (revision v1.3)",
        "features": "Dual Core + LP Core, 400MHz", "crystal": 40, "mac": "e8:f6:0a:12:34:56",
    },
    # Its flash has no power until the host switches it on.
    "esp32p4-rev3.1": {
        "sim": "--chip esp32p4 --efuse rev3.1", "type": "ESP32-P4 (revision v3.1)",
        "features": "Dual Core + LP Core, 400MHz", "crystal": 40, "mac": "e8:f6:0a:12:34:56",
    },
    "esp32s31": {
        "sim": "--chip esp32s31", "type": "ESP32-S31 (revision v0.1)",
        "features": "Wi-Fi 6, BT 5.4 (LE), IEEE802.15.4, Dual Core + LP Core, 300MHz",
        "crystal": 40, "mac": "38:44:be:12:34:56", "megabytes": 32,
    },
}

ESPTOOL = [sys.executable, "-m", "esptool", "--connect-attempts", "3"]
MEGABYTE = 1 << 20
SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"


class Failure(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failure(what)


def run_sim(row, link, program, arguments, status=0):
    """A program on a fresh board over the same flash.bin; its stdout."""
    command = ["espsim", *row["sim"].split(), "--flash", "flash.bin", f"--{link}",
               "--wire", "instant", "--", *program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1000, check=False)
    if done.returncode != status:
        raise Failure(f"$ {' '.join(command)}\nexit {done.returncode}, expected {status}\n"
                      f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def esptool(row, *arguments, link="tcp", status=0):
    before = ["--before", "no-reset"] if link == "tcp" else []
    return run_sim(row, link, ESPTOOL + before, arguments, status)


def make_flash(row):
    """Zeros with some noise where it is read; real silicon has no smaller flash than 1 MB."""
    megabytes = row.get("megabytes", 1)
    with open("flash.bin", "wb") as file:
        file.write(bytes(megabytes * MEGABYTE))
        for at in (0xF000, megabytes * MEGABYTE - 0x2000):
            file.seek(at)
            file.write(os.urandom(0x2000))


def flash_bytes(at, size):
    with open("flash.bin", "rb") as file:
        file.seek(at)
        return file.read(size)


def field(text, name):
    match = re.search(rf"^{re.escape(name)}:\s*(.*?)\s*$", text, re.MULTILINE)
    return match.group(1) if match else None


def check_identity(row, text):
    mac = row["mac"]
    if row.get("eui64"):
        expect(field(text, "MAC") == f"{mac[:8]}:ff:fe:{mac[9:]}", f"EUI-64 in:\n{text}")
        expect(field(text, "BASE MAC") == mac, f"base MAC in:\n{text}")
    else:
        expect(field(text, "MAC") == mac, f"MAC in:\n{text}")
    for name, want in (("Chip type", row["type"]), ("Features", row["features"]),
                       ("Crystal frequency", f"{row['crystal']}MHz"),
                       ("Detected flash size", f"{row.get('megabytes', 1)}MB")):
        expect(field(text, name) == want, f"{name} is not {want} in:\n{text}")
    for line in row.get("extra", []):
        expect(line in text.splitlines(), f"no line '{line}' in:\n{text}")
    expect("quite different to" not in text, f"esptool wonders about the crystal:\n{text}")


def check_read(row, mode, at, size=0x1800):
    path = pathlib.Path("read.bin")
    esptool(row, *mode, "read-flash", hex(at), hex(size), str(path))
    expect(path.read_bytes() == flash_bytes(at, size), f"{mode} read at {at:#x} differs")


def check_write(row, mode, at):
    """From a sector inside a block over its end: what lies around it must stay."""
    size = 0x5432
    end = at + (size + 0xFFF & ~0xFFF)
    before = flash_bytes(0, at), flash_bytes(end, 1 << 30)
    data = os.urandom(size)
    pathlib.Path("write.bin").write_bytes(data)
    esptool(row, *mode, "write-flash", hex(at), "write.bin")
    expect(flash_bytes(at, end - at) == data.ljust(end - at, b"\xff"),
           f"{mode} write at {at:#x} differs")
    expect((flash_bytes(0, at), flash_bytes(end, 1 << 30)) == before,
           f"{mode} write at {at:#x} touched more than its sectors")


def check_rates(row):
    """Other rates than 115200, where a wrong clock shows; what is at fault is garbage."""
    for mode in ([], ["--no-stub"]):
        for baud in ("74880", "460800"):
            text = esptool(row, *mode, "--baud", baud, "flash-id", link="pty")
            expect(field(text, "Crystal frequency") == f"{row['crystal']}MHz",
                   f"{mode} {baud} baud:\n{text}")
            expect("Detected flash size" in text, f"{mode} {baud} baud:\n{text}")


def check_chip(row):
    make_flash(row)
    top = row.get("megabytes", 1) * MEGABYTE
    rom = ["--no-stub"]
    for mode in ([], rom):
        text = esptool(row, *mode, "flash-id")
        check_identity(row, text)
        expect(("Stub flasher running" in text) == (mode != rom and not row.get("no_stub")),
               f"stub or not:\n{text}")
    if not row.get("no_stub"):
        check_read(row, [], 0xF003)
        check_read(row, [], top - 0x2000)
        check_write(row, [], 0xE000)
        if top > 16 * MEGABYTE:
            check_write(row, [], 16 * MEGABYTE + 0xE000)
    if row.get("no_rom_read"):
        esptool(row, *rom, "read-flash", "0", "0x1000", "read.bin", status=2)
    else:
        check_read(row, rom, 0xF003)
    for at in (0xE000, 0x21000, 0x30000):
        check_write(row, rom, at)
    if row.get("rates"):
        check_rates(row)


def flash_type(text):
    line = field(text.replace(" set in eFuse", ""), "Flash type")
    return line and line.split()[0]


def flash_voltage(text):
    match = re.search(r"^Flash voltage set by .*: (\S+)$", text, re.MULTILINE)
    return match.group(1) if match else None


def check_chip_info(row):
    """espbackup's answers, field by field, beside esptool's; what differs."""
    make_flash(row)
    text = esptool(row, "flash-id")
    ours = {name: json.loads(run_sim(row, "tcp", ["espbackup"], ["--json", "-q", name]))
            for name in ("chip-info", "flash-info")}
    chip = ours["chip-info"]["chip"]
    flash = ours["flash-info"]["flash"]
    macs = {mac["kind"]: mac["mac"] for mac in chip["macs"]}
    package, _, revision = field(text, "Chip type").partition(" (revision v")
    fields = [
        ("name", chip["name"], re.search(r"Connected to (\S+) on", text).group(1)),
        ("description", chip["description"], field(text, "Chip type")),
        ("package", chip["package"], package),
        ("features", ", ".join(chip["features"]), field(text, "Features")),
        ("crystal", f"{chip['crystal_mhz']}MHz", field(text, "Crystal frequency")),
        ("base MAC", macs.get("base"), field(text, "BASE MAC") or field(text, "MAC")),
        ("extension", macs.get("extension"), field(text, "MAC_EXT")),
        ("EUI-64", macs.get("eui64"), field(text, "BASE MAC") and field(text, "MAC")),
        ("flash ids", flash["jedec_id"],
         f"0x{field(text, 'Manufacturer')}{field(text, 'Device')}"),
        ("flash size", f"{flash['size_bytes'] // MEGABYTE}MB", field(text, "Detected flash size")),
        ("flash type", flash["type"], flash_type(text)),
        ("flash voltage", flash["voltage"], flash_voltage(text)),
    ]
    if revision:
        fields.append(("revision", f"{chip['revision_major']}.{chip['revision_minor']}",
                       revision.rstrip(")")))
    if row["sim"].split()[1] not in ("esp8266", "esp32"):
        info = esptool(row, "get-security-info")
        security = ours["chip-info"]["security"]
        fields += [
            ("flags", f"{security['raw_flags']:#010x}",
             re.search(r"^Flags: (0x[0-9a-f]+)", info, re.MULTILINE).group(1)),
            ("secure boot", security["secure_boot"], "Secure Boot: Enabled" in info),
            ("flash encryption", security["flash_encryption"], "Flash Encryption: Enabled" in info),
        ]
        chip_id = field(info, "Chip ID")
        if chip_id is not None:
            fields.append(("chip id", str(chip["chip_id"]), chip_id.split()[0]))
    unknown = row.get("unknown", {})
    return [f"{name}: espbackup {mine!r}, esptool {theirs!r}"
            for name, mine, theirs in fields if mine != unknown.get(name, theirs)]


def round_trip(row, mode):
    """The board loses everything and gets it back, with `mode`."""
    def ours(name, *arguments, status=0):
        text = run_sim(row, "tcp", ["espbackup", "--json", "-q", *mode, name], arguments, status)
        return json.JSONDecoder().raw_decode(text)[0]  # the words of an error come after it

    before = flash_bytes(0, MEGABYTE)
    expect(ours("backup", "--output", "ours.bin", "--force")["verified"], "backup: not verified")
    expect(pathlib.Path("ours.bin").read_bytes() == before, "backup: other bytes")
    expect(ours("erase", "--yes")["verified"], "erase: not verified")
    expect(flash_bytes(0, MEGABYTE) == b"\xff" * MEGABYTE, "erase: not erased")
    differences = ours("verify", "ours.bin", status=3)["differences"]
    expect(differences, "verify: an erased board is no copy")
    expect(ours("restore", "--yes", "ours.bin")["verified"], "restore: not verified")
    expect(flash_bytes(0, MEGABYTE) == before, "restore: other bytes")
    expect(ours("verify", "ours.bin")["differences"] == [], "verify: differences")


def check_round_trip(row):
    """What goes wrong; a chip whose ROM cannot read flash says so."""
    wrong = []
    make_flash({})
    for mode in ([], ["--no-stub"]):
        try:
            if mode and row.get("no_rom_read"):
                run_sim(row, "tcp", ["espbackup", *mode, "backup"], ["--output", "rom.bin"], 5)
                expect(not list(pathlib.Path(".").glob("rom.bin*")), "a file of nothing")
            else:
                round_trip(row, mode)
        except Failure as failure:
            wrong.append(f"{' '.join(mode)} {failure}")
    return wrong


# espsim's eFuse set: encryption, secure boot, secure download mode
LOCKS = {"encrypted": (True, False, False), "secure-boot": (False, True, False),
         "secure-download": (True, True, True)}
DAMAGED_AT = 0x2345  # in every chip's bootloader


def check_lock_words(row, encrypted, secure_boot, secure_download):
    """chip-info beside esptool's get-security-info, which the first chips do not know."""
    security = json.loads(run_sim(row, "tcp", ["espbackup"], ["--json", "-q", "chip-info"]))[
        "security"]
    fields = [("encryption", security["flash_encryption"], encrypted),
              ("secure boot", security["secure_boot"], secure_boot),
              ("secure download", security["secure_download_mode"], secure_download)]
    if row["sim"].split()[1] != "esp32":
        info = esptool(row, "get-security-info")
        fields += [
            ("encryption in esptool", "Flash Encryption: Enabled" in info, encrypted),
            ("secure boot in esptool", "Secure Boot: Enabled" in info, secure_boot),
            ("secure download in esptool", "in Secure Download Mode" in info, secure_download),
            ("flags in esptool", re.search(r"^Flags: (0x[0-9a-f]+)", info, re.MULTILINE).group(1),
             f"{security['raw_flags']:#010x}"),
            ("count in esptool", int(re.search(r"CRYPT_CNT\): (\w+)", info).group(1), 16),
             security["raw_crypt_cnt"]),
        ]
    return [f"{name}: {mine!r}, not {want!r}" for name, mine, want in fields if mine != want]


def check_lock(row, encrypted, secure_boot, secure_download):
    """What goes wrong on a board that is locked that way; own.bin is a backup of its flash."""
    def ours(*arguments, status=0):
        return run_sim(row, "tcp", ["espbackup"], arguments, status)

    wrong = check_lock_words(row, encrypted, secure_boot, secure_download)
    text = ours("backup", "--output", "locked.bin", "--force", status=5 if secure_download else 0)
    if ("ciphertext" in text) != (encrypted and not secure_download):
        wrong.append(f"the backup says:\n{text}")
    if ("secure download mode" in text) != secure_download:
        wrong.append(f"the backup does not say why:\n{text}")
    with open("flash.bin", "r+b") as file:
        file.seek(DAMAGED_AT)
        file.write(b"damaged")
    before = flash_bytes(0, MEGABYTE)
    text = ours("restore", "--yes", "own.bin", status=5)
    word = ("secure download mode" if secure_download else "encryption" if encrypted
            else "secure boot (version")
    if word not in text:
        wrong.append(f"the restore does not say '{word}':\n{text}")
    if flash_bytes(0, MEGABYTE) != before:
        wrong.append("a refused restore has written")
    return wrong


def check_security(row):
    wrong = []
    chip = row["sim"].split()[1]
    if row["sim"] != f"--chip {chip}" or chip == "esp8266":
        return []  # variants of a chip, and one that has no such thing
    for name, lock in LOCKS.items():
        if chip == "esp32" and name == "secure-download":
            continue
        make_flash({})
        run_sim(row, "tcp", ["espbackup", "-q"], ["backup", "--output", "own.bin", "--force"])
        locked = dict(row, sim=f"{row['sim']} --efuse {name}")
        wrong += [f"{name}: {line}" for line in check_lock(locked, *lock)]
    return wrong


EVERY_CHIP = {"chip-info": check_chip_info, "round-trip": check_round_trip,
              "security": check_security}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--bin", action="append", default=[])
    parser.add_argument("name", nargs="?")
    args = parser.parse_args()
    if args.list:
        print(";".join(CHIPS))
        return 0
    os.environ["ESPTOOL_CFGFILE"] = str(SUPPORT / "esptool.cfg")
    os.environ["PATH"] = os.pathsep.join([os.path.abspath(path) for path in args.bin] +
                                         [os.environ["PATH"]])
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if args.name not in EVERY_CHIP:
            try:
                check_chip(CHIPS[args.name])
            except Failure as failure:
                print(failure)
                failed = 1
        else:
            for name, row in CHIPS.items():
                try:
                    wrong = EVERY_CHIP[args.name](row)
                except Failure as failure:
                    wrong = [str(failure)]
                failed |= bool(wrong)
                print(f"{name}: {'ok' if not wrong else ''}")
                for line in wrong:
                    print(f"    {line}")
        os.chdir("/")
    return failed


if __name__ == "__main__":
    sys.exit(main())
