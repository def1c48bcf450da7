#include "verified_map.h"

#include <stdlib.h>
#include <string.h>

static uint64_t first_unit(const eb_verified_map_t *map)
{
    return map->range.addr / EB_MAP_UNIT_BYTES;
}

/* The unit at `index`, cut to the map's range. */
static eb_range_t unit_at(const eb_verified_map_t *map, size_t index)
{
    uint32_t addr = (uint32_t)((first_unit(map) + index) * EB_MAP_UNIT_BYTES);

    return eb_range_common(map->range, (eb_range_t){addr, EB_MAP_UNIT_BYTES});
}

eb_code_t eb_verified_map_init(eb_verified_map_t *map, eb_range_t range, eb_err_t *err)
{
    memset(map, 0, sizeof(*map));
    map->range = range;
    if (range.size == 0) {
        return EB_OK;
    }
    uint64_t last = (eb_range_end(range) - 1) / EB_MAP_UNIT_BYTES;
    map->unit_count = (size_t)(last - first_unit(map) + 1);
    map->origin = calloc(map->unit_count, 1);
    if (map->origin == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the map of %u bytes of flash",
                          range.size);
    }
    return EB_OK;
}

void eb_verified_map_free(eb_verified_map_t *map)
{
    if (map != NULL) {
        free(map->origin);
        memset(map, 0, sizeof(*map));
    }
}

/* How many units it looked at. */
static size_t mark(eb_verified_map_t *map, eb_range_t range, eb_origin_t origin, bool open_only)
{
    eb_range_t common = eb_range_common(map->range, range);
    if (common.size == 0) {
        return 1;
    }
    const size_t first = (size_t)(common.addr / EB_MAP_UNIT_BYTES - first_unit(map));
    size_t index = first;
    for (; index < map->unit_count; index++) {
        eb_range_t unit = unit_at(map, index);
        if (eb_range_end(unit) > eb_range_end(common)) {
            break;
        }
        if (unit.addr < common.addr || (open_only && map->origin[index] != EB_ORIGIN_NONE)) {
            continue;
        }
        map->verified_bytes -= map->origin[index] != EB_ORIGIN_NONE ? unit.size : 0;
        map->verified_bytes += origin != EB_ORIGIN_NONE ? unit.size : 0;
        map->origin[index] = (uint8_t)origin;
    }
    return index - first + 1;
}

void eb_verified_map_set(eb_verified_map_t *map, eb_range_t range, eb_origin_t origin)
{
    (void)mark(map, range, origin, false);
}

size_t eb_verified_map_fill(eb_verified_map_t *map, eb_range_t range, eb_origin_t origin)
{
    return mark(map, range, origin, true);
}

bool eb_verified_map_next_run(const eb_verified_map_t *map, uint64_t from, eb_range_t *out,
                              eb_origin_t *origin)
{
    uint64_t at = from > map->range.addr ? from : map->range.addr;

    *out = (eb_range_t){0, 0};
    *origin = EB_ORIGIN_NONE;
    if (at >= eb_range_end(map->range)) {
        return false;
    }
    size_t last = (size_t)(at / EB_MAP_UNIT_BYTES - first_unit(map));
    *out = unit_at(map, last);
    *origin = (eb_origin_t)map->origin[last];
    while (last + 1 < map->unit_count && map->origin[last + 1] == (uint8_t)*origin) {
        last++;
    }
    out->size = (uint32_t)(eb_range_end(unit_at(map, last)) - out->addr);
    return true;
}

/* Runs that follow each other are joined if both are open, or both are verified. */
static bool next_joined(const eb_verified_map_t *map, uint64_t from, bool open, eb_range_t *out)
{
    uint64_t at = from > map->range.addr ? from + EB_MAP_UNIT_BYTES - 1 : from;
    eb_origin_t origin;
    eb_range_t run;

    *out = (eb_range_t){0, 0};
    for (at -= at % EB_MAP_UNIT_BYTES; eb_verified_map_next_run(map, at, &run, &origin);
         at = eb_range_end(run)) {
        if ((origin == EB_ORIGIN_NONE) == open) {
            out->addr = out->size == 0 ? run.addr : out->addr;
            out->size += run.size;
        } else if (out->size > 0) {
            break;
        }
    }
    return out->size > 0;
}

bool eb_verified_map_next_open(const eb_verified_map_t *map, uint64_t from, eb_range_t *out)
{
    return next_joined(map, from, true, out);
}

bool eb_verified_map_next_verified(const eb_verified_map_t *map, uint64_t from, eb_range_t *out)
{
    return next_joined(map, from, false, out);
}

void eb_verified_map_totals(const eb_verified_map_t *map, eb_origins_t *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t index = 0; index < map->unit_count; index++) {
        out->bytes[map->origin[index]] += unit_at(map, index).size;
    }
}
