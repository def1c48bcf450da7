/*
 * partial_file.h: the .part of a backup: its names, making it, and resuming one of an
 * interrupted run of the same board.
 */
#ifndef EB_BACKUP_PARTIAL_FILE_H
#define EB_BACKUP_PARTIAL_FILE_H

#include "backup_options.h"
#include "find.h"
#include "journal.h"
#include "partition_select.h"
#include "paths.h"
#include "unit_digests.h"

typedef struct eb_partial_file {
    char image_path[EB_PATH_BYTES];
    char sidecar_path[EB_PATH_BYTES];
    char part_path[EB_PATH_BYTES];
    char journal_path[EB_PATH_BYTES];
    bool replace; /* image_path may exist */
    bool resumed;
    int fd; /* of the .part, locked; -1: none */
    eb_journal_t journal;
    eb_verified_map_t resumable; /* ranges that the journal of a resumed .part lists; owned */
    eb_unit_digests_t digests;   /* by flash address, of the bytes that eb_partial_file_write got */
} eb_partial_file_t;

/*
 * Resume the newest .part of the same board and range that no other run holds, or make a new one
 * with its space reserved. With options->output, or a partition (NULL: none), only a .part of that
 * name is resumed. EB_ERR_FILE_EXISTS: the output exists and may not be replaced, or its .part is
 * of another board. On failure no new file remains. Release with eb_partial_file_close.
 */
eb_code_t eb_partial_file_open(eb_partial_file_t *part, const eb_backup_options_t *options,
                               const eb_part_choice_t *partition, const eb_journal_head_t *head,
                               const eb_events_t *ev, eb_err_t *err);

/* Write bytes that belong at flash address `addr`, and keep their digests. */
eb_code_t eb_partial_file_write(eb_partial_file_t *part, uint32_t addr, const uint8_t *bytes,
                                uint32_t size, eb_err_t *err);

/*
 * Bring the whole .part to the medium, read it back from there, and hash it (EB_PHASE_HASH of ev,
 * NULL: silent; honours cancel). EB_ERR_FILE_IO with EB_REASON_OTHER_DISK: some of it is not what
 * was written, and open in `map` (NULL: not wanted).
 */
eb_code_t eb_partial_file_check(const eb_partial_file_t *part, eb_verified_map_t *map,
                                const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES],
                                uint8_t md5[EB_MD5_BYTES], eb_err_t *err);

/* Whether the .part still has its name: it is not the image yet, and nobody took it away. */
bool eb_partial_file_is_there(const eb_partial_file_t *part);

/* Close; the files stay. NULL is allowed. */
void eb_partial_file_close(eb_partial_file_t *part);

/* Remove and close what there is of .part and journal; names that are another file's by now stay.
 */
void eb_partial_file_remove(eb_partial_file_t *part);

#endif
