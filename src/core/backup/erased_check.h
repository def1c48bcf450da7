/*
 * erased_check.h: whether the flash was erased after its bytes were saved.
 *
 * One bit makes an ERASE_FLASH of a READ_FLASH, and somebody may erase a board between two runs.
 * A .part may then be the last copy, and the bytes of the board must not replace it. So we ask for
 * a few of its sectors that hold data, spread over all of them: a program that changes its data
 * erases some of them, not most.
 */
#ifndef EB_BACKUP_ERASED_CHECK_H
#define EB_BACKUP_ERASED_CHECK_H

#include "read_state.h"

/*
 * `held`: the ranges whose saved bytes are in the .part. Asks for at most 8 sectors; a board that
 * is not erased ends that at the third. EB_OK: it was not erased. EB_ERR_UNVERIFIED: it was; the
 * hint says where the bytes are, and state->board_erased is set. Other errors as of a digest.
 */
eb_code_t eb_erased_check(eb_read_state_t *state, const eb_verified_map_t *held, eb_err_t *err);

#endif
