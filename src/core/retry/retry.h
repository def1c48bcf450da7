/*
 * retry.h: what to do when a flash call fails: try again, bring the board back, slow the line
 * down, or give up. Effort is bounded by failures without progress, not by failures.
 */
#ifndef EB_RETRY_RETRY_H
#define EB_RETRY_RETRY_H

#include "espbackup/session.h"

typedef struct eb_retry {
    eb_session_t *session; /* borrowed */
    const eb_events_t *ev; /* borrowed */
    int failures_in_row;   /* flash calls, since the last progress */
    int lost_in_row;       /* attempts to bring the board back, since then */
    int badness;           /* of the line; up by failures, down by successes */
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

/* eb_flash_read and eb_flash_digest made again until they succeed or eb_retry gives up.
 * For small ranges. Where the chip has digests, what is read is verified to lie at its address as
 * well, by a request of its own. */
eb_code_t eb_retry_read(eb_retry_t *retry, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_err_t *err);
eb_code_t eb_retry_digest(eb_retry_t *retry, uint32_t addr, uint32_t size,
                          uint8_t md5[EB_MD5_BYTES], eb_err_t *err);

#endif
