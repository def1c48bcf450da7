/* backup_options.h: what a backup of a board is asked for, and what came of it. */
#ifndef EB_BACKUP_BACKUP_OPTIONS_H
#define EB_BACKUP_BACKUP_OPTIONS_H

#include "espbackup/facts.h"
#include "espbackup/image.h"
#include "espbackup/origin.h"
#include "paths.h"
#include "sidecar.h"

typedef struct eb_backup_options {
    const char *dir;    /* folder of backups; made when it is missing */
    const char *output; /* NULL: a name with chip and time in dir */
    bool force;         /* output may replace an existing file */
    const char *note;   /* NULL: none */
    bool has_range;
    uint32_t addr, size; /* bytes of flash; looked at with has_range; size 0: to the end */
    const char *since;   /* earlier backup, verified instead of read; NULL: the newest, if any */
    bool full;           /* read every byte over the wire */
    uint32_t table_addr; /* 0: 0x8000, then a search at the usual places */
} eb_backup_options_t;

/* The table that the board's firmware uses, and the app that it starts. */
typedef struct eb_flash_contents {
    eb_partition_table_t table;
    eb_boot_choice_t boot; /* index -1: not known */
} eb_flash_contents_t;

typedef struct eb_backup_result {
    bool verified;                            /* the chip's MD5 matches, of every byte */
    char partition[EB_PARTITION_LABEL_BYTES]; /* of backup-partition; empty otherwise */
    char image_path[EB_PATH_BYTES];
    char sidecar_path[EB_PATH_BYTES];
    char part_path[EB_PATH_BYTES]; /* of what is left after a failure; empty: nothing */
    uint32_t addr;                 /* of the image's first byte in the flash */
    uint64_t size_bytes;
    char created_utc[EB_TIME_TEXT_BYTES];
    uint8_t sha256[EB_SHA256_BYTES]; /* of the image, as md5 */
    uint8_t md5[EB_MD5_BYTES];
    eb_origins_t origins;
    eb_session_stats_t stats;
    double seconds; /* of reading and verifying, this run */
} eb_backup_result_t;

#endif
