/*
 * sector_save.h: the bytes around an image that ends within a sector, kept on disk while that
 * sector is changed.
 *
 * The chip erases whole sectors, so for a moment the board has lost the bytes that are to stay.
 * They wait in DIR/saved_MAC_ADDR.sector until the sector is verified; after a power cut the next
 * restore takes them from there. The file has the 4096 bytes as they were on the board, and a
 * digest of what they belong to: board, image, and the sectors beside that the restore leaves
 * alone.
 */
#ifndef EB_RESTORE_SECTOR_SAVE_H
#define EB_RESTORE_SECTOR_SAVE_H

#include "restore_job.h"

/*
 * Put into `partial`, read from the board, what a file says should be there. Without a file, or if
 * the board has it all, nothing happens. If the board lacks some of it in the way a cut erase or
 * write does, the file counts. If the board holds something else, that may have come after the cut,
 * and if the file belongs to something else, it is of another time: EB_ERR_REFUSED, or with force
 * the board counts. A file that others may have prepared is EB_ERR_FILE_ACCESS.
 */
eb_code_t eb_sector_save_recall(eb_restore_job_t *job, eb_partial_sector_t *partial, eb_err_t *err);

/* Before the first change: a file for each partial whose sector differs. Creates the folder. */
eb_code_t eb_sector_save_save(eb_restore_job_t *job, const eb_spans_t *spans, eb_err_t *err);

/* After a restore or an erase: remove our files of this board's sectors that are verified,
 * whichever run left them: what is in those sectors is wanted there. dir NULL: nothing. */
void eb_sector_save_drop(const eb_session_t *session, const char *dir, const eb_spans_t *spans);

#endif
