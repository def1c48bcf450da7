/* restore_options.h: what a restore is asked for, what it is about to change, and what came of it.
 */
#ifndef EB_RESTORE_RESTORE_OPTIONS_H
#define EB_RESTORE_RESTORE_OPTIONS_H

#include "difference_stores.h"
#include "espbackup/facts.h"
#include "espbackup/image.h"
#include "paths.h"
#include "span_list.h"

/* What `restore` or `erase` is about to do, for the question. Lives during the callback only. */
typedef struct eb_change_plan {
    bool is_erase;
    bool put_back;      /* of an erase: what is there is saved first, and restored at the end */
    const char *source; /* path of the image; NULL for erase */
    const eb_partition_t *into; /* the source is what this partition of the board shall hold, and
                                   no image of the flash; NULL: it is one */
    uint64_t rest_bytes;        /* of that partition, behind the source: to be erased */
    uint32_t addr;              /* whole range of the operation */
    uint64_t size_bytes;
    const eb_spans_t *spans;                 /* SAME and OLD */
    uint64_t skipped_bytes;                  /* of OLD: may be as wanted; all around it differs */
    const eb_partition_table_t *board_table; /* as it is; present may be false */
    const eb_partition_table_t *image_table; /* as it would be; NULL when not touched */
    const eb_boot_choice_t *board_boot;      /* what boots by board_table; NULL: not known */
    const eb_boot_choice_t *image_boot;      /* what boots by image_table; NULL: not known */
    const eb_chip_info_t *image_chip;        /* where the image is from; NULL: not known */
    const char *image_created_utc;           /* NULL: not known */
    const eb_diff_stores_t *stores;          /* keys that would change; NULL: not looked at */
    bool other_mac;                          /* the image is from another board */
    bool encrypted;
} eb_change_plan_t;

/* true: go on. Called once, after all checks and before the first change (with dry_run too, where
 * the answer does not count; and when nothing differs). NULL: go on. false ends the operation with
 * EB_ERR_REFUSED. */
typedef bool (*eb_confirm_fn)(void *user, const eb_change_plan_t *plan);

typedef struct eb_restore_options {
    const char *backup;            /* a path, a name within dir, or "latest" */
    const char *dir;               /* folder of backups, for names and saved sectors */
    const char *const *partitions; /* names within the image's table; count 0: the whole image. A
                                      file without a table goes into one partition of the board */
    size_t partition_count;
    bool has_address;
    uint32_t address;    /* where a bare .bin goes in the flash; looked at with has_address */
    bool has_range;      /* only this range of the flash, which must lie in the image */
    bool at_start;       /* it begins where the image does; addr is not looked at */
    uint32_t addr, size; /* size 0: to the end of the image */
    uint32_t table_addr; /* 0: the image's, or 0x8000 and then a search at the usual places */
    bool dry_run;        /* all but the change: checks, comparison and question */
    bool backup_first;   /* a backup of the whole flash into dir, if anything differs */
    bool force;          /* other chip, other MAC, security state */
    bool erase_all;      /* everything outside the image is erased too */
    const char *flash_mode, *flash_freq, *flash_size; /* NULL: keep the bytes */
    bool assume_yes;                                  /* confirm answers without asking anybody */
    eb_confirm_fn confirm;                            /* NULL: go on */
    void *confirm_user;
} eb_restore_options_t;

typedef struct eb_restore_result {
    bool verified; /* every byte of the range is as wanted, by digest */
    bool changed;  /* at least one sector was touched */
    char image_path[EB_PATH_BYTES];
    char first_backup_path[EB_PATH_BYTES]; /* of backup_first; empty otherwise */
    char into[EB_PARTITION_LABEL_BYTES];   /* the image is the content of it; empty: of the flash */
    uint64_t rest_bytes;                   /* of that partition, behind the image: erased */
    uint32_t addr;                         /* of the first range */
    uint64_t size_bytes;                   /* of all ranges */
    eb_spans_t spans;        /* the state of each sector at the end, after a failure too */
    uint64_t bytes_written;  /* acknowledged by the board; those written again too */
    uint64_t wire_bytes;     /* payload sent for them, after deflate */
    bool header_changed;     /* flash_mode/freq/size altered the image header */
    eb_diff_stores_t stores; /* of dry_run: keys that would change */
    eb_session_stats_t stats;
    double seconds;
} eb_restore_result_t;

#endif
