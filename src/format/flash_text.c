/* flash_text.c: text out of hostile bytes. */
#include "flash_text.h"

#include "utf8.h"

#include <string.h>

/* C0, DEL, or C1 as UTF-8 carries it. */
static bool is_control(const char *p, size_t count)
{
    uint8_t first = (uint8_t)p[0];

    return (count == 1 && (first < 0x20 || first == 0x7F)) ||
           (count == 2 && first == 0xC2 && (uint8_t)p[1] <= 0x9F);
}

/* Bytes of the clean character at p, 0 when what is there is not clean. */
static size_t clean_sequence(const char *p, size_t left, eb_text_lines_t lines)
{
    size_t count = eb_utf8_sequence(p, left);

    if (lines == EB_TEXT_MANY_LINES && left != 0 && (*p == '\n' || *p == '\t')) {
        return 1;
    }
    return count != 0 && is_control(p, count) ? 0 : count;
}

void eb_text_clean(const void *bytes, size_t len, eb_text_lines_t lines, char *out)
{
    const char *p = bytes;
    size_t at = 0;

    while (at < len && p[at] != 0) {
        size_t count = clean_sequence(p + at, len - at, lines);

        if (count == 0) {
            out[at++] = '?';
            continue;
        }
        memcpy(out + at, p + at, count);
        at += count;
    }
    out[at] = '\0';
}

bool eb_text_is_clean(const char *text, eb_text_lines_t lines)
{
    size_t len = strlen(text);
    size_t at = 0;

    while (at < len) {
        size_t count = clean_sequence(text + at, len - at, lines);

        if (count == 0) {
            return false;
        }
        at += count;
    }
    return true;
}
