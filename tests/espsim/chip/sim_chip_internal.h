/*
 * sim_chip_internal.h: what the files of the simulated chip share. Nothing outside sim_chip*.c,
 * sim_rom*.c, sim_stub*.c, sim_regs.c, sim_spi.c and sim_slip.c includes it.
 *
 * A chip is a const row (sim_chip_rows.c) and the state below. Every call that can wait sets
 * `stopped` when the board was reset; loops test sim_running() and unwind.
 */
#ifndef ESPSIM_SIM_CHIP_INTERNAL_H
#define ESPSIM_SIM_CHIP_INTERNAL_H

#include "sim_chip.h"
#include "sim_flash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- rows ---------------------------------------------------------------------------------- */

typedef struct sim_word {
    uint32_t addr, value;
} sim_word_t;

/* Offsets from the controller's base, as each chip's technical reference manual gives them. */
typedef struct sim_spi_layout {
    uint32_t base;
    uint16_t addr, usr, usr1, usr2;
    uint16_t mosi_dlen, miso_dlen; /* 0: the lengths are fields of usr1, as on ESP8266 */
    uint16_t w0;
    bool addr_msb; /* an address shorter than 32 bits lies at the top of its register */
} sim_spi_layout_t;

typedef struct sim_watchdog {
    uint32_t config0, config1, protect; /* 0: the chip has none that a host uses */
    uint32_t key;
    uint32_t slow_clock_hz;
} sim_watchdog_t;

typedef struct sim_rom_row {
    uint8_t status_bytes;  /* after each reply: 4, or 2 on ESP8266 */
    bool has_digest;       /* SPI_FLASH_MD5 */
    bool has_flash_params; /* SPI_SET_PARAMS, SPI_ATTACH, READ_FLASH_SLOW */
    bool has_deflate;
    bool has_baud_change;
    uint8_t security_info_bytes; /* 0: GET_SECURITY_INFO unknown; 12 or 20 */
    uint8_t assumed_crystal_mhz; /* whatever there is; 0: the ROM knows or measures its crystal */
    bool begin_attaches;         /* FLASH_BEGIN attaches the flash: there is no SPI_ATTACH */
    bool erases_head_twice;      /* sectors up to the first block do not count; see rom_erase */
    uint32_t flash_limit;        /* the flash size it assumes; 0 = 2 MB */
    bool no_jump_securely;       /* with secure boot on, MEM_END does not start anything */
    uint32_t read_hook;          /* RAM: what READ_FLASH_SLOW calls; 0: nobody uses it */
} sim_rom_row_t;

/* What read_hook holds at first, for code of the ROM; where it really lies is not known. */
#define SIM_ROM_READ_CODE 0x40000000u

/* Where a factory MAC aa:bb:cc:dd:ee:ff lies, from mac_low on. */
enum sim_mac_layout {
    SIM_MAC_PLAIN, /* ccddeeff, 0000aabb */
    SIM_MAC_CRC,   /* ccddeeff, 00CRaabb */
    SIM_MAC_EUI64, /* ccddeeff, fffeaabb: chips with IEEE 802.15.4 */
    SIM_MAC_OTP    /* ff000000, 0000ddee, 0, 00aabbcc: ESP8266 */
};

/* The UART's clock: multiple of the crystal until a stub raises it. */
typedef struct sim_uart_row {
    uint32_t clkdiv_reg;
    uint8_t clock_per_crystal;
    bool whole_divider;    /* no fraction */
    uint8_t autobaud_less; /* the ROM measures a divider this much too small */
    /* ESP32: the ROM works out its crystal from the 8 MHz oscillator, by a measurement in
     * calibration_reg and that oscillator's frequency in an eFuse. 0: no such thing. */
    uint32_t calibration_reg, calibration_efuse;
} sim_uart_row_t;

enum { SIM_CRYSTALS_MAX = 2 };

/* Microseconds for each 4 KB; see the timing model in docs (SPI clock = APB / 4, software MD5). */
typedef struct sim_speed {
    uint32_t spi_us, md5_us;
} sim_speed_t;

typedef struct sim_boot_text {
    const char *banner;                         /* first lines, up to the reset reason */
    const char *power_on, *watchdog, *software; /* cause names */
    unsigned software_cause;
    unsigned download_strap, run_strap;
    uint32_t strap_word; /* the GPIO strap register in download mode */
    const char *download_name, *run_name;
    bool old_format;                        /* ESP8266: "rst cause:N, boot mode:(N,N)" */
    const char *second_stage;               /* what a good image prints before the app */
    const char *app;                        /* the app's first words; NULL: those of ESP-IDF */
    uint32_t bootloader_addr;               /* where the ROM looks for its header */
    const char *crash_before, *crash_after; /* around the program counter, 8 hex digits */
} sim_boot_text_t;

/* An eFuse set: words at reset and what GET_SECURITY_INFO says. */
typedef struct sim_efuse_row {
    const char *chip, *name;
    const sim_word_t *words;
    size_t word_count;
    uint8_t mac[6];
    bool mac_burnt; /* false: the words are all there is */
    struct {
        uint32_t flags;
        uint8_t crypt_count, key_purposes[7];
        uint32_t eco;
    } security;
    bool secure_download;
    bool octal_flash;
    uint32_t flash_pins; /* that the eFuses name, as SPI_ATTACH takes them; 0: the usual ones */
    sim_word_t silicon;  /* a register that such a part has otherwise; address 0: none */
    bool flash_off;      /* the flash has no power until the host switches it on */
    const char *stub;    /* `chip` of its stub rows; NULL: the chip's name */
} sim_efuse_row_t;

/* The ESP32's ROM attaches a flash to the pins of SPI_ATTACH's argument: 6 bits each. */
#define SIM_FLASH_PINS(clk, q, d, hd, cs)                                                          \
    ((uint32_t)(hd) << 24 | (uint32_t)(cs) << 18 | (uint32_t)(d) << 12 | (uint32_t)(q) << 6 |      \
     (uint32_t)(clk))

/* A set that is made from another one. */
enum { SIM_SECURED_WORDS_MAX = 16, SIM_SECURITY_SECURE_BOOT = 1 << 0 };

typedef struct sim_secured {
    sim_efuse_row_t set;
    sim_word_t words[SIM_SECURED_WORDS_MAX];
} sim_secured_t;

typedef struct sim_chip_row {
    const char *name;
    uint32_t chip_id;
    uint32_t magic; /* a word of the ROM, at 40001000h, that tells the older chips apart */
    uint32_t efuse_base, efuse_size;
    uint32_t mac_low;
    enum sim_mac_layout mac_layout;
    uint32_t strap_reg;       /* 0: nobody reads it */
    uint32_t flash_power_reg; /* bits 1:0 switch the flash of a `flash_off` eFuse set on */
    uint8_t crystals_mhz[SIM_CRYSTALS_MAX]; /* the usual one first */
    sim_uart_row_t uart;
    const sim_word_t *reset_words; /* registers that are not 0 after reset */
    size_t reset_word_count;
    sim_spi_layout_t spi;
    sim_watchdog_t watchdog;
    sim_rom_row_t rom;
    sim_speed_t plain, octal;
    sim_speed_t boosted;            /* with a stub that raises the clocks; 0 = it does not */
    uint8_t boosted_since;          /* by stubs from 1.X on */
    uint32_t boosted_uart_clock_hz; /* 0: still the crystal's */
    bool has_usb_jtag, has_usb_otg;
    /* Bit by which a program on USB-OTG asks for the loader; 0: no program is known to do so. */
    uint32_t force_reg, force_bit;
    bool usb_boost;          /* the stub raises the clocks when it is on USB */
    bool stub_four_byte;     /* the stub can reach flash above 16 MB */
    uint8_t four_byte_since; /* from 1.X on; 0: every stub */
    sim_boot_text_t boot;
} sim_chip_row_t;

/* Over USB-OTG no block may be longer than 800h; what happens to one that is, is not known: here it
 * is lost. Header, and the header of a block. */
enum { SIM_OTG_FRAME_MAX = 0x800 + 8 + 16 };

enum sim_stub_generation { SIM_STUB_LEGACY = 1, SIM_STUB_V2 = 2 };

/* One stub of one chip; rows are generated by fingerprint_stubs.py. */
typedef struct sim_stub_row {
    const char *chip;
    enum sim_stub_generation generation;
    uint8_t version[3];
    uint32_t entry, text_addr, text_bytes, data_addr, data_bytes;
    uint8_t text_sha256[32], data_sha256[32];
} sim_stub_row_t;

extern const sim_chip_row_t sim_chip_rows[];
extern const size_t sim_chip_row_count;
extern const sim_efuse_row_t sim_efuse_rows[];
extern const size_t sim_efuse_row_count;
/* The typical set with what "encrypted", "secure-boot" or "secure-download" burns; false when the
 * chip has no such set that is made. */
bool sim_efuse_secure(const sim_chip_row_t *row, const sim_efuse_row_t *typical, const char *name,
                      sim_secured_t *out);
extern const sim_stub_row_t sim_stub_rows[];
extern const size_t sim_stub_row_count;

/* ---- state --------------------------------------------------------------------------------- */

enum { SIM_MEMORY_PAGE = 4096, SIM_MEMORY_BUCKETS = 64 };

typedef struct sim_page {
    struct sim_page *next;
    uint32_t base;
    uint8_t bytes[SIM_MEMORY_PAGE];
} sim_page_t;

typedef struct sim_out {
    uint8_t bytes[2048];
    size_t count,
        framed; /* there now; of the frame that is being made, with what waits before it */
} sim_out_t;

enum sim_reset_cause { SIM_RESET_POWER_ON, SIM_RESET_WATCHDOG, SIM_RESET_SOFTWARE };

struct sim_chip {
    const sim_chip_row_t *row;
    const sim_efuse_row_t *efuses;
    sim_secured_t secured; /* where efuses points to, when they are made */
    uint8_t mac[6];
    sim_flash_t *flash;
    sim_uart_t *uart;
    bool stub_never_starts, refuses_baud;
    bool usb;          /* the host is on one of the chip's USB units */
    bool otg;          /* which is USB-OTG */
    bool full_packets; /* any stub, and the one that runs: ends no transfer with a full packet */
    bool holds_full_packets;
    uint32_t boot_watchdog_ms;
    uint32_t watchdog_ms; /* left to a host by the app that ran before; 0 = 9 s */
    bool app_ran;         /* since power was switched on */

    bool stopped; /* unwind: the board was reset, or the chip resets itself */
    bool self_reset;
    enum sim_reset_cause cause;
    uint32_t crystal_mhz;
    uint32_t baud;
    uint32_t uart_clock_hz;     /* what the divider divides */
    uint32_t rom_uart_clock_hz; /* what the ROM takes it for */
    bool autobaud;              /* the ROM has not yet seen a SYNC */

    sim_page_t *pages[SIM_MEMORY_BUCKETS]; /* RAM and registers since reset */
    uint64_t clock_ahead_us;               /* simulated time that did not pass in the world */
    uint64_t debt_us;                      /* time spent and not yet told to the UART */
    uint64_t watchdog_at_us;               /* 0: not running */
    bool watchdog_unlocked;
    atomic_bool power_cut;
    atomic_bool reset_ordered; /* the host has set the watchdog, and it has not struck yet */

    uint32_t flash_pins; /* where the flash is: 0 SPI, 1 HSPI, else SIM_FLASH_PINS */
    bool flash_attached;
    bool four_byte;
    uint32_t flash_limit; /* the size that ROM code believes; it refuses what lies beyond */
    sim_speed_t speed;
    sim_timing_t timing;
    sim_out_t out;

    _Atomic uint64_t bytes_read, bytes_digested, commands, refused_commands, resets, stub_starts,
        stub_crashes;
};

static inline bool sim_running(const sim_chip_t *chip)
{
    return !chip->stopped;
}

static inline void sim_count(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static inline uint32_t sim_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void sim_put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8u * i));
    }
}

/* The whole reply header of both dialects: direction 1, command, length, value. */
static inline void sim_put_reply_header(uint8_t *p, uint8_t op, size_t length, uint32_t value)
{
    p[0] = 1;
    p[1] = op;
    p[2] = (uint8_t)length;
    p[3] = (uint8_t)(length >> 8);
    sim_put_le32(p + 4, value);
}

/* ---- sim_chip_io.c: the UART and the clock
 * ------------------------------------------------------- */

sim_wake_t sim_getc(sim_chip_t *chip, int64_t timeout_us, uint8_t *byte);
void sim_write(sim_chip_t *chip, const void *bytes, size_t count);
void sim_drain(sim_chip_t *chip);
void sim_spend(sim_chip_t *chip, uint64_t us); /* added up and told to the UART later */
/* Set the divider that makes `baud` out of `clock_hz`; the rate is what the real clock makes of it.
 */
void sim_set_baud_by(sim_chip_t *chip, uint32_t clock_hz, uint32_t baud);
void sim_set_baud(sim_chip_t *chip, uint32_t baud); /* by the real clock */
/* Make a new divider from the one that there is, which is taken for that of `from_baud`. */
void sim_scale_divider(sim_chip_t *chip, uint32_t from_baud, uint32_t to_baud);
/* Autobaud: the rate of the SYNC just received is the chip's; once after a reset. */
void sim_learn_baud(sim_chip_t *chip);
uint64_t sim_now_us(sim_chip_t *chip);
/* Spent time does not pass (`--wire instant`): then nothing arrives "meanwhile" either. */
bool sim_time_is_instant(const sim_chip_t *chip);
/* The chip resets itself; the boot that follows names the cause. */
void sim_reset_self(sim_chip_t *chip, enum sim_reset_cause cause);
/* Do nothing until the board is reset. */
void sim_hang(sim_chip_t *chip);

/* ---- sim_slip.c ----------------------------------------------------------------------------- */

void sim_slip_delimiter(sim_chip_t *chip);
void sim_slip_bytes(sim_chip_t *chip, const void *bytes, size_t count);
void sim_slip_flush(sim_chip_t *chip);
void sim_slip_frame(sim_chip_t *chip, const void *bytes, size_t count); /* all of the above */

/* ---- sim_regs.c: the bus -------------------------------------------------------------------- */

void sim_memory_reset(sim_chip_t *chip); /* forget everything, load the reset words and eFuses */
uint32_t sim_bus_read(sim_chip_t *chip, uint32_t addr);
void sim_bus_write(sim_chip_t *chip, uint32_t addr, uint32_t value);
void sim_bus_store(sim_chip_t *chip, uint32_t addr, const void *bytes, size_t count);
void sim_bus_load(sim_chip_t *chip, uint32_t addr, void *bytes, size_t count);
/* One entry of WRITE_REG: address, value, mask, delay. */
void sim_bus_write_entry(sim_chip_t *chip, const uint8_t entry[16]);
void sim_memory_free(sim_chip_t *chip);
/* What ROM code of the ESP32 makes of its calibration; 0 without one. */
uint32_t sim_calibrated_crystal_hz(sim_chip_t *chip);
/* Bites in so much time unless the host or a stub switches it off. */
void sim_watchdog_start(sim_chip_t *chip, uint32_t ms);
void sim_watchdog_stop(sim_chip_t *chip);

/* ---- sim_spi.c: the flash as ROM code uses it ------------------------------------------------ */

void sim_spi_user_command(sim_chip_t *chip);          /* the controller's USR bit was set */
void sim_spi_attach(sim_chip_t *chip, uint32_t pins); /* no flash there: none answers */
bool sim_spi_wait_idle(sim_chip_t *chip);             /* false: the flash never gets ready */
bool sim_spi_is_idle(sim_chip_t *chip);
uint32_t sim_spi_read_id(sim_chip_t *chip); /* FFFFFF of a mute or busy flash */
bool sim_spi_unlock(sim_chip_t *chip);
bool sim_spi_read(sim_chip_t *chip, uint32_t addr, uint8_t *bytes, uint32_t count);
bool sim_spi_program(sim_chip_t *chip, uint32_t addr, const uint8_t *bytes, uint32_t count);
/* Below the size that the code believes; reading and programming check it themselves. */
bool sim_spi_in_range(const sim_chip_t *chip, uint32_t addr, uint32_t count);
/* Start, and do not wait for the end; `count` is SIM_FLASH_SECTOR or SIM_FLASH_BLOCK. Checks no
 * range, as stubs do not: what lies beyond the flash wraps. */
bool sim_spi_start_erase(sim_chip_t *chip, uint32_t addr, uint32_t count);
bool sim_spi_erase_chip(sim_chip_t *chip);
/* MD5 of a range with its time; false when the range is refused. */
bool sim_spi_digest(sim_chip_t *chip, uint32_t addr, uint32_t count, uint8_t md5[16]);
/* The speed that was measured for both together, shared as the row's; 0: the row's. */
sim_speed_t sim_speed_measured(sim_speed_t row, uint32_t both_us);
void sim_spend_for(sim_chip_t *chip, uint32_t us_per_4k, uint32_t bytes);

/* ---- sim_chip_boot.c ------------------------------------------------------------------------ */

void sim_boot_print(sim_chip_t *chip, bool download_mode);
void sim_run_app(sim_chip_t *chip);
void sim_crash(sim_chip_t *chip, uint32_t pc);
/* GET_SECURITY_INFO's body in ROM and stub; returns its length, 0 when the chip has none. */
size_t sim_security_info(const sim_chip_t *chip, uint8_t out[20]);

/* ---- sim_rom.c, sim_stub.c ------------------------------------------------------------------ */

void sim_rom_run(sim_chip_t *chip);
/* Jump to code in RAM: a known stub runs, anything else crashes. */
void sim_jump(sim_chip_t *chip, uint32_t entry);

#endif
