/*
 * sector_save.h: the bytes around an image that ends within a sector, kept on disk while that
 * sector is changed.
 *
 * The chip erases whole sectors, so for a moment the board has lost the bytes that are to stay.
 * They wait in DIR/saved_MAC_ADDR.sector (4096 bytes, as they were on the board) until the
 * sector is verified; after a power cut the next restore takes them from there.
 */
#ifndef EB_RESTORE_SECTOR_SAVE_H
#define EB_RESTORE_SECTOR_SAVE_H

#include "restore_job.h"

/*
 * Put into `partial`, read from the board, what a file says should be there. Without a file, or if
 * the board has it all, nothing happens. If the board lacks some of it in the way a cut erase or
 * write does, the file counts. If the board holds something else, that may have come after the cut:
 * EB_ERR_REFUSED, or with force the board counts.
 */
eb_code_t eb_sector_save_recall(const eb_restore_job_t *job, eb_partial_sector_t *partial,
                                eb_err_t *err);

/* Before the first change: a file for each partial whose sector differs. Creates the folder. */
eb_code_t eb_sector_save_save(const eb_restore_job_t *job, const eb_spans_t *spans, eb_err_t *err);

/* After a restore or an erase: remove the files of this board's sectors that are verified, whoever
 * left them: what is in those sectors is wanted there. dir NULL: nothing. */
void eb_sector_save_drop(const eb_session_t *session, const char *dir, const eb_spans_t *spans);

#endif
