/* text_table.c: measure, squeeze what may be squeezed, print. */
#include "text_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES  1200
#define GAP         2
#define FIELD_WIDTH 12 /* a SHA-256 still fits 80 columns */

void eb_table_init(eb_table_t *table, const eb_column_t *columns, size_t column_count)
{
    *table = (eb_table_t){.columns = columns, .column_count = column_count};
}

void eb_table_free(eb_table_t *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    table->cells = NULL;
    table->cell_count = table->cell_cap = 0;
}

void eb_table_add(eb_table_t *table, const char *text)
{
    char clean[CELL_BYTES];

    if (table->cell_count == table->cell_cap) {
        size_t cap = table->cell_cap == 0 ? 64 : table->cell_cap * 2;
        char **cells = realloc(table->cells, cap * sizeof(*cells));
        if (cells == NULL) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->cell_cap = cap;
    }
    eb_term_clean(text, 0, clean, sizeof(clean));
    char *copy = strdup(clean);
    if (copy == NULL) {
        table->failed = true;
    } else {
        table->cells[table->cell_count++] = copy;
    }
}

void eb_table_addf(eb_table_t *table, const char *format, ...)
{
    char text[CELL_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    eb_table_add(table, text);
}

static size_t total_width(const eb_table_t *table, const size_t *widths, int indent)
{
    size_t total = (size_t)indent;
    size_t shown = 0;

    for (size_t c = 0; c < table->column_count; c++) {
        total += widths[c];
        shown += widths[c] > 0;
    }
    return total + (shown > 1 ? (shown - 1) * GAP : 0);
}

/* 0 for a column that is empty in all rows. */
static void measure(const eb_table_t *table, size_t *widths)
{
    for (size_t c = 0; c < table->column_count; c++) {
        size_t heading = eb_term_columns(table->columns[c].heading);

        widths[c] = 0;
        for (size_t i = c; i < table->cell_count; i += table->column_count) {
            size_t width = eb_term_columns(table->cells[i]);
            if (width > widths[c]) {
                widths[c] = width;
            }
        }
        if (widths[c] > 0 && widths[c] < heading) {
            widths[c] = heading;
        }
    }
}

/* Take from the columns that may give, from the right to the left, until the line fits. */
static void squeeze(const eb_table_t *table, size_t *widths, int indent, size_t limit)
{
    for (size_t c = table->column_count; c-- > 0;) {
        size_t least = table->columns[c].squeeze_to;
        size_t total = total_width(table, widths, indent);

        if (total <= limit) {
            return;
        }
        if (least == EB_COLUMN_DROP) {
            widths[c] = 0;
        } else if (least != 0 && widths[c] > least) {
            widths[c] = widths[c] - least > total - limit ? widths[c] - (total - limit) : least;
        }
    }
}

bool eb_table_fits(const eb_table_t *table, const eb_term_t *term, int indent)
{
    size_t widths[EB_TABLE_COLUMNS_MAX] = {0};

    if (term->width <= 0) {
        return true;
    }
    measure(table, widths);
    squeeze(table, widths, indent, (size_t)term->width);
    return total_width(table, widths, indent) <= (size_t)term->width;
}

static void print_spaces(FILE *out, size_t count)
{
    for (; count > 0; count--) {
        fputc(' ', out);
    }
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
    char cut[CELL_BYTES];
    size_t used = eb_term_clean(text, width, cut, sizeof(cut));
    const size_t pad = width > used ? width - used : 0;

    print_spaces(out, right ? pad : 0);
    fputs(cut, out);
    print_spaces(out, right || last ? 0 : pad);
}

static void print_row(const eb_table_t *table, FILE *out, char *const *cells, const size_t *widths,
                      int indent)
{
    size_t last = 0; /* last column with something in it: no spaces behind it */

    for (size_t c = 0; c < table->column_count; c++) {
        const char *text = cells != NULL ? cells[c] : table->columns[c].heading;
        if (widths[c] > 0 && text[0] != '\0') {
            last = c;
        }
    }
    fprintf(out, "%*s", indent, "");
    for (size_t c = 0, shown = 0; c <= last; c++) {
        if (widths[c] == 0) {
            continue;
        }
        print_spaces(out, shown++ > 0 ? GAP : 0);
        print_cell(out, cells != NULL ? cells[c] : table->columns[c].heading, widths[c],
                   table->columns[c].right, c == last);
    }
}

bool eb_table_print(const eb_table_t *table, const eb_term_t *term, int indent)
{
    size_t widths[EB_TABLE_COLUMNS_MAX] = {0};

    if (table->failed) {
        return false;
    }
    measure(table, widths);
    if (term->width > 0) {
        squeeze(table, widths, indent, (size_t)term->width);
    }
    fputs(eb_term_style(term, EB_STYLE_HEADING), term->file);
    print_row(table, term->file, NULL, widths, indent);
    fprintf(term->file, "%s\n", eb_term_plain(term));
    for (size_t i = 0; i + table->column_count <= table->cell_count; i += table->column_count) {
        print_row(table, term->file, table->cells + i, widths, indent);
        fputc('\n', term->file);
    }
    return true;
}

void eb_text_title(const eb_term_t *term, const char *title)
{
    fprintf(term->file, "%s%s%s\n", eb_term_style(term, EB_STYLE_HEADING), title,
            eb_term_plain(term));
}

void eb_text_heading(const eb_term_t *term, const char *heading)
{
    fputc('\n', term->file);
    eb_text_title(term, heading);
}

void eb_text_field(const eb_term_t *term, const char *name, const char *format, ...)
{
    char text[CELL_BYTES];
    char clean[CELL_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (text[0] == '\0') {
        return;
    }
    eb_term_clean(text, 0, clean, sizeof(clean));
    const size_t indent = 2 + FIELD_WIDTH + GAP;
    fprintf(term->file, "  %-*s%*s", FIELD_WIDTH, name, GAP, "");
    eb_term_wrap(term->file, clean, (size_t)term->width, indent, indent);
}
