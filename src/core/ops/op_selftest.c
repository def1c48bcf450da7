/*
 * op_selftest.c: measure what only a real board can tell: resets, rates, times.
 *
 * Each part begins with a reset, so that one part does not spoil the next. A part that fails is a
 * finding, and the rest goes on as long as the board comes back.
 */
#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "range.h"
#include "selftest_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL_MS        (5 * 60 * 1000) /* no part begins later */
#define RESET_TRIES     3u
#define ROM_READ_BYTES  (16u * 1024u)
#define STUB_READ_BYTES (64u * 1024u)
#define RATE_SECONDS    4u /* of data at each rate */
/* A request that loses bytes in a full FIFO may begin with the bytes of its address. None of those
 * here is the number of a command. */
#define BURST_ADDR      0x2000u
#define FAR_PLACES      16u
#define FAR_PLACE_BYTES (64u * 1024u)
#define FAR_BYTES       (16u * 1024u * 1024u)

/* -- when something fails --------------------------------------------------------------------- */

/* `code` of a step is a finding: keep it, and bring the board back. Gives what ends the run. */
static eb_code_t finding(selftest_t *t, eb_code_t code, eb_code_t *kept, eb_err_t *err)
{
    if (*kept == EB_OK) {
        *kept = code;
    }
    if (code == EB_OK || code == EB_ERR_CANCELLED) {
        return code;
    }
    eb_event_note(t->ev, EB_LEVEL_DETAIL, "found: %s", err->message);
    if (eb_code_row(code)->remedy == EB_REMEDY_NONE) {
        return eb_code_row(code)->ends_recovery ? code : EB_OK;
    }
    return eb_session_recover(t->session, err);
}

/* Reset the board for a part of the test. *kept is not EB_OK: what the part needs does not run.
 * Without a way to reset, what the session began with does. */
static eb_code_t begin_part(selftest_t *t, bool no_stub, eb_code_t *kept, eb_err_t *err)
{
    eb_session_stats_t stats;
    eb_code_t code = eb_session_restart(t->session, no_stub, EB_ROM_BAUD, err);
    const bool no_reset = code == EB_ERR_UNSUPPORTED;

    eb_session_get_stats(t->session, &stats);
    *kept = EB_OK;
    if (stats.stub == no_stub) {
        *kept = no_reset ? EB_ERR_UNSUPPORTED : EB_ERR_STUB;
    }
    return no_reset ? EB_OK : code;
}

/* -- resets ----------------------------------------------------------------------------------- */

static eb_code_t try_reset(selftest_t *t, size_t index, eb_selftest_reset_t *reset, eb_err_t *err)
{
    eb_reset_trial_t trial;
    eb_code_t code = EB_OK;

    while (code == EB_OK && reset->tries < RESET_TRIES) {
        code = eb_session_try_reset(t->session, index, &trial, err);
        reset->name = trial.name;
        reset->tries++;
        reset->entered += trial.enters;
        reset->left += trial.leaves;
        reset->named_flash += trial.says_it_starts;
    }
    return code;
}

static eb_code_t try_resets(selftest_t *t, eb_err_t *err)
{
    eb_selftest_result_t *r = t->result;
    const size_t count = eb_session_reset_count(t->session);
    eb_code_t code = EB_OK;

    r->reset_code = count == 0 ? EB_ERR_UNSUPPORTED : EB_OK;
    if (count > 0) {
        eb_event_note(t->ev, EB_LEVEL_NOTE, "trying each reset sequence");
    }
    for (size_t i = 0; code == EB_OK && i < count && i < EB_SELFTEST_RESETS_MAX; i++) {
        code = try_reset(t, i, &r->resets[r->reset_count++], err);
    }
    /* The board runs its program now, whatever was found. */
    return finding(t, code, &r->reset_code, err);
}

/* -- ROM bootloader and stub ------------------------------------------------------------------ */

/* Each count has a second try, because noise may cost an answer too. */
static eb_code_t measure_in_flight(selftest_t *t, eb_err_t *err)
{
    const uint32_t size = EB_ROM_BURST_MAX * EB_ROM_READ_BYTES;
    eb_read_result_t read;
    uint32_t answered = 0;
    eb_code_t code;

    code = eb_flash_read(t->session, BURST_ADDR, size, t->buf, NULL, NULL, &read, err);
    for (uint32_t count = 1; code == EB_OK && count <= EB_ROM_BURST_MAX; count++) {
        answered = 0;
        for (int tries = 0; code == EB_OK && answered < count && tries < 2; tries++) {
            code = eb_flash_rom_burst(t->session, BURST_ADDR, t->buf, count, &answered, err);
        }
        if (answered < count) {
            break;
        }
        t->result->rom_reads_in_flight = count;
    }
    return code;
}

static eb_code_t measure_rom(selftest_t *t, eb_err_t *err)
{
    eb_selftest_program_t *p = &t->result->rom;
    eb_code_t code = begin_part(t, true, &p->code, err);

    if (code != EB_OK || p->code != EB_OK) {
        return code;
    }
    eb_event_note(t->ev, EB_LEVEL_NOTE, "measuring the ROM bootloader");
    code = selftest_measure(t, p, ROM_READ_BYTES, err);
    if (code == EB_OK && eb_session_need_read(t->session, NULL) == EB_OK) {
        code = measure_in_flight(t, err);
    }
    return finding(t, code, &p->code, err);
}

static eb_code_t measure_stub(selftest_t *t, eb_err_t *err)
{
    eb_selftest_result_t *r = t->result;
    eb_session_stats_t stats;

    if (!t->has_stub) {
        r->stub.code = EB_ERR_STUB;
        return EB_OK;
    }
    eb_code_t code = begin_part(t, false, &r->stub.code, err);
    if (code != EB_OK || r->stub.code != EB_OK) {
        return code;
    }
    eb_session_get_stats(t->session, &stats);
    r->stub_upload_us = stats.stub_upload_us;
    r->stub_start_us = stats.stub_start_us;
    (void)snprintf(r->stub_version, sizeof(r->stub_version), "%s", stats.stub_version);
    eb_event_note(t->ev, EB_LEVEL_NOTE, "measuring the stub");
    code = selftest_measure(t, &r->stub, STUB_READ_BYTES, err);
    return finding(t, code, &r->stub.code, err);
}

/* -- rates ------------------------------------------------------------------------------------ */

static uint32_t retries_of(const selftest_t *t)
{
    eb_session_stats_t stats;

    eb_session_get_stats(t->session, &stats);
    return stats.retries;
}

static eb_code_t try_rate(selftest_t *t, eb_selftest_rate_t *rate, eb_err_t *err)
{
    const uint32_t before = retries_of(t);
    uint32_t size =
        selftest_at_most(t, eb_min_u32(rate->baud / 10 * RATE_SECONDS, SELFTEST_BUF_BYTES));
    eb_code_t code = eb_session_set_baud(t->session, rate->baud, err);

    size -= size % EB_SECTOR_BYTES;
    if (code == EB_OK) {
        code = selftest_time_read(t, size, &rate->read_bytes_per_s, err);
        rate->retries = retries_of(t) - before;
        rate->holds = code == EB_OK && rate->retries == 0;
    }
    if (code == EB_OK) {
        code = eb_session_set_baud(t->session, EB_ROM_BAUD, err);
        rate->steps_back = code == EB_OK;
    }
    return finding(t, code, &rate->code, err);
}

/* From the slowest on: a fast one may be too much for the line. */
static eb_code_t try_rates(selftest_t *t, eb_err_t *err)
{
    eb_selftest_result_t *r = t->result;
    size_t count = 0;
    eb_code_t code = EB_OK;

    while (count < EB_SELFTEST_RATES_MAX && eb_session_rate_at(t->session, count) != 0) {
        count++;
    }
    if (r->stub.code != EB_OK) {
        return EB_OK; /* the ROM bootloader is slower than the line */
    }
    if (count > 0) {
        eb_event_note(t->ev, EB_LEVEL_NOTE, "trying each rate");
    }
    while (code == EB_OK && r->rate_count < count) {
        eb_selftest_rate_t *rate = &r->rates[r->rate_count];

        rate->baud = eb_session_rate_at(t->session, count - ++r->rate_count);
        code = rate->baud != 0 ? try_rate(t, rate, err) : EB_OK;
    }
    return code;
}

static uint32_t best_rate(const eb_selftest_result_t *r)
{
    uint32_t baud = EB_ROM_BAUD;

    for (size_t i = 0; i < r->rate_count; i++) {
        if (r->rates[i].holds) {
            baud = r->rates[i].baud;
        }
    }
    return baud;
}

/* -- above 16 MB ------------------------------------------------------------------------------ */

/* The first place whose MD5 differs from that of the place 16 MB above. */
static eb_code_t find_different(selftest_t *t, uint32_t *addr, bool *found, eb_err_t *err)
{
    uint8_t low[EB_MD5_BYTES], high[EB_MD5_BYTES];
    eb_code_t code = EB_OK;

    *found = false;
    for (uint32_t i = 0; code == EB_OK && !*found && i < FAR_PLACES; i++) {
        *addr = i * FAR_PLACE_BYTES;
        code = eb_flash_digest(t->session, *addr, FAR_PLACE_BYTES, low, err);
        if (code == EB_OK) {
            code = eb_flash_digest(t->session, FAR_BYTES + *addr, FAR_PLACE_BYTES, high, err);
        }
        *found = code == EB_OK && memcmp(low, high, sizeof(low)) != 0;
    }
    return code;
}

static eb_code_t measure_far(selftest_t *t, eb_err_t *err)
{
    eb_selftest_far_t *far = &t->result->far;
    eb_code_t kept = EB_OK;
    eb_read_result_t read;
    uint32_t addr = 0;
    bool differ = false;

    if (t->result->flash.size_bytes <= FAR_BYTES) {
        *far = EB_FAR_NOT_APPLICABLE;
        return EB_OK;
    }
    if (t->result->stub.code != EB_OK) {
        return EB_OK;
    }
    eb_event_note(t->ev, EB_LEVEL_NOTE, "looking above 16 MB");
    eb_code_t code = find_different(t, &addr, &differ, err);
    if (code == EB_OK && differ) {
        /* Verified by an MD5 that is not that of the place below. */
        code = eb_flash_read(t->session, FAR_BYTES + addr, FAR_PLACE_BYTES, t->buf, NULL, NULL,
                             &read, err);
    }
    if (code != EB_ERR_CANCELLED) {
        *far = code != EB_OK ? EB_FAR_FAILS : differ ? EB_FAR_WORKS : EB_FAR_SAME;
    }
    return finding(t, code, &kept, err);
}

/* -- all of it -------------------------------------------------------------------------------- */

static eb_code_t run_scratch(selftest_t *t, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    if (!t->options->has_scratch) {
        return EB_OK;
    }
    if (eb_session_reset_count(t->session) > 0) {
        code = eb_session_restart(t->session, !t->has_stub, best_rate(t->result), err);
    }
    return code == EB_OK ? selftest_scratch(t, err) : code;
}

static eb_code_t run_parts(selftest_t *t, eb_err_t *err)
{
    eb_code_t (*const parts[])(selftest_t *t, eb_err_t *err) = {
        try_resets, measure_rom, measure_stub, try_rates, measure_far, run_scratch,
    };
    eb_code_t code = EB_OK;

    for (size_t i = 0; code == EB_OK && i < sizeof(parts) / sizeof(parts[0]); i++) {
        code = eb_event_check(t->ev, err);
        if (code == EB_OK && eb_clock_left_ms(t->deadline_ms) > 0) {
            code = parts[i](t, err);
        }
    }
    return code;
}

/* What a part that has not begun says: `from` at first, and `to` at the end. */
static void say_not_begun(eb_selftest_result_t *r, eb_code_t from, eb_code_t to)
{
    eb_code_t *const codes[] = {&r->reset_code, &r->rom.code, &r->stub.code, &r->scratch.code};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (*codes[i] == from) {
            *codes[i] = to;
        }
    }
}

eb_code_t eb_op_selftest(eb_session_t *s, const eb_selftest_options_t *options,
                         const eb_events_t *ev, eb_selftest_result_t *result, eb_err_t *err)
{
    const int64_t started_us = eb_clock_us();
    eb_session_stats_t stats;
    eb_err_t ignored;
    selftest_t t = {.session = s, .options = options, .ev = ev, .result = result};

    memset(result, 0, sizeof(*result));
    say_not_begun(result, EB_OK, EB_ERR_CANCELLED);
    result->has_scratch = options->has_scratch;
    result->scratch.addr = options->addr;
    result->scratch.size = options->size;
    result->port = *eb_session_port(s);
    result->chip = *eb_session_chip(s);
    result->flash = *eb_session_flash(s);
    eb_session_get_stats(s, &stats);
    t.has_stub = stats.stub;
    eb_code_t code = eb_session_need_flash(s, err);
    if (code != EB_OK) {
        return code;
    }
    t.buf = malloc(SELFTEST_BUF_BYTES);
    if (t.buf == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to measure reads");
    }
    code = options->has_scratch ? selftest_ask(&t, err) : EB_OK;
    t.deadline_ms = eb_clock_ms() + TOTAL_MS;
    if (code == EB_OK) {
        code = run_parts(&t, err != NULL ? err : &ignored);
        say_not_begun(result, EB_ERR_CANCELLED, code == EB_OK ? EB_ERR_TIMEOUT : code);
        result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    }
    free(t.buf);
    return code;
}
