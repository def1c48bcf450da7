/*
 * sidecar.h: the JSON beside an image. docs/sidecar-format.md describes every field.
 *
 * A sidecar is input, not truth: reading checks types, ranges, names and text, and an error names
 * the field (EB_ERR_SIDECAR_INVALID). JSON itself is base/json.h.
 */
#ifndef EB_FORMAT_SIDECAR_H
#define EB_FORMAT_SIDECAR_H

#include "clock.h"
#include "digest.h"
#include "espbackup/err.h"
#include "espbackup/facts.h"
#include "espbackup/image.h"
#include "espbackup/origin.h"

#define EB_SIDECAR_FORMAT    1
#define EB_SIDECAR_MAX_BYTES (1024u * 1024u)
#define EB_NOTE_BYTES        512

/* SHA-256 of a partition's bytes within the image; known only if it lies in the image's range. */
typedef struct eb_sidecar_hash {
    bool known;
    uint8_t sha256[EB_SHA256_BYTES];
} eb_sidecar_hash_t;

typedef struct eb_origin_range {
    uint32_t addr; /* of the flash */
    uint32_t size; /* at least 1 */
    eb_origin_t origin;
} eb_origin_range_t;

/* Of an image whose ranges change more often, only the sums are written. */
#define EB_ORIGIN_RANGES_MAX 4096u

typedef struct eb_sidecar {
    int format;
    char tool_version[32];
    char created_utc[EB_TIME_TEXT_BYTES];
    eb_chip_info_t chip;
    eb_flash_info_t flash;
    uint32_t addr; /* range of the image within the flash */
    uint64_t size_bytes;
    char partition[EB_PARTITION_LABEL_BYTES]; /* backup of one partition; empty otherwise */
    char file_name[256];                      /* no folder in it */
    uint8_t sha256[EB_SHA256_BYTES];
    uint8_t md5[EB_MD5_BYTES];
    eb_origins_t origins;
    /* In order, without gaps; NULL: not known; borrowed. eb_sidecar_read checks them, and leaves
     * NULL. */
    const eb_origin_range_t *ranges;
    size_t range_count;
    eb_partition_table_t table;
    eb_sidecar_hash_t part_hash[EB_PARTITIONS_MAX];
    eb_boot_choice_t boot;
    eb_session_stats_t stats;
    double seconds;
    char note[EB_NOTE_BYTES];
} eb_sidecar_t;

/* Whether an image can have this name: not empty, no path, and short enough for a sidecar. */
bool eb_sidecar_can_name(const char *name);
/* *text is malloc'd, NUL-terminated, owned by the caller. */
eb_code_t eb_sidecar_write(const eb_sidecar_t *sidecar, char **text, eb_err_t *err);
/* out is large: allocate it. Zeroed first. */
eb_code_t eb_sidecar_read(const char *text, size_t len, eb_sidecar_t *out, eb_err_t *err);

#endif
