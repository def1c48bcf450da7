/* term.c: terminal detection, and UTF-8 by columns without a locale. */
#include "term.h"

#include "standard_streams.h"
#include "utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_WIDTH 80

static int terminal_width(FILE *file)
{
    const int columns = eb_streams_columns(file);

    return columns >= 20 ? columns : FAKE_WIDTH;
}

static bool want_color(bool tty, eb_color_t color)
{
    const char *no_color = getenv("NO_COLOR");

    switch (color) {
    case EB_COLOR_ALWAYS:
        return true;
    case EB_COLOR_NEVER:
        return false;
    case EB_COLOR_AUTO:
        break;
    }
    return tty && (no_color == NULL || no_color[0] == '\0');
}

void eb_term_init(eb_term_t *term, FILE *file, eb_color_t color, bool fake)
{
    const char *kind = getenv("TERM");
    bool dumb = kind != NULL && strcmp(kind, "dumb") == 0;
    bool is_terminal = eb_streams_is_terminal(file);

    *term = (eb_term_t){.file = file, .tty = fake || (is_terminal && !dumb)};
    if (fake) {
        term->width = FAKE_WIDTH;
    } else if (is_terminal) {
        term->width = terminal_width(file);
    }
    term->color = want_color(term->tty, color);
    term->utf8 = is_terminal && !dumb && eb_streams_show_utf8();
}

const char *eb_term_style(const eb_term_t *term, eb_style_t style)
{
    if (!term->color) {
        return "";
    }
    switch (style) {
    case EB_STYLE_HEADING:
        return "\033[1m";
    case EB_STYLE_ERROR:
        return "\033[1;31m";
    case EB_STYLE_WARNING:
        return "\033[33m";
    case EB_STYLE_USED:
        return "\033[36m";
    case EB_STYLE_DIFFERS:
        return "\033[35m";
    case EB_STYLE_FAINT:
        return "\033[2m";
    }
    return "";
}

const char *eb_term_plain(const eb_term_t *term)
{
    return term->color ? "\033[0m" : "";
}

static size_t point_columns(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {
        {0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
        {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD},
    };

    if ((point >= 0x0300 && point <= 0x036F) || (point >= 0xFE00 && point <= 0xFE0F) ||
        (point >= 0x20D0 && point <= 0x20FF)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (point >= wide[i].first && point <= wide[i].last) {
            return 2;
        }
    }
    return 1;
}

/* Put what stands at *p into out, *len of 4 bytes, and step over it; returns its columns. */
static size_t next_clean(const char **p, char out[4], size_t *len)
{
    uint32_t point;

    *len = 1;
    if (**p >= ' ' && **p <= '~') { /* most texts have nothing else, and tables may be long */
        out[0] = *(*p)++;
        return 1;
    }
    const size_t found = eb_utf8_decode(*p, strnlen(*p, 4), &point);
    if (found == 0 || eb_utf8_unsafe(point)) {
        *p += found == 0 ? 1 : found;
        out[0] = '?';
        return 1;
    }
    memcpy(out, *p, found);
    *p += found;
    *len = found;
    return point_columns(point);
}

size_t eb_term_clean(const char *text, size_t columns, char *out, size_t cap)
{
    size_t used = 0;
    size_t bytes = 0;
    size_t cut_bytes = 0; /* where '~' goes when the text does not fit */
    size_t cut_columns = 0;
    size_t len;
    char piece[4];

    if (cap == 0) {
        return 0;
    }
    out[0] = '\0';
    for (const char *p = text; *p != '\0';) {
        size_t width = next_clean(&p, piece, &len);

        if ((columns != 0 && used + width > columns) || bytes + len + 1 > cap) {
            if (cut_bytes + 2 > cap) {
                return used;
            }
            memcpy(out + cut_bytes, "~", 2);
            return cut_columns + 1;
        }
        memcpy(out + bytes, piece, len);
        bytes += len;
        out[bytes] = '\0';
        used += width;
        if ((columns == 0 || used < columns) && bytes + 2 <= cap) {
            cut_bytes = bytes;
            cut_columns = used;
        }
    }
    return used;
}

size_t eb_term_columns(const char *text)
{
    size_t used = 0, len;
    char piece[4];

    while (*text != '\0') {
        used += next_clean(&text, piece, &len);
    }
    return used;
}

void eb_term_wrap(FILE *file, const char *text, size_t width, size_t at, size_t indent)
{
    size_t column = at;
    bool first = true;

    while (*text != '\0') {
        size_t len = strcspn(text, " \n");
        if (!first && width > 0 && column + 1 + len > width) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(file, "%s%.*s", first ? "" : " ", (int)len, text);
        column += len + (first ? 0 : 1);
        first = false;
        text += len;
        if (*text == '\n') {
            fprintf(file, "\n%*s", text[1] == '\n' ? 0 : (int)indent, "");
            column = indent;
            first = true;
        }
        text += *text != '\0';
    }
    fputc('\n', file);
}
