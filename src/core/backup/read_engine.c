#include "read_engine.h"

#include "bytes.h"
#include "clock.h"
#include "erased_check.h"
#include "fs_atomic.h"
#include "link_speed.h"
#include "range.h"

#include <stdlib.h>
#include <string.h>

#define SALVAGE_MIN_BYTES 4096u
#define SALVAGE_TOP_BYTES (64u * 1024u)
#define TAIL_BYTES        4096u
#define HALF_BUF_BYTES    (EB_PLAN_STEP_MAX_BYTES / 2)

/* Of what has come, or was guessed: asked for again at its address. */
#define SPOT_BYTES 4096u

eb_code_t eb_read_engine_init(eb_read_engine_t *engine, eb_session_t *session,
                              const eb_events_t *ev, eb_range_t range, eb_err_t *err)
{
    memset(engine, 0, sizeof(*engine));
    engine->part_fd = -1;
    engine->prior.fd = -1;
    engine->session = session;
    engine->ev = ev;
    engine->range = range;
    engine->has_digest = eb_session_has_digest(session);
    eb_retry_init(&engine->retry, session, ev);
    eb_read_plan_init(&engine->plan, range, engine->has_digest);
    engine->plan.speed = eb_link_speed_guess(session);
    engine->buf = malloc(EB_PLAN_STEP_MAX_BYTES);
    if (engine->buf == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to read into");
    }
    return eb_verified_map_init(&engine->map, range, err);
}

void eb_read_engine_free(eb_read_engine_t *engine)
{
    if (engine != NULL) {
        free(engine->buf);
        engine->buf = NULL;
        eb_twin_free(&engine->reads);
        eb_verified_map_free(&engine->map);
    }
}

/* -- progress ------------------------------------------------------------------------------ */

static void show(eb_read_engine_t *engine, uint64_t done)
{
    /* Received bytes may turn out damaged: what was told stays until it is caught up with. */
    if (done > engine->range.size) {
        done = engine->range.size;
    }
    if (done > engine->shown_bytes) {
        engine->shown_bytes = done;
    }
    eb_event_progress(engine->ev, EB_PHASE_READ, engine->shown_bytes, engine->range.size);
}

static void on_received(void *user, uint32_t received)
{
    eb_read_engine_t *engine = user;

    show(engine, engine->map.verified_bytes + received);
}

/* -- settling ------------------------------------------------------------------------------ */

static eb_code_t write_part(eb_read_engine_t *engine, eb_range_t range, const uint8_t *bytes,
                            eb_err_t *err)
{
    return eb_fs_pwrite(engine->part_fd, engine->part_path, bytes, range.size,
                        range.addr - engine->range.addr, err);
}

/* The one place where bytes become verified. bytes NULL: they are in the .part already. */
static eb_code_t mark_verified(eb_read_engine_t *engine, eb_range_t range, eb_origin_t origin,
                               const uint8_t *bytes, eb_err_t *err)
{
    if (bytes != NULL) {
        eb_code_t code = write_part(engine, range, bytes, err);
        if (code != EB_OK) {
            return code;
        }
    }
    eb_verified_map_set(&engine->map, range, origin);
    show(engine, engine->map.verified_bytes);
    /* The journal that was taken up has the resumed ranges already. */
    return origin == EB_ORIGIN_RESUMED ? EB_OK
                                       : eb_journal_add(engine->journal, range, origin, err);
}

/* Bytes that came but could not be verified: kept as a guess for the next run. Best effort, for the
 * error that ends this run is the one to tell. */
static void keep_received(eb_read_engine_t *engine, eb_range_t range)
{
    if (range.size == 0) {
        return;
    }
    for (uint64_t at = range.addr; at < eb_range_end(range);) {
        eb_range_t open;
        if (!eb_verified_map_next_open(&engine->map, at, &open)) {
            return;
        }
        at = eb_range_end(open);
        open = eb_range_common(open, range);
        if (open.size > 0 &&
            write_part(engine, open, engine->buf + (open.addr - range.addr), NULL) == EB_OK) {
            (void)eb_journal_add(engine->journal, open, EB_ORIGIN_NONE, NULL);
        }
    }
}

/* -- guesses ------------------------------------------------------------------------------- */

static eb_code_t load_candidate(eb_read_engine_t *engine, const eb_read_plan_step_t *step,
                                eb_err_t *err)
{
    eb_range_t range = step->range;

    switch (step->guess) {
    case EB_GUESS_RESUMED:
        return eb_fs_pread(engine->part_fd, engine->part_path, engine->buf, range.size,
                           range.addr - engine->range.addr, err);
    case EB_GUESS_PRIOR:
        return eb_fs_pread(engine->prior.fd, engine->prior.path, engine->buf, range.size,
                           range.addr - engine->prior.range.addr, err);
    case EB_GUESS_ERASED:
    case EB_GUESS_COUNT:
        break;
    }
    memset(engine->buf, 0xFF, range.size);
    return EB_OK;
}

/* What an interrupted run left is not there: where the board is erased instead, it may be the last
 * copy of what was on it, and is not written over. */
static eb_code_t left_is_wrong(eb_read_engine_t *engine, eb_range_t range, eb_err_t *err)
{
    return eb_retry_answer_is_erased(&engine->retry, range.size)
               ? eb_erased_check(engine, engine->plan.left, err)
               : EB_OK;
}

/*
 * Bytes that are all alike are right elsewhere too, where a damaged request may have led. What was
 * wrongly taken for them mostly begins with others: its first sector is asked for once more.
 */
static eb_code_t begins_there(eb_read_engine_t *engine, eb_range_t range, bool *there,
                              eb_err_t *err)
{
    int64_t started_us = eb_clock_us();
    eb_range_t spot = {range.addr, eb_min_u32(SPOT_BYTES, range.size)};

    if (!eb_bytes_uniform(engine->buf, range.size)) {
        return EB_OK;
    }
    eb_code_t code = eb_retry_matches(&engine->retry, spot, engine->buf, there, err);
    eb_read_stats_add(&engine->stats, EB_SPENT_SPOT, spot.size, eb_clock_us() - started_us);
    engine->retry.wrong_address = engine->retry.wrong_address || (code == EB_OK && !*there);
    return code;
}

static eb_code_t try_guess(eb_read_engine_t *engine, const eb_read_plan_step_t *step, eb_err_t *err)
{
    bool equal = false;
    int64_t started_us = eb_clock_us();

    eb_code_t code = load_candidate(engine, step, err);
    if (code == EB_OK) {
        code = eb_retry_matches(&engine->retry, step->range, engine->buf, &equal, err);
    }
    int64_t spent_us = eb_clock_us() - started_us;
    if (code == EB_OK && equal) {
        code = begins_there(engine, step->range, &equal, err);
    }
    if (code != EB_OK) {
        return code;
    }
    eb_read_stats_add(&engine->stats,
                      equal ? (eb_spent_on_t)(EB_SPENT_GUESSED + (int)step->guess) : EB_SPENT_WRONG,
                      step->range.size, spent_us);
    eb_read_plan_guessed(&engine->plan, step, equal);
    if (!equal) {
        return step->guess == EB_GUESS_RESUMED ? left_is_wrong(engine, step->range, err) : EB_OK;
    }
    const uint8_t *bytes = step->guess == EB_GUESS_RESUMED ? NULL : engine->buf;
    return mark_verified(engine, step->range, eb_guess_origin(step->guess), bytes, err);
}

/* -- reads --------------------------------------------------------------------------------- */

static bool equals_prior(eb_read_engine_t *engine, eb_range_t range, const uint8_t *bytes)
{
    uint8_t old[TAIL_BYTES];
    eb_range_t common = eb_range_common(range, engine->prior.range);

    return engine->prior.fd >= 0 && common.size == range.size &&
           eb_fs_pread(engine->prior.fd, engine->prior.path, old, range.size,
                       range.addr - engine->prior.range.addr, NULL) == EB_OK &&
           memcmp(old, bytes, range.size) == 0;
}

static void learn_from_tail(eb_read_engine_t *engine, const eb_read_plan_step_t *step)
{
    uint32_t size = eb_min_u32(TAIL_BYTES, step->range.size);
    eb_range_t tail = {step->range.addr + (step->range.size - size), size};
    const uint8_t *bytes = engine->buf + (step->range.size - size);

    eb_read_plan_was_read(&engine->plan, step, eb_bytes_erased(bytes, size),
                          equals_prior(engine, tail, bytes));
}

/*
 * Settle what is right in `size` bytes that came from `addr` on: [at, at + size) of the buffer.
 * A piece whose digest differs is cut in four, down to 4 KiB; when three of four are right, the
 * last one is known to be wrong without asking.
 */
static eb_code_t salvage_piece(eb_read_engine_t *engine, eb_range_t piece, const uint8_t *bytes,
                               bool known_bad, bool *right, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    *right = false;
    if (!known_bad) {
        int64_t started_us = eb_clock_us();
        code = eb_retry_matches(&engine->retry, piece, bytes, right, err);
        if (code != EB_OK) {
            return code;
        }
        eb_read_stats_add(&engine->stats, EB_SPENT_SALVAGE, piece.size, eb_clock_us() - started_us);
    }
    if (*right) {
        return mark_verified(engine, piece, EB_ORIGIN_READ, bytes, err);
    }
    if (piece.size <= SALVAGE_MIN_BYTES) {
        return EB_OK;
    }
    uint32_t quarter = piece.size / 4;
    quarter += (SALVAGE_MIN_BYTES - quarter % SALVAGE_MIN_BYTES) % SALVAGE_MIN_BYTES;
    bool one_bad = false;
    for (uint32_t done = 0; done < piece.size;) {
        uint32_t size = eb_min_u32(quarter, piece.size - done);
        bool last = done + size == piece.size;
        bool part_right = false;
        code = salvage_piece(engine, (eb_range_t){piece.addr + done, size}, bytes + done,
                             last && !one_bad, &part_right, err);
        if (code != EB_OK) {
            return code;
        }
        one_bad = one_bad || !part_right;
        done += size;
    }
    return EB_OK;
}

/* `received` bytes are in the buffer, unverified. */
static eb_code_t salvage(eb_read_engine_t *engine, eb_range_t step, uint32_t received,
                         eb_err_t *err)
{
    eb_range_t range = {step.addr, received};

    for (uint32_t done = 0; done < received;) {
        uint32_t addr = range.addr + done;
        uint32_t size = SALVAGE_TOP_BYTES - addr % SALVAGE_TOP_BYTES;
        bool right;
        size = eb_min_u32(size, received - done);
        /* A small read that came whole and did not match needs no digest to be known as bad. */
        bool known_bad = size == step.size && size <= SALVAGE_MIN_BYTES;
        eb_code_t code = salvage_piece(engine, (eb_range_t){addr, size}, engine->buf + done,
                                       known_bad, &right, err);
        if (code != EB_OK) {
            keep_received(engine, range);
            return code;
        }
        done += size;
    }
    return EB_OK;
}

static eb_code_t read_once(eb_read_engine_t *engine, eb_range_t range, uint8_t *buf,
                           eb_read_result_t *result, eb_err_t *err)
{
    int64_t started_us = eb_clock_us();

    memset(result, 0, sizeof(*result));
    eb_code_t code = eb_flash_read(engine->session, range.addr, range.size, buf, on_received,
                                   engine, result, err);
    eb_read_stats_add(&engine->stats, code == EB_OK ? EB_SPENT_READ : EB_SPENT_READ_LOST,
                      range.size, eb_clock_us() - started_us);
    if (code == EB_OK && engine->has_digest && !result->verified) {
        return eb_err_set(err, EB_ERR_INTERNAL, "a read at 0x%x was not verified", range.addr);
    }
    return code;
}

static eb_code_t read_failed(eb_read_engine_t *engine, const eb_read_plan_step_t *step,
                             uint32_t received, eb_err_t *err)
{
    eb_range_t came = {step->range.addr, eb_min_u32(received, step->range.size)};

    eb_read_plan_read_failed(&engine->plan, step, came.size);
    eb_code_t code = eb_retry_after_failure(&engine->retry, err);
    if (code != EB_OK) {
        keep_received(engine, came);
        return code;
    }
    return engine->has_digest ? salvage(engine, step->range, came.size, err) : EB_OK;
}

/* Without digests: read again, and take what is equal. */
static eb_code_t read_twice(eb_read_engine_t *engine, const eb_read_plan_step_t *step,
                            eb_err_t *err)
{
    eb_read_result_t result;
    uint8_t *again = engine->buf + HALF_BUF_BYTES;
    uint64_t verified = engine->map.verified_bytes;

    if (read_once(engine, step->range, again, &result, err) != EB_OK) {
        return read_failed(engine, step, 0, err);
    }
    for (uint32_t done = 0; done < step->range.size;) {
        uint32_t addr = step->range.addr + done;
        uint32_t size = EB_MAP_UNIT_BYTES - addr % EB_MAP_UNIT_BYTES;
        size = eb_min_u32(size, step->range.size - done);
        if (memcmp(engine->buf + done, again + done, size) == 0) {
            eb_code_t code = mark_verified(engine, (eb_range_t){addr, size}, EB_ORIGIN_READ_TWICE,
                                           engine->buf + done, err);
            if (code != EB_OK) {
                return code;
            }
            eb_retry_progress(&engine->retry);
        }
        done += size;
    }
    if (engine->map.verified_bytes - verified == step->range.size) {
        learn_from_tail(engine, step);
        return EB_OK;
    }
    (void)eb_err_set(err, EB_ERR_LINE, "two reads of %u bytes at 0x%x differ", step->range.size,
                     step->range.addr);
    return read_failed(engine, step, 0, err);
}

/*
 * A read proves its bytes, not their address: a request that the line damaged is answered for
 * another range, and well. So the chip is asked for the digest of a small piece as well, one whose
 * bytes are not all alike, which would be the same elsewhere. That the rest lies there too is
 * looked at once everything has come (address_check.h); a line with faults needs more anyway.
 */
static eb_code_t lies_there(eb_read_engine_t *engine, eb_range_t range, bool *there, eb_err_t *err)
{
    int64_t started_us = eb_clock_us();
    eb_range_t spot = range; /* all of it, if it is all alike */

    for (uint32_t at = range.size; at > 0;) {
        uint32_t size = eb_min_u32(SPOT_BYTES, at);
        at -= size;
        if (!eb_bytes_uniform(engine->buf + at, size)) {
            spot = (eb_range_t){range.addr + at, size};
            break;
        }
    }
    eb_code_t code =
        eb_retry_matches(&engine->retry, spot, engine->buf + (spot.addr - range.addr), there, err);
    eb_read_stats_add(&engine->stats, EB_SPENT_SPOT, spot.size, eb_clock_us() - started_us);
    if (code == EB_OK && *there && spot.size < range.size && !eb_line_had_faults(engine->session)) {
        code = eb_twin_add(&engine->reads, &(eb_twin_read_t){range, spot}, err);
    }
    return code;
}

static eb_code_t read_step(eb_read_engine_t *engine, eb_read_plan_step_t *step, eb_err_t *err)
{
    bool there;

    eb_read_result_t result;
    int64_t started_us = eb_clock_us();

    if (!engine->has_digest && step->range.size > HALF_BUF_BYTES) {
        step->range.size = HALF_BUF_BYTES - step->range.addr % EB_MAP_UNIT_BYTES;
    }
    if (read_once(engine, step->range, engine->buf, &result, err) != EB_OK) {
        return read_failed(engine, step, result.received, err);
    }
    eb_link_speed_learn_bytes(&engine->plan.speed.read_s_per_byte, &engine->plan.speed,
                              step->range.size, started_us);
    /* Bytes that waited in a buffer of the host seem to have come faster than they can. */
    double floor_s = eb_link_speed_floor_s(engine->session);
    if (engine->plan.speed.read_s_per_byte < floor_s) {
        engine->plan.speed.read_s_per_byte = floor_s;
    }
    if (!engine->has_digest) {
        return read_twice(engine, step, err);
    }
    eb_code_t code = lies_there(engine, step->range, &there, err);
    if (code != EB_OK) {
        return code;
    }
    if (!there) {
        (void)eb_retry_wrong_address(&engine->retry, step->range, err);
        return read_failed(engine, step, step->range.size, err);
    }
    learn_from_tail(engine, step);
    return mark_verified(engine, step->range, EB_ORIGIN_READ, engine->buf, err);
}

static eb_code_t take_step(eb_read_engine_t *engine, eb_read_plan_step_t *step, eb_err_t *err)
{
    uint64_t verified = engine->map.verified_bytes;
    int failures = engine->retry.failures_in_row;
    eb_code_t code = step->is_guess ? try_guess(engine, step, err) : read_step(engine, step, err);

    /* A read either settles something or counts as a failure; else this would never end. */
    if (code == EB_OK && !step->is_guess && engine->map.verified_bytes == verified &&
        engine->retry.failures_in_row <= failures) {
        return eb_err_set(err, EB_ERR_INTERNAL, "a read of %u bytes at 0x%x verified nothing",
                          step->range.size, step->range.addr);
    }
    return code;
}

static eb_code_t take_steps(eb_read_engine_t *engine, eb_err_t *err)
{
    eb_read_plan_step_t step;

    while (eb_read_plan_next(&engine->plan, &engine->map, &step)) {
        if (eb_event_cancelled(engine->ev)) {
            return eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
        }
        eb_code_t code = take_step(engine, &step, err);
        if (code != EB_OK) {
            return code;
        }
    }
    return EB_OK;
}

eb_code_t eb_read_engine_run(eb_read_engine_t *engine, eb_err_t *err)
{
    eb_err_t unused;

    engine->retry.speed = &engine->plan.speed;
    show(engine, 0);
    eb_code_t code = take_steps(engine, err != NULL ? err : &unused);
    eb_read_stats_tell(&engine->stats, &engine->plan.speed, engine->ev);
    return code;
}
