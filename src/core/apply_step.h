/* apply_step.h: what the engine of apply.h does next: which sectors in a row, erased or written. */
#ifndef EB_CORE_APPLY_STEP_H
#define EB_CORE_APPLY_STEP_H

#include "apply.h"
#include "range.h"

static inline bool eb_apply_is_settled(eb_span_state_t state)
{
    return state == EB_SPAN_SAME || state == EB_SPAN_NEW;
}

/* The first stretch that is to be changed and starts at or after `from`, cut at `end`. What is
 * written and waits for its proof is none. */
bool eb_apply_next_open(const eb_apply_t *apply, uint64_t from, uint64_t end, eb_range_t *out);
/* Bytes that are to be changed in a range. */
uint32_t eb_apply_open_bytes(const eb_apply_t *apply, eb_range_t range);

/*
 * Before the first step: how much is to be erased and how much to be written, into the totals of
 * their phases; and the mixed blocks: all of it is to be changed, some to be blank and some to hold
 * data. Erasing such a block at once and writing all of it takes a third of the time that its
 * sectors take one by one.
 */
eb_code_t eb_apply_count_work(eb_apply_t *apply, eb_err_t *err);

/*
 * The next step within [*from, end): open sectors in a row that shall all be erased (blank), or all
 * be written, in which case apply->buf holds their bytes. size 0: there is none.
 */
eb_code_t eb_apply_next_step(eb_apply_t *apply, uint64_t *from, uint64_t end, bool blank,
                             eb_range_t *step, eb_err_t *err);

#endif
