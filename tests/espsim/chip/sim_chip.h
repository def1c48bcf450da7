/*
 * sim_chip.h: the simulated chip: mask ROM, RAM, registers, eFuses, SPI flash, stub.
 *
 * One sim_chip_t is one board's silicon. It lives through resets: flash and eFuses stay, RAM and
 * registers do not. The board (sim_board.c) calls sim_chip_run on the chip's thread after each
 * reset; it runs the boot (download or run mode, by the strap sampled then) until the next reset.
 */
#ifndef ESPSIM_SIM_CHIP_H
#define ESPSIM_SIM_CHIP_H

#include "sim_uart.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct sim_chip sim_chip_t;

/* Times that were measured on a board, in microseconds; 0: those of the chip's row. */
typedef struct sim_timing {
    uint32_t rom_4k, stub_4k; /* to read 4 KB from the flash and to compute their MD5, together */
    uint32_t rom_command, stub_start;
    uint32_t sector_erase, block_erase;
    uint32_t program_4k; /* by the stub, which looks first whether they are blank */
} sim_timing_t;

typedef struct sim_chip_options {
    const char *chip;       /* "esp32", "esp32c3", ...; rows in sim_chip_rows.c */
    uint32_t crystal_mhz;   /* 0 = the chip's usual one */
    const char *flash_path; /* file that is the flash, mapped shared; NULL: memory, erased */
    uint64_t flash_size;    /* bytes, power of two; 0 = size of the file, else 4 MB */
    uint32_t jedec_id;      /* 0xMMTTCC as RDID sends it (C8 40 16 = 0xC84016); 0 = by size */
    bool no_sfdp;           /* flash without SFDP, as in the captures */
    bool mute_flash;        /* RDID answers FFFFFF */
    uint32_t flash_busy_ms; /* it is in the middle of an erase, for so long from now */
    uint16_t flash_status;  /* registers 1 and, above, 2, as a program left them */
    const char
        *flash_start; /* "power-down", "4-byte", "qpi", "mis-booted"; NULL: as after power-on */
    const char *flash_pins;    /* "SPI", "HSPI" or "CLK,Q,D,HD,CS"; NULL: as the eFuses say */
    const char *efuse_set;     /* row name: "typical" (default) and more in sim_efuse_rows.c */
    bool usb_otg;              /* the host is on the USB-OTG unit */
    bool usb_full_packets;     /* any stub ends USB transfers as those before 1.2 did */
    bool usb_jtag;             /* the host is on the USB-Serial/JTAG unit */
    uint32_t watchdog_ms;      /* of the RTC watchdog that an app leaves running; 0 = 9 s */
    uint32_t boot_watchdog_ms; /* of the ROM, when the flash has no image; 0 = 320 ms */
    const char *mac;           /* "aa:bb:cc:dd:ee:ff"; NULL = the efuse set's own */
    bool refuses_baud;         /* the ROM does not know CHANGE_BAUDRATE */
    bool stub_never_starts;    /* MEM_END is acknowledged and then nothing is heard */
    sim_timing_t timing;
    uint32_t lying_write_every; /* n > 0: every n-th page program silently does nothing */
    uint64_t seed;
} sim_chip_options_t;

/* Counters since creation; the test programs read them (see --report). */
typedef struct sim_chip_counters {
    uint64_t sector_erases, block_erases, chip_erases, page_programs;
    uint64_t bytes_programmed, bytes_read, bytes_digested;
    uint64_t commands, refused_commands, resets, stub_starts, stub_crashes;
} sim_chip_counters_t;

/* NULL and a line on stderr when an option cannot be. */
sim_chip_t *sim_chip_new(const sim_chip_options_t *options);
/* USB product id of the ROM's USB-OTG port: the chip's id. */
uint16_t sim_chip_usb_id(const sim_chip_t *chip);
void sim_chip_free(sim_chip_t *chip); /* syncs the flash file; NULL is allowed */

/* Run from reset to reset. `download_mode`: the strapping pin as sampled at this reset. */
void sim_chip_run(sim_chip_t *chip, sim_uart_t *uart, bool download_mode);

/* These are safe to call from another thread. The first: a host has set the watchdog, and the reset
 * has not come yet. The second: before the next run the flash starts as at power-on. */
bool sim_chip_reset_ordered(sim_chip_t *chip);
void sim_chip_cut_power(sim_chip_t *chip);
void sim_chip_get_counters(sim_chip_t *chip, sim_chip_counters_t *out);

#endif
