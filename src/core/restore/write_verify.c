#include "write_verify.h"

/* -- progress ------------------------------------------------------------------------------- */

void eb_write_begin_phase(eb_write_engine_t *engine, eb_phase_t phase, uint64_t total)
{
    eb_write_phase_t *p = &engine->phases[phase];

    if (!p->started && total > 0) {
        p->started = true;
        p->total = total;
        eb_event_progress(engine->ev, phase, 0, total);
    }
}

void eb_write_show(eb_write_engine_t *engine, eb_phase_t phase, uint64_t done)
{
    eb_write_phase_t *p = &engine->phases[phase];

    done = done < p->total ? done : p->total;
    if (p->started && done > p->shown) {
        p->shown = done;
        eb_event_progress(engine->ev, phase, done, p->total);
    }
}

/* A comparison, whose progress counts in a phase of ours. */
typedef struct inner {
    eb_write_engine_t *engine;
    eb_phase_t phase;
    bool counts;
} inner_t;

static void inner_progress(void *user, const eb_progress_t *progress)
{
    const inner_t *inner = user;

    if (inner->counts && progress->phase == EB_PHASE_CHECK) {
        eb_write_show(inner->engine, inner->phase,
                      inner->engine->phases[inner->phase].finished + progress->done);
    }
}

/* -- looking at the board -------------------------------------------------------------------- */

/* What a comparison means for a sector of which `now` was known. What was right and is not any more
 * was touched, if not by us on purpose. */
static eb_span_state_t state_after(eb_span_state_t now, bool equal)
{
    if (equal) {
        return now == EB_SPAN_OLD || now == EB_SPAN_SAME ? EB_SPAN_SAME : EB_SPAN_NEW;
    }
    return now == EB_SPAN_OLD ? EB_SPAN_OLD : EB_SPAN_UNKNOWN;
}

/* Take over one compared stretch; spans must not change while it is walked, so a copy is. */
static eb_code_t take_over(eb_write_engine_t *engine, const eb_flash_span_t *found,
                           const eb_spans_t *before, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < before->count && code == EB_OK; i++) {
        const eb_flash_span_t *span = &before->spans[i];
        eb_range_t part = eb_range_common(eb_span_range(span), eb_span_range(found));
        eb_span_state_t state = state_after(span->state, found->state == EB_SPAN_SAME);
        if (state != span->state) {
            code = eb_spans_mark(&engine->spans, part.addr, part.size, state, err);
        }
    }
    return code;
}

eb_code_t eb_write_verify(eb_write_engine_t *engine, eb_range_t range, eb_phase_t phase,
                          bool counts, eb_err_t *err)
{
    inner_t inner = {engine, phase, counts};
    eb_event_part_t part = {engine->ev, &inner, inner_progress};
    eb_events_t events = eb_events_of_part(&part);
    eb_compare_ahead_t *ahead = phase == EB_PHASE_CHECK ? &engine->ahead : &engine->verify_cost;
    eb_spans_t found = {0}, before = {0};

    eb_code_t code = eb_spans_cut(&engine->spans, range, &before, err);
    if (code == EB_OK) {
        code = eb_flash_compare(engine->session, range.addr, range.size, engine->wanted,
                                engine->wanted_user, ahead, &events, &found, err);
    }
    for (size_t i = 0; i < found.count && code == EB_OK; i++) {
        code = take_over(engine, &found.spans[i], &before, err);
    }
    eb_spans_free(&before);
    eb_spans_free(&found);
    if (code == EB_OK && counts) {
        engine->phases[phase].finished += range.size;
    }
    return code;
}
