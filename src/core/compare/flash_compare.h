/*
 * flash_compare.h: where the board differs from wanted bytes, found by digests alone.
 *
 * Ranges are compared by the chip's MD5, large ones first, halves of what differs after, down to
 * sectors, so that an equal board costs a few digests.
 */
#ifndef EB_COMPARE_FLASH_COMPARE_H
#define EB_COMPARE_FLASH_COMPARE_H

#include "compare_ahead.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/session.h"
#include "flash_layout.h"
#include "retry.h"
#include "span_list.h"

/* Fill `bytes` with what shall be at [addr, addr + size); size <= EB_BLOCK_BYTES. */
typedef eb_layout_read_fn eb_wanted_fn;

/*
 * Fill *spans with SAME and OLD over [addr, addr + size). Differing ends at sector borders, but
 * never outside the range (addr and size need no alignment). Recovers from a bad line as reads do.
 * EB_PHASE_CHECK progress. On failure *spans is empty.
 *
 * ahead NULL: all of it is asked. Else it goes on from one call to the next, and learns what
 * digests cost; where it allows not to ask, OLD is also what was not asked, and the range must be
 * whole sectors.
 */
eb_code_t eb_flash_compare(eb_session_t *s, uint32_t addr, uint32_t size, eb_wanted_fn wanted,
                           void *user, eb_compare_ahead_t *ahead, const eb_events_t *ev,
                           eb_spans_t *spans, eb_err_t *err);

#endif
