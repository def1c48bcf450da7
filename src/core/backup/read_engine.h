/*
 * read_engine.h: the engine that fills a .part with the bytes of a range of flash, each of them
 * verified.
 *
 * One mechanism for all guesses: load candidate bytes, ask the chip for its digest of the range,
 * and where the two agree the range is verified. Ranges that no guess fits are read. A read checks
 * its bytes by itself, and one more digest that they lie at their address (address_check.h). Bytes
 * of a read that failed are candidates too (read_salvage.h). The bytes of an interrupted run are
 * not overwritten when the board was erased since (erased_check.h).
 *
 * A byte counts as verified only if a digest of the chip over it matched in this run.
 */
#ifndef EB_BACKUP_READ_ENGINE_H
#define EB_BACKUP_READ_ENGINE_H

#include "read_state.h"

/*
 * Verify all of the range, bring it to the disk, and compare what comes back from there: units that
 * differ are read from the board again, a few times (EB_ERR_FILE_IO). Fills sha256 and md5. Blocks
 * as long as that takes, honours cancel. On failure the map says
 * which ranges are verified; bytes that came without matching are in the .part and the journal.
 * EB_ERR_UNVERIFIED with board_erased set: the .part holds what was on the board before.
 */
eb_code_t eb_read_engine_run(eb_read_state_t *state, eb_err_t *err);

#endif
