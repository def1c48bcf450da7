/*
 * measure.h: what a self-test asks of a session beyond session.h: single steps of the way to a
 * board, and their times. Nothing here changes the flash.
 *
 * The rules of session.h hold. After a failure that eb_session_recover lists, or after
 * eb_session_try_reset, eb_session_restart or eb_session_recover brings the board back.
 */
#ifndef ESPBACKUP_MEASURE_H
#define ESPBACKUP_MEASURE_H

#include "espbackup/session.h"

/* The rate that every ROM bootloader starts with, in baud. */
#define EB_ROM_BAUD 115200u

/* Borrowed until the close; changes when the port is opened again. */
const eb_port_info_t *eb_session_port(const eb_session_t *s);

/*
 * Reset the board and bring it up again: without a stub, or with the one of eb_session_open, at
 * `baud` or lower. Later recoveries do the same. The counters of faults start anew.
 * EB_ERR_UNSUPPORTED where the options or the port (USB-OTG too) allow no reset; then nothing
 * happens. Errors are those of eb_session_recover.
 */
eb_code_t eb_session_restart(eb_session_t *s, bool no_stub, uint32_t baud, eb_err_t *err);

/* What a reset sequence into download mode, and the way to run the program after it, did. */
typedef struct eb_reset_trial {
    const char *name;    /* of the sequence; static storage */
    bool enters;         /* the ROM bootloader answered a SYNC */
    bool leaves;         /* afterwards nobody answered it any more */
    bool says_it_starts; /* the boot text named a start from the flash; chips may be silent */
} eb_reset_trial_t;

/* How many sequences there are for this port; 0 where no reset is possible. */
size_t eb_session_reset_count(const eb_session_t *s);
/* Run the program, unless it runs since the last trial; enter download mode by sequence number
 * `index`, and run the program again. EB_OK also for a sequence that does not work; blocks up to
 * 5 s. */
eb_code_t eb_session_try_reset(eb_session_t *s, size_t index, eb_reset_trial_t *out, eb_err_t *err);

/* Rate number `index` of those that a session tries, highest first; 0 past the last, and on a port
 * without a rate of its own. In baud. */
uint32_t eb_session_rate_at(const eb_session_t *s, size_t index);
/* Go to exactly this rate. EB_ERR_UNSUPPORTED: the line stays at the rate that it had. */
eb_code_t eb_session_set_baud(eb_session_t *s, uint32_t baud, eb_err_t *err);

/* One command that changes nothing: how long until its reply was there, and how much of that the
 * line needs for the bytes of both (0 without a rate). In microseconds. */
eb_code_t eb_session_round_trip(eb_session_t *s, int64_t *us, int64_t *wire_us, eb_err_t *err);

#define EB_ROM_READ_BYTES 64u
#define EB_ROM_BURST_MAX  16u
/*
 * Without a stub: send `count` read requests, of EB_ROM_READ_BYTES from `addr` on, before the first
 * reply is taken. *answered: how many came back, until one was missing or had other bytes than
 * `expected` (count * EB_ROM_READ_BYTES of them). Fewer than count is EB_OK too, and the session is
 * then in step again.
 */
eb_code_t eb_flash_rom_burst(eb_session_t *s, uint32_t addr, const uint8_t *expected,
                             uint32_t count, uint32_t *answered, eb_err_t *err);

#endif
