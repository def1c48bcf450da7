/*
 * ops.h: the operations of espbackup: options in, result out, nothing printed.
 *
 * These headers are the program's own, not a library's interface: they change as it does.
 *
 * For every eb_op_*:
 *
 * - It blocks until the work is done, on the caller's thread, to which the session belongs.
 * - Cancel (eb_events_t) is honoured within 1 s and gives EB_ERR_CANCELLED. The session stays open.
 * - Options, their texts and `s` are borrowed for the call. The result belongs to the caller. It is
 *   zeroed first, so an old one must be freed before.
 * - A failure fills the result with what is known by then. Zero means not known, not verified, not
 *   started; empty text means none. Sizes, addresses and counts are in bytes of flash.
 * - `ev` may be NULL.
 *
 * Errors that any operation may give, apart from its own:
 *
 * - EB_ERR_USAGE: options that exclude each other, or a range beyond the flash or 4 GiB.
 * - EB_ERR_INTERNAL: no memory.
 * - Of a file: EB_ERR_FILE_IO, _FILE_ACCESS and, where files are written, _DISK_FULL.
 * - Of a board, before its flash is used: EB_ERR_FLASH_MUTE, _FLASH_SIZE, and EB_ERR_REFUSED in
 * secure download mode.
 * - Of a board, after retries: the code of the last flash call (EB_ERR_PORT_LOST, _NO_ANSWER,
 *   _TIMEOUT, _PROTOCOL, _DEVICE, ...), EB_ERR_CHIP_MISMATCH when another board came back, and
 *   EB_ERR_UNVERIFIED when bytes never match.
 */
#ifndef ESPBACKUP_OPS_H
#define ESPBACKUP_OPS_H

#include "backup_options.h"
#include "content.h"
#include "difference.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/facts.h"
#include "espbackup/image.h"
#include "espbackup/selftest.h"
#include "espbackup/session.h"
#include "flash_map.h"
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
    uint64_t asked_bytes;   /* usage is of these: the whole flash, or what can be addressed of it */
    eb_flash_usage_t usage; /* known: all of them were asked */
    eb_flash_usage_t part_usage[EB_PARTITIONS_MAX]; /* by table entry */
    eb_flash_map_t map;                             /* of the whole flash */
} eb_flash_report_t;
void eb_flash_report_free(eb_flash_report_t *report); /* NULL is allowed */

typedef struct eb_flash_info_options {
    uint32_t table_addr; /* 0: 0x8000, then a search at the usual places */
    bool skip_usage;     /* do not ask which parts are erased */
} eb_flash_info_options_t;

/* What lies in the flash of a board. Without a table EB_OK, and report->table.present is false.
 * EB_PHASE_CHECK. After a failure the table and the usage of the partitions asked so far stay. Free
 * the report with eb_flash_report_free in any case. */
eb_code_t eb_op_flash_info(eb_session_t *s, const eb_flash_info_options_t *options,
                           const eb_events_t *ev, eb_flash_report_t *report, eb_err_t *err);

/* -- backup ---------------------------------------------------------------------------------- */

/*
 * An image of the flash, or of a range, and its sidecar. EB_OK: both are complete and durable, and
 * the image is verified where the chip has an MD5. EB_PHASE_CHECK, _READ and _HASH.
 *
 * EB_ERR_FILE_EXISTS: an output that exists, without force; or its .part is of another board.
 * EB_ERR_IMAGE_INVALID, _SIDECAR_INVALID, _BACKUP_NOT_FOUND: the backup of `since`.
 * EB_ERR_UNVERIFIED: also when the board was erased since the .part was read.
 * EB_ERR_UNSUPPORTED: the ROM bootloader cannot read this flash, or the flash has 4 GiB.
 *
 * After a failure result->part_path names the .part that a later call resumes, and result->origins
 * tells how much of it is verified. If the failure came after the image got its name, image_path
 * is set instead. *contents, NULL if not wanted, is filled like *result.
 */
eb_code_t eb_op_backup(eb_session_t *s, const eb_backup_options_t *options, const eb_events_t *ev,
                       eb_backup_result_t *result, eb_flash_contents_t *contents, eb_err_t *err);

/* -- list ------------------------------------------------------------------------------------ */

typedef enum eb_backup_state {
    EB_BACKUP_COMPLETE,    /* image and sidecar, size as the sidecar says */
    EB_BACKUP_NO_SIDECAR,  /* a bare .bin: from another tool, or the sidecar is gone */
    EB_BACKUP_UNREADABLE,  /* sidecar or image cannot be read, so nothing is known; see detail */
    EB_BACKUP_BAD_SIDECAR, /* the sidecar is invalid; see detail */
    EB_BACKUP_BAD_SIZE,    /* the image is not as long as its sidecar says */
    EB_BACKUP_BAD_HASH,    /* with check: SHA-256 differs */
    EB_BACKUP_CHECKED,     /* with check: SHA-256 holds */
    EB_BACKUP_PARTIAL      /* a .part of an interrupted run */
} eb_backup_state_t;

typedef struct eb_backup_entry {
    char name[256]; /* file name within the folder */
    eb_backup_state_t state;
    char detail[256];                     /* why it is not complete */
    uint64_t size_bytes;                  /* of the file */
    char created_utc[EB_TIME_TEXT_BYTES]; /* sidecar; else the file's time */
    char chip[16];
    char chip_name[24];
    char mac[EB_MAC_TEXT_BYTES];
    uint32_t addr; /* of the image's first byte in the flash */
    uint64_t flash_size_bytes;
    char partition[EB_PARTITION_LABEL_BYTES]; /* empty: a range or the whole flash */
    bool has_app;                             /* one boots */
    char app_name[33];                        /* empty: it carries none */
    char app_version[33];
    char note[EB_NOTE_BYTES];
} eb_backup_entry_t;

typedef struct eb_list_options {
    const char *dir;
    bool check;            /* compare the SHA-256 of every image with its sidecar */
    const char *chip;      /* id, "esp32c3"; NULL: all */
    const char *mac;       /* or the beginning of one; NULL: all */
    const char *partition; /* label; "": only backups of no single partition; NULL: all */
} eb_list_options_t;

typedef struct eb_backup_list {
    eb_backup_entry_t *entries; /* newest first */
    size_t count;
} eb_backup_list_t;

/* The backups in a folder; no board. A missing folder gives an empty list and EB_OK. What is wrong
 * with a file is the state of its entry, not an error. Free with eb_backup_list_free. On failure
 * the list is empty. With check: EB_PHASE_HASH, image by image; without it there is no cancel. */
eb_code_t eb_op_list(const eb_list_options_t *options, const eb_events_t *ev, eb_backup_list_t *out,
                     eb_err_t *err);
void eb_backup_list_free(eb_backup_list_t *list); /* NULL is allowed */

/* -- restore --------------------------------------------------------------------------------- */

/*
 * Put an image, partitions or a range of it back on a board: check, compare, ask, write what
 * differs, verify. EB_OK: everything is verified, or dry_run was asked for. EB_PHASE_HASH, _CHECK,
 * _ERASE, _WRITE and _VERIFY.
 *
 * EB_ERR_BACKUP_NOT_FOUND, _IMAGE_INVALID, _SIDECAR_INVALID: the backup.
 * EB_ERR_REFUSED: a check of chip, MAC, security, table or write protection failed, and force was
 * not given (eb_err_t has the reason); or `confirm` said no.
 * EB_ERR_UNSUPPORTED: a flash of 4 GiB.
 * Errors of eb_op_backup, with backup_first.
 * EB_ERR_UNFINISHED: any failure after the first change, a cancel too; its message has the cause.
 * With every other code the board is as it was.
 *
 * With dry_run EB_PHASE_READ too: where an NVS partition would change, the sectors of it that
 * differ are read, so that result->stores names the keys.
 *
 * result->spans has the state of each sector, after a failure too. Free the result with
 * eb_restore_result_free in any case.
 */
eb_code_t eb_op_restore(eb_session_t *s, const eb_restore_options_t *options, const eb_events_t *ev,
                        eb_restore_result_t *result, eb_err_t *err);
void eb_restore_result_free(eb_restore_result_t *result); /* NULL is allowed */

/* -- verify and diff ------------------------------------------------------------------------- */

typedef struct eb_verify_options {
    const char *backup; /* a path, a name within dir, or "latest" */
    const char *dir;
    bool has_address;
    uint32_t address; /* of the first byte of a bare .bin in the flash; 0 unless has_address */
} eb_verify_options_t;

/*
 * Compare an image with its sidecar and, unless `s` is NULL, with the board, by MD5. EB_PHASE_HASH
 * and _CHECK.
 *
 * EB_OK: no difference. Without a board result->verified is false if the image has no sidecar.
 * EB_ERR_DIFFERENT: the board differs. The comparison is complete: verified is true.
 * EB_ERR_IMAGE_INVALID, _SIDECAR_INVALID: the file and its sidecar do not agree.
 * EB_ERR_BACKUP_NOT_FOUND; EB_ERR_UNSUPPORTED: an image of 4 GiB.
 *
 * Free the result with eb_diff_result_free in any case.
 */
eb_code_t eb_op_verify(eb_session_t *s, const eb_verify_options_t *options, const eb_events_t *ev,
                       eb_diff_result_t *result, eb_err_t *err);

typedef struct eb_diff_options {
    const char *a, *b; /* paths or names; exactly one of them may be NULL: the board */
    const char *dir;
    uint32_t addresses[2]; /* of the images; one alone is of the only image without a sidecar */
    size_t address_count;
    bool map; /* fill result->map, with what is erased or used as A has it, or else B */
} eb_diff_options_t;

/*
 * Compare two images, byte by byte, or an image with the board, by MD5. `s` is looked at only if
 * one side is the board. EB_PHASE_HASH and _CHECK; with a board _READ, of what differs in NVS
 * partitions, so that result->stores names the keys.
 *
 * EB_OK, EB_ERR_DIFFERENT and the other codes are as those of eb_op_verify. EB_ERR_USAGE also: the
 * images have no byte of the flash in common, there is no board to compare with, or the addresses
 * are not as many as the images without a sidecar.
 *
 * Free the result with eb_diff_result_free in any case.
 */
eb_code_t eb_op_diff(eb_session_t *s, const eb_diff_options_t *options, const eb_events_t *ev,
                     eb_diff_result_t *result, eb_err_t *err);

/* -- erase ----------------------------------------------------------------------------------- */

typedef struct eb_erase_options {
    const char *dir; /* folder of backups, where interrupted restores left files; NULL: none */
    bool whole;      /* the whole flash; else: */
    const char *partition; /* by name; NULL: the range */
    uint32_t addr, size;   /* whole sectors */
    uint32_t table_addr;   /* 0: 0x8000, then a search at the usual places */
    bool force;            /* security state and write protection are warnings only */
    eb_confirm_fn confirm; /* NULL: go on */
    void *confirm_user;
} eb_erase_options_t;

typedef struct eb_erase_result {
    bool verified; /* all of the range is erased, by MD5 */
    bool changed;  /* at least one sector was touched */
    uint32_t addr;
    uint64_t size_bytes;
    eb_spans_t spans; /* the state of each sector at the end, after a failure too */
    double seconds;
} eb_erase_result_t;

/*
 * Erase the flash of a board, a partition or a range: what is erased already is not touched.
 * EB_OK: all of it is erased and verified. EB_PHASE_CHECK, _ERASE and _VERIFY.
 *
 * EB_ERR_USAGE also: a range that is not whole sectors, or a name that the table has not.
 * EB_ERR_REFUSED, EB_ERR_UNFINISHED: as those of eb_op_restore.
 *
 * Free result->spans (eb_spans_free) in any case.
 */
eb_code_t eb_op_erase(eb_session_t *s, const eb_erase_options_t *options, const eb_events_t *ev,
                      eb_erase_result_t *result, eb_err_t *err);

/* -- backup-partition ------------------------------------------------------------------------ */

typedef struct eb_partition_backup_options {
    eb_partition_select_t select;
    const char *dir;        /* folder of backups; made when it is missing */
    const char *output;     /* only with exactly one partition; NULL: names in dir */
    bool force;             /* output may replace an existing file */
    const char *note;       /* NULL: none */
    const char *from_image; /* a path, a name within dir, or "latest"; NULL: from the board */
    bool has_address;
    uint32_t address; /* of from_image, as in eb_verify_options_t */
} eb_partition_backup_options_t;

typedef struct eb_partition_backup_result {
    eb_backup_result_t *files; /* one a partition, in flash order */
    size_t count;              /* begun: after a failure the last one has no image_path */
    eb_flash_contents_t contents;
} eb_partition_backup_result_t;
void eb_partition_backup_result_free(eb_partition_backup_result_t *result);

/*
 * An image for each partition, from a board or, with from_image, out of an image; `s` is not looked
 * at then. Each is complete and durable before the next begins. Progress is of all together.
 *
 * Errors are those of eb_op_backup and, with from_image, of opening an image (eb_op_verify).
 * EB_ERR_USAGE also: no partition is named, a name that the table has not, or one output for
 * several partitions. The first failure ends the call; files of partitions before it stay.
 *
 * Free the result with eb_partition_backup_result_free in any case.
 */
eb_code_t eb_op_backup_partition(eb_session_t *s, const eb_partition_backup_options_t *options,
                                 const eb_events_t *ev, eb_partition_backup_result_t *result,
                                 eb_err_t *err);

/* -- show ------------------------------------------------------------------------------------ */

typedef struct eb_show_options {
    const char *backup; /* a path, a name within dir, or "latest"; NULL: the board */
    const char *dir;
    bool has_address;
    uint32_t address;      /* as in eb_verify_options_t */
    uint32_t table_addr;   /* 0: 0x8000, then a search at the usual places */
    const char *partition; /* by name; NULL: all of the table */
    bool map;              /* fill result->map; a board is asked for the MD5 of all its flash */
} eb_show_options_t;

/* A partition; or a whole image, of which nothing tells what it is. */
typedef struct eb_shown_part {
    char label[EB_PARTITION_LABEL_BYTES]; /* empty: of a whole image */
    uint32_t addr, size;
    bool has_type; /* false: of a whole image */
    uint8_t type, subtype;
    bool encrypted;       /* the table says so, and flash encryption is on or not known */
    eb_app_image_t app;   /* of apps and the bootloader; else ABSENT */
    eb_content_t content; /* of all others but the table */
    char dumped[EB_PARTITION_LABEL_BYTES]; /* the app that left the core dump; empty: not found */
} eb_shown_part_t;

typedef struct eb_show_result {
    char path[EB_PATH_BYTES];        /* of the image; empty: the board */
    bool has_table;                  /* it tells of the partitions */
    bool flash_encrypted, keys_seen; /* the chip's state; a partition of keys for NVS */
    size_t left_out;                 /* partitions of the table that are not in the image */
    eb_boot_choice_t boot;           /* what the OTA data lead to; index -1: not known */
    char boots[EB_PARTITION_LABEL_BYTES];
    eb_shown_part_t *parts;
    size_t count;
    eb_flash_map_t map; /* of the whole image or flash, where it is asked for */
} eb_show_result_t;

/*
 * What the partitions of an image or, without options->backup, of a board hold. `s` is looked at
 * only then. What cannot be read as what it should be is no error: its content says so. Nothing is
 * written. EB_PHASE_HASH of an image; of a board _READ, by partitions, and _CHECK for the map.
 *
 * Errors are those of opening an image (eb_op_verify). EB_ERR_USAGE also: no such partition, or one
 * that the image has not as a whole; a board without partition table.
 *
 * Free the result with eb_show_result_free in any case.
 */
eb_code_t eb_op_show(eb_session_t *s, const eb_show_options_t *options, const eb_events_t *ev,
                     eb_show_result_t *result, eb_err_t *err);
void eb_show_result_free(eb_show_result_t *result);

/* -- selftest -------------------------------------------------------------------------------- */

/*
 * Measure what a board, its adapter and its stub do: resets, rates, round trips, MD5, reads. The
 * flash is not changed, except for a scratch range: its bytes are saved to disk, durable, before
 * the range is erased, written and restored. The board is reset many times. Needs about five
 * minutes at most, and longer if the port goes away. Tells its steps as notes.
 *
 * EB_OK: the end was reached; what a board cannot do is in the result, not an error.
 * EB_ERR_PORT_LOST and other codes of eb_session_recover: the board did not come back.
 * EB_ERR_REFUSED: `confirm` said no, or a check of eb_op_erase failed; the board is unchanged.
 * Errors of eb_op_backup: the scratch range could not be saved; the board is unchanged.
 * EB_ERR_UNFINISHED: the scratch range was changed and is not verified to be restored; its bytes
 * are in result->scratch.saved_path.
 */
eb_code_t eb_op_selftest(eb_session_t *s, const eb_selftest_options_t *options,
                         const eb_events_t *ev, eb_selftest_result_t *result, eb_err_t *err);
/* Whether a scratch range can be; EB_ERR_USAGE. Whether it lies in the flash is found later. */
eb_code_t eb_selftest_check_scratch(uint32_t addr, uint32_t size, eb_err_t *err);

#endif
