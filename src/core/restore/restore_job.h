/* restore_job.h: one restore: what it is to do, worked out and checked before anything changes. */
#ifndef EB_RESTORE_RESTORE_JOB_H
#define EB_RESTORE_RESTORE_JOB_H

#include "backup_image.h"
#include "flash_layout.h"
#include "image_header.h"
#include "range.h"
#include "restore_options.h"
#include "write_engine.h"

#define EB_RESTORE_AREAS_MAX 8

/* A sector that is restored in part: the bytes that the board has there, some of which stay. */
typedef struct eb_partial_sector {
    uint32_t addr;
    uint8_t bytes[EB_SECTOR_BYTES];
} eb_partial_sector_t;

typedef struct eb_restore_job {
    eb_session_t *session;               /* borrowed */
    const eb_restore_options_t *options; /* borrowed */
    const eb_events_t *ev;               /* borrowed */
    eb_retry_t retry;
    eb_backup_image_t image;
    eb_layout_t board;          /* what is on the board */
    eb_layout_t after;          /* what will be */
    bool table_changes;         /* else `after` is not filled */
    const eb_partition_t *into; /* of board.table: the file is what this partition shall hold; NULL:
                                   it is an image of the flash */
    uint32_t table_addr;
    uint64_t flash_bytes;

    eb_range_t *ranges; /* to be taken from the image; sorted, apart; owned */
    size_t range_count;
    eb_range_t *sectors; /* to be as wanted: whole sectors; sorted, apart; owned */
    size_t sector_count;
    eb_partial_sector_t *partials; /* owned */
    size_t partial_count;
    eb_header_patch_t patch;

    bool other_mac;
} eb_restore_job_t;

/* What is on the board; does nothing the second time. */
eb_code_t eb_restore_look_at_board(eb_restore_job_t *job, eb_err_t *err);
/* Whether the file is the content of one partition: then `into`, its place and ranges. It is, if it
 * has no partition table and neither sidecar nor address tell its place, or if it was saved from
 * one partition. EB_ERR_USAGE: several partitions, or none of that name on the board;
 * EB_ERR_REFUSED: it does not fit. */
eb_code_t eb_restore_find_partition(eb_restore_job_t *job, eb_err_t *err);
/* Otherwise, from the options and the image's table: ranges. EB_ERR_USAGE: not in the image, no
 * such name. */
eb_code_t eb_restore_choose(eb_restore_job_t *job, eb_err_t *err);
/* From ranges: sectors, and the partials read from the board. */
eb_code_t eb_restore_round(eb_restore_job_t *job, eb_err_t *err);
/* An eb_wanted_fn; user is the job. Asked for bytes within sectors only. */
eb_code_t eb_restore_wanted(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                            eb_err_t *err);
/* The order of the work; returns the count. */
size_t eb_restore_areas(const eb_restore_job_t *job, eb_range_t areas[EB_RESTORE_AREAS_MAX]);

/* Each refuses with EB_ERR_REFUSED and a reason; with force a warning is noted instead. */
eb_code_t eb_restore_check_place(eb_restore_job_t *job, eb_err_t *err);
eb_code_t eb_restore_check_chip(eb_restore_job_t *job, eb_err_t *err);
eb_code_t eb_restore_check_mac(eb_restore_job_t *job, eb_err_t *err);
eb_code_t eb_restore_check_security(eb_restore_job_t *job, eb_err_t *err);
eb_code_t eb_restore_check_names(eb_restore_job_t *job, eb_err_t *err);
eb_code_t eb_restore_check_content(eb_restore_job_t *job, eb_err_t *err); /* fits its partition */
eb_code_t eb_restore_check_table(eb_restore_job_t *job, eb_err_t *err);   /* that would result */
/* By what differs: secure boot, write protection. */
eb_code_t eb_restore_check_change(eb_restore_job_t *job, const eb_spans_t *spans, eb_err_t *err);

#endif
