/*
 * map_layout.h: a map of the flash cut into cells, for a picture of any width. Pure.
 *
 * A cell is one column of a terminal, or a few pixels. Each area has whole cells. Areas that would
 * have less than the narrowest width get it all the same; the others share the rest to scale.
 */
#ifndef EB_OUTPUT_MAP_LAYOUT_H
#define EB_OUTPUT_MAP_LAYOUT_H

#include "flash_map.h"
#include "human.h"

typedef enum eb_cell {
    EB_CELL_USED,    /* all of it */
    EB_CELL_PARTLY,  /* used; the rest is erased or not known */
    EB_CELL_ERASED,  /* all of it */
    EB_CELL_DIFFERS, /* at least a byte */
    EB_CELL_UNKNOWN  /* nothing is known to be used, and not all to be erased */
} eb_cell_t;
#define EB_CELL_KINDS (EB_CELL_UNKNOWN + 1)

typedef struct eb_map_slot {
    size_t first, count; /* cells of an area */
} eb_map_slot_t;

typedef struct eb_map_layout {
    eb_map_slot_t *slots; /* one for each area of the map */
    eb_cell_t *cells;
    size_t cell_count;
    uint64_t cell_bytes; /* of the areas that are to scale, about */
    bool widened;        /* there are others */
} eb_map_layout_t;

/* False: no memory. The areas get `cells` together, or more if that is too few. narrowest: cells
 * that each area has at least; not 0. Free it in any case. */
bool eb_map_layout_make(const eb_flash_map_t *map, size_t cells, size_t narrowest,
                        eb_map_layout_t *out);
void eb_map_layout_free(eb_map_layout_t *layout);

/* Only one area, `count` cells wide. */
void eb_map_area_cells(const eb_flash_map_t *map, const eb_map_area_t *area, eb_cell_t *cells,
                       size_t count);

#define EB_MAP_STATE_BYTES (EB_HUMAN_BYTES + 16)
/* "25 % used", "erased", "4 KB differs"; empty: not all of it is known. Of what differs it is not
 * told how much is used, because both sides may have another answer. */
void eb_map_state_text(const eb_flash_map_t *map, const eb_map_area_t *area,
                       char out[EB_MAP_STATE_BYTES]);
/* "used", "not known", ... */
const char *eb_cell_name(eb_cell_t cell);

#endif
