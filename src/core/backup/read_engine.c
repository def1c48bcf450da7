#include "read_engine.h"

#include "address_check.h"
#include "bytes.h"
#include "clock.h"
#include "erased_check.h"
#include "flash_compare.h"
#include "fs_atomic.h"
#include "link_speed.h"
#include "range.h"
#include "read_salvage.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 6
#define TAIL_BYTES 4096u
#define MIB        1048576.0

/* -- guesses ------------------------------------------------------------------------------- */

static eb_code_t read_earlier(const eb_read_state_t *state, eb_range_t range, uint8_t *out,
                              eb_err_t *err)
{
    return eb_fs_pread(state->earlier.fd, state->earlier.path, out, range.size,
                       range.addr - state->earlier.range.addr, err);
}

static eb_code_t load_candidate(eb_read_state_t *state, const eb_read_plan_step_t *step,
                                eb_err_t *err)
{
    eb_range_t range = step->range;

    if (step->guess == EB_ORIGIN_RESUMED) {
        return eb_read_state_bytes(state, range.addr, range.size, state->buf, err);
    }
    if (step->guess == EB_ORIGIN_EARLIER) {
        return read_earlier(state, range, state->buf, err);
    }
    memset(state->buf, 0xFF, range.size);
    return EB_OK;
}

static eb_code_t try_guess(eb_read_state_t *state, const eb_read_plan_step_t *step, eb_err_t *err)
{
    bool equal = false;
    int64_t started_us = eb_clock_us();

    eb_code_t code = load_candidate(state, step, err);
    if (code != EB_OK ||
        (code = eb_retry_matches(&state->retry, step->range, state->buf, &equal, err)) != EB_OK) {
        return code;
    }
    int64_t spent_us = eb_clock_us() - started_us;
    if (equal && (code = eb_address_check_guess(state, step->range, &equal, err)) != EB_OK) {
        return code;
    }
    eb_cost_add(&state->spent[equal ? EB_SPENT_GUESSED + (int)step->guess : EB_SPENT_WRONG],
                step->range.size, spent_us);
    eb_read_plan_guessed(&state->plan, step, equal);
    const bool resumed = step->guess == EB_ORIGIN_RESUMED;
    if (equal) {
        return eb_read_state_verified(state, step->range, step->guess, state->buf, err);
    }
    /* If the board was erased since the interrupted run, stop: the .part may be the only copy. */
    return resumed && eb_retry_answer_is_erased(&state->retry, step->range.size)
               ? eb_erased_check(state, state->plan.resumable, err)
               : EB_OK;
}

/* -- reads --------------------------------------------------------------------------------- */

static void learn_from_tail(eb_read_state_t *state, const eb_read_plan_step_t *step)
{
    uint32_t size = eb_min_u32(TAIL_BYTES, step->range.size);
    eb_range_t tail = {step->range.addr + (step->range.size - size), size};
    const uint8_t *bytes = state->buf + (step->range.size - size);
    uint8_t old[TAIL_BYTES];
    bool as_earlier =
        state->earlier.fd >= 0 && eb_range_holds(state->earlier.range, tail.addr, size) &&
        read_earlier(state, tail, old, NULL) == EB_OK && memcmp(old, bytes, size) == 0;

    eb_read_plan_was_read(&state->plan, step, eb_bytes_erased(bytes, size), as_earlier);
}

static void on_received(void *user, uint32_t received)
{
    eb_read_state_t *state = user;

    eb_read_state_progress(state, state->map.verified_bytes + received);
}

static eb_code_t read_once(eb_read_state_t *state, eb_range_t range, eb_read_result_t *result,
                           eb_err_t *err)
{
    int64_t started_us = eb_clock_us();

    memset(result, 0, sizeof(*result));
    eb_code_t code = eb_flash_read(state->session, range.addr, range.size, state->buf, on_received,
                                   state, result, err);
    eb_cost_add(&state->spent[code == EB_OK ? EB_SPENT_READ : EB_SPENT_READ_LOST], range.size,
                eb_clock_us() - started_us);
    if (code == EB_OK && !result->verified) {
        return eb_err_set(err, EB_ERR_INTERNAL, "a read at 0x%x was not verified", range.addr);
    }
    return code;
}

/* What came of a read, to a whole unit: less than a unit is never verified. */
static eb_range_t whole_units(eb_range_t range, uint32_t received)
{
    if (received < range.size) {
        const uint32_t over = (range.addr + received) % EB_MAP_UNIT_BYTES;
        return (eb_range_t){range.addr, received > over ? received - over : 0};
    }
    return range;
}

static eb_code_t read_failed(eb_read_state_t *state, const eb_read_plan_step_t *step,
                             uint32_t received, eb_err_t *err)
{
    const eb_range_t came = whole_units(step->range, received);

    eb_read_plan_read_failed(&state->plan, step, came.size);
    eb_code_t code = eb_retry_after_failure(&state->retry, err);
    if (code != EB_OK) {
        eb_read_state_keep(state, came);
        return code;
    }
    return eb_read_salvage(state, step->range, came.size, err);
}

static eb_code_t read_step(eb_read_state_t *state, const eb_read_plan_step_t *step, eb_err_t *err)
{
    bool there;
    eb_read_result_t result;
    int64_t started_us = eb_clock_us();

    if (read_once(state, step->range, &result, err) != EB_OK) {
        return read_failed(state, step, result.received, err);
    }
    eb_link_speed_learn_bytes(&state->plan.speed.read_s_per_byte, &state->plan.speed,
                              step->range.size, started_us);
    /* Bytes that waited in a buffer of the host seem to have come faster than they can. */
    double floor_s = eb_link_speed_floor_s(state->session);
    if (state->plan.speed.read_s_per_byte < floor_s) {
        state->plan.speed.read_s_per_byte = floor_s;
    }
    eb_code_t code = eb_address_check_read(state, step->range, &there, err);
    if (code != EB_OK) {
        return code;
    }
    if (!there) {
        (void)eb_retry_wrong_address(&state->retry, step->range, err);
        return read_failed(state, step, step->range.size, err);
    }
    learn_from_tail(state, step);
    return eb_read_state_verified(state, step->range, EB_ORIGIN_READ, state->buf, err);
}

static eb_code_t take_step(eb_read_state_t *state, const eb_read_plan_step_t *step, eb_err_t *err)
{
    const uint64_t verified = state->map.verified_bytes;
    const unsigned failures = state->retry.failures;
    const int in_row = state->retry.failures_in_row;
    const bool is_read = step->guess == EB_ORIGIN_NONE;
    eb_code_t code = is_read ? read_step(state, step, err) : try_guess(state, step, err);

    if (code != EB_OK || !is_read || state->map.verified_bytes != verified) {
        return code;
    }
    /* A read either verifies something or counts as a failure; else this would never end. */
    if (state->retry.failures == failures) {
        return eb_err_set(err, EB_ERR_INTERNAL, "a read of %u bytes at 0x%x verified nothing",
                          step->range.size, step->range.addr);
    }
    /* A digest that matched on the way was no progress. */
    if (state->retry.failures_in_row <= in_row) {
        state->retry.failures_in_row = in_row + 1;
    }
    return EB_OK;
}

/* For whoever asks why it took so long (-v). */
static void tell_costs(const eb_read_state_t *state)
{
    const eb_link_speed_t *speed = &state->plan.speed;
    const eb_cost_t *spent = state->spent;

    eb_cost_tell(&spent[EB_SPENT_READ], "read", "read", state->ev);
    eb_cost_tell(&spent[EB_SPENT_READ_LOST], "read and damaged on the line", "read", state->ev);
    for (size_t i = 0; i < EB_PLAN_GUESSES; i++) {
        eb_origin_t guess = eb_plan_guesses[i];
        eb_cost_tell(&spent[EB_SPENT_GUESSED + (int)guess], eb_origin_text(guess), "digest",
                     state->ev);
    }
    eb_cost_tell(&spent[EB_SPENT_WRONG], "wrong guesses", "digest", state->ev);
    eb_cost_tell(&spent[EB_SPENT_SALVAGE], "pieces of damaged reads", "digest", state->ev);
    eb_cost_tell(&spent[EB_SPENT_SPOT], "address checks", "digest", state->ev);
    eb_event_note(state->ev, EB_LEVEL_DETAIL,
                  "measured: reading %.2f s a MB, digest %.2f s a MB, round trip %.1f ms",
                  speed->read_s_per_byte * MIB, speed->digest_s_per_byte * MIB,
                  speed->round_trip_s * 1e3);
}

static eb_code_t fill(eb_read_state_t *state, eb_err_t *err)
{
    eb_read_plan_step_t step;
    eb_code_t code = EB_OK;

    eb_read_state_progress(state, 0);
    while (code == EB_OK && eb_read_plan_next(&state->plan, &state->map, &step)) {
        if ((code = eb_event_check(state->ev, err)) == EB_OK) {
            code = take_step(state, &step, err);
        }
    }
    tell_costs(state);
    return code;
}

/* -- a second time ------------------------------------------------------------------------- */

static void reopen(eb_read_state_t *state, const eb_spans_t *spans)
{
    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];

        if (span->state != EB_SPAN_SAME) {
            eb_verified_map_set(&state->map, (eb_range_t){span->addr, span->size}, EB_ORIGIN_NONE);
        }
    }
}

/* Compare the image with the board, and read again where they differ, until they are equal. */
static eb_code_t verify_again(eb_read_state_t *state, eb_err_t *err)
{
    eb_event_note(state->ev, EB_LEVEL_NOTE,
                  "the line has shown faults: everything is verified a second time");
    for (int i = 0; i < ROUNDS_MAX; i++) {
        eb_spans_t spans = {0};
        eb_code_t code = eb_flash_compare(state->session, state->range.addr, state->range.size,
                                          eb_read_state_bytes, state, NULL, state->ev, &spans, err);
        const uint64_t differ = eb_spans_bytes(&spans, EB_SPAN_OLD);

        if (code == EB_OK && differ > 0 &&
            (code = eb_erased_check(state, &state->map, err)) == EB_OK) {
            eb_event_note(state->ev, EB_LEVEL_DETAIL, "%llu bytes differ and are read again",
                          (unsigned long long)differ);
            reopen(state, &spans);
        }
        eb_spans_free(&spans);
        if (code != EB_OK || differ == 0 || (code = fill(state, err)) != EB_OK) {
            return code;
        }
    }
    return eb_err_set(err, EB_ERR_UNVERIFIED,
                      "the board and the bytes read from it keep differing");
}

/* -- on the disk --------------------------------------------------------------------------- */

/* Until the disk has what was verified. Hashing is told once, because a phase never goes back. */
static eb_code_t fill_disk(eb_read_state_t *state, const eb_events_t *ev, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (int i = 1; i <= EB_FILLS_MAX; i++) {
        if ((code = fill(state, err)) != EB_OK ||
            (code = eb_partial_file_check(state->part, &state->map, i == 1 ? ev : NULL,
                                          state->sha256, state->md5, err)) == EB_OK ||
            state->map.verified_bytes == state->range.size) {
            break;
        }
        if (i < EB_FILLS_MAX) {
            eb_event_note(state->ev, EB_LEVEL_WARNING, "%s: they are read again", err->message);
        }
    }
    return code;
}

eb_code_t eb_read_engine_run(eb_read_state_t *state, eb_err_t *err)
{
    bool doubtful = false;
    eb_err_t unused;

    err = err != NULL ? err : &unused;
    state->retry.speed = &state->plan.speed;
    eb_code_t code = fill_disk(state, state->ev, err);
    if (code == EB_OK) {
        code = eb_address_check_image(state, &doubtful, err);
    }
    if (code == EB_OK && doubtful && (code = verify_again(state, err)) == EB_OK) {
        code = fill_disk(state, NULL, err);
    }
    return code;
}
