/*
 * chip_row.h: all that is special about a chip, as one const row; the rows are in chips/.
 *
 * Code outside chips/ never asks which chip it is; it asks the row. A new chip is a new file with a
 * row, a line in chip_table.c and a test.
 */
#ifndef EB_DEVICE_CHIP_ROW_H
#define EB_DEVICE_CHIP_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espbackup/chip.h"

#define EB_FACT_REGS_MAX 16

/* Registers of the SPI controller in front of the flash; offsets from base. */
typedef struct eb_spi_regs {
    uint32_t base;
    uint32_t usr, usr1, usr2, mosi_dlen, miso_dlen, w0;
    bool addr_from_top; /* the address stands in the upper bits of its register */
} eb_spi_regs_t;

/* Watchdogs that run on after the reset of a USB-Serial/JTAG unit. All zero: none. */
typedef struct eb_watchdog_regs {
    uint32_t unlock_reg, unlock_key;
    uint32_t config_reg, stage0_reg;
    uint32_t super_unlock_reg, super_unlock_key;
    uint32_t super_config_reg, super_auto_feed;
} eb_watchdog_regs_t;

/* What the registers of a chip say. */
typedef struct eb_chip_facts {
    eb_chip_info_t chip; /* package, revision, features, macs; security from eFuses */
    char flash_voltage[8];
    char flash_type[8];
    uint64_t rom_clock_hz; /* what the ROM takes its crystal for; 0: it knows */
    int crystal_mhz;       /* by the calibration of the ROM; 0: not known */
} eb_chip_facts_t;

typedef struct eb_chip_row {
    const char *id, *name;
    uint32_t chip_id; /* in image headers and GET_SECURITY_INFO */
    bool tells_id;    /* GET_SECURITY_INFO has the id; else the magic word is asked */
    uint32_t magic;   /* at EB_CHIP_MAGIC_REG */
    uint32_t bootloader_addr;
    uint64_t flash_limit; /* bytes that ROM and stub can address */

    bool old_rom; /* two status bytes, no digest, no slow read, no baud change */
    uint32_t uart_divider_reg;
    uint32_t uart_divider_mask;
    int fixed_crystal_mhz; /* 0: measure */
    bool efuse_security;   /* read_facts fills the security state; else GET_SECURITY_INFO */

    eb_spi_regs_t spi;
    eb_watchdog_regs_t watchdog;

    /* Registers to read, and what they mean: words[i] is the value of fact_regs[i]. */
    uint32_t fact_regs[EB_FACT_REGS_MAX];
    size_t fact_count;
    void (*read_facts)(const uint32_t *words, eb_chip_facts_t *out);
} eb_chip_row_t;

#define EB_CHIP_MAGIC_REG 0x40001000u

size_t eb_chip_row_count(void);
const eb_chip_row_t *eb_chip_row_at(size_t index);
/* By id or name, any case, "-" and "_" left out; NULL when not known. */
const eb_chip_row_t *eb_chip_row_by_name(const char *name);
const eb_chip_row_t *eb_chip_row_by_id(uint32_t chip_id); /* of those that tell it */
const eb_chip_row_t *eb_chip_row_by_magic(uint32_t magic);

/* For the rows. */
void eb_facts_add_feature(eb_chip_facts_t *facts, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The base MAC and those that ESP-IDF derives from it; kinds[i] gets base + i, NULL ends. */
void eb_facts_set_macs(eb_chip_facts_t *facts, const uint8_t base[EB_MAC_BYTES],
                       const char *const *kinds);
/* "PACKAGE (revision vMAJOR.MINOR)" into the description. */
void eb_facts_describe(eb_chip_facts_t *facts, const char *package);

#endif
