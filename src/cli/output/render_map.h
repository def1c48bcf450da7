/* render_map.h: a map of the flash drawn on a terminal, or as an SVG picture. */
#ifndef EB_OUTPUT_RENDER_MAP_H
#define EB_OUTPUT_RENDER_MAP_H

#include "flash_map.h"
#include "term.h"

/* A bar to scale with names and addresses, in rows if there are very many partitions, as wide as
 * the terminal. False: no memory. */
bool eb_text_map(const eb_term_t *term, const eb_flash_map_t *map);

/* A whole SVG file: such a bar, and a line for each area. The same map gives the same bytes. False:
 * no memory. */
bool eb_svg_map(FILE *file, const eb_flash_map_t *map, const char *title);

#endif
