#include "child_lines.h"

void eb_child_end_line(eb_child_lines_t *lines)
{
    lines->text[lines->used] = '\0';
    if (lines->used > 0) {
        lines->child->line(lines->child->user, lines->text);
    }
    lines->used = 0;
}

void eb_child_take_output(eb_child_lines_t *lines, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\r' || bytes[i] == '\n') {
            eb_child_end_line(lines);
        } else if (lines->used < EB_CHILD_LINE_BYTES - 1) {
            lines->text[lines->used++] = bytes[i] != '\0' ? bytes[i] : ' ';
        }
    }
}
