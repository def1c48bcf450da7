#include "write_engine.h"

#include "bytes.h"
#include "clock.h"
#include "link_speed.h"
#include "write_report.h"
#include "write_steps.h"
#include "write_verify.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_STEP_BYTES (256u * 1024u) /* larger ones after it has come about */
#define SAMPLES          8u
#define SAMPLE_MIN_BYTES (512u * 1024u)
#define VERIFY_BYTES     EB_WRITE_STEP_BYTES /* what a lost link leaves unverified at most */
#define TRIES_MAX        6 /* of a step at one rate without any right sector; each wears the flash */
/* Of work and verification, where the board was reset or the flash clobbers itself. */
#define ROUNDS_MAX       4

/* -- what is wanted -------------------------------------------------------------------------- */

static eb_code_t wanted_erased(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                               eb_err_t *err)
{
    (void)user;
    (void)addr;
    (void)err;
    memset(bytes, 0xFF, size);
    return EB_OK;
}

/* The sector in the middle of part `index` of SAMPLES parts of the ranges. */
static uint32_t sample_addr(const eb_range_t *ranges, uint64_t total, unsigned index)
{
    uint64_t at = total * (2 * index + 1) / (2 * SAMPLES);

    while (at >= ranges->size) {
        at -= ranges->size;
        ranges++;
    }
    return ranges->addr + (uint32_t)(at - at % EB_SECTOR_BYTES);
}

/* Whether the board holds something else altogether, from a few sectors all over it. */
static eb_code_t sample(eb_write_engine_t *engine, const eb_range_t *ranges, uint64_t total,
                        eb_err_t *err)
{
    bool equal = false;

    if (!engine->ahead.allowed || total < SAMPLE_MIN_BYTES) {
        return EB_OK;
    }
    for (unsigned i = 0; i < SAMPLES && !equal; i++) {
        eb_range_t sector = {sample_addr(ranges, total, i), EB_SECTOR_BYTES};
        int64_t started_us = eb_clock_us();
        eb_code_t code =
            engine->wanted(engine->wanted_user, sector.addr, sector.size, engine->buf, err);
        if (code != EB_OK ||
            (code = eb_retry_matches(&engine->retry, sector, engine->buf, &equal, err)) != EB_OK) {
            return code;
        }
        eb_cost_add(&engine->ahead.digest_cost, sector.size, eb_clock_us() - started_us);
        eb_compare_ahead_compared(&engine->ahead, sector.size, equal);
    }
    engine->ahead.is_other = !equal;
    return EB_OK;
}

eb_code_t eb_write_engine_compare(eb_write_engine_t *engine, const eb_range_t *ranges, size_t count,
                                  eb_err_t *err)
{
    uint64_t total = eb_ranges_bytes(ranges, count);

    eb_write_begin_phase(engine, EB_PHASE_CHECK, total);
    engine->resets = eb_line_resets(engine->session);
    engine->ahead = (eb_compare_ahead_t){.allowed = engine->may_skip,
                                         .total_bytes = total,
                                         .speed = eb_link_speed_guess(engine->session)};
    engine->verify_cost = (eb_compare_ahead_t){.expects_same = true, .speed = engine->ahead.speed};
    eb_code_t code = sample(engine, ranges, total, err);
    for (size_t i = 0; i < count && code == EB_OK; i++) {
        if ((code = eb_spans_add(&engine->spans, ranges[i].addr, ranges[i].size, EB_SPAN_OLD,
                                 err)) == EB_OK) {
            code = eb_write_verify(engine, ranges[i], EB_PHASE_CHECK, true, err);
        }
    }
    if (code != EB_OK) {
        eb_spans_free(&engine->spans);
    }
    return code;
}

/* -- one step of work ------------------------------------------------------------------------ */

static void on_written(void *user, uint32_t done)
{
    eb_write_engine_t *engine = user;

    eb_write_show(engine, EB_PHASE_WRITE, engine->phases[EB_PHASE_WRITE].finished + done);
}

/* Erase or write, and note at once what that did to the flash. */
static eb_code_t change(eb_write_engine_t *engine, eb_range_t step, bool blank, eb_err_t *err)
{
    eb_write_result_t result = {0};
    int64_t started_us = eb_clock_us();
    eb_code_t code = blank ? eb_flash_erase(engine->session, step.addr, step.size, &result, err)
                           : eb_flash_write(engine->session, step.addr, step.size, engine->buf,
                                            on_written, engine, &result, err);
    uint32_t done = code == EB_OK ? step.size : eb_min_u32(result.done, step.size);
    uint32_t touched = code == EB_OK ? step.size : eb_min_u32(result.touched, step.size);

    /* Partly written sectors count as unknown. */
    done -= done % EB_SECTOR_BYTES;
    touched = eb_min_u32(step.size, (touched + EB_SECTOR_BYTES - 1) & ~(EB_SECTOR_BYTES - 1));
    engine->changed = engine->changed || touched > 0;
    engine->bytes_written += blank ? 0 : done;
    engine->bytes_erased += blank ? done : 0;
    *(blank ? &engine->erase_us : &engine->write_us) += eb_clock_us() - started_us;
    engine->wire_bytes += result.wire_bytes;
    eb_err_t why = {0};
    eb_code_t marked = eb_spans_mark(&engine->spans, step.addr, done, EB_SPAN_WRITTEN, &why);
    if (marked == EB_OK && touched > done) {
        marked =
            eb_spans_mark(&engine->spans, step.addr + done, touched - done, EB_SPAN_UNKNOWN, &why);
    }
    return marked != EB_OK ? eb_err_copy(err, &why) : code;
}

/* The ROM erases all of a step before it writes any of it. */
static uint32_t largest_step(const eb_write_engine_t *engine)
{
    eb_session_stats_t stats;

    eb_session_get_stats(engine->session, &stats);
    return stats.stub ? EB_WRITE_STEP_BYTES : FIRST_STEP_BYTES;
}

static uint32_t slowdowns(const eb_write_engine_t *engine)
{
    eb_session_stats_t stats;

    eb_session_get_stats(engine->session, &stats);
    return stats.slowdowns;
}

/* After a step: how far it came. EB_OK: go on with what is open; else the error to end with. */
static eb_code_t judge_step(eb_write_engine_t *engine, eb_range_t step, eb_phase_t phase,
                            uint32_t still_open, eb_err_t *why)
{
    engine->phases[phase].finished += step.size - still_open;
    eb_write_show(engine, phase, engine->phases[phase].finished);
    if (still_open < step.size) {
        engine->failures = 0;
        eb_retry_progress(&engine->retry); /* nothing less: a board may answer and take nothing */
    }
    if (slowdowns(engine) != engine->slowdowns) { /* a slower line gets its own tries */
        engine->slowdowns = slowdowns(engine);
        engine->failures = 0;
    }
    if (still_open == 0) {
        engine->step_bytes = eb_min_u32(engine->step_bytes * 2, largest_step(engine));
        return EB_OK;
    }
    engine->step_bytes =
        engine->step_bytes > EB_SECTOR_BYTES ? engine->step_bytes / 2 : EB_SECTOR_BYTES;
    engine->failures++;
    if (engine->failures < TRIES_MAX) {
        eb_event_note(engine->ev, EB_LEVEL_DETAIL, "%s; trying again", why->message);
        return EB_OK;
    }
    return eb_err_wrap(why, "gave up after %u attempts", engine->failures);
}

/*
 * A step was changed. It is verified at the end, with everything else, unless something went wrong
 * before: then at once, while it is small. Of large ones, and of the first, a sector is asked for
 * in any case, so that a flash that takes nothing is not written to its end.
 */
static eb_code_t look_at_step(eb_write_engine_t *engine, eb_range_t step, eb_phase_t phase,
                              bool went_well, eb_err_t *err)
{
    eb_range_t spot = {step.addr, eb_min_u32(step.size, EB_SECTOR_BYTES)};

    if (went_well && !engine->doubted && !eb_line_had_faults(engine->session)) {
        if (step.size < EB_BLOCK_BYTES && engine->phases[phase].finished > 0) {
            return EB_OK;
        }
        eb_code_t code = eb_write_verify(engine, spot, phase, false, err);
        if (code != EB_OK || eb_write_open_bytes(engine, spot) == 0) {
            return code;
        }
    }
    return eb_write_verify(engine, step, phase, false, err);
}

/* Change a step and look at it. EB_OK: go on, with what is still open of it too. */
static eb_code_t do_step(eb_write_engine_t *engine, eb_range_t step, bool blank, eb_err_t *err)
{
    eb_phase_t phase = blank ? EB_PHASE_ERASE : EB_PHASE_WRITE;
    eb_err_t why = {0}, quiet = {0};

    eb_code_t code = eb_event_check(engine->ev, err);
    if (code != EB_OK) {
        return code;
    }
    code = change(engine, step, blank, &why);
    bool went_well = code == EB_OK;
    if (code != EB_OK) {
        code = eb_retry_after_failure(&engine->retry, &why);
    } else {
        (void)eb_err_set(&why, EB_ERR_UNVERIFIED, /* kept only if the look shows it */
                         "the board took %u bytes for 0x%x, but its flash does not hold them",
                         step.size, step.addr);
        eb_err_hint(&why, "the flash is write-protected, worn out or not as large as it says; if "
                          "the supply is weak, try a shorter cable or a powered hub");
    }
    if (code == EB_OK && (code = look_at_step(engine, step, phase, went_well, &quiet)) != EB_OK) {
        why = quiet;
    }
    if (code == EB_OK) {
        uint32_t still_open = eb_write_open_bytes(engine, step);
        engine->doubted = engine->doubted || still_open > 0; /* where else may it have gone? */
        code = judge_step(engine, step, phase, still_open, &why);
    }
    return code == EB_OK ? EB_OK : eb_err_copy(err, &why);
}

/* -- all of it ------------------------------------------------------------------------------- */

static eb_code_t work_through(eb_write_engine_t *engine, eb_range_t area, bool blank, eb_err_t *err)
{
    uint64_t from = area.addr, end = from + area.size;
    eb_range_t step;
    eb_code_t code;

    do {
        code = eb_write_next_step(engine, &from, end, blank, &step, err);
        if (code == EB_OK && step.size > 0) {
            code = do_step(engine, step, blank, err);
        }
    } while (code == EB_OK && step.size > 0);
    return code;
}

static eb_code_t work_round(eb_write_engine_t *engine, eb_err_t *err)
{
    static const eb_range_t everything = {0, UINT32_MAX - (EB_SECTOR_BYTES - 1)};
    const eb_range_t *areas = engine->area_count > 0 ? engine->areas : &everything;
    size_t count = engine->area_count > 0 ? engine->area_count : 1;
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < count && code == EB_OK; i++) {
        if ((code = work_through(engine, areas[i], true, err)) == EB_OK) {
            code = work_through(engine, areas[i], false, err);
        }
    }
    return code;
}

#define STATE(state) (1u << (state))

/* All spans in one of the states. counts: as progress of EB_PHASE_VERIFY. */
static eb_code_t verify_states(eb_write_engine_t *engine, unsigned states, bool counts,
                               eb_err_t *err)
{
    eb_spans_t due = {0};
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < engine->spans.count && code == EB_OK; i++) {
        const eb_flash_span_t *span = &engine->spans.spans[i];
        if ((states & STATE(span->state)) != 0) {
            code = eb_spans_add(&due, span->addr, span->size, EB_SPAN_UNKNOWN, err);
        }
    }
    if (counts) {
        eb_write_begin_phase(engine, EB_PHASE_VERIFY, eb_spans_bytes(&due, EB_SPAN_UNKNOWN));
    }
    for (size_t i = 0; i < due.count; i++) {
        uint64_t at = due.spans[i].addr, end = eb_range_end(eb_span_range(&due.spans[i]));
        for (; at < end && code == EB_OK; at += VERIFY_BYTES) {
            eb_range_t piece = {(uint32_t)at, (uint32_t)eb_min_u64(end - at, VERIFY_BYTES)};
            code = eb_write_verify(engine, piece, EB_PHASE_VERIFY, counts, err);
        }
    }
    eb_spans_free(&due);
    return code;
}

/*
 * Over what was written, now that all is: a flash that is smaller than it says keeps later bytes in
 * the place of earlier ones. Where the board was reset on the way its firmware may have run and
 * written, and on a bad line a request may have gone to another address; then what was right before
 * is asked for too.
 */
static eb_code_t verify_all(eb_write_engine_t *engine, eb_err_t *err)
{
    uint32_t resets = eb_line_resets(engine->session);
    bool all = resets != engine->resets || engine->doubted || eb_line_had_faults(engine->session);
    unsigned states = STATE(EB_SPAN_NEW) | STATE(EB_SPAN_WRITTEN);
    eb_code_t code = verify_states(engine, all ? states | STATE(EB_SPAN_SAME) : states, true, err);

    engine->resets = resets;
    return code;
}

/* On a bad line each step is verified when it is done, and again at the end, for the answer to a
 * damaged request is about another range. What was done before the line showed that, twice here. */
static eb_code_t verify_round(eb_write_engine_t *engine, eb_err_t *err)
{
    bool waiting = eb_spans_bytes(&engine->spans, EB_SPAN_WRITTEN) > 0, harmed = false;
    eb_range_t open;

    if (!engine->changed && eb_line_resets(engine->session) == engine->resets &&
        !eb_line_had_faults(engine->session)) {
        return EB_OK;
    }
    eb_code_t code = verify_all(engine, err);
    if (code == EB_OK && waiting && eb_line_had_faults(engine->session)) {
        code = verify_all(engine, err);
    }
    if (code == EB_OK) {
        engine->doubted = engine->doubted || eb_write_next_open(engine, 0, UINT64_MAX, &open);
        code = eb_neighbours_check(engine, &harmed, err);
    }
    if (code == EB_OK && harmed && !engine->doubted) {
        engine->doubted = true;
        code = verify_all(engine, err); /* now what was right before, too */
    }
    return code;
}

static eb_code_t run(eb_write_engine_t *engine, eb_err_t *err)
{
    eb_range_t open;
    eb_code_t code = eb_write_count_work(engine, err);

    if (code != EB_OK || (code = eb_neighbours_set(engine, err)) != EB_OK) {
        return code;
    }
    eb_write_begin_phase(engine, EB_PHASE_ERASE, engine->phases[EB_PHASE_ERASE].total);
    eb_write_begin_phase(engine, EB_PHASE_WRITE, engine->phases[EB_PHASE_WRITE].total);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        if ((code = work_round(engine, err)) != EB_OK ||
            (code = verify_round(engine, err)) != EB_OK) {
            return code;
        }
        if (!eb_write_next_open(engine, 0, UINT64_MAX, &open) &&
            eb_line_resets(engine->session) == engine->resets &&
            eb_spans_bytes(&engine->spans, EB_SPAN_WRITTEN) == 0) {
            engine->verified = true;
            return EB_OK;
        }
        eb_event_note(engine->ev, EB_LEVEL_DETAIL,
                      "the flash does not hold the written bytes; trying again");
    }
    (void)eb_err_set(err, EB_ERR_UNVERIFIED, "the flash does not keep what was verified in it");
    eb_err_hint(err, "the flash is not as large as it says, or worn out, or the board resets again "
                     "and again");
    return EB_ERR_UNVERIFIED;
}

/* After a failure: what is touched but not verified may be known better by now. On a line with
 * faults what is right is asked for too. */
static void look_again(eb_write_engine_t *engine)
{
    unsigned states = STATE(EB_SPAN_WRITTEN) | STATE(EB_SPAN_UNKNOWN);

    if (eb_line_had_faults(engine->session)) {
        states |= STATE(EB_SPAN_SAME) | STATE(EB_SPAN_NEW);
    }
    if (eb_session_recover(engine->session, NULL) == EB_OK) {
        (void)verify_states(engine, states, false, NULL);
    }
}

/* A write to a wrong address may have changed the flash outside of the ranges. */
static void warn_of_wrong_addresses(const eb_write_engine_t *engine)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < engine->spans.count; i++) {
        bytes += engine->spans.spans[i].size;
    }
    if (engine->doubted && bytes < eb_session_flash(engine->session)->size_bytes) {
        eb_event_note(
            engine->ev, EB_LEVEL_WARNING,
            "a write went to a wrong address and may have changed the flash outside of the range; "
            "compare it with a backup of the whole flash");
    }
}

eb_code_t eb_write_engine_run(eb_write_engine_t *engine, eb_err_t *err)
{
    eb_err_t why = {0};

    engine->verified = false;
    eb_code_t code = run(engine, &why);
    eb_write_report(engine);
    if (code == EB_OK) {
        warn_of_wrong_addresses(engine);
        return EB_OK;
    }
    if (engine->changed) {
        /* PORT_LOST already waited for the port, and the others cannot be helped by waiting. */
        if (code != EB_ERR_PORT_LOST && !eb_code_row(code)->ends_recovery) {
            look_again(engine);
        }
        return eb_write_unfinished(&engine->spans, &why, err);
    }
    return eb_err_copy(err, &why);
}

/* -- making ---------------------------------------------------------------------------------- */

eb_code_t eb_write_engine_init(eb_write_engine_t *engine, eb_session_t *session,
                               const eb_events_t *ev, eb_err_t *err)
{
    memset(engine, 0, sizeof(*engine));
    engine->session = session;
    engine->ev = ev;
    engine->wanted = wanted_erased;
    engine->step_bytes = FIRST_STEP_BYTES;
    eb_retry_init(&engine->retry, session, ev);
    engine->buf = malloc(EB_WRITE_STEP_BYTES);
    if (engine->buf == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to write with");
    }
    return EB_OK;
}

void eb_write_engine_free(eb_write_engine_t *engine)
{
    if (engine != NULL) {
        eb_spans_free(&engine->spans);
        free(engine->buf);
        engine->buf = NULL;
        eb_neighbours_free(&engine->neighbours);
    }
}
