/* render_text_map.c: a map of the flash on a terminal. */
#include "bytes.h"
#include "human.h"
#include "map_layout.h"
#include "render_map.h"
#include "render_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT        2
#define DEFAULT_WIDTH 80
#define LABEL_BYTES   128

/* What stands for names that find no room above the bar. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/*
 * The bar is one strip: for each area a border and its cells, and a border at the end. Where the
 * strip is longer than the terminal is wide, it is cut into rows.
 */
typedef struct strip {
    const eb_term_t *term;
    const eb_flash_map_t *map;
    eb_map_layout_t layout;
    size_t width, rows;
} strip_t;

/* Where the border before an area stands; of the area behind the last one: the end. */
static size_t border_of(const strip_t *strip, size_t area)
{
    return area < strip->map->area_count ? strip->layout.slots[area].first + area
                                         : strip->layout.cell_count + area;
}

/* Between the borders of an area, as far as the row goes. */
static size_t room_of(const strip_t *strip, size_t area)
{
    const size_t at = border_of(strip, area) % strip->width;

    return (size_t)eb_min_u64(strip->layout.slots[area].count, strip->width - 1 - at);
}

/* -- names above, addresses below ------------------------------------------------------------ */

static void put_at(const strip_t *strip, size_t *at, size_t column, const char *text)
{
    fprintf(strip->term->file, "%*s%s", (int)(column - *at), "", text);
    *at = column + eb_term_columns(text);
}

/* "* ota_1 54 % used", or "* ota_1" where there is no room for all of it. */
static void label_text(const eb_flash_map_t *map, const eb_map_area_t *area, size_t room,
                       char out[LABEL_BYTES])
{
    const char *boots = area->boots ? "* " : "";
    char state[EB_MAP_STATE_BYTES], text[LABEL_BYTES];

    eb_map_state_text(map, area, state);
    snprintf(text, sizeof(text), "%s%s%s%s", boots, area->name, state[0] != '\0' ? " " : "", state);
    if (eb_term_clean(text, 0, out, LABEL_BYTES) > room) {
        snprintf(text, sizeof(text), "%s%s", boots, area->name);
        (void)eb_term_clean(text, 0, out, LABEL_BYTES);
    }
}

/* The letter of an area whose name has no room above the bar; 0: it has. *count: letters so far. */
static char letter_of(const strip_t *strip, size_t area, size_t *count)
{
    char label[LABEL_BYTES];

    label_text(strip->map, &strip->map->areas[area], 0, label);
    if (eb_term_columns(label) <= room_of(strip, area)) {
        return '\0';
    }
    const size_t next = (*count)++;
    return next < sizeof(letters) - 1 ? letters[next] : '+';
}

static void put_names(const strip_t *strip, size_t row)
{
    const size_t begin = row * strip->width, end = begin + strip->width;
    size_t at = begin, lettered = 0;

    fprintf(strip->term->file, "%*s", INDENT, "");
    for (size_t i = 0; i < strip->map->area_count; i++) {
        const eb_map_area_t *area = &strip->map->areas[i];
        const size_t border = border_of(strip, i);
        char label[LABEL_BYTES] = "";

        if (area->name[0] == '\0') {
            continue;
        }
        label[0] = letter_of(strip, i, &lettered);
        if (border < begin || border >= end) {
            continue;
        }
        if (label[0] == '\0') {
            label_text(strip->map, area, room_of(strip, i), label);
        }
        /* The border may be the last column of its row. */
        put_at(strip, &at, (size_t)eb_min_u64(border + 1, end - 1), label);
    }
    fputc('\n', strip->term->file);
}

/* The first address of a row, the end of the last one, and those between them that have room. */
static void put_addresses(const strip_t *strip, size_t row)
{
    const size_t begin = row * strip->width, count = strip->map->area_count;
    const size_t last = border_of(strip, count);
    size_t at = begin;
    bool first = true;
    char text[LABEL_BYTES];

    fprintf(strip->term->file, "%*s", INDENT, "");
    for (size_t i = 0; i < count; i++) {
        const size_t border = border_of(strip, i);
        const size_t len =
            (size_t)snprintf(text, sizeof(text), "0x%" PRIx32, strip->map->areas[i].addr);
        if (border >= at && border < begin + strip->width && (first || len <= room_of(strip, i))) {
            put_at(strip, &at, border, text);
            first = false;
        }
    }
    const size_t len = (size_t)snprintf(text, sizeof(text), "0x%" PRIx64,
                                        strip->map->addr + strip->map->size_bytes);
    if (last < begin + strip->width && last + 1 >= at + 1 + len) {
        put_at(strip, &at, last + 1 - len, text);
    }
    fputc('\n', strip->term->file);
}

/* -- the bar --------------------------------------------------------------------------------- */

static const char *sign_of(const eb_term_t *term, eb_cell_t cell)
{
    static const char *const plain[EB_CELL_KINDS] = {"#", "+", ".", "!", "?"};
    static const char *const blocks[EB_CELL_KINDS] = {"█", "▓", "░", "▚", "?"};

    return term->utf8 ? blocks[cell] : plain[cell];
}

static const char *style_of(const eb_term_t *term, eb_cell_t cell)
{
    switch (cell) {
    case EB_CELL_USED:
    case EB_CELL_PARTLY:
        return eb_term_style(term, EB_STYLE_USED);
    case EB_CELL_DIFFERS:
        return eb_term_style(term, EB_STYLE_DIFFERS);
    case EB_CELL_ERASED:
    case EB_CELL_UNKNOWN:
        break;
    }
    return eb_term_style(term, EB_STYLE_FAINT);
}

static void put_bar(const strip_t *strip, size_t row)
{
    const eb_term_t *term = strip->term;
    const size_t last = border_of(strip, strip->map->area_count);
    const size_t end = (size_t)eb_min_u64((row + 1) * strip->width, last + 1);
    const char *style = ""; /* of what was printed last */
    size_t area = 0;

    fprintf(term->file, "%*s", INDENT, "");
    for (size_t at = row * strip->width; at < end; at++) {
        while (area < strip->map->area_count && border_of(strip, area + 1) <= at) {
            area++;
        }
        const bool border = at == border_of(strip, area);
        const eb_cell_t cell = border ? EB_CELL_UNKNOWN : strip->layout.cells[at - area - 1];
        const char *next = border ? "" : style_of(term, cell);
        if (strcmp(next, style) != 0) {
            fprintf(term->file, "%s%s", style[0] != '\0' ? eb_term_plain(term) : "", next);
            style = next;
        }
        fputs(!border ? sign_of(term, cell) : term->utf8 ? "│" : "|", term->file);
    }
    fputs(style[0] != '\0' ? eb_term_plain(term) : "", term->file);
    fputc('\n', term->file);
}

/* -- below it -------------------------------------------------------------------------------- */

/* A sign or a letter and its meaning, on the next line if this one is full. */
static void put_item(const strip_t *strip, size_t *at, const char *style, const char *sign,
                     const char *text)
{
    const eb_term_t *term = strip->term;
    const size_t len = INDENT + 2 + eb_term_columns(text);

    if (*at > 0 && *at + len > INDENT + strip->width) {
        fputc('\n', term->file);
        *at = 0;
    }
    fprintf(term->file, "%*s%s%s%s %s", INDENT, "", style, sign,
            style[0] != '\0' ? eb_term_plain(term) : "", text);
    *at += len;
}

static void put_key(const strip_t *strip)
{
    size_t at = 0, lettered = 0;

    for (size_t i = 0; i < strip->map->area_count; i++) {
        const eb_map_area_t *area = &strip->map->areas[i];
        char letter[2] = {area->name[0] != '\0' ? letter_of(strip, i, &lettered) : '\0', '\0'};
        char label[LABEL_BYTES];

        if (letter[0] != '\0') {
            label_text(strip->map, area, LABEL_BYTES, label);
            put_item(strip, &at, "", letter, label);
        }
    }
    if (at > 0) {
        fputc('\n', strip->term->file);
    }
}

/* The signs that the bar has. */
static void put_legend(const strip_t *strip)
{
    bool seen[EB_CELL_KINDS] = {false};
    size_t at = 0;

    for (size_t i = 0; i < strip->layout.cell_count; i++) {
        seen[strip->layout.cells[i]] = true;
    }
    for (eb_cell_t cell = 0; cell < EB_CELL_KINDS; cell++) {
        if (seen[cell]) {
            put_item(strip, &at, style_of(strip->term, cell), sign_of(strip->term, cell),
                     eb_cell_name(cell));
        }
    }
    fputc('\n', strip->term->file);
}

static void put_scale(const strip_t *strip)
{
    char size[EB_HUMAN_BYTES], text[LABEL_BYTES];

    eb_human_size(strip->layout.cell_bytes, size);
    snprintf(text, sizeof(text), "One column is %s.%s", size,
             strip->layout.widened ? " Smaller areas have one column, too." : "");
    fprintf(strip->term->file, "%*s", INDENT, "");
    eb_term_wrap(strip->term->file, text, INDENT + strip->width, INDENT, INDENT);
}

bool eb_text_map(const eb_term_t *term, const eb_flash_map_t *map)
{
    const size_t total = (size_t)(term->width > 0 ? term->width : DEFAULT_WIDTH);
    const size_t count = map->area_count;
    strip_t strip = {.term = term, .map = map, .width = total - 2 * INDENT};

    /* Three columns for each area, or more. */
    strip.rows = (3 * count + strip.width) / strip.width;
    const bool good =
        eb_map_layout_make(map, strip.rows * strip.width - count - 1, 1, &strip.layout);
    if (good) {
        eb_text_heading(term, "Map");
        for (size_t row = 0; row < strip.rows; row++) {
            put_names(&strip, row);
            put_bar(&strip, row);
            put_addresses(&strip, row);
        }
        put_key(&strip);
        put_legend(&strip);
        put_scale(&strip);
    }
    eb_map_layout_free(&strip.layout);
    return good;
}
