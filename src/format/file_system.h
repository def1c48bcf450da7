/*
 * file_system.h: file systems of a data partition, by their own marks. Pure but for `read`.
 *
 * LittleFS: "littlefs" at byte 8 of one of the first two blocks; at 20 version, block size, blocks
 * (LE32 each). SPIFFS: each block begins with the numbers (LE16) of the files that its pages are
 * of, 0 deleted, FFFF free; the last but one of that page is 0529 ^ page size ^ blocks from there
 * to the end, or without the latter. FAT: BIOS parameter block. ESP-IDF's wear levelling: the last
 * sector has its sizes and their CRC-32 at byte 32, before it lie two copies of the state, each of
 * 64 bytes with a CRC-32 at byte 60 and then a record for each move of the spare sector. Sources:
 * littlefs SPEC.md; SPIFFS, technical specification and spiffs_config.h; Microsoft's FAT
 * specification; ESP-IDF, guide of wear levelling and its structures of state and configuration.
 */
#ifndef EB_FORMAT_FILE_SYSTEM_H
#define EB_FORMAT_FILE_SYSTEM_H

#include "app_image.h"

typedef enum eb_file_system_kind {
    EB_FILE_SYSTEM_NONE,
    EB_FILE_SYSTEM_LITTLEFS,
    EB_FILE_SYSTEM_SPIFFS,
    EB_FILE_SYSTEM_FAT
} eb_file_system_kind_t;

typedef struct eb_file_system {
    eb_file_system_kind_t kind;
    unsigned major, minor; /* of LittleFS: of its format on the disk; FAT: 12, 16 or 32 and 0 */
    bool wear_levelled;    /* FAT in ESP-IDF's wear levelling */
    uint32_t block_bytes;  /* of FAT: of a cluster */
    uint32_t blocks;       /* of FAT: clusters */
    uint32_t page_bytes;   /* of SPIFFS */
    bool used_known;       /* not of LittleFS */
    uint64_t used_bytes;   /* whole clusters of FAT; whole pages of SPIFFS, its own not counted */
    char label[12];        /* of FAT; empty: none */
} eb_file_system_t;

/* What lies in [0, size) of `read`. Zeroed first. A `read` that fails ends the search. */
void eb_file_system_find(eb_image_read_fn read, void *user, uint32_t size, eb_file_system_t *out);

/* "LittleFS", "SPIFFS", "FAT16". */
const char *eb_file_system_name(const eb_file_system_t *found);

#endif
