/* read_salvage.h: verifies as much as possible of a read that failed, so that only damaged pieces
 * are read again. */
#ifndef EB_BACKUP_READ_SALVAGE_H
#define EB_BACKUP_READ_SALVAGE_H

#include "read_state.h"

/* The first `received` bytes of `step` are in state->buf, not verified. Those that match the chip's
 * digest become verified; on failure the others are kept for the next run. */
eb_code_t eb_read_salvage(eb_read_state_t *state, eb_range_t step, uint32_t received,
                          eb_err_t *err);

#endif
