/*
 * render_svg_map.c: a map of the flash as an SVG picture.
 *
 * Whole numbers only, so that no locale writes a comma. Colours follow the reader's theme, light or
 * dark; a viewer that knows no themes has the light one.
 */
#include "human.h"
#include "map_layout.h"
#include "render_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT        20
#define CELL        2 /* pixels */
#define BAR_CELLS   380
#define NARROWEST   3 /* cells */
#define BAR_TOP     74
#define BAR_HEIGHT  40
#define ROWS_TOP    190
#define ROW_HEIGHT  22
#define STRIP_LEFT  330
#define STRIP_CELLS 120
#define STRIP_TOP   11 /* above the base line of the text */
#define TEXT_BYTES  512
#define NAME_PIXELS 7 /* of a character, about; labels only need to be short enough */

static const char style[] = "  <style>\n"
                            "    text { font: 13px system-ui, sans-serif; fill: #1f2328 }\n"
                            "    .title { font-size: 16px; font-weight: bold }\n"
                            "    .boots { font-weight: bold }\n"
                            "    .faint { font-size: 12px; fill: #59636e }\n"
                            "    .right { text-anchor: end }\n"
                            "    .paper { fill: #ffffff }\n"
                            "    .used { fill: #2f81c7 }\n"
                            "    .partly { fill: #8fbfe6 }\n"
                            "    .erased { fill: #dfe3e8 }\n"
                            "    .differs { fill: #d4570a }\n"
                            "    .unknown { fill: #ffffff }\n"
                            "    .frame { fill: none; stroke: #59636e }\n"
                            "    @media (prefers-color-scheme: dark) {\n"
                            "      text { fill: #e6edf3 }\n"
                            "      .faint { fill: #9198a1 }\n"
                            "      .paper, .unknown { fill: #0d1117 }\n"
                            "      .used { fill: #4493f8 }\n"
                            "      .partly { fill: #27568f }\n"
                            "      .erased { fill: #30363d }\n"
                            "      .differs { fill: #f0883e }\n"
                            "      .frame { stroke: #9198a1 }\n"
                            "    }\n"
                            "  </style>\n";

static const char *class_of(eb_cell_t cell)
{
    static const char *const names[EB_CELL_KINDS] = {"used", "partly", "erased", "differs",
                                                     "unknown"};
    return names[cell];
}

/* Names come from boards and files: made clean, then as XML has them. */
static void put_escaped(FILE *file, const char *text)
{
    char clean[TEXT_BYTES];

    (void)eb_term_clean(text, 0, clean, sizeof(clean));
    for (const char *at = clean; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        default:
            fputc(*at, file);
        }
    }
}

static void put_text(FILE *file, size_t x, size_t y, const char *class, const char *text)
{
    if (text[0] == '\0') {
        return;
    }
    fprintf(file, "  <text x=\"%zu\" y=\"%zu\"", x, y);
    if (class[0] != '\0') {
        fprintf(file, " class=\"%s\"", class);
    }
    fputc('>', file);
    put_escaped(file, text);
    fputs("</text>\n", file);
}

static void put_rect(FILE *file, const char *class, size_t x, size_t y, size_t width, size_t height)
{
    fprintf(file, "  <rect class=\"%s\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\"/>\n",
            class, x, y, width, height);
}

/* Equal cells side by side are one rectangle. */
static void put_cells(FILE *file, const eb_cell_t *cells, size_t count, size_t x, size_t y,
                      size_t height)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && cells[to] == cells[from]; to++) {
        }
        put_rect(file, class_of(cells[from]), x + from * CELL, y, (to - from) * CELL, height);
    }
}

static const char *name_of(const eb_map_area_t *area)
{
    return area->name[0] != '\0' ? area->name : "(no partition)";
}

/* "54 % used, boots next". */
static void state_text(const eb_flash_map_t *map, const eb_map_area_t *area, char out[TEXT_BYTES])
{
    char state[EB_MAP_STATE_BYTES];

    eb_map_state_text(map, area, state);
    snprintf(out, TEXT_BYTES, "%s%s", state[0] != '\0' ? state : "not known",
             area->boots ? ", boots next" : "");
}

/* For those who do not see the picture. */
static void put_description(FILE *file, const eb_flash_map_t *map, const char *title)
{
    fputs("  <title>", file);
    put_escaped(file, title);
    fputs("</title>\n  <desc>", file);
    for (size_t i = 0; i < map->area_count; i++) {
        const eb_map_area_t *area = &map->areas[i];
        char size[EB_HUMAN_BYTES], state[TEXT_BYTES];

        eb_human_size(area->size_bytes, size);
        state_text(map, area, state);
        fputs(i > 0 ? "; " : "", file);
        put_escaped(file, name_of(area));
        fprintf(file, ": 0x%" PRIx32 ", %s, %s", area->addr, size, state);
    }
    fputs("</desc>\n", file);
}

static void put_bar(FILE *file, const eb_flash_map_t *map, const eb_map_layout_t *layout)
{
    size_t free_from = 0; /* for the next address */
    char text[TEXT_BYTES];

    put_cells(file, layout->cells, layout->cell_count, LEFT, BAR_TOP, BAR_HEIGHT);
    for (size_t i = 0; i < map->area_count; i++) {
        const eb_map_area_t *area = &map->areas[i];
        const size_t x = LEFT + layout->slots[i].first * CELL;
        const size_t width = layout->slots[i].count * CELL;

        put_rect(file, "frame", x, BAR_TOP, width, BAR_HEIGHT);
        if (eb_term_columns(area->name) * NAME_PIXELS < width) {
            put_text(file, x, BAR_TOP - 8, area->boots ? "boots" : "", area->name);
        }
        const size_t len = (size_t)snprintf(text, sizeof(text), "0x%" PRIx32, area->addr);
        if (x >= free_from && (i == 0 || len * NAME_PIXELS < width)) {
            put_text(file, x, BAR_TOP + BAR_HEIGHT + 16, "faint", text);
            free_from = x + (len + 1) * NAME_PIXELS;
        }
    }
    snprintf(text, sizeof(text), "0x%" PRIx64, map->addr + map->size_bytes);
    if (LEFT + BAR_CELLS * CELL >= free_from + strlen(text) * NAME_PIXELS) {
        put_text(file, LEFT + layout->cell_count * CELL, BAR_TOP + BAR_HEIGHT + 16, "faint right",
                 text);
    }
}

static void put_legend(FILE *file, const eb_map_layout_t *layout)
{
    const size_t y = BAR_TOP + BAR_HEIGHT + 44;
    bool seen[EB_CELL_KINDS] = {false};
    size_t x = LEFT;

    for (size_t i = 0; i < layout->cell_count; i++) {
        seen[layout->cells[i]] = true;
    }
    for (eb_cell_t cell = 0; cell < EB_CELL_KINDS; cell++) {
        if (seen[cell]) {
            put_rect(file, class_of(cell), x, y - STRIP_TOP, 14, 14);
            put_rect(file, "frame", x, y - STRIP_TOP, 14, 14);
            put_text(file, x + 20, y, "", eb_cell_name(cell));
            x += 44 + strlen(eb_cell_name(cell)) * NAME_PIXELS;
        }
    }
    if (layout->widened) {
        put_text(file, LEFT + layout->cell_count * CELL, y, "faint right",
                 "to scale, except for the narrowest areas");
    }
}

/* A line for each area. All strips are equally long, so small partitions are seen in detail. */
static void put_rows(FILE *file, const eb_flash_map_t *map)
{
    eb_cell_t cells[STRIP_CELLS];
    char text[TEXT_BYTES];

    for (size_t i = 0; i < map->area_count; i++) {
        const eb_map_area_t *area = &map->areas[i];
        const size_t y = ROWS_TOP + i * ROW_HEIGHT;

        put_text(file, LEFT, y,
                 area->boots             ? "boots"
                 : area->name[0] == '\0' ? "faint"
                                         : "",
                 name_of(area));
        snprintf(text, sizeof(text), "0x%" PRIx32, area->addr);
        put_text(file, 230, y, "right", text);
        eb_human_size(area->size_bytes, text);
        put_text(file, 310, y, "right", text);
        eb_map_area_cells(map, area, cells, STRIP_CELLS);
        put_cells(file, cells, STRIP_CELLS, STRIP_LEFT, y - STRIP_TOP, 14);
        put_rect(file, "frame", STRIP_LEFT, y - STRIP_TOP, STRIP_CELLS * CELL, 14);
        state_text(map, area, text);
        put_text(file, STRIP_LEFT + STRIP_CELLS * CELL + 20, y, "", text);
    }
}

bool eb_svg_map(FILE *file, const eb_flash_map_t *map, const char *title)
{
    const size_t height = ROWS_TOP + map->area_count * ROW_HEIGHT;
    eb_map_layout_t layout;
    const bool good = eb_map_layout_make(map, BAR_CELLS, NARROWEST, &layout);

    if (good) {
        const size_t width = 2 * LEFT + layout.cell_count * CELL;
        fprintf(file,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
                "viewBox=\"0 0 %zu %zu\" role=\"img\">\n",
                width, height, width, height);
        put_description(file, map, title);
        fputs(style, file);
        put_rect(file, "paper", 0, 0, width, height);
        put_text(file, LEFT, 32, "title", title);
        put_bar(file, map, &layout);
        put_legend(file, &layout);
        put_rows(file, map);
        fputs("</svg>\n", file);
    }
    eb_map_layout_free(&layout);
    return good;
}
