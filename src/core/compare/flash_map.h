/*
 * flash_map.h: what a picture of the flash shows: the areas that a range has, and which parts of it
 * are erased, used, or differ from something else.
 */
#ifndef EB_COMPARE_FLASH_MAP_H
#define EB_COMPARE_FLASH_MAP_H

#include "backup_image.h"
#include "flash_areas.h"
#include "retry.h"

typedef struct eb_map_area {
    char name[EB_PARTITION_LABEL_BYTES]; /* as in eb_areas_t; empty: in no partition */
    uint32_t addr;
    uint64_t size_bytes;
    uint64_t differing_bytes;
    bool boots; /* the app in it boots next */
} eb_map_area_t;

/* Ranges sorted by addr that do not touch. */
typedef struct eb_map_ranges {
    eb_range_t *list;
    size_t count;
} eb_map_ranges_t;

typedef struct eb_flash_map {
    uint32_t addr;
    uint64_t size_bytes;
    eb_map_area_t *areas; /* sorted by addr; together they are the whole range */
    size_t area_count;
    eb_map_ranges_t erased, used; /* what lies in neither is not known */
    eb_map_ranges_t differing;    /* whether it is erased or used */
} eb_flash_map_t;

void eb_flash_map_free(eb_flash_map_t *map); /* NULL is allowed */

/* Begin a map of [addr, addr + size_bytes), which is freed first: its areas, and nothing known of
 * them. boots: the table's entry that boots next, -1: none. EB_ERR_INTERNAL: no memory. */
eb_code_t eb_flash_map_begin(eb_flash_map_t *map, uint32_t addr, uint64_t size_bytes,
                             const eb_areas_t *areas, int boots, eb_err_t *err);

/* Add a range to one of its lists; it must not lie before what is there. */
eb_code_t eb_map_ranges_add(eb_map_ranges_t *ranges, uint32_t addr, uint32_t size, eb_err_t *err);
/* Add a range that does not cross a border of areas, of which so many bytes differ. */
eb_code_t eb_flash_map_add_difference(eb_flash_map_t *map, eb_range_t range,
                                      uint32_t differing_bytes, eb_err_t *err);
/* Bytes of [start, end) that lie in the list. */
uint64_t eb_map_ranges_bytes(const eb_map_ranges_t *ranges, uint64_t start, uint64_t end);

/* What is erased in an image, sector by sector. Of the map only what the image has. */
eb_code_t eb_flash_map_read_image(eb_flash_map_t *map, const eb_backup_image_t *image,
                                  const eb_events_t *ev, eb_err_t *err);

/* What is erased on a board, below `reach`, by MD5: in pieces, of which each counts as used unless
 * it is wholly erased. EB_PHASE_CHECK. After a failure what was asked so far is known. */
eb_code_t eb_flash_map_ask_board(eb_flash_map_t *map, eb_retry_t *retry, uint64_t reach,
                                 eb_err_t *err);

#endif
