/*
 * ops.h: the operations of espbackup: options in, result out, nothing printed.
 *
 * Result structs are zeroed on entry and filled on failure too; zero means "not verified", "not
 * started". Paths given are borrowed for the call.
 */
#ifndef ESPBACKUP_OPS_H
#define ESPBACKUP_OPS_H

#include "backup_options.h"
#include "difference.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/facts.h"
#include "espbackup/image.h"
#include "espbackup/session.h"
#include "partition_select.h"
#include "restore_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- flash-info ------------------------------------------------------------------------------ */

typedef struct eb_flash_usage {
    bool known;
    uint64_t erased_bytes;
} eb_flash_usage_t;

typedef struct eb_flash_report {
    eb_partition_table_t table;
    eb_boot_choice_t boot;
    eb_app_image_t bootloader;
    eb_flash_usage_t usage;                         /* whole flash */
    eb_flash_usage_t part_usage[EB_PARTITIONS_MAX]; /* by table entry */
} eb_flash_report_t;

typedef struct eb_flash_info_options {
    uint32_t table_addr; /* 0: 0x8000, then a search at the usual places */
    bool skip_usage;     /* do not spend digests on what is erased */
} eb_flash_info_options_t;

eb_code_t eb_op_flash_info(eb_session_t *s, const eb_flash_info_options_t *options,
                           const eb_events_t *ev, eb_flash_report_t *report, eb_err_t *err);

/* -- backup ---------------------------------------------------------------------------------- */

/* *contents, NULL if not wanted, is filled like *result. */
eb_code_t eb_op_backup(eb_session_t *s, const eb_backup_options_t *options, const eb_events_t *ev,
                       eb_backup_result_t *result, eb_flash_contents_t *contents, eb_err_t *err);

/* -- list ------------------------------------------------------------------------------------ */

typedef enum eb_backup_state {
    EB_BACKUP_COMPLETE,    /* image and sidecar, size as the sidecar says */
    EB_BACKUP_NO_SIDECAR,  /* a bare .bin: from another tool, or the sidecar is gone */
    EB_BACKUP_BAD_SIDECAR, /* the sidecar cannot be read; see detail */
    EB_BACKUP_BAD_SIZE,    /* the image is not as long as its sidecar says */
    EB_BACKUP_BAD_HASH,    /* with check: SHA-256 differs */
    EB_BACKUP_CHECKED,     /* with check: SHA-256 holds */
    EB_BACKUP_PARTIAL      /* a .part of an interrupted run */
} eb_backup_state_t;

typedef struct eb_backup_entry {
    char name[256]; /* file name within the folder */
    eb_backup_state_t state;
    char detail[256];                     /* why it is bad */
    uint64_t size_bytes;                  /* of the file */
    char created_utc[EB_TIME_TEXT_BYTES]; /* sidecar; else the file's time */
    char chip[16];
    char chip_name[24];
    char mac[EB_MAC_TEXT_BYTES];
    uint32_t addr;
    uint64_t flash_size_bytes;
    char partition[EB_PARTITION_LABEL_BYTES]; /* empty: a range or the whole flash */
    char app_name[33];
    char app_version[33];
    char note[EB_NOTE_BYTES];
} eb_backup_entry_t;

typedef struct eb_list_options {
    const char *dir;
    bool check;            /* hash every image */
    const char *chip;      /* filters; NULL: all */
    const char *mac;       /* or the beginning of one */
    const char *partition; /* "": only backups of no single partition */
} eb_list_options_t;

typedef struct eb_backup_list {
    eb_backup_entry_t *entries; /* newest first */
    size_t count;
} eb_backup_list_t;

/* A missing folder gives an empty list and EB_OK. Free with eb_backup_list_free. */
eb_code_t eb_op_list(const eb_list_options_t *options, const eb_events_t *ev, eb_backup_list_t *out,
                     eb_err_t *err);
void eb_backup_list_free(eb_backup_list_t *list);

/* -- restore --------------------------------------------------------------------------------- */

/* Free result->spans in any case. After the first change a failure is EB_ERR_UNFINISHED with the
 * cause in the message. */
eb_code_t eb_op_restore(eb_session_t *s, const eb_restore_options_t *options, const eb_events_t *ev,
                        eb_restore_result_t *result, eb_err_t *err);

/* -- verify and diff ------------------------------------------------------------------------- */

typedef struct eb_verify_options {
    const char *backup, *dir;
    bool has_address;
    uint32_t address; /* of a bare .bin; default 0 */
} eb_verify_options_t;

/* s NULL: the file alone. EB_ERR_DIFFERENT when the board differs, EB_ERR_IMAGE_INVALID or
 * EB_ERR_SIDECAR_INVALID when the file is not what its sidecar says. */
eb_code_t eb_op_verify(eb_session_t *s, const eb_verify_options_t *options, const eb_events_t *ev,
                       eb_diff_result_t *result, eb_err_t *err);

typedef struct eb_diff_options {
    const char *a, *b; /* paths or names; exactly one of them may be NULL: the board */
    const char *dir;
} eb_diff_options_t;
/* EB_ERR_DIFFERENT when they differ. s only when one side is the board. */
eb_code_t eb_op_diff(eb_session_t *s, const eb_diff_options_t *options, const eb_events_t *ev,
                     eb_diff_result_t *result, eb_err_t *err);

/* -- erase ----------------------------------------------------------------------------------- */

typedef struct eb_erase_options {
    const char *dir; /* folder of backups, where restores that were cut short left files; or NULL */
    bool whole;
    const char *partition; /* NULL: the range */
    uint32_t addr, size;
    uint32_t table_addr;
    bool force;
    eb_confirm_fn confirm;
    void *confirm_user;
} eb_erase_options_t;

typedef struct eb_erase_result {
    bool verified;
    bool changed;
    uint32_t addr;
    uint64_t size_bytes;
    eb_spans_t spans;
    double seconds;
} eb_erase_result_t;

eb_code_t eb_op_erase(eb_session_t *s, const eb_erase_options_t *options, const eb_events_t *ev,
                      eb_erase_result_t *result, eb_err_t *err);

/* -- backup-partition ------------------------------------------------------------------------ */

typedef struct eb_partition_backup_options {
    eb_partition_select_t select;
    const char *dir;
    const char *output; /* only with exactly one partition */
    bool force;
    const char *note;
    const char *from_image; /* NULL: from the board */
} eb_partition_backup_options_t;

typedef struct eb_partition_backup_result {
    eb_backup_result_t *files; /* one a partition, in flash order */
    size_t count;              /* begun: after a failure the last one has no image_path */
    eb_flash_contents_t contents;
} eb_partition_backup_result_t;
void eb_partition_backup_result_free(eb_partition_backup_result_t *result);

/* s NULL with from_image. */
eb_code_t eb_op_backup_partition(eb_session_t *s, const eb_partition_backup_options_t *options,
                                 const eb_events_t *ev, eb_partition_backup_result_t *result,
                                 eb_err_t *err);

#endif
