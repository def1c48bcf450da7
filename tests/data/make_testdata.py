#!/usr/bin/env python3
"""Make the flash images that the tests and the demo work on.

Everything in them comes from the ecosystem's own tools: firmware compiled at a chip's real
addresses and converted by `esptool elf2image`, a partition table in ESP-IDF's format, an NVS
partition from esp-idf-nvs-partition-gen, a LittleFS image from littlefs-python. The result is the
same, byte for byte, each time.

Out:  OUT/esp32-4mb.bin      two OTA slots, the second one boots
      OUT/esp32-16mb.bin     factory and two OTA slots, ota_0 boots
      OUT/esp32c3-4mb.bin    factory application only
      OUT/esp8266-4mb.bin    two OTA slots that begin with any sector, the first one boots
      OUT/parts/             the pieces: bootloaders, applications, tables, ...
      OUT/stubs/GENERATION/  stub files of three generations, esptool's JSON form
"""

import argparse
import hashlib
import pathlib
import shutil
import subprocess
import sys

import esptool
from esp_idf_defs.otadata import OtaDataSelectEntry, OtaImageState
from esp_idf_defs.partitions import PartitionTable
from littlefs import LittleFS

HERE = pathlib.Path(__file__).resolve().parent
SECTOR = 4096
TABLE_ADDR = 0x8000
MB = 1024 * 1024
DATE, TIME = "Nov 21 2026", "10:15:00"

COMPILERS = {
    # Any compiler for the architecture does: what counts is where elf2image finds the sections.
    "esp32": [
        "xtensa-lx106-elf-gcc", "-mlongcalls", "-mtext-section-literals",
    ],
    "esp32c3": [
        "clang", "--target=riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32", "-fuse-ld=lld",
    ],
}
COMPILERS["esp8266"] = COMPILERS["esp32"]
BOOTLOADER_ADDR = {"esp32": 0x1000, "esp32c3": 0x0, "esp8266": 0x0}
COMMON_FLAGS = [
    "-std=c11", "-Os", "-Wall", "-Wextra", "-ffreestanding", "-nostdlib", "-fno-ident",
    "-Wl,--build-id=none",
]


def assets(name, size):
    """Bytes that deflate to about 60 %, as applications do: pictures between pages of text."""
    words = (HERE.parent.parent / "LICENSE").read_bytes().split()
    out = bytearray()
    block = 0
    while len(out) < size:
        noise = hashlib.shake_128(f"{name} {block}".encode()).digest(4096)
        out += noise
        out += b" ".join(words[b % len(words)] for b in noise[:500])
        block += 1
    return bytes(out[:size])


def run_quietly(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")


def firmware(work, chip, kind, name, version, size, flash_size):
    """Compile, link and convert one bootloader or application; returns the image's bytes."""
    stem = f"{chip}-{kind}-{name}-{version}-{flash_size}"
    blob, elf, image = (work / f"{stem}.{end}" for end in ("assets", "elf", "bin"))
    blob.write_bytes(assets(f"{name} {version}", size))
    source = HERE / "firmware"
    run_quietly(COMPILERS[chip] + COMMON_FLAGS + [
        f'-DFW_PROJECT="{name}"', f'-DFW_VERSION="{version}"', f'-DFW_DATE="{DATE}"',
        f'-DFW_TIME="{TIME}"', f'-DFW_ASSETS="{blob}"',
        "-T", source / f"{chip}_{kind}.ld", source / f"{kind}.c", "-o", elf,
    ])
    freq = "80m" if chip == "esp32c3" else "40m"
    command = [sys.executable, "-m", "esptool", "--chip", chip, "elf2image", "--flash-mode", "dio",
               "--flash-freq", freq, "--flash-size", flash_size, "-o", image]
    if chip == "esp8266":
        command += ["--version", "3"]
    elif kind == "app":
        command += ["--elf-sha256-offset", "0xb0"]
    run_quietly(command + [elf])
    return image.read_bytes()


def nvs_partition(work, size):
    out = work / f"nvs-{size}.bin"
    run_quietly([sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate",
                 HERE / "nvs.csv", out, hex(size)])
    return out.read_bytes()


def nvs_of_all_types(work):
    """An NVS of every type and many pages, and the CSV that Espressif's generator made it from."""
    rows = ["key,type,encoding,value", "numbers,namespace,,"]
    for bits in (8, 16, 32, 64):
        rows += [f"u{bits}_most,data,u{bits},{2 ** bits - 1}",
                 f"i{bits}_least,data,i{bits},{-2 ** (bits - 1)}"]
    rows += ["fifteen_letters,namespace,,", "fifteen_letters,data,u8,0",
             'text,data,string,"commas, ""quotes"" and Käse"', "empty,data,string,",
             f"long,data,string,{'x' * 3900}"]
    for name, size in (("one", 1), ("page", 4000), ("larger", 9001)):
        rows.append(f"blob_{name},data,hex2bin,{hashlib.shake_128(name.encode()).hexdigest(size)}")
    rows += ["many,namespace,,"]
    rows += [f"key{n:03},data,u32,{n * n}" for n in range(300)]
    rows += [f"text{n:03},data,string,{'y' * n}" for n in range(90)]
    csv, out = work.parent / "parts" / "nvs-all.csv", work.parent / "parts" / "nvs-all.bin"
    csv.write_text("\n".join(rows) + "\n")
    run_quietly([sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate", csv, out, "0x10000"])


def filesystem(size, used):
    fs = LittleFS(block_size=SECTOR, block_count=size // SECTOR, prog_size=128, read_size=128)
    fs.mkdir("/www")
    for name, content in (
        ("/config.json", b'{"name": "Front porch", "threshold": 512}\n'),
        ("/www/index.html", assets("index", 9000)),
        ("/www/porch.jpg", hashlib.shake_128(b"porch").digest(max(used - 20000, 1000))),
        ("/log.txt", assets("log", 8000)),
    ):
        with fs.open(name, "wb") as handle:
            handle.write(content)
    return bytes(fs.context.buffer)


def ota_data(*sequence_numbers):
    out = b""
    for number in sequence_numbers:
        entry = b"" if number is None else OtaDataSelectEntry(number, OtaImageState.VALID).to_bytes()
        out += entry.ljust(SECTOR, b"\xff")
    return out


def build_image(work, parts, spec):
    """One flash image from its spec; the pieces are kept in `parts` too."""
    chip, size = spec["chip"], spec["size"]
    flash_size = f"{size // MB}MB"
    table = PartitionTable.from_csv((HERE / "partitions" / spec["table"]).read_text())
    if chip != "esp8266":  # it knows the borders of newer chips only
        table.verify()
    pieces = {
        "bootloader": (BOOTLOADER_ADDR[chip],
                       firmware(work, chip, "bootloader", "bootloader", "1",
                                spec.get("bootloader", 20000), flash_size)),
        "partition-table": (TABLE_ADDR, table.to_binary()),
    }
    for partition in table:
        content = None
        if partition.name == "nvs":
            content = nvs_partition(work, partition.size)
        elif partition.name == "otadata":
            content = ota_data(*spec["ota_sequence"])
        elif partition.name == "storage":
            content = filesystem(partition.size, spec["files"])
        elif partition.name in spec["apps"]:
            content = firmware(work, chip, "app", *spec["apps"][partition.name], flash_size)
        if content is not None:
            if len(content) > partition.size:
                sys.exit(f"{spec['name']}: {partition.name} is larger than its partition")
            pieces[partition.name] = (partition.offset, content)

    flash = bytearray(b"\xff" * size)
    for label, (addr, content) in pieces.items():
        flash[addr:addr + len(content)] = content
        (parts / f"{spec['name']}-{label}.bin").write_bytes(content)
    return bytes(flash)


def used_share(flash):
    blank = b"\xff" * SECTOR
    sectors = len(flash) // SECTOR
    erased = sum(flash[i * SECTOR:(i + 1) * SECTOR] == blank for i in range(sectors))
    return 1 - erased / sectors


IMAGES = [
    {
        "name": "esp32-4mb", "chip": "esp32", "size": 4 * MB, "table": "two_ota_4mb.csv",
        "apps": {"ota_0": ("porch-light", "1.4.2", 640000), "ota_1": ("porch-light", "1.5.0", 700000)},
        "ota_sequence": (1, 2), "files": 190000, "used": 0.38,
    },
    {
        "name": "esp32-16mb", "chip": "esp32", "size": 16 * MB, "table": "factory_and_ota_16mb.csv",
        "apps": {"factory": ("porch-light", "1.0.0", 420000), "ota_0": ("porch-light", "1.5.0", 700000),
                 "ota_1": ("porch-light", "1.4.2", 640000)},
        "ota_sequence": (3, 2), "files": 190000, "used": 0.12,
    },
    {
        "name": "esp32c3-4mb", "chip": "esp32c3", "size": 4 * MB, "table": "factory_4mb.csv",
        "apps": {"factory": ("door-bell", "0.9.1", 900000)},
        "ota_sequence": (), "files": 600000, "used": 0.38,
    },
    {
        "name": "esp8266-4mb", "chip": "esp8266", "size": 4 * MB, "table": "sectors_4mb.csv",
        "apps": {"ota_0": ("door-bell", "0.8.0", 300000), "ota_1": ("door-bell", "0.7.0", 280000)},
        "ota_sequence": (1,), "bootloader": 6000, "files": 190000, "used": 0.19,
    },
]


def copy_stubs(out, embedded, older):
    legacy = pathlib.Path(esptool.__file__).parent / "targets" / "stub_flasher" / "1"
    for generation, source in (("legacy-4.12", legacy), ("v2-1.2.2", older),
                               ("v2-1.4.1", embedded)):
        target = out / "stubs" / generation
        target.mkdir(parents=True, exist_ok=True)
        files = sorted(source.glob("*.json"))
        if not files:
            sys.exit(f"no stub files in {source}")
        for file in files:
            shutil.copyfile(file, target / file.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--stubs", type=pathlib.Path, required=True,
                        help="folder of the stubs that the build embeds")
    parser.add_argument("--older-stubs", type=pathlib.Path, required=True,
                        help="folder of stub 1.2.2")
    args = parser.parse_args()
    work, parts = args.out / "work", args.out / "parts"
    for folder in (work, parts):
        folder.mkdir(parents=True, exist_ok=True)
    copy_stubs(args.out, args.stubs, args.older_stubs)
    nvs_of_all_types(work)
    for spec in IMAGES:
        flash = build_image(work, parts, spec)
        share = used_share(flash)
        if abs(share - spec["used"]) > 0.01:
            sys.exit(f"{spec['name']}: {share:.1%} used, expected {spec['used']:.0%}")
        (args.out / f"{spec['name']}.bin").write_bytes(flash)
        print(f"{spec['name']}.bin: {share:.1%} used, SHA-256 {hashlib.sha256(flash).hexdigest()}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
