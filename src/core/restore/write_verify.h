/* write_verify.h: what the engine of write_engine.h knows of the board: asking it, and telling how
 * far it is. */
#ifndef EB_RESTORE_WRITE_VERIFY_H
#define EB_RESTORE_WRITE_VERIFY_H

#include "range.h"
#include "write_engine.h"

/* The first total of a phase stays: what comes again after a fault is not more to do. */
void eb_write_begin_phase(eb_write_engine_t *engine, eb_phase_t phase, uint64_t total);
/* Never goes back, never over the total. */
void eb_write_show(eb_write_engine_t *engine, eb_phase_t phase, uint64_t done);

/*
 * Ask the board about a range and put what it says into the spans; on failure they stay as they
 * are. counts: its progress is that of `phase`, of which the range is then finished.
 * Before the first change engine->ahead may spare it some of the range.
 */
eb_code_t eb_write_verify(eb_write_engine_t *engine, eb_range_t range, eb_phase_t phase,
                          bool counts, eb_err_t *err);

#endif
