/*
 * session.h: a board that is connected, identified and ready for flash commands.
 *
 * Order: eb_session_open, then facts and flash calls, then eb_session_close. All calls block and
 * belong to one thread. A cancel ends them within 1 s with EB_ERR_CANCELLED. Addresses and sizes
 * are bytes of flash.
 *
 * Every flash call checks its range first, by eb_session_check_range. Later it fails with a fault
 * of the line, as eb_session_recover lists them, or with EB_ERR_DEVICE when the chip refuses.
 *
 * Sources: Espressif's serial protocol document, the technical reference manuals, and the recorded
 * sessions in tests/data/captures.
 */
#ifndef ESPBACKUP_SESSION_H
#define ESPBACKUP_SESSION_H

#include "digest.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/facts.h"
#include "espbackup/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How to bring the board into download mode. */
typedef enum eb_before {
    EB_BEFORE_DEFAULT_RESET, /* by the sequence for the kind of port */
    EB_BEFORE_USB_RESET,     /* by that of USB-Serial/JTAG on any port */
    EB_BEFORE_NO_RESET,      /* it is there already: only SYNC */
    EB_BEFORE_NO_RESET_NO_SYNC
} eb_before_t;

/* How to leave the board. */
typedef enum eb_after {
    EB_AFTER_HARD_RESET,     /* run the program, by the lines of the port */
    EB_AFTER_SOFT_RESET,     /* run the program by a command; ROM bootloader only */
    EB_AFTER_WATCHDOG_RESET, /* run the program by a watchdog of the chip */
    EB_AFTER_NO_RESET,       /* stay in download mode or the stub */
    EB_AFTER_NO_RESET_STUB   /* the same, by the name that esptool has for the stub */
} eb_after_t;

/* Strings are borrowed for the call of eb_session_open only. */
typedef struct eb_session_options {
    const char *port; /* as eb_transport_open takes it; NULL: every serial port, likeliest first */
    uint32_t baud;    /* 0: 921600, and lower where that fails */
    const char *chip; /* id or name; NULL: detect */
    eb_before_t before;
    eb_after_t after;
    const char *reset_sequence; /* into download mode, in the words of esptool; NULL: the usual */
    const char *leave_sequence; /* the same, for EB_AFTER_HARD_RESET */
    const char *spi_connection; /* of the flash, in the words of esptool; NULL: the usual pins */
    bool no_stub;
    const char *stub_path; /* a JSON file in the form of esptool; NULL: the embedded stub */
    int connect_attempts;  /* 0: until cancelled */
    uint64_t flash_size;   /* bytes; 0: detect */
} eb_session_options_t;

/* Ids of the chips that this program knows, "esp32c3"; NULL past the last. Static storage. */
const char *eb_chip_id_at(size_t index);
/* "ESP32-C3" of "esp32c3"; "" when no chip with the id is known. Static storage. */
const char *eb_chip_name(const char *id);

/* The name of the chip with this id in image headers, and where its ROM looks for the bootloader;
 * NULL: no chip that this program knows. Static storage. */
const char *eb_chip_bootloader(uint32_t chip_id, uint32_t *addr);

typedef struct eb_session eb_session_t;

/*
 * Open the port, bring the board into download mode, sync, identify the chip, read its security
 * state, identify the flash, load the stub and raise the baud rate. The flash is not changed. `ev`
 * is borrowed until the close, and may be NULL.
 *
 * EB_OK also without a stub, if it does not start but a reset brings the ROM bootloader back, and
 * with a flash that does not answer: see eb_session_need_flash. After a failure *out is NULL, and a
 * board in download mode is left as options.after says.
 *
 * The errors of eb_transport_open, and EB_ERR_NO_ANSWER, EB_ERR_WRONG_BOOT_MODE, EB_ERR_GARBAGE
 * when no SYNC succeeds; EB_ERR_CHIP_UNKNOWN, EB_ERR_CHIP_MISMATCH; EB_ERR_STUB for a stub file or
 * when no reset is possible; EB_ERR_UNSUPPORTED for a way to leave the board; EB_ERR_REFUSED for a
 * flash size above the real one; EB_ERR_USAGE for options. With several ports the failure that says
 * most.
 */
eb_code_t eb_session_open(const eb_session_options_t *options, const eb_events_t *ev,
                          eb_session_t **out, eb_err_t *err);

/* Leave the board as options.after says, also after a cancel; close and free. NULL is allowed. The
 * session is freed after a failure too, which means that the board may still be in download mode.
 */
eb_code_t eb_session_close(eb_session_t *s, eb_err_t *err);

/* Borrowed until the close; they do not change meanwhile. */
const eb_chip_info_t *eb_session_chip(const eb_session_t *s);
const eb_flash_info_t *eb_session_flash(const eb_session_t *s);
/* A copy of the present counters. */
void eb_session_get_stats(const eb_session_t *s, eb_session_stats_t *out);

/* EB_OK when the flash answers and its size is known, without asking the board. EB_ERR_REFUSED in
 * secure download mode, EB_ERR_FLASH_MUTE, EB_ERR_FLASH_SIZE. */
eb_code_t eb_session_need_flash(const eb_session_t *s, eb_err_t *err);
/* The same, and EB_ERR_UNSUPPORTED when only a stub could read the flash, and none runs (ESP8266).
 */
eb_code_t eb_session_need_read(const eb_session_t *s, eb_err_t *err);
/* Bytes from the start of the flash that the stub or the ROM bootloader can address: all, or fewer.
 * 0: the size is not known. */
uint64_t eb_session_reach(const eb_session_t *s);
/* What every flash call checks first, without asking the board: an operation checks all of its
 * ranges before its first byte. EB_ERR_USAGE for an empty range or one beyond the flash;
 * EB_ERR_UNSUPPORTED beyond eb_session_reach, with the reason that tells what helps; the errors of
 * eb_session_need_flash; EB_ERR_PORT_LOST while the port is gone. */
eb_code_t eb_session_check_range(const eb_session_t *s, uint64_t addr, uint64_t size,
                                 eb_err_t *err);
/* Whether the board can compute MD5 (not so: the ROM bootloader of the ESP8266). */
bool eb_session_has_digest(const eb_session_t *s);

/*
 * Bring the board back after a flash call that failed with a fault of the line: EB_ERR_LINE,
 * _TIMEOUT, _GARBAGE, _PROTOCOL, _NO_ANSWER, _WRONG_BOOT_MODE, _CHIP_RESET, _STUB or _PORT_LOST.
 * Steps: drain and SYNC; else reset, check that the MAC is the same, load the stub and raise the
 * baud rate; wait up to 10 s for a lost port. EB_OK: make the call again. EB_ERR_CHIP_MISMATCH:
 * another board. EB_ERR_PORT_LOST: the port stayed away, or left each time again, so another
 * attempt cannot help.
 */
eb_code_t eb_session_recover(eb_session_t *s, eb_err_t *err);
/* One step down in baud rate (921600, 460800, 230400, 115200); a failure on the way ends in a
 * recovery. With a lost port the next recovery uses the lower rate. EB_ERR_UNSUPPORTED at the
 * lowest, and on ports without a rate. */
eb_code_t eb_session_slow_down(eb_session_t *s, eb_err_t *err);

/* How far a read came, filled on failure too. */
typedef struct eb_read_result {
    uint32_t received; /* bytes at the start of buf that came, verified or not */
    bool verified;     /* the MD5 of the chip over exactly these bytes matched */
} eb_read_result_t;

/* Called during a read or write with the bytes so far, which never get fewer within one call. */
typedef void (*eb_read_progress_fn)(void *user, uint32_t received);

/*
 * Read `size` bytes at `addr`, both of any alignment, into buf. EB_OK means verified by the chip's
 * MD5. After EB_ERR_LINE and EB_ERR_TIMEOUT the session is in step, so the call can be made again
 * at once; if not, that call fails, and eb_session_recover helps. on_progress may be NULL. The
 * requests carry no checksum: on a line with faults the bytes may be those of another address.
 */
eb_code_t eb_flash_read(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_read_progress_fn on_progress, void *user, eb_read_result_t *result,
                        eb_err_t *err);

/* The MD5 that the chip computes over a range; tries three times. Waits up to 3 s, and 8 s more for
 * each MiB. EB_ERR_UNSUPPORTED without eb_session_has_digest. */
eb_code_t eb_flash_digest(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t md5[EB_MD5_BYTES],
                          eb_err_t *err);

/* -- writing --------------------------------------------------------------------------------- */

#define EB_SECTOR_BYTES 4096u
#define EB_BLOCK_BYTES  65536u

/* How far a write or erase came, filled on failure too. Bytes from the start of the range: the chip
 * acknowledged those below `done` (not verified), and has not touched those from `touched` on.
 * Between the two the content is unknown. done <= touched <= size. */
typedef struct eb_write_result {
    uint32_t done;
    uint32_t touched;
    uint64_t wire_bytes; /* payload sent, after deflate; 0 for an erase */
} eb_write_result_t;

/*
 * Erase the sectors of [addr, addr + size) and program `bytes` there; addr and size are multiples
 * of EB_SECTOR_BYTES, else EB_ERR_INTERNAL. A stub gets the bytes deflated when that is shorter.
 * EB_OK means acknowledged and not verified: the caller compares MD5. A block that arrives damaged
 * is sent up to three times. on_progress may be NULL.
 */
eb_code_t eb_flash_write(eb_session_t *s, uint32_t addr, uint32_t size, const uint8_t *bytes,
                         eb_read_progress_fn on_progress, void *user, eb_write_result_t *result,
                         eb_err_t *err);
/* Erase sectors, in steps of up to 1 MiB; addr and size as for eb_flash_write. Without a stub too.
 */
eb_code_t eb_flash_erase(eb_session_t *s, uint32_t addr, uint32_t size, eb_write_result_t *result,
                         eb_err_t *err);
/* Status register 1 of the flash, and register 2 above it where that matters. *is_protected: its
 * block protection bits make it ignore writes. The ROM bootloader clears them before it writes. */
eb_code_t eb_flash_protection(eb_session_t *s, bool *is_protected, uint16_t *status, eb_err_t *err);

#endif
