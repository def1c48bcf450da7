/* flash_map.c: areas and ranges, and where they come from. */
#include "flash_map.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a board: fewer and larger digests take less time. */
#define PIECE_BYTES    (64u * 1024u)
#define PIECES_AN_AREA 16u /* so that a small partition is seen in parts too */

void eb_flash_map_free(eb_flash_map_t *map)
{
    if (map != NULL) {
        free(map->areas);
        free(map->erased.list);
        free(map->used.list);
        free(map->differing.list);
        memset(map, 0, sizeof(*map));
    }
}

/* -- areas ----------------------------------------------------------------------------------- */

static bool boots_at(const eb_areas_t *areas, int boots, uint32_t addr)
{
    if (boots < 0 || areas->table == NULL || (size_t)boots >= areas->table->count) {
        return false;
    }
    const eb_partition_t *entry = &areas->table->entries[boots];
    return addr >= entry->addr && addr - entry->addr < entry->size;
}

eb_code_t eb_flash_map_begin(eb_flash_map_t *map, uint32_t addr, uint64_t size_bytes,
                             const eb_areas_t *areas, int boots, eb_err_t *err)
{
    const uint64_t end = addr + size_bytes;

    eb_flash_map_free(map);
    map->addr = addr;
    map->size_bytes = size_bytes;
    for (uint64_t at = addr, stop; at < end; at = stop) {
        const eb_area_t found = eb_areas_at(areas, (uint32_t)at);
        eb_map_area_t *last = map->area_count > 0 ? &map->areas[map->area_count - 1] : NULL;

        stop = eb_min_u64(found.end, end);
        if (last != NULL && strcmp(last->name, found.name) == 0) { /* cut by one that overlaps */
            last->size_bytes += stop - at;
            continue;
        }
        eb_map_area_t *more = realloc(map->areas, (map->area_count + 1) * sizeof(*more));
        if (more == NULL) {
            return eb_err_set(err, EB_ERR_INTERNAL, "no memory for a map of the flash");
        }
        map->areas = more;
        eb_map_area_t *area = &more[map->area_count++];
        *area = (eb_map_area_t){.addr = (uint32_t)at, .size_bytes = stop - at};
        area->boots = found.name[0] != '\0' && boots_at(areas, boots, area->addr);
        snprintf(area->name, sizeof(area->name), "%s", found.name);
    }
    return EB_OK;
}

/* -- ranges ---------------------------------------------------------------------------------- */

eb_code_t eb_map_ranges_add(eb_map_ranges_t *ranges, uint32_t addr, uint32_t size, eb_err_t *err)
{
    const size_t count = ranges->count;
    eb_range_t *last = count > 0 ? &ranges->list[count - 1] : NULL;

    if (last != NULL && eb_range_end(*last) == addr && size <= UINT32_MAX - last->size) {
        last->size += size;
        return EB_OK;
    }
    /* The room is always the next power of two. */
    if (ranges->list == NULL || (count & (count - 1)) == 0) {
        const size_t room = count == 0 ? 1 : 2 * count;
        eb_range_t *more = realloc(ranges->list, room * sizeof(*more));
        if (more == NULL) {
            return eb_err_set(err, EB_ERR_INTERNAL, "no memory for a map of the flash");
        }
        ranges->list = more;
    }
    ranges->list[ranges->count++] = (eb_range_t){addr, size};
    return EB_OK;
}

eb_code_t eb_flash_map_add_difference(eb_flash_map_t *map, eb_range_t range,
                                      uint32_t differing_bytes, eb_err_t *err)
{
    for (size_t i = 0; i < map->area_count; i++) {
        eb_map_area_t *area = &map->areas[i];
        if (range.addr >= area->addr && range.addr - area->addr < area->size_bytes) {
            area->differing_bytes += differing_bytes;
        }
    }
    return eb_map_ranges_add(&map->differing, range.addr, range.size, err);
}

uint64_t eb_map_ranges_bytes(const eb_map_ranges_t *ranges, uint64_t start, uint64_t end)
{
    size_t first = 0, behind = ranges->count; /* the first range that ends after start */
    uint64_t bytes = 0;

    while (first < behind) {
        const size_t middle = first + (behind - first) / 2;
        if (eb_range_end(ranges->list[middle]) > start) {
            behind = middle;
        } else {
            first = middle + 1;
        }
    }
    for (size_t i = first; i < ranges->count && ranges->list[i].addr < end; i++) {
        const uint64_t from = eb_max_u64(start, ranges->list[i].addr);
        const uint64_t to = eb_min_u64(end, eb_range_end(ranges->list[i]));
        bytes += to - from;
    }
    return bytes;
}

static eb_code_t add(eb_flash_map_t *map, bool erased, uint64_t addr, uint32_t size, eb_err_t *err)
{
    return eb_map_ranges_add(erased ? &map->erased : &map->used, (uint32_t)addr, size, err);
}

/* -- where they come from -------------------------------------------------------------------- */

eb_code_t eb_flash_map_read_image(eb_flash_map_t *map, const eb_backup_image_t *image,
                                  const eb_events_t *ev, eb_err_t *err)
{
    uint64_t at = eb_max_u64(map->addr, image->addr);
    const uint64_t end =
        eb_min_u64(map->addr + map->size_bytes, (uint64_t)image->addr + image->size_bytes);
    uint8_t bytes[EB_SECTOR_BYTES];
    eb_code_t code = EB_OK;

    for (uint32_t size; at < end && code == EB_OK; at += size) {
        size = (uint32_t)eb_min_u64(EB_SECTOR_BYTES - at % EB_SECTOR_BYTES, end - at);
        if ((code = eb_event_check(ev, err)) == EB_OK &&
            (code = eb_backup_image_read(image, (uint32_t)at, bytes, size, err)) == EB_OK) {
            code = add(map, eb_bytes_erased(bytes, size), at, size, err);
        }
    }
    return code;
}

/* Ask for [start, end) in pieces. */
static eb_code_t ask_range(eb_flash_map_t *map, eb_retry_t *retry, uint64_t start, uint64_t end,
                           uint64_t total, eb_err_t *err)
{
    uint64_t piece = (end - start) / PIECES_AN_AREA / EB_SECTOR_BYTES * EB_SECTOR_BYTES;
    eb_code_t code = EB_OK;

    piece = eb_min_u64(eb_max_u64(piece, EB_SECTOR_BYTES), PIECE_BYTES);
    for (uint32_t size; start < end && code == EB_OK; start += size) {
        bool erased;
        size = (uint32_t)eb_min_u64(end - start, piece);
        code = eb_retry_is_erased(retry, (eb_range_t){(uint32_t)start, size}, &erased, err);
        if (code == EB_OK && (code = add(map, erased, start, size, err)) == EB_OK) {
            eb_event_progress(retry->ev, EB_PHASE_CHECK, start + size, total);
        }
    }
    return code;
}

eb_code_t eb_flash_map_ask_board(eb_flash_map_t *map, eb_retry_t *retry, uint64_t reach,
                                 eb_err_t *err)
{
    const uint64_t total = eb_min_u64(map->addr + map->size_bytes, reach);
    eb_code_t code = EB_OK;

    eb_event_progress(retry->ev, EB_PHASE_CHECK, 0, total);
    for (size_t i = 0; i < map->area_count && code == EB_OK; i++) {
        const eb_map_area_t *area = &map->areas[i];
        const uint64_t end = eb_min_u64(area->addr + area->size_bytes, total);
        code = ask_range(map, retry, area->addr, end, total, err);
    }
    return code;
}
