/*
 * backup_image.h: a backup on the disk as the operations use it: found, opened, checked.
 *
 * A sidecar beside it is read strictly; the file name in it
 * never leads anywhere: only the folder that the image lies in is looked at.
 */
#ifndef EB_FILES_BACKUP_IMAGE_H
#define EB_FILES_BACKUP_IMAGE_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/image.h"
#include "flash_areas.h"
#include "flash_layout.h"
#include "fs_atomic.h"
#include "range.h"
#include "sidecar.h"
#include "unit_digests.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct eb_image_request {
    const char *backup; /* a path, a name within dir (with or without ".bin"), or "latest": the
                           newest complete backup of the whole flash in dir */
    const char *dir;
    bool has_address;
    uint32_t address;    /* where the first byte of a bare .bin lies in the flash */
    uint32_t table_addr; /* 0: the sidecar's or 0x8000, then a search */
} eb_image_request_t;

typedef struct eb_backup_image {
    int fd; /* open for reading; -1: none */
    char path[EB_PATH_BYTES];
    uint64_t size_bytes;
    uint8_t sha256[EB_SHA256_BYTES];
    eb_unit_digests_t digests;         /* of what was checked when it was opened */
    uint32_t addr;                     /* of its first byte in the flash: sidecar, else `address` */
    eb_sidecar_t *sidecar;             /* NULL: the image has none */
    bool hash_checked;                 /* SHA-256 equals the sidecar's */
    eb_layout_t layout;                /* parsed from the image's own bytes */
    const eb_partition_table_t *table; /* of layout; NULL when not in range */
} eb_backup_image_t;

/*
 * Open, hash (EB_PHASE_HASH) and check against the sidecar. The file stays open: what happens to
 * its name or attributes later does not matter, only its bytes do. EB_ERR_BACKUP_NOT_FOUND,
 * EB_ERR_SIDECAR_INVALID (bad field, or a path in a file name), EB_ERR_IMAGE_INVALID (size or hash
 * differ). EB_ERR_USAGE: an address that the sidecar contradicts; or the bootloader in a bare .bin
 * shows that it starts elsewhere, EB_REASON_STARTS_AT. This is a warning if an address is given,
 * and no table lies in the file then. *out is zeroed first and safe to close in any case.
 */
eb_code_t eb_backup_image_open(const eb_image_request_t *request, const eb_events_t *ev,
                               eb_backup_image_t *out, eb_err_t *err);
void eb_backup_image_close(eb_backup_image_t *source);

/* The table of its own bytes, else that of its sidecar; NULL: neither has one. */
const eb_partition_table_t *eb_backup_image_table(const eb_backup_image_t *image);

/* Whether it has all of [addr, addr + size) of the flash. */
static inline bool eb_backup_image_holds(const eb_backup_image_t *image, uint64_t addr,
                                         uint64_t size)
{
    return addr >= image->addr && eb_range_within(addr - image->addr, size, image->size_bytes);
}

/* Bytes at flash address `addr`, which must lie within the image. EB_ERR_IMAGE_INVALID: they are
 * not those that were checked when the file was opened. */
eb_code_t eb_backup_image_read(const eb_backup_image_t *source, uint32_t addr, void *bytes,
                               uint32_t size, eb_err_t *err);

/* The same as an eb_layout_read_fn; user is the image. */
eb_code_t eb_backup_image_bytes(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                                eb_err_t *err);

/* Its bytes as a source of layout; borrows `source`. table_addr is set where the sidecar tells. */
eb_layout_source_t eb_backup_image_layout(eb_backup_image_t *source);

/* What the image knows of the areas of the flash; borrows it. */
eb_areas_t eb_areas_of_image(const eb_backup_image_t *source);

#endif
