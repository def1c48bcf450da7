/*
 * ops.h: the operations of espbackup: options in, result out, nothing printed.
 *
 * Result structs are zeroed on entry and filled on failure too; zero means "not proved", "not
 * started". Paths given are borrowed for the call.
 */
#ifndef ESPBACKUP_OPS_H
#define ESPBACKUP_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espbackup/chip.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/image.h"
#include "espbackup/session.h"

#define EB_PATH_BYTES      1024
#define EB_NOTE_BYTES      512
#define EB_SHA256_BYTES    32
#define EB_TIME_TEXT_BYTES 24 /* "2026-11-21T10:15:00Z" */

/* How many bytes of a backup were settled in which way. Each way ends in a digest of the chip. */
typedef struct eb_settled {
    uint64_t read;     /* sent over the wire */
    uint64_t erased;   /* digest equals that of 0xFF */
    uint64_t prior;    /* digest equals that of an earlier backup of this board */
    uint64_t resumed;  /* digest equals that of what an interrupted run left */
    uint64_t unproved; /* read twice with equal result; only where the chip has no digest */
} eb_settled_t;

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
    uint32_t table_addr; /* 0: 0x8000 */
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
    const char *since; /* backup whose bytes may be proved instead of read; NULL: none/automatic */
    bool full;         /* read every byte over the wire */
    uint32_t table_addr; /* 0: 0x8000 */
} eb_backup_options_t;

typedef struct eb_backup_result {
    bool proved;
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
    eb_settled_t settled;
    eb_session_stats_t stats;
    double seconds; /* of reading and proving, this run */
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
    bool check;       /* hash every image */
    const char *chip; /* filters; NULL: all */
    const char *mac;
} eb_list_options_t;

typedef struct eb_backup_list {
    eb_backup_entry_t *entries; /* newest first */
    size_t count;
} eb_backup_list_t;

/* A missing folder gives an empty list and EB_OK. Free with eb_backup_list_free. */
eb_code_t eb_op_list(const eb_list_options_t *options, const eb_events_t *ev, eb_backup_list_t *out,
                     eb_err_t *err);
void eb_backup_list_free(eb_backup_list_t *list);

#endif
