/* map_layout.c: how wide each area is, and what its cells show. */
#include "map_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static eb_cell_t cell_of(const eb_flash_map_t *map, uint64_t start, uint64_t end)
{
    const uint64_t used = eb_map_ranges_bytes(&map->used, start, end);

    if (eb_map_ranges_bytes(&map->differing, start, end) > 0) {
        return EB_CELL_DIFFERS;
    }
    if (used > 0) {
        return used == end - start ? EB_CELL_USED : EB_CELL_PARTLY;
    }
    return eb_map_ranges_bytes(&map->erased, start, end) == end - start ? EB_CELL_ERASED
                                                                        : EB_CELL_UNKNOWN;
}

void eb_map_area_cells(const eb_flash_map_t *map, const eb_map_area_t *area, eb_cell_t *cells,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t start = area->addr + area->size_bytes * i / count;
        uint64_t end = area->addr + area->size_bytes * (i + 1) / count;
        end = end > start ? end : start + 1; /* less than a byte a cell */
        cells[i] = cell_of(map, start, end);
    }
}

/* Give the narrowest width to areas that are too small for the scale; each of them makes the scale
 * coarser for the rest. What is left for the rest is in *cells and *bytes. */
static void widen(const eb_flash_map_t *map, size_t narrowest, eb_map_layout_t *out, size_t *cells,
                  uint64_t *bytes)
{
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < map->area_count; i++) {
            const uint64_t size = map->areas[i].size_bytes;
            if (out->slots[i].count == 0 && size * *cells < narrowest * *bytes) {
                out->slots[i].count = narrowest;
                *cells -= narrowest;
                *bytes -= size;
                out->widened = again = true;
            }
        }
    }
}

/* The border after so many bytes, to the nearest. */
static size_t border_at(uint64_t at, size_t cells, uint64_t bytes)
{
    return (size_t)((at * cells + bytes / 2) / bytes);
}

/* Borders are rounded, not widths, so that no error adds up. */
static void scale(const eb_flash_map_t *map, eb_map_layout_t *out, size_t cells, uint64_t bytes)
{
    uint64_t at = 0;
    size_t first = 0;

    out->cell_bytes = cells > 0 ? bytes / cells : 0;
    for (size_t i = 0; i < map->area_count; i++) {
        eb_map_slot_t *slot = &out->slots[i];
        if (slot->count == 0) {
            const uint64_t end = at + map->areas[i].size_bytes;
            slot->count = border_at(end, cells, bytes) - border_at(at, cells, bytes);
            at = end;
        }
        slot->first = first;
        first += slot->count;
    }
}

bool eb_map_layout_make(const eb_flash_map_t *map, size_t cells, size_t narrowest,
                        eb_map_layout_t *out)
{
    const size_t least = map->area_count * narrowest;
    uint64_t bytes = map->size_bytes;

    cells = cells > least ? cells : least;
    *out = (eb_map_layout_t){
        .slots = calloc(map->area_count + 1, sizeof(*out->slots)),
        .cells = calloc(cells + 1, sizeof(*out->cells)),
        .cell_count = cells,
    };
    if (out->slots == NULL || out->cells == NULL) {
        return false;
    }
    widen(map, narrowest, out, &cells, &bytes);
    scale(map, out, cells, bytes);
    for (size_t i = 0; i < map->area_count; i++) {
        eb_map_area_cells(map, &map->areas[i], out->cells + out->slots[i].first,
                          out->slots[i].count);
    }
    return true;
}

void eb_map_layout_free(eb_map_layout_t *layout)
{
    free(layout->slots);
    free(layout->cells);
    *layout = (eb_map_layout_t){0};
}

void eb_map_state_text(const eb_flash_map_t *map, const eb_map_area_t *area,
                       char out[EB_MAP_STATE_BYTES])
{
    const uint64_t end = area->addr + area->size_bytes;
    const uint64_t used = eb_map_ranges_bytes(&map->used, area->addr, end);
    const uint64_t erased = eb_map_ranges_bytes(&map->erased, area->addr, end);

    char text[EB_HUMAN_BYTES];

    out[0] = '\0';
    if (area->differing_bytes > 0) {
        eb_human_size(area->differing_bytes, text);
        snprintf(out, EB_MAP_STATE_BYTES, "%s differ%s", text,
                 strstr(text, "bytes") != NULL ? "" : "s");
    } else if (used + erased == area->size_bytes) {
        eb_human_used(used, area->size_bytes, text);
        snprintf(out, EB_MAP_STATE_BYTES, "%s%s", text, used > 0 ? " used" : "");
    }
}

const char *eb_cell_name(eb_cell_t cell)
{
    switch (cell) {
    case EB_CELL_USED:
        return "used";
    case EB_CELL_PARTLY:
        return "partly used";
    case EB_CELL_ERASED:
        return "erased";
    case EB_CELL_DIFFERS:
        return "differs";
    case EB_CELL_UNKNOWN:
        return "not known";
    }
    return "";
}
