/*
 * retry.h: what to do when a flash call fails: try again, bring the board back, slow the line
 * down, or give up. Effort is bounded by failures without progress, not by failures.
 */
#ifndef EB_RETRY_RETRY_H
#define EB_RETRY_RETRY_H

#include "espbackup/session.h"
#include "link_speed.h"
#include "range.h"

typedef struct eb_retry {
    eb_session_t *session;  /* borrowed */
    const eb_events_t *ev;  /* borrowed */
    eb_link_speed_t *speed; /* learns from each digest that is answered; NULL: none; borrowed */
    uint8_t answer[EB_MD5_BYTES]; /* the chip's last digest */
    unsigned failures;            /* flash calls that failed, in all */
    int failures_in_row;          /* the same, since the last progress */
    int lost_in_row;              /* attempts to bring the board back, since then */
    int badness;                  /* of the line; up by failures, down by successes */
    bool wrong_address; /* a request was answered for another address, which shows nowhere else */
} eb_retry_t;

void eb_retry_init(eb_retry_t *retry, eb_session_t *session, const eb_events_t *ev);

/* Whether this session has seen any fault of the line. Requests carry no checksum: on such a line
 * one may have reached the board with another address, and its true answer was about that. */
bool eb_line_had_faults(const eb_session_t *session);

/* How often the board was reset, or its port came back, since the session began. */
uint32_t eb_line_resets(const eb_session_t *session);

/* Something was verified: the count of failures starts anew. */
void eb_retry_progress(eb_retry_t *retry);

/*
 * A flash call failed with *err. EB_OK: make it again (the board was brought back where that was
 * needed, which may take some seconds). Otherwise the error to end with: not one that trying again
 * helps, cancelled, another board, or too many failures in a row (EB_ERR_UNVERIFIED,
 * EB_ERR_PORT_LOST or what the board said last). `err` must not be NULL.
 */
eb_code_t eb_retry_after_failure(eb_retry_t *retry, eb_err_t *err);

/* A read matched, but its bytes are those of another address: EB_ERR_LINE, for
 * eb_retry_after_failure. Sets wrong_address. */
eb_code_t eb_retry_wrong_address(eb_retry_t *retry, eb_range_t range, eb_err_t *err);

/*
 * Ask the chip for the MD5 of a range, and again until it answers or eb_retry_after_failure gives
 * up. They honour cancel between attempts; the two questions also before the first one.
 */

/* The digest itself. Each answer is progress. */
eb_code_t eb_retry_digest(eb_retry_t *retry, uint32_t addr, uint32_t size,
                          uint8_t md5[EB_MD5_BYTES], eb_err_t *err);
/* The same, where nothing else tells whether a bit of the answer was turned over: two in a row have
 * to agree, or the range is erased. EB_ERR_UNVERIFIED: they never do. */
eb_code_t eb_retry_digest_twice(eb_retry_t *retry, uint32_t addr, uint32_t size,
                                uint8_t md5[EB_MD5_BYTES], eb_err_t *err);
/* *equal: the flash holds `bytes` there. Only then is the answer progress: bytes that never match
 * come to an end as calls that fail do. */
eb_code_t eb_retry_matches(eb_retry_t *retry, eb_range_t range, const uint8_t *bytes, bool *equal,
                           eb_err_t *err);
/* *erased: every byte there is 0xFF. Each answer is progress. */
eb_code_t eb_retry_is_erased(eb_retry_t *retry, eb_range_t range, bool *erased, eb_err_t *err);
/* The same of the last answer, which was about `size` bytes. Asks nothing. */
bool eb_retry_answer_is_erased(const eb_retry_t *retry, uint32_t size);

/* Read a small range, again until it succeeds. Where the chip has digests, eb_retry_matches then
 * checks that the bytes lie at their address. */
eb_code_t eb_retry_read(eb_retry_t *retry, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_err_t *err);

#endif
