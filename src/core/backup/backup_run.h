/* backup_run.h: one image of a range of a board's flash, as `backup` and `backup-partition` make
 * it: read or verified, finished and named. */
#ifndef EB_BACKUP_BACKUP_RUN_H
#define EB_BACKUP_BACKUP_RUN_H

#include "backup_options.h"
#include "espbackup/event.h"
#include "espbackup/session.h"
#include "flash_layout.h"
#include "partition_select.h"
#include "range.h"

typedef struct eb_backup_job {
    const eb_backup_options_t *options; /* its range is ignored; borrowed */
    eb_range_t range;                   /* within the flash, not empty */
    const eb_part_choice_t *partition;  /* NULL: the range is not one partition; borrowed */
    const eb_layout_t *layout;          /* what lies on the board; NULL: not known yet; borrowed */
    eb_flash_contents_t *contents;      /* filled on EB_OK; NULL: not wanted */
    bool security_told;                 /* spare the words on secrets and fuses */
} eb_backup_job_t;

/*
 * Blocks as long as reading takes, honours cancel. EB_OK: the image is complete, durable and
 * verified. On failure result->part_path tells what was kept. result must be
 * zeroed.
 */
eb_code_t eb_backup_run(eb_session_t *s, const eb_backup_job_t *job, const eb_events_t *ev,
                        eb_backup_result_t *result, eb_err_t *err);

#endif
