/* child_lines.h: what a child prints, cut into lines. */
#ifndef EB_BASE_CHILD_LINES_H
#define EB_BASE_CHILD_LINES_H

#include "child.h"

#include <stddef.h>

#define EB_CHILD_LINE_BYTES 256

typedef struct eb_child_lines {
    const eb_child_t *child;
    char text[EB_CHILD_LINE_BYTES];
    size_t used;
} eb_child_lines_t;

void eb_child_take_output(eb_child_lines_t *lines, const char *bytes, size_t len);
void eb_child_end_line(eb_child_lines_t *lines); /* the rest of a line without an end */

#endif
