/*
 * commit.h: from a .part whose every byte is verified to a backup: hashes, contents, sidecar, and
 * the name that says that it is complete.
 */
#ifndef EB_BACKUP_COMMIT_H
#define EB_BACKUP_COMMIT_H

#include "backup_run.h"
#include "read_state.h"

/*
 * Look at what is in the file (and, for what lies outside the image, in the board), write
 * the sidecar and give the image its name. Fills sha256, md5 and the paths of result, and
 * *job->contents; its addr, size_bytes, created_utc, origins, stats and seconds must be filled.
 * EB_OK: complete and durable.
 */
eb_code_t eb_commit_backup(const eb_backup_job_t *job, eb_read_state_t *reading,
                           eb_backup_result_t *result, eb_err_t *err);

/*
 * Write the sidecar (NULL: none) and give the image its name, in an order that never leaves a
 * sidecar beside the bytes of another backup. The sidecar has chip, flash, table, boot and hashes
 * of partitions; the rest is filled in here. partition and note may be NULL. EB_OK: durable, the
 * journal is gone, and result has the paths.
 */
eb_code_t eb_commit_files(eb_partial_file_t *part, const eb_part_choice_t *partition,
                          const char *note, eb_sidecar_t *sidecar, eb_backup_result_t *result,
                          eb_err_t *err);

#endif
