/* selftest_steps.h: what the files of the self-test share. */
#ifndef EB_OPS_SELFTEST_STEPS_H
#define EB_OPS_SELFTEST_STEPS_H

#include "espbackup/ops.h"

typedef struct selftest {
    eb_session_t *session;
    const eb_selftest_options_t *options;
    const eb_events_t *ev;
    eb_selftest_result_t *result;
    bool has_stub;
    int64_t deadline_ms;
    uint8_t *buf; /* SELFTEST_BUF_BYTES */
} selftest_t;

#define SELFTEST_BUF_BYTES (512u * 1024u)

/* -- selftest_measure.c ----------------------------------------------------------------------- */

/* `size`, or as much as the flash has. */
uint32_t selftest_at_most(const selftest_t *t, uint32_t size);
/* The middle one of several. */
eb_code_t selftest_round_trip(selftest_t *t, eb_selftest_program_t *p, eb_err_t *err);
/* A verified read from address 0, at most SELFTEST_BUF_BYTES. */
eb_code_t selftest_time_read(selftest_t *t, uint32_t size, uint32_t *bytes_per_s, eb_err_t *err);
/* All figures of what runs now. */
eb_code_t selftest_measure(selftest_t *t, eb_selftest_program_t *p, uint32_t read_bytes,
                           eb_err_t *err);

/* -- selftest_scratch.c ----------------------------------------------------------------------- */

/* Save, erase, write and restore the scratch range, at the rate that the session has. A failure
 * ends the self-test. */
eb_code_t selftest_scratch(selftest_t *t, eb_err_t *err);
/* Ask, with the partitions that the range touches. */
eb_code_t selftest_ask(selftest_t *t, eb_err_t *err);

#endif
