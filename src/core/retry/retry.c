#include "retry.h"

#include "clock.h"
#include "digest.h"

#include <string.h>

#define FAILURES_IN_ROW_MAX 24
#define LOST_IN_ROW_MAX     4 /* each tries several times by itself */
#define BADNESS_LIMIT       8
#define BADNESS_FAILURE     2
#define AGREE_TRIES         12 /* until two answers agree */

void eb_retry_init(eb_retry_t *retry, eb_session_t *session, const eb_events_t *ev)
{
    memset(retry, 0, sizeof(*retry));
    retry->session = session;
    retry->ev = ev;
}

uint32_t eb_line_resets(const eb_session_t *session)
{
    eb_session_stats_t stats;

    eb_session_get_stats(session, &stats);
    return stats.reconnects;
}

bool eb_line_had_faults(const eb_session_t *session)
{
    eb_session_stats_t stats;

    eb_session_get_stats(session, &stats);
    return stats.retries != 0 || stats.reconnects != 0 || stats.slowdowns != 0;
}

void eb_retry_progress(eb_retry_t *retry)
{
    retry->failures_in_row = 0;
    retry->lost_in_row = 0;
    if (retry->badness > 0) {
        retry->badness--;
    }
}

eb_code_t eb_retry_wrong_address(eb_retry_t *retry, eb_range_t range, eb_err_t *err)
{
    retry->wrong_address = true;
    return eb_err_set(err, EB_ERR_LINE, "a read of %u bytes at 0x%x came from another address",
                      range.size, range.addr);
}

static eb_code_t bring_back(eb_retry_t *retry, eb_err_t *err)
{
    for (;;) {
        eb_code_t code = eb_session_recover(retry->session, err);
        if (code == EB_OK) {
            return EB_OK;
        }
        retry->lost_in_row++;
        /* PORT_LOST: recovery already waited 10 s for the port. */
        if (code == EB_ERR_PORT_LOST || eb_code_row(code)->ends_recovery) {
            return code;
        }
        if (retry->lost_in_row >= LOST_IN_ROW_MAX) {
            return eb_err_wrap(err, "the board did not come back in %d attempts",
                               retry->lost_in_row);
        }
        eb_event_note(retry->ev, EB_LEVEL_DETAIL, "the board is gone (%s); trying again",
                      err->message);
        if (eb_event_check(retry->ev, err) != EB_OK) {
            return EB_ERR_CANCELLED;
        }
    }
}

static void slow_down_when_bad(eb_retry_t *retry)
{
    eb_err_t why = {0};
    eb_session_stats_t stats;

    retry->badness += BADNESS_FAILURE;
    if (retry->badness < BADNESS_LIMIT) {
        return;
    }
    retry->badness = 0;
    /* At the lowest rate it goes on as it is; a rate that did not take shows in the next call. */
    if (eb_session_slow_down(retry->session, &why) != EB_OK) {
        eb_event_note(retry->ev, EB_LEVEL_DETAIL, "not slower: %s", why.message);
        return;
    }
    eb_session_get_stats(retry->session, &stats);
    eb_event_note(retry->ev, EB_LEVEL_NOTE, "the line is bad: going on at %u baud", stats.baud);
}

eb_code_t eb_retry_after_failure(eb_retry_t *retry, eb_err_t *err)
{
    eb_remedy_t remedy = eb_code_row(err->code)->remedy;

    if (remedy == EB_REMEDY_NONE) {
        return err->code;
    }
    if (eb_event_check(retry->ev, err) != EB_OK) {
        return EB_ERR_CANCELLED;
    }
    eb_event_note(retry->ev, EB_LEVEL_DETAIL, "%s; trying again", err->message);
    retry->failures++;
    retry->failures_in_row++;
    if (retry->failures_in_row >= FAILURES_IN_ROW_MAX) {
        if (err->code == EB_ERR_LINE || err->code == EB_ERR_PROTOCOL) {
            err->code = EB_ERR_UNVERIFIED;
        }
        return eb_err_wrap(err, "gave up after %d failures in a row", retry->failures_in_row);
    }
    if (remedy == EB_REMEDY_RECOVER || retry->failures_in_row % 3 == 0) {
        eb_code_t code = bring_back(retry, err);
        if (code != EB_OK) {
            return code;
        }
    }
    slow_down_when_bad(retry);
    return EB_OK;
}

static eb_code_t ask(eb_retry_t *retry, eb_range_t range, eb_err_t *err)
{
    for (;;) {
        eb_err_t why = {0};
        int64_t started_us = eb_clock_us();
        if (eb_flash_digest(retry->session, range.addr, range.size, retry->answer, &why) == EB_OK) {
            if (retry->speed != NULL) {
                eb_link_speed_learn_bytes(&retry->speed->digest_s_per_byte, retry->speed,
                                          range.size, started_us);
                eb_link_speed_learn_round_trip(retry->speed, range.size, started_us);
            }
            return EB_OK;
        }
        if (eb_retry_after_failure(retry, &why) != EB_OK) {
            return eb_err_copy(err, &why);
        }
    }
}

eb_code_t eb_retry_digest(eb_retry_t *retry, uint32_t addr, uint32_t size,
                          uint8_t md5[EB_MD5_BYTES], eb_err_t *err)
{
    eb_code_t code = ask(retry, (eb_range_t){addr, size}, err);

    if (code == EB_OK) {
        memcpy(md5, retry->answer, EB_MD5_BYTES);
        eb_retry_progress(retry);
    }
    return code;
}

bool eb_retry_answer_is_erased(const eb_retry_t *retry, uint32_t size)
{
    uint8_t blank[EB_MD5_BYTES];

    eb_md5_erased(size, blank);
    return memcmp(retry->answer, blank, sizeof(blank)) == 0;
}

eb_code_t eb_retry_digest_twice(eb_retry_t *retry, uint32_t addr, uint32_t size,
                                uint8_t md5[EB_MD5_BYTES], eb_err_t *err)
{
    uint8_t before[EB_MD5_BYTES];
    eb_code_t code = eb_retry_digest(retry, addr, size, md5, err);

    for (int i = 1; i < AGREE_TRIES; i++) {
        if (code != EB_OK || eb_retry_answer_is_erased(retry, size)) {
            return code;
        }
        memcpy(before, md5, sizeof(before));
        code = eb_retry_digest(retry, addr, size, md5, err);
        if (code != EB_OK || memcmp(before, md5, sizeof(before)) == 0) {
            return code;
        }
    }
    return eb_err_set(err, EB_ERR_UNVERIFIED, "%d digests of 0x%x + 0x%x differ", AGREE_TRIES, addr,
                      size);
}

eb_code_t eb_retry_matches(eb_retry_t *retry, eb_range_t range, const uint8_t *bytes, bool *equal,
                           eb_err_t *err)
{
    uint8_t ours[EB_MD5_BYTES];

    *equal = false;
    eb_code_t code = eb_event_check(retry->ev, err);
    if (code != EB_OK || (code = ask(retry, range, err)) != EB_OK) {
        return code;
    }
    eb_md5(bytes, range.size, ours);
    *equal = memcmp(retry->answer, ours, sizeof(ours)) == 0;
    if (*equal) {
        eb_retry_progress(retry);
    }
    return EB_OK;
}

eb_code_t eb_retry_is_erased(eb_retry_t *retry, eb_range_t range, bool *erased, eb_err_t *err)
{
    *erased = false;
    eb_code_t code = eb_event_check(retry->ev, err);
    if (code == EB_OK && (code = ask(retry, range, err)) == EB_OK) {
        *erased = eb_retry_answer_is_erased(retry, range.size);
        eb_retry_progress(retry);
    }
    return code;
}

eb_code_t eb_retry_read(eb_retry_t *retry, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_err_t *err)
{
    for (;;) {
        eb_read_result_t result = {0};
        eb_err_t why = {0};
        if (eb_flash_read(retry->session, addr, size, buf, NULL, NULL, &result, &why) == EB_OK) {
            bool there;
            eb_code_t code = eb_retry_matches(retry, (eb_range_t){addr, size}, buf, &there, err);
            if (code != EB_OK || there) {
                return code;
            }
            (void)eb_retry_wrong_address(retry, (eb_range_t){addr, size}, &why);
        }
        if (eb_retry_after_failure(retry, &why) != EB_OK) {
            return eb_err_copy(err, &why);
        }
    }
}
