/* apply_look.h: what the engine of apply.h knows of the board: asking it, and telling how far it
 * is. */
#ifndef EB_CORE_APPLY_LOOK_H
#define EB_CORE_APPLY_LOOK_H

#include "apply.h"
#include "range.h"

/* The first total of a phase stays: what comes again after a fault is not more to do. */
void eb_apply_begin_phase(eb_apply_t *apply, eb_phase_t phase, uint64_t total);
/* Never goes back, never over the total. */
void eb_apply_show(eb_apply_t *apply, eb_phase_t phase, uint64_t done);

/*
 * Ask the board about a range and put what it says into the spans; on failure they stay as they
 * are. counts: its progress is that of `phase`, of which the range then is settled.
 * Before the first change apply->ahead may spare it some of the range.
 */
eb_code_t eb_apply_look(eb_apply_t *apply, eb_range_t range, eb_phase_t phase, bool counts,
                        eb_err_t *err);

#endif
