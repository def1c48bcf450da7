/*
 * commit.h: from a .part whose every byte is verified to a backup: hashes, contents, sidecar, and
 * the name that says that it is complete.
 */
#ifndef EB_BACKUP_COMMIT_H
#define EB_BACKUP_COMMIT_H

#include "backup_options.h"
#include "flash_layout.h"
#include "partial_file.h"
#include "range.h"

typedef struct eb_commit {
    eb_partial_file_t *part;            /* borrowed, open */
    const eb_backup_options_t *options; /* borrowed */
    eb_retry_t *retry;                  /* borrowed; for what lies outside the image */
    eb_range_t range;
    const eb_part_choice_t *partition; /* NULL: the range is not one; borrowed */
    const eb_layout_t *layout;         /* of the board; NULL: not known yet; borrowed */
    eb_flash_contents_t *contents;     /* NULL: not wanted */
    const eb_verified_map_t *map;      /* where each byte came from; borrowed */
} eb_commit_t;

/*
 * Hash the file, look at what is in it, write the sidecar and give the image its name. Fills
 * sha256, md5 and the paths of result, and *contents; its addr, size_bytes, created_utc, origins,
 * stats and seconds must be filled. EB_OK: complete and durable.
 */
eb_code_t eb_commit_backup(eb_commit_t *finish, const eb_events_t *ev, eb_backup_result_t *result,
                           eb_err_t *err);

/* All of a sidecar but chip, flash, table, boot and hashes of partitions. partition and note may be
 * NULL. */
void eb_commit_fill_sidecar(const eb_backup_result_t *result, const eb_part_choice_t *partition,
                            const char *note, eb_sidecar_t *sidecar);

/*
 * Write the sidecar (NULL: none) and give the image its name, in an order that never leaves a
 * sidecar beside the bytes of another backup. EB_OK: durable, and the journal is gone.
 */
eb_code_t eb_commit_files(eb_partial_file_t *part, const eb_sidecar_t *sidecar, eb_err_t *err);

#endif
