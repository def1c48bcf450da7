/*
 * session.h: a board that is connected, identified and ready for flash commands.
 *
 * Order: eb_session_open -> facts and flash calls -> eb_session_close. All calls block, honour
 * cancel within 1 s (EB_ERR_CANCELLED) and belong to one thread. Addresses and sizes are bytes of
 * flash; ranges beyond the flash are EB_ERR_USAGE.
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

typedef enum eb_before {
    EB_BEFORE_DEFAULT_RESET,
    EB_BEFORE_USB_RESET,
    EB_BEFORE_NO_RESET,
    EB_BEFORE_NO_RESET_NO_SYNC
} eb_before_t;

typedef enum eb_after {
    EB_AFTER_HARD_RESET,
    EB_AFTER_SOFT_RESET,
    EB_AFTER_WATCHDOG_RESET,
    EB_AFTER_NO_RESET,
    EB_AFTER_NO_RESET_STUB
} eb_after_t;

typedef struct eb_session_options {
    const char *port; /* NULL: every serial port in turn, likeliest first */
    uint32_t baud;    /* 0: automatic, 921600 and down */
    const char *chip; /* id or name; NULL: automatic */
    eb_before_t before;
    eb_after_t after;
    const char *reset_sequence; /* into the loader, as eb_reset_parse takes it; NULL: the usual */
    bool no_stub;
    const char *stub_path; /* NULL: the embedded stub; else a JSON file in the form esptool uses */
    int connect_attempts;  /* 0 = until cancelled; CLI default 7 */
    uint64_t flash_size;   /* 0: detect; else bytes, said by the user */
} eb_session_options_t;

/* Ids of the chips that this program knows, "esp32c3"; NULL past the last. Static storage. */
const char *eb_chip_id_at(size_t index);

typedef struct eb_session eb_session_t;

/*
 * Open the port, reset the board into its ROM loader, sync, identify, read the security state,
 * attach and identify the flash, load the stub, raise the baud. Nothing in the flash changes.
 * A stub that does not start ends in a reset, the ROM loader and a note, and is EB_OK.
 * With a muted flash: EB_OK and flash info with known == false (the operations that need the flash
 * report EB_ERR_FLASH_MUTE or EB_ERR_FLASH_SIZE through eb_session_need_flash).
 */
eb_code_t eb_session_open(const eb_session_options_t *options, const eb_events_t *ev,
                          eb_session_t **out, eb_err_t *err);

/* Leave the board as options.after says, close, free. NULL is allowed. The session is gone whatever
 * is returned; an error means only that the board may still be in its loader. */
eb_code_t eb_session_close(eb_session_t *s, eb_err_t *err);

const eb_chip_info_t *eb_session_chip(const eb_session_t *s);
const eb_flash_info_t *eb_session_flash(const eb_session_t *s);
void eb_session_get_stats(const eb_session_t *s, eb_session_stats_t *out);

/* EB_OK when the flash answers and its size is known. */
eb_code_t eb_session_need_flash(const eb_session_t *s, eb_err_t *err);
/* The same, and the loader that runs can read it (not so: the ROM of the ESP8266). */
eb_code_t eb_session_need_read(const eb_session_t *s, eb_err_t *err);
/* Whether the chip can compute digests (false: ESP8266 without stub). */
bool eb_session_has_digest(const eb_session_t *s);

/*
 * After EB_ERR_LINE, _TIMEOUT, _GARBAGE, _PROTOCOL, _CHIP_RESET or _PORT_LOST of a flash call:
 * bring the board back, in steps: drain and sync; reset, reload and raise the baud again; wait for
 * a lost port to come back (up to 10 s). Checks that it is the same board (MAC). EB_OK: go on;
 * EB_ERR_PORT_LOST: the port stayed away, or left again each time, and asking again is no use.
 */
eb_code_t eb_session_recover(eb_session_t *s, eb_err_t *err);
/* One step down in baud (921600, 460800, 230400, 115200). EB_ERR_UNSUPPORTED at the lowest. */
eb_code_t eb_session_slow_down(eb_session_t *s, eb_err_t *err);

/* How a read went, filled on failure too. Zero means: nothing received, nothing verified. */
typedef struct eb_read_result {
    uint32_t received; /* bytes at the start of buf that came, verified or not */
    bool verified;     /* a digest from the chip over exactly these bytes matched */
} eb_read_result_t;

/* Called from inside a read with the bytes received so far (monotone within one call). */
typedef void (*eb_read_progress_fn)(void *user, uint32_t received);

/*
 * Read `size` bytes at `addr` (both any alignment) into buf and prove them: EB_OK if and only if
 * result->verified. On a bad line: EB_ERR_LINE / _TIMEOUT, with the session drained so that the
 * next command works (if even that failed, the next call fails and eb_session_recover helps). On a
 * chip without digests EB_OK comes with verified == false.
 */
eb_code_t eb_flash_read(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_read_progress_fn on_progress, void *user, eb_read_result_t *result,
                        eb_err_t *err);

/* The chip's own MD5 over a range. Idempotent; one retry on a bad line is made inside. */
eb_code_t eb_flash_digest(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t md5[EB_MD5_BYTES],
                          eb_err_t *err);

/* -- writing --------------------------------------------------------------------------------- */

#define EB_SECTOR_BYTES 4096u
#define EB_BLOCK_BYTES  65536u

/* How far a write or erase came, filled on failure too. Bytes from the start of the range: below
 * `done` the chip has acknowledged new content (not verified); from `touched` on nothing was begun;
 * between the two the content is unknown. done <= touched <= size. */
typedef struct eb_write_result {
    uint32_t done;
    uint32_t touched;
    uint64_t wire_bytes; /* payload sent, after deflate */
} eb_write_result_t;

/*
 * Erase the sectors of [addr, addr + size) and program `bytes` there. addr and size are multiples
 * of EB_SECTOR_BYTES. Sent deflated when that is smaller. Not verified: the caller compares
 * digests. A failed block is sent again up to three times where the protocol allows it; on a bad
 * line EB_ERR_LINE / _TIMEOUT and eb_session_recover as for reads.
 */
eb_code_t eb_flash_write(eb_session_t *s, uint32_t addr, uint32_t size, const uint8_t *bytes,
                         eb_read_progress_fn on_progress, void *user, eb_write_result_t *result,
                         eb_err_t *err);
/* Erase sectors, both multiples of EB_SECTOR_BYTES; ROM loader too (through FLASH_BEGIN). */
eb_code_t eb_flash_erase(eb_session_t *s, uint32_t addr, uint32_t size, eb_write_result_t *result,
                         eb_err_t *err);
/* Block protection bits of the flash's status register 1 (BP0..BP2); *is_protected when any is set.
 */
eb_code_t eb_flash_protection(eb_session_t *s, bool *is_protected, uint8_t *status, eb_err_t *err);

#endif
