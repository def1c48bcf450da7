/*
 * sim_flash.h: a serial NOR flash, seen through its own SPI commands.
 *
 * The content is a file mapped shared (or memory). The rules are those of the W25Q / GD25Q data
 * sheets: erase sets bits, program only clears them and wraps inside its 256-byte page, both need
 * WREN and leave WIP set for their time, block-protect bits are obeyed, and while WIP is set only
 * the status can be read.
 *
 * How an XMC part boots anew (B9h, 79h, FFh, 2 ms, ABh), and that a mis-booted one answers SFDP but
 * not its id, is a fact of the startup flow in ESP-IDF. What else such a part does wrong is not
 * public; here it reads wrong and ignores erases and programs.
 *
 * Time is the caller's: every transaction says what time it is (microseconds of any clock).
 */
#ifndef ESPSIM_SIM_FLASH_H
#define ESPSIM_SIM_FLASH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_FLASH_PAGE = 256, SIM_FLASH_SECTOR = 4096, SIM_FLASH_BLOCK = 65536 };

/* The opcodes that ROM and stub use themselves. */
enum sim_flash_opcode {
    SIM_FLASH_WRSR = 0x01,
    SIM_FLASH_PP = 0x02,
    SIM_FLASH_READ = 0x03,
    SIM_FLASH_WRDI = 0x04,
    SIM_FLASH_RDSR = 0x05,
    SIM_FLASH_WREN = 0x06,
    SIM_FLASH_FAST_READ = 0x0B,
    SIM_FLASH_FAST_READ_4B = 0x0C,
    SIM_FLASH_PP_4B = 0x12,
    SIM_FLASH_READ_4B = 0x13,
    SIM_FLASH_SE = 0x20,
    SIM_FLASH_SE_4B = 0x21,
    SIM_FLASH_UNIQUE_ID = 0x4B,
    SIM_FLASH_BE32 = 0x52,
    SIM_FLASH_SFDP = 0x5A,
    SIM_FLASH_BE32_4B = 0x5C,
    SIM_FLASH_CE = 0x60,
    SIM_FLASH_RDID = 0x9F,
    SIM_FLASH_CE_ALT = 0xC7,
    SIM_FLASH_BE64 = 0xD8,
    SIM_FLASH_BE64_4B = 0xDC
};

enum sim_flash_status {
    SIM_SR_WIP = 0x01,
    SIM_SR_WEL = 0x02,
    SIM_SR_BP = 0x1C,
    SIM_SR_TB = 0x20,
    SIM_SR_BP3 = 0x20, /* in the place of TB */
    SIM_SR2_QE = 0x02, /* of the second register */
    SIM_SR2_CMP = 0x40
};

/* Modes that a program may leave a flash in; only a power cycle or commands end them. */
typedef enum sim_flash_mode {
    SIM_FLASH_USUAL,
    SIM_FLASH_POWER_DOWN, /* obeys nothing but ABh */
    SIM_FLASH_FOUR_BYTE,  /* addresses have 4 bytes; only of more than 16 MB */
    SIM_FLASH_QPI,        /* commands come on four lines */
    SIM_FLASH_MISBOOTED,  /* of XMC: at power-on it has not loaded what it needs to work right */
    SIM_FLASH_ULTRA_DOWN  /* of XMC: obeys nothing but FFh, by which it boots anew; no start */
} sim_flash_mode_t;

/* Written on the chip's thread, read on others. */
typedef struct sim_flash_counters {
    _Atomic uint64_t sector_erases, block_erases, chip_erases, page_programs, bytes_programmed;
} sim_flash_counters_t;

typedef struct sim_flash_config {
    const char *path;  /* NULL: memory */
    uint64_t size;     /* 0: the file's, else 4 MB */
    uint32_t jedec_id; /* 0xMMTTCC; 0: Winbond of that size */
    bool no_sfdp;
    bool mute; /* nothing drives the line: all reads are FF, nothing is written */
    sim_flash_mode_t mode;
    uint16_t status; /* registers 1 and, above, 2 */
    uint32_t lying_write_every;
    uint64_t busy_until_us; /* in the middle of an erase that nobody here began; 0: it is not */
} sim_flash_config_t;

/* One transaction: chip select low, opcode, address, dummy clocks, data out or in, select high. */
typedef struct sim_flash_io {
    uint8_t opcode;
    uint32_t addr;
    unsigned addr_bits;
    unsigned dummy_bits;
    const uint8_t *out;
    size_t out_count;
    uint8_t *in;
    size_t in_count;
} sim_flash_io_t;

typedef struct sim_flash sim_flash_t;

/* Microseconds. */
typedef struct sim_flash_times {
    uint32_t sector_erase, block_erase; /* of 64 KB */
    uint32_t page_program;              /* that has something to program */
} sim_flash_times_t;

/* NULL with the reason in `why`. */
sim_flash_t *sim_flash_new(const sim_flash_config_t *config, char *why, size_t why_size);
void sim_flash_free(sim_flash_t *flash); /* syncs the file; NULL is allowed */

void sim_flash_transact(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us);
/* Instead of the usual ones; 0: stays. */
void sim_flash_set_times(sim_flash_t *flash, const sim_flash_times_t *times);
/* When the running erase or program ends; not after now_us when there is none. */
uint64_t sim_flash_busy_until_us(const sim_flash_t *flash);

/* After the power was off: an XMC part that started mis-booted does it again. */
void sim_flash_power_on(sim_flash_t *flash);

uint64_t sim_flash_size(const sim_flash_t *flash);
uint32_t sim_flash_jedec_id(const sim_flash_t *flash);
/* The cells themselves, for tests and for the boot loader's look at its header. */
uint8_t *sim_flash_cells(sim_flash_t *flash);
sim_flash_counters_t *sim_flash_counters(sim_flash_t *flash);

/* sim_flash_sfdp.c: the SFDP area of a flash of this size and id; the byte at `addr`. */
uint8_t sim_flash_sfdp_byte(uint64_t flash_size, uint32_t jedec_id, uint32_t addr);

#endif
