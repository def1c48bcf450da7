/*
 * flash_text.h: text out of hostile bytes, safe for a terminal and for JSON.
 *
 * Clean text is valid UTF-8 without control characters (C0, DEL, C1).
 */
#ifndef EB_FORMAT_FLASH_TEXT_H
#define EB_FORMAT_FLASH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum eb_text_lines {
    EB_TEXT_ONE_LINE,
    EB_TEXT_MANY_LINES /* line feed and tab are clean too */
} eb_text_lines_t;

/* Copy a field of `len` bytes up to its first NUL, each byte that is not clean as '?', so that the
 * text never grows. `out` gets at most len + 1 bytes and is NUL-terminated. */
void eb_text_clean(const void *bytes, size_t len, eb_text_lines_t lines, char *out);

bool eb_text_is_clean(const char *text, eb_text_lines_t lines);

#endif
