/* write_steps.h: what the engine of write_engine.h does next: which sectors in a row, erased or
 * written. */
#ifndef EB_RESTORE_WRITE_STEPS_H
#define EB_RESTORE_WRITE_STEPS_H

#include "range.h"
#include "write_engine.h"

/* The first stretch that is to be changed and starts at or after `from`, cut at `end`. What is
 * written and not verified yet is none. */
bool eb_write_next_open(const eb_write_engine_t *engine, uint64_t from, uint64_t end,
                        eb_range_t *out);
/* Bytes that are to be changed in a range. */
uint32_t eb_write_open_bytes(const eb_write_engine_t *engine, eb_range_t range);

/*
 * Before the first step: how much is to be erased and how much to be written, into the totals of
 * their phases; and the mixed blocks: all of it is to be changed, some to be blank and some to hold
 * data. Erasing such a block at once and writing all of it takes a third of the time that its
 * sectors take one by one.
 */
eb_code_t eb_write_count_work(eb_write_engine_t *engine, eb_err_t *err);

/*
 * The next step within [*from, end): open sectors in a row that shall all be erased (blank), or all
 * be written, in which case engine->buf holds their bytes. size 0: there is none.
 */
eb_code_t eb_write_next_step(eb_write_engine_t *engine, uint64_t *from, uint64_t end, bool blank,
                             eb_range_t *step, eb_err_t *err);

#endif
