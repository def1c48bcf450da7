/* partition_extract.h: an image of one partition out of a backup, with no board. */
#ifndef EB_BACKUP_PARTITION_EXTRACT_H
#define EB_BACKUP_PARTITION_EXTRACT_H

#include "backup_image.h"
#include "backup_options.h"
#include "espbackup/event.h"
#include "partition_select.h"

/*
 * Copy the bytes of `choice`, which lies within the source, into a file of its own, complete and
 * durable. Its sidecar tells of the board what the source's does; a source without sidecar gives a
 * file without one. verified: the source was verified when it was made, and its hash held now.
 * result must be zeroed.
 */
eb_code_t eb_partition_extract(eb_backup_image_t *source, const eb_backup_options_t *options,
                               const eb_part_choice_t *choice, const eb_events_t *ev,
                               eb_backup_result_t *result, eb_err_t *err);

#endif
