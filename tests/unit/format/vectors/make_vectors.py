#!/usr/bin/env python3
"""Make the vectors of the format tests with tools that share no code with espbackup.

    tests/setup.sh && .cache/venv/bin/python tests/unit/format/vectors/make_vectors.py

app_c3.bin       esptool 5.6.0 elf2image of an ELF that riscv64-unknown-elf-gcc makes (RAM segments
                 only, so that the file is small); its ELF hash is set by --elf-sha256-offset
table.bin        esp-idf-defs 0.1.7: a partition table from CSV, with MD5 entry
otadata.bin      esp-idf-defs: first copy sequence 5 (valid), second sequence 6 (undefined)
boot_app0.bin    shaped like the one that Arduino ships: sequence 1, then a copy whose sequence is 0
header_*.bin     esptool 5.6.0 merge-bin of app_c3.bin at 0x0 with other flash settings, which puts
                 the header and its hash right; for other chips' tables of frequencies too (esptool
                 warns of the chip id and goes on)
The results are committed: the tests need no tool.
"""
import pathlib
import subprocess
import sys
import tempfile

from esp_idf_defs.otadata import OtaDataSelectEntry, OtaImageState
from esp_idf_defs.partitions import PartitionTable

HERE = pathlib.Path(__file__).resolve().parent

FIRMWARE = r"""
#include <stdint.h>
struct desc {
    uint32_t magic, secure_version, reserved[2];
    char version[32], project[32], time[16], date[16], idf[32];
    uint8_t elf_sha256[32];
    uint32_t more[20];
};
__attribute__((section(".desc"), used)) const struct desc desc = {
    0xABCD5432, 7, {0}, "v1.2.3-vector", "format_vector",
    "12:34:56", "Nov 21 2026", "v5.5.1", {0}, {0}};
__attribute__((section(".iram"), used)) void call_start(void) { for (;;) { } }
"""
LINKER = """
ENTRY(call_start)
SECTIONS {
  .dram0.data 0x3FC80000 : { KEEP(*(.desc)) LONG(0x11223344) }
  .iram0.text 0x40380400 : { *(.iram) *(.text*) . = ALIGN(4); }
  /DISCARD/ : { *(.comment) *(.riscv.attributes) *(.eh_frame*) *(.note*) }
}
"""
TABLE = """
nvs,      data, nvs,      0x9000,   0x5000,
otadata,  data, ota,      0xe000,   0x2000,
app0,     app,  ota_0,    0x10000,  0x140000,
app1,     app,  ota_1,    0x150000, 0x140000,
spiffs,   data, spiffs,   0x290000, 0x160000,
secret,   0x40, 0x5,      0x3f0000, 0x10000, encrypted
"""


def app(work):
    (work / "app.c").write_text(FIRMWARE)
    (work / "app.ld").write_text(LINKER)
    subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-Os", "-nostdlib",
                    "-ffreestanding", "-Wl,--build-id=none", "-T", work / "app.ld", work / "app.c",
                    "-o", work / "app.elf"], check=True)
    subprocess.run([sys.executable, "-m", "esptool", "--chip", "esp32c3", "elf2image",
                    "--flash-mode", "dio", "--flash-freq", "80m", "--flash-size", "4MB",
                    "--elf-sha256-offset", "0xb0", "-o", HERE / "app_c3.bin", work / "app.elf"],
                   check=True)


HEADERS = {
    "header_qio_40m_8mb.bin": ["esp32c3", "qio", "40m", "8MB"],
    "header_dout_20m_128mb.bin": ["esp32c3", "dout", "20m", "128MB"],
    "header_keep_26m.bin": ["esp32c3", "keep", "26m", "keep"],
    "header_c2_15m.bin": ["esp32c2", "keep", "15m", "2MB"],
    "header_c6_80m.bin": ["esp32c6", "qout", "80m", "keep"],
    "header_h2_16m.bin": ["esp32h2", "keep", "16m", "keep"],
}


def headers():
    for name, (chip, mode, freq, size) in HEADERS.items():
        subprocess.run([sys.executable, "-m", "esptool", "--chip", chip, "merge-bin",
                        "--flash-mode", mode, "--flash-freq", freq, "--flash-size", size,
                        "-o", HERE / name, "0x0", HERE / "app_c3.bin"], check=True)


def main():
    with tempfile.TemporaryDirectory() as work:
        app(pathlib.Path(work))
    headers()
    (HERE / "table.bin").write_bytes(PartitionTable.from_csv(TABLE).to_binary()[:0xC00])

    copies = [OtaDataSelectEntry(5, OtaImageState.VALID),
              OtaDataSelectEntry(6, OtaImageState.UNDEFINED)]
    (HERE / "otadata.bin").write_bytes(
        b"".join(c.to_bytes().ljust(0x1000, b"\xff") for c in copies))
    first = OtaDataSelectEntry(1, OtaImageState.UNDEFINED).to_bytes().ljust(0x1000, b"\xff")
    second = (b"\0" * 24 + b"\xff" * 8).ljust(0x1000, b"\xff")
    (HERE / "boot_app0.bin").write_bytes(first + second)


main()
