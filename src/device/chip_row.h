/*
 * chip_row.h: all that is special about a chip, as one const row; the rows are in chips/.
 *
 * Code outside chips/ never asks which chip it is; it asks the row. A new chip is a new file with a
 * row, a line in chip_table.c and a test.
 *
 * A "revision" here is major * 100 + minor: v3.1 is 301.
 */
#ifndef EB_DEVICE_CHIP_ROW_H
#define EB_DEVICE_CHIP_ROW_H

#include "espbackup/err.h"
#include "espbackup/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_FACT_REGS_MAX 16
#define EB_CRYSTALS_MAX  2

/* How a board with the chip is connected; the links of a row are a set of these. */
enum { EB_CHIP_UART = 1u << 0, EB_CHIP_USB_JTAG = 1u << 1, EB_CHIP_USB_OTG = 1u << 2 };

/* Flash bytes that 24 and 32 bits of address reach. The ROM bootloader uses 24 bits. */
#define EB_FLASH_LIMIT_24BIT (1ull << 24)
#define EB_FLASH_LIMIT_32BIT (1ull << 32)

/* Registers of the SPI controller in front of the flash; offsets from base. */
typedef struct eb_spi_regs {
    uint32_t base;
    uint32_t usr, usr1, usr2, w0;
    uint32_t miso_dlen; /* 0: lengths of the data stand in usr1 */
    bool addr_from_top; /* the address stands in the upper bits of its register */
} eb_spi_regs_t;

/* Watchdogs that run on after the reset of a USB-Serial/JTAG unit. All zero: none. */
typedef struct eb_watchdog_regs {
    uint32_t unlock_reg, unlock_key;
    uint32_t config_reg, stage0_reg;
    uint32_t super_unlock_reg, super_unlock_key; /* 0: there is no second watchdog */
    uint32_t super_config_reg, super_auto_feed;
    bool can_reset; /* into the program; some chips lose their USB port by it */
} eb_watchdog_regs_t;

/* Over USB-OTG a reset by RTS may end in download mode again, depending on these registers. All
 * zero: always reset by the watchdog. */
typedef struct eb_download_regs {
    uint32_t strap_reg, strap_run; /* bit that is set when GPIO0 was high */
    uint32_t force_reg, force_on;  /* bit by which a program asks for download mode */
    bool clear_force;              /* clear it before the chip is reset into its program */
} eb_download_regs_t;

/* Which of the embedded stubs. */
typedef struct eb_stub_choice {
    const char *old_name; /* of chips before old_before; NULL: the same one */
    int old_before;       /* revision */
    int since;            /* revision from which on a stub runs at all */
    bool not_securely;    /* with secure boot on it does not run */
    /* RAM where the ROM keeps which function reads the flash: with secure boot on MEM_END starts
     * nothing, but the ROM calls what stands there. 0: MEM_END does. */
    uint32_t secure_start;
    /* Older stubs send 24 bits of address, so the reach of an unknown stub counts as 24 bits. */
    bool far_only_ours;
} eb_stub_choice_t;

/* A change of a register: bits to clear, then bits to set. */
typedef struct eb_reg_step {
    uint32_t reg, clear, set;
    uint32_t only_if; /* unless 0: only when all of these bits are set */
    uint32_t wait_us; /* afterwards */
} eb_reg_step_t;

typedef struct eb_reg_program {
    const eb_reg_step_t *steps;
    size_t count;
} eb_reg_program_t;

/* What the registers of a chip say. */
typedef struct eb_chip_facts {
    eb_chip_info_t chip; /* package, revision, features, macs; security from eFuses */
    char flash_voltage[8];
    char flash_type[8];
    uint64_t rom_clock_hz; /* what the ROM takes its crystal for; 0: it knows */
    uint32_t flash_pins;   /* for SPI_ATTACH, where eFuses name them; 0: the usual ones */
    int crystal_mhz;       /* by the calibration of the ROM; 0: not known */
    /* To be done before the flash is attached; NULL: nothing. Static storage. */
    const eb_reg_program_t *flash_power;
} eb_chip_facts_t;

typedef struct eb_chip_row {
    const char *id, *name;
    unsigned links;
    uint32_t chip_id; /* in image headers and GET_SECURITY_INFO; EB_CHIP_ID_NONE */
    bool tells_id;    /* GET_SECURITY_INFO has the id; else the magic word is asked */
    uint32_t magic;   /* at EB_CHIP_MAGIC_REG */
    uint32_t bootloader_addr;
    uint64_t stub_flash_limit; /* bytes that the stub can address; the ROM: 24 bits */
    eb_stub_choice_t stub;

    bool old_rom; /* two status bytes, no digest, no slow read, no baud change */
    /* The chip is from before GET_SECURITY_INFO: read_facts fills the security state, and
     * FLASH_BEGIN has the short form. */
    bool efuse_security;
    uint32_t uart_divider_reg;
    uint32_t uart_divider_mask;
    int uart_clocks_per_crystal;       /* how much faster the UART's clock is */
    int crystals_mhz[EB_CRYSTALS_MAX]; /* that it works with; more than one: measure; 0: not known
                                        */
    int secure_crystal_mhz;            /* to assume where it cannot be measured; 0: not known */

    eb_spi_regs_t spi;
    uint64_t flash_gpios; /* a bit for each pin that SPI_ATTACH takes; 0: the usual ones only */
    bool has_hspi;        /* SPI_ATTACH takes the pins of the second controller */
    eb_watchdog_regs_t watchdog;
    eb_download_regs_t download;

    /* Registers to read, and what they mean: words[i] is the value of fact_regs[i]. */
    uint32_t fact_regs[EB_FACT_REGS_MAX];
    size_t fact_count;
    void (*read_facts)(const uint32_t *words, eb_chip_facts_t *out);
} eb_chip_row_t;

static inline bool eb_chip_crystal_varies(const eb_chip_row_t *row)
{
    return row->crystals_mhz[1] != 0;
}

#define EB_CHIP_MAGIC_REG 0x40001000u

size_t eb_chip_row_count(void);
const eb_chip_row_t *eb_chip_row_at(size_t index);
/* By id or name, any case, "-" and "_" left out; NULL when not known. */
const eb_chip_row_t *eb_chip_row_by_name(const char *name);
const eb_chip_row_t *eb_chip_row_by_id(uint32_t chip_id); /* of those that tell it */
const eb_chip_row_t *eb_chip_row_by_magic(uint32_t magic);
/* The one whose GET_SECURITY_INFO has no id. */
const eb_chip_row_t *eb_chip_row_without_id(void);
/* Name of the stub for a revision, as in eb_stub_file_t; NULL: it runs on no stub. */
const char *eb_chip_row_stub(const eb_chip_row_t *row, int revision);

/* -- for the rows (chip_facts.c) -------------------------------------------------------------- */

/* SPI controllers from the ESP32-S2 on have the same registers at another base. */
#define EB_SPI_REGS(at)                                                                            \
    {.base = (at), .usr = 0x18, .usr1 = 0x1C, .usr2 = 0x20, .w0 = 0x58, .miso_dlen = 0x28}
/* The key that unlocks the watchdogs, and that of the second one on older chips. */
#define EB_WATCHDOG_KEY           0x50D83AA1u
#define EB_SUPER_WATCHDOG_KEY_OLD 0x8F1D312Au

/* The watchdogs of a low-power domain, as the ESP32-C6 was the first to have them; `locks`: offset
 * of the register that unlocks the first, behind which those of the second follow. */
#define EB_LP_WATCHDOG(at, locks, resets)                                                          \
    {.unlock_reg = (at) + (locks),                                                                 \
     .unlock_key = EB_WATCHDOG_KEY,                                                                \
     .config_reg = (at),                                                                           \
     .stage0_reg = (at) + 0x04u,                                                                   \
     .super_unlock_reg = (at) + (locks) + 0x08u,                                                   \
     .super_unlock_key = EB_WATCHDOG_KEY,                                                          \
     .super_config_reg = (at) + (locks) + 0x04u,                                                   \
     .super_auto_feed = 1u << 18,                                                                  \
     .can_reset = (resets)}

static inline uint32_t eb_field(uint32_t word, unsigned at, unsigned bits)
{
    return (word >> at) & ((1u << bits) - 1u);
}

static inline bool eb_bit(uint32_t word, unsigned at)
{
    return ((word >> at) & 1u) != 0;
}

/* names[value], or `otherwise` where there is none. */
const char *eb_fact_name(const char *const *names, size_t count, uint32_t value,
                         const char *otherwise);
#define EB_FACT_NAME(names, value, otherwise)                                                      \
    eb_fact_name((names), sizeof(names) / sizeof((names)[0]), (value), (otherwise))

void eb_facts_add_feature(eb_chip_facts_t *facts, const char *format, ...) EB_PRINTF(2, 3);

/* Pins of a flash as SPI_ATTACH takes them. */
static inline uint32_t eb_flash_pins(uint32_t clk, uint32_t q, uint32_t d, uint32_t hd, uint32_t cs)
{
    return hd << 24 | cs << 18 | d << 12 | q << 6 | clk;
}

/* Bits of the GPIOs from..to. */
#define EB_GPIOS(from, to) ((UINT64_MAX >> (63 - (to))) & ~((1ull << (from)) - 1u))

/* Memory in the package: "Embedded Flash 4MB (XMC)". */
#define EB_MEMORY_SIZES 8
typedef struct eb_memory_names {
    const char *what;                   /* "Flash" */
    const char *sizes[EB_MEMORY_SIZES]; /* by the eFuse's value; NULL: not known */
    bool tells_none;                    /* "No Embedded Flash" for the value 0, else nothing */
} eb_memory_names_t;
/* `vendor` empty: not known; NULL: the chip does not tell. */
void eb_facts_add_memory(eb_chip_facts_t *facts, const eb_memory_names_t *names, uint32_t value,
                         const char *vendor);

/* The base MAC from the two words that hold it (the low half of `high` is its start), and those
 * that ESP-IDF derives from it: kinds[i] gets base + i; NULL ends. */
void eb_facts_set_macs(eb_chip_facts_t *facts, uint32_t low, uint32_t high,
                       const char *const *kinds);
/* The 64-bit address of IEEE 802.15.4, and the extension it is made with (upper half of `high`). */
void eb_facts_add_eui64(eb_chip_facts_t *facts, uint32_t low, uint32_t high);
/* "PACKAGE (revision vMAJOR.MINOR)" into the description. */
void eb_facts_describe(eb_chip_facts_t *facts, const char *package, uint32_t major, uint32_t minor);
/* The package's name put together from parts, with "Unknown" in front where one of them has a "?".
 */
void eb_facts_describe_parts(eb_chip_facts_t *facts, const char *name, const char *const *parts,
                             size_t count, uint32_t major, uint32_t minor);
/* 3.3V or 1.8V as chips with VDD_SPI eFuses have it: the eFuses, or else a pin at reset. */
void eb_facts_set_vdd_spi(eb_chip_facts_t *facts, uint32_t efuse, bool pin);

#endif
