#!/usr/bin/env python3
"""Make chip_vectors.h: what esptool says of chips whose registers hold chosen words.

    python make_chip_vectors.py > chip_vectors.h

esptool (the version that the header names) decodes registers that are made up here; no board takes
part. Words are random with more or fewer bits set, and kept when esptool says something of them
that it had not said before: a package, a feature, a voltage. The header holds the words and the
answers, so that our decoding is compared with one that we did not write.
"""

import random
import sys
from contextlib import contextmanager
from importlib import metadata

from esptool.logger import log
from esptool.targets import CHIP_DEFS
from esptool.util import FatalError, NotSupportedError

CHIPS = ["esp8266", "esp32", "esp32s2", "esp32s3", "esp32c2", "esp32c3", "esp32c5", "esp32c6",
         "esp32c61", "esp32e22", "esp32h2", "esp32h4", "esp32h21", "esp32p4", "esp32s31"]  # fmt: skip
NO_REVISION = {"esp32e22"}  # esptool knows no place for it, and says v0.0
TRIES = 4000
PLAIN = 3  # random words that are kept whatever they say
KEPT_MAX = 16
DENSITIES = (0.0, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)


class Board:
    """Registers that have the same made-up value each time they are read."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.density = self.random.choice(DENSITIES)
        self.fixed = {}
        self.read = {}  # address -> first value, in the order of reading
        self.now = {}
        self.writes = []

    def read_reg(self, address, *_args, **_kwargs):
        if address not in self.now:
            word = sum(1 << i for i in range(32) if self.random.random() < self.density)
            word = self.fixed.get(address, word)
            self.read[address] = self.now[address] = word
        return self.now[address]

    def write_reg(self, address, value, *_args, **_kwargs):
        self.now[address] = value
        self.writes.append((address, value))


def chip_on(cls, board):
    class Chip(cls):
        secure_download_mode = False

        def __init__(self):
            self.cache = dict.fromkeys(["flash_id", "uart_no", "usb_vid", "usb_pid", "security_info"])

        read_reg = staticmethod(board.read_reg)
        write_reg = staticmethod(board.write_reg)

        def get_usb_vid_pid(self):
            return (0x1A86, 0x7523)

    return Chip()


@contextmanager
def quiet(lines):
    kept = log.print
    log.print = lambda *args, **_kwargs: lines.append(" ".join(map(str, args)))
    try:
        yield
    finally:
        log.print = kept


def address_text(mac):
    return ":".join(f"{byte:02x}" for byte in mac) if mac else ""


def voltage_of(chip):
    lines = []
    try:
        with quiet(lines):
            chip.get_flash_voltage()
    except NotSupportedError:
        return ""
    except Exception:  # the ESP8266 has no such function
        return ""
    return lines[0].rsplit(" ", 1)[1] if lines else ""


def answers(name, chip, board):
    """What esptool says; None where it does not know how to go on."""
    try:
        mac = chip.read_mac("BASE_MAC")
    except FatalError:
        return None
    out = {
        "description": chip.get_chip_description(),
        "features": ", ".join(chip.get_chip_features()),
        "mac": address_text(mac),
        "eui64": address_text(chip.read_mac("EUI64")),
        "extension": address_text(chip.read_mac("MAC_EXT")),
        "voltage": voltage_of(chip),
        "type": {0: "quad", 1: "octal"}.get(chip.flash_type(), ""),
        "secure_boot": -1,
        "encryption": -1,
    }
    if name == "esp32":
        out["secure_boot"] = int(bool(chip.get_secure_boot_enabled()))
        out["encryption"] = int(bool(chip.get_flash_encryption_enabled()))
    if name in NO_REVISION:
        out["description"] = out["description"].split(" (revision")[0]
    out["facts"] = dict(board.read)
    stub = chip.STUB_CLASS
    out["stub"] = stub.stub_json_name(chip).removesuffix(".json")
    chip._post_connect()
    if getattr(chip, "stub_is_disabled", False):
        out["stub"] = ""
    out["writes"] = list(board.writes)
    return out


def novelties(out):
    yield "package", out["description"].split(" (revision")[0]
    for feature in out["features"].split(", "):
        yield from (("feature", part) for part in feature.split(" ("))
    for key in ("voltage", "type", "secure_boot", "encryption", "stub"):
        yield key, out[key]
    if out["writes"]:
        yield "writes", (len(out["writes"]), out["description"])


def revision_words(name, seed):
    """Words that make one of the revisions that are treated in a way of their own."""
    if name == "esp32p4":
        base = CHIP_DEFS[name].EFUSE_BLOCK1_ADDR
        return {base + 8: [0x30, 0x31, 0x32, 0x32, 0x13, 0x800000][seed % 6] if seed % 2 else None}
    return {}


def vectors_of(name):
    seen, kept, plain = set(), [], 0
    for seed in range(TRIES):
        board = Board(f"{name} {seed}")
        board.fixed = {a: w for a, w in revision_words(name, seed).items() if w is not None}
        out = answers(name, chip_on(CHIP_DEFS[name], board), board)
        if out is None:
            continue
        new = set(novelties(out)) - seen
        if not new and plain == PLAIN:
            continue
        plain += not new
        seen |= new
        kept.append((board, out))
        if len(kept) == KEPT_MAX:
            break
    return kept


def text(value):
    return '"' + value.replace('"', '\\"') + '"'


def print_pairs(key, items):
    pairs = [f"{{0x{reg:08X}, 0x{value:08X}}}" for reg, value in items]
    lines = [", ".join(pairs[i : i + 3]) for i in range(0, len(pairs), 3)]
    print(f"     .{key}s = {{" + ",\n              ".join(lines) + "},")
    print(f"     .{key}_count = {len(pairs)},")


def print_vector(name, board, out):
    regs = list(out["facts"].items())
    later = [(reg, value) for reg, value in board.read.items() if reg not in out["facts"]]
    print(f"    {{.chip = {text(name)},")
    print_pairs("reg", regs + later)
    if out["writes"]:
        print_pairs("write", out["writes"])
    for key in ("description", "features", "mac", "eui64", "extension", "voltage", "type", "stub"):
        if out[key]:
            print(f"     .{key} = {text(out[key])},")
    print(f"     .secure_boot = {out['secure_boot']}, .encryption = {out['encryption']}}},")


def fixed_crystal(cls):
    chip = chip_on(cls, Board("crystal"))
    try:
        return chip.get_crystal_freq()
    except Exception:  # it is measured, which needs a port
        return 0


def print_constants(name):
    cls = CHIP_DEFS[name]
    security = cls.SECURITY_INFO_SUPPORTED
    watchdog = hasattr(cls, "RTC_CNTL_WDTCONFIG0_REG")
    feeds = hasattr(cls, "RTC_CNTL_SWD_CONF_REG")
    fields = {
        "chip": text(name),
        "name": text(cls.CHIP_NAME),
        "chip_id": "0xFFFFFFFF" if cls.IMAGE_CHIP_ID is None else cls.IMAGE_CHIP_ID,
        "tells_id": str(not cls.USES_MAGIC_VALUE).lower(),
        "magic": f"0x{cls.MAGIC_VALUE if cls.USES_MAGIC_VALUE else 0:08X}",
        "tells_security": str(security).lower(),
        "bootloader_addr": f"0x{cls.BOOTLOADER_FLASH_OFFSET:X}",
        "usb_jtag": str(cls.USB_SERIAL_JTAG_SUPPORTED).lower(),
        "usb_otg": str(cls.USB_OTG_SUPPORTED).lower(),
        "watchdog_reset": str(cls.WATCHDOG_RESET_SUPPORTED).lower(),
        "addr_32bit": str(cls.FLASH_32BIT_ADDR_SUPPORTED).lower(),
        "crystal_mhz": fixed_crystal(cls),
        "uart_divider_reg": f"0x{cls.UART_CLKDIV_REG:08X}",
        "uart_clocks": getattr(cls, "XTAL_CLK_DIVIDER", 1),
        "spi": "{" + ", ".join(f"0x{value or 0:X}" for value in (
            cls.SPI_REG_BASE, cls.SPI_USR_OFFS, cls.SPI_USR1_OFFS, cls.SPI_USR2_OFFS,
            cls.SPI_W0_OFFS, cls.SPI_MISO_DLEN_OFFS)) + "}",
        "addr_from_top": str(cls.SPI_ADDR_REG_MSB).lower(),
        "watchdog": "{" + ", ".join(f"0x{value:X}" for value in (
            (cls.RTC_CNTL_WDTWPROTECT_REG, cls.RTC_CNTL_WDT_WKEY, cls.RTC_CNTL_WDTCONFIG0_REG,
             cls.RTC_CNTL_WDTCONFIG1_REG) if watchdog else (0,) * 4)) + "}",
        "feeder": "{" + ", ".join(f"0x{value:X}" for value in (
            (cls.RTC_CNTL_SWD_WPROTECT_REG, cls.RTC_CNTL_SWD_WKEY, cls.RTC_CNTL_SWD_CONF_REG,
             cls.RTC_CNTL_SWD_AUTO_FEED_EN)
            if feeds and cls.USB_SERIAL_JTAG_SUPPORTED else (0,) * 4)) + "}",
    }  # fmt: skip
    print("    {" + ",\n     ".join(f".{key} = {value}" for key, value in fields.items()) + "},")


HEAD = """\
/*
 * chip_vectors.h: what esptool {version} says of chips whose registers hold these words.
 * Made by make_chip_vectors.py; included by test_chip_vectors.c alone.
 */
#ifndef CHIP_VECTORS_H
#define CHIP_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
typedef struct vector_reg {{
    uint32_t reg, value;
}} vector_reg_t;

/* NULL: esptool does not tell of this chip. -1: the same. */
typedef struct chip_vector {{
    const char *chip;
    vector_reg_t regs[20]; /* before anything is written */
    size_t reg_count;
    vector_reg_t writes[20]; /* once connected, over a UART */
    size_t write_count;
    const char *description, *features, *mac, *eui64, *extension, *voltage, *type;
    const char *stub; /* NULL: none runs on it */
    int secure_boot, encryption;
}} chip_vector_t;

typedef struct chip_constants {{
    const char *chip, *name;
    uint32_t chip_id, magic, bootloader_addr;
    bool tells_id, tells_security, usb_jtag, usb_otg, watchdog_reset, addr_32bit, addr_from_top;
    int crystal_mhz, uart_clocks; /* 0: measured */
    uint32_t uart_divider_reg;
    uint32_t spi[6];      /* base, USR, USR1, USR2, W0, MISO_DLEN */
    uint32_t watchdog[4]; /* unlock, key, config, stage 0 */
    uint32_t feeder[4];   /* unlock, key, config, feeds by itself */
}} chip_constants_t;
"""


def main():
    sys.stdout.reconfigure(newline="\n")
    print(HEAD.format(version=metadata.version("esptool")))
    print("static const chip_constants_t chip_constants[] = {")
    for name in CHIPS:
        print_constants(name)
    print("};\n\nstatic const chip_vector_t chip_vectors[] = {")
    for name in CHIPS:
        for board, out in vectors_of(name):
            print_vector(name, board, out)
    print("};\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
