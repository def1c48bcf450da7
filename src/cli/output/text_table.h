/*
 * text_table.h: aligned columns of text, and aligned `Name  value` lines.
 *
 * Cells are cleaned (eb_term_clean) and copied. No memory marks the table, and printing it then
 * returns false; no checks in between.
 */
#ifndef EB_OUTPUT_TEXT_TABLE_H
#define EB_OUTPUT_TEXT_TABLE_H

#include "espbackup/err.h"
#include "term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_TABLE_COLUMNS_MAX 10

#define EB_COLUMN_DROP SIZE_MAX

typedef struct eb_column {
    const char *heading;
    bool right; /* numbers */
    /* When the line is too long for the terminal, columns give way from the right to the left. 0:
     * this one does not; EB_COLUMN_DROP: it is left out; else it is cut, down to so many columns.
     */
    size_t squeeze_to;
} eb_column_t;

typedef struct eb_table {
    const eb_column_t *columns; /* borrowed */
    size_t column_count;
    char **cells; /* row by row */
    size_t cell_count, cell_cap;
    bool failed;
} eb_table_t;

void eb_table_init(eb_table_t *table, const eb_column_t *columns, size_t column_count);
void eb_table_free(eb_table_t *table); /* NULL is allowed */

/* The next cell; rows fill from left to right. */
void eb_table_add(eb_table_t *table, const char *text);
void eb_table_addf(eb_table_t *table, const char *format, ...) EB_PRINTF(2, 3);

/* Heading and rows, each behind `indent` spaces. A column that is empty in all rows is left out. */
bool eb_table_print(const eb_table_t *table, const eb_term_t *term, int indent);

/* Whether it fits the terminal, cut and dropped as far as its columns allow. */
bool eb_table_fits(const eb_table_t *table, const eb_term_t *term, int indent);

/* "Title\n", "\nHeading\n" and "  Name          value\n"; no line when the value is empty. */
void eb_text_title(const eb_term_t *term, const char *title);
void eb_text_heading(const eb_term_t *term, const char *heading);
void eb_text_field(const eb_term_t *term, const char *name, const char *format, ...)
    EB_PRINTF(3, 4);

#endif
