/*
 * difference.h: differing ranges of the flash and the names of what lies there.
 */
#ifndef EB_COMPARE_DIFFERENCE_H
#define EB_COMPARE_DIFFERENCE_H

#include "backup_image.h"
#include "espbackup/ops.h"
#include "flash_areas.h"
#include "range.h"

/* Append [addr, addr + size), which must lie behind what is there, split at the borders of areas.
 * All of its bytes differ. Does not count those of the result. EB_ERR_INTERNAL without memory. */
eb_code_t eb_difference_add(eb_diff_result_t *result, const eb_areas_t *areas, uint32_t addr,
                            uint32_t size, eb_difference_kind_t kind, eb_err_t *err);

/* EB_OK without a difference, else EB_ERR_DIFFERENT in words: how much, and where it begins. */
eb_code_t eb_difference_error(const eb_diff_result_t *result, const char *what, eb_err_t *err);

/*
 * Compare the board with all of an image by digests and fill differences, differing_bytes and
 * verified. EB_ERR_DIFFERENT in words where they differ. EB_ERR_USAGE: the image reaches beyond the
 * flash.
 */
eb_code_t eb_difference_with_board(eb_session_t *s, eb_backup_image_t *source,
                                   const eb_events_t *ev, eb_diff_result_t *result, eb_err_t *err);

#endif
