/*
 * ops.h: the operations of espbackup: options in, result out, nothing printed.
 *
 * Result structs are zeroed on entry and filled on failure too; zero means "not verified", "not
 * started". Paths given are borrowed for the call.
 */
#ifndef ESPBACKUP_OPS_H
#define ESPBACKUP_OPS_H

#include "espbackup/chip.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/image.h"
#include "espbackup/origin.h"
#include "espbackup/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_PATH_BYTES      1024
#define EB_NOTE_BYTES      512
#define EB_SHA256_BYTES    32
#define EB_TIME_TEXT_BYTES 24 /* "2026-11-21T10:15:00Z" */

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

typedef struct eb_backup_options {
    const char *dir;    /* folder of backups; made when it is missing */
    const char *output; /* NULL: a name with chip and time in dir */
    bool force;         /* output may replace an existing file */
    const char *note;   /* NULL: none */
    bool has_range;
    uint32_t addr, size; /* size 0 with has_range: to the end */
    const char
        *since; /* backup whose bytes may be verified instead of read; NULL: none/automatic */
    bool full;  /* read every byte over the wire */
    uint32_t table_addr; /* 0: 0x8000, then a search at the usual places */
} eb_backup_options_t;

typedef struct eb_backup_result {
    bool verified;
    char partition[EB_PARTITION_LABEL_BYTES]; /* of backup-partition; empty otherwise */
    char image_path[EB_PATH_BYTES];
    char sidecar_path[EB_PATH_BYTES];
    char part_path[EB_PATH_BYTES]; /* of what is left after a failure; empty: nothing */
    uint32_t addr;
    uint64_t size_bytes;
    char created_utc[EB_TIME_TEXT_BYTES];
    uint8_t sha256[EB_SHA256_BYTES];
    uint8_t md5[EB_MD5_BYTES];
    eb_partition_table_t table;
    eb_boot_choice_t boot;
    eb_origins_t origins;
    eb_session_stats_t stats;
    double seconds; /* of reading and verifying, this run */
} eb_backup_result_t;

eb_code_t eb_op_backup(eb_session_t *s, const eb_backup_options_t *options, const eb_events_t *ev,
                       eb_backup_result_t *result, eb_err_t *err);

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

/* -- what would change, and what has changed --------------------------------------------------- */

typedef enum eb_span_state {
    EB_SPAN_SAME,    /* already as wanted, verified by digest */
    EB_SPAN_OLD,     /* not touched, and to be changed */
    EB_SPAN_NEW,     /* written and verified by digest */
    EB_SPAN_WRITTEN, /* acknowledged, not verified */
    EB_SPAN_UNKNOWN  /* begun, or lost on the way */
} eb_span_state_t;

typedef struct eb_flash_span {
    uint32_t addr;
    uint32_t size;
    eb_span_state_t state;
} eb_flash_span_t;

/* Sorted by addr, neighbours differ in state. Owned by the result; freed by eb_spans_free. */
typedef struct eb_spans {
    eb_flash_span_t *spans;
    size_t count;
} eb_spans_t;
void eb_spans_free(eb_spans_t *spans);
uint64_t eb_spans_bytes(const eb_spans_t *spans, eb_span_state_t state);

/* What `restore` or `erase` is about to do, for the question. Lives during the callback only. */
typedef struct eb_change_plan {
    bool is_erase;
    const char *source; /* path of the image; NULL for erase */
    uint32_t addr;      /* whole range of the operation */
    uint64_t size_bytes;
    const eb_spans_t *spans;                 /* SAME and OLD */
    uint64_t skipped_bytes;                  /* of OLD: may be as wanted; all around it differs */
    const eb_partition_table_t *board_table; /* as it is; present may be false */
    const eb_partition_table_t *image_table; /* as it would be; NULL when not touched */
    const eb_boot_choice_t *board_boot;      /* what boots by board_table; NULL: not known */
    const eb_boot_choice_t *image_boot;      /* what boots by image_table; NULL: not known */
    const eb_chip_info_t *image_chip;        /* where the image is from; NULL: not known */
    const char *image_created_utc;           /* NULL: not known */
    bool other_mac;                          /* the image is from another board */
    bool encrypted;
} eb_change_plan_t;

/* true: go on. Called once, after all checks and before the first change (with dry_run too, where
 * the answer does not count; and when nothing differs). NULL: go on. false ends the operation with
 * EB_ERR_REFUSED. */
typedef bool (*eb_confirm_fn)(void *user, const eb_change_plan_t *plan);

/* -- restore --------------------------------------------------------------------------------- */

typedef struct eb_restore_options {
    const char *backup; /* a path, a name within dir, or "latest" */
    const char *dir;
    const char *const *partitions; /* names within the image's table; count 0: the whole image */
    size_t partition_count;
    bool has_address; /* where a bare .bin goes */
    uint32_t address;
    bool has_range;      /* only this range of the flash, which must lie in the image */
    bool at_start;       /* it begins where the image does; addr is not looked at */
    uint32_t addr, size; /* size 0: to the end of the image */
    uint32_t table_addr;
    bool dry_run;
    bool backup_first;
    bool force;     /* other chip, other MAC, security state */
    bool erase_all; /* everything outside the image is erased too */
    const char *flash_mode, *flash_freq, *flash_size; /* NULL: keep the bytes */
    bool assume_yes;                                  /* confirm answers without asking anybody */
    eb_confirm_fn confirm;
    void *confirm_user;
} eb_restore_options_t;

typedef struct eb_restore_result {
    bool verified; /* every byte of the range is as wanted, by digest */
    bool changed;  /* at least one sector was touched */
    char image_path[EB_PATH_BYTES];
    char first_backup_path[EB_PATH_BYTES]; /* of backup_first; empty otherwise */
    uint32_t addr;
    uint64_t size_bytes;
    eb_spans_t spans; /* the truth about the board at the end, also after a failure */
    uint64_t bytes_written;
    uint64_t wire_bytes; /* payload sent, after deflate */
    bool header_changed; /* flash_mode/freq/size altered the image header */
    eb_session_stats_t stats;
    double seconds;
} eb_restore_result_t;

/* Free result->spans in any case. After the first change a failure is EB_ERR_UNFINISHED with the
 * cause in the message. */
eb_code_t eb_op_restore(eb_session_t *s, const eb_restore_options_t *options, const eb_events_t *ev,
                        eb_restore_result_t *result, eb_err_t *err);

/* -- verify and diff ------------------------------------------------------------------------- */

#define EB_DIFF_PART_BYTES 32

typedef enum eb_difference_kind {
    EB_DIFFERENCE_CHANGED, /* both sides have bytes there */
    EB_DIFFERENCE_ONLY_A,  /* of two images, only the first reaches there */
    EB_DIFFERENCE_ONLY_B
} eb_difference_kind_t;

typedef struct eb_difference {
    uint32_t addr;
    uint32_t size;
    uint32_t differing_bytes; /* of size: a few equal bytes do not part a range of two images */
    eb_difference_kind_t kind;
    char partition[EB_DIFF_PART_BYTES]; /* label, or "bootloader", "partition table", or empty */
} eb_difference_t;

typedef struct eb_diff_result {
    bool verified;     /* the comparison covered everything */
    bool file_checked; /* SHA-256 against the sidecar */
    bool has_sidecar;
    uint32_t addr;
    uint64_t size_bytes;
    uint64_t differing_bytes;     /* by sector when one side is a board */
    eb_difference_t *differences; /* sorted by addr, split at partition borders */
    size_t count;
    char a_path[EB_PATH_BYTES], b_path[EB_PATH_BYTES]; /* b empty: the board */
    double seconds;
} eb_diff_result_t;
void eb_diff_result_free(eb_diff_result_t *result);

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

typedef struct eb_partition_select {
    const char *const *names;
    size_t name_count;
    bool active_app, critical, all;
    bool has_range; /* names[0] is the label to use, no table needed */
    uint32_t addr, size;
    uint32_t table_addr; /* 0: 0x8000, then a search at the usual places */
} eb_partition_select_t;

typedef struct eb_partition_backup_options {
    eb_partition_select_t select;
    const char *dir;
    const char *output; /* only with exactly one partition */
    bool force;
    const char *note;
    const char *from_image; /* NULL: from the board */
} eb_partition_backup_options_t;

typedef struct eb_partition_backup_result {
    eb_backup_result_t *files; /* one a partition, in flash order; table of the first is filled */
    size_t count;              /* begun: after a failure the last one has no image_path */
} eb_partition_backup_result_t;
void eb_partition_backup_result_free(eb_partition_backup_result_t *result);

/* s NULL with from_image. */
eb_code_t eb_op_backup_partition(eb_session_t *s, const eb_partition_backup_options_t *options,
                                 const eb_events_t *ev, eb_partition_backup_result_t *result,
                                 eb_err_t *err);

#endif
