/* term.h: what the stream at hand is: a terminal, how wide, with colour; and text safe to show. */
#ifndef EB_TERM_TERM_H
#define EB_TERM_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* In the order of --color's choices. */
typedef enum eb_color { EB_COLOR_AUTO, EB_COLOR_ALWAYS, EB_COLOR_NEVER } eb_color_t;

typedef enum eb_style {
    EB_STYLE_HEADING,
    EB_STYLE_ERROR,
    EB_STYLE_WARNING,
    EB_STYLE_USED, /* of the flash */
    EB_STYLE_DIFFERS,
    EB_STYLE_FAINT
} eb_style_t;

typedef struct eb_term {
    FILE *file;
    bool tty;   /* a line can be redrawn in place */
    bool color; /* by tty, --color, NO_COLOR, TERM */
    bool utf8;  /* it shows more than ASCII, for what espbackup draws; text is UTF-8 anyway */
    int width;  /* columns; 0: not a terminal, no limit */
} eb_term_t;

/* fake: behave as a terminal of 80 columns, for tests. */
void eb_term_init(eb_term_t *term, FILE *file, eb_color_t color, bool fake);

/* Escape sequences around styled text; empty strings without colour. */
const char *eb_term_style(const eb_term_t *term, eb_style_t style);
const char *eb_term_plain(const eb_term_t *term);

/*
 * Copy text for showing: what comes from a board or a file may hold anything, so control bytes and
 * broken UTF-8 become '?'. Cut to at most `columns` (0: no limit), the last one then being '~'.
 * Returns the columns used; out is NUL-terminated within cap bytes.
 */
size_t eb_term_clean(const char *text, size_t columns, char *out, size_t cap);

/* Words of text in lines of at most `width` (0: one line) and a newline; the first line goes on at
 * column `at`, the rest start at `indent`. A newline in the text starts a line. */
void eb_term_wrap(FILE *file, const char *text, size_t width, size_t at, size_t indent);

/* Columns that clean text takes. */
size_t eb_term_columns(const char *text);

#endif
