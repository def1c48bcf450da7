#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT       "\xEF\xBF\xBD"
#define REPLACEMENT_BYTES 3
#define ESCAPE_BYTES      6 /* \uXXXX; no unsafe character is above U+FFFF */

size_t eb_utf8_decode(const char *text, size_t len, uint32_t *point)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t need;
    uint32_t value, least;

    *point = 0;
    if (len == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        *point = s[0];
        return 1;
    }
    if ((s[0] & 0xE0) == 0xC0) {
        need = 2, value = s[0] & 0x1Fu, least = 0x80;
    } else if ((s[0] & 0xF0) == 0xE0) {
        need = 3, value = s[0] & 0x0Fu, least = 0x800;
    } else if ((s[0] & 0xF8) == 0xF0) {
        need = 4, value = s[0] & 0x07u, least = 0x10000;
    } else {
        return 0;
    }
    if (len < need) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (s[i] & 0x3Fu);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    *point = value;
    return need;
}

size_t eb_utf8_sequence(const char *text, size_t len)
{
    uint32_t point;

    return eb_utf8_decode(text, len, &point);
}

bool eb_utf8_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C ||
           (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || point == 0xFFFE ||
           point == 0xFFFF;
}

char *eb_utf8_clean(const char *text)
{
    const size_t len = strlen(text);
    char *out = malloc(len * REPLACEMENT_BYTES + 1);
    size_t used = 0;

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < len;) {
        const size_t n = eb_utf8_sequence(text + i, len - i);

        memcpy(out + used, n > 0 ? text + i : REPLACEMENT, n > 0 ? n : REPLACEMENT_BYTES);
        used += n > 0 ? n : REPLACEMENT_BYTES;
        i += n > 0 ? n : 1;
    }
    out[used] = '\0';
    return out;
}

char *eb_utf8_escape(const char *json)
{
    const size_t len = strlen(json);
    char *out = malloc(len * ESCAPE_BYTES + 2);
    size_t used = 0;

    if (out == NULL) {
        return NULL;
    }
    for (size_t at = 0; at < len;) {
        uint32_t point;
        size_t n = eb_utf8_decode(json + at, len - at, &point);

        if (n > 0 && json[at] != '\n' && json[at] != '\t' && eb_utf8_unsafe(point)) {
            used += (size_t)snprintf(out + used, ESCAPE_BYTES + 1, "\\u%04" PRIx32, point);
        } else {
            n = n > 0 ? n : 1;
            memcpy(out + used, json + at, n);
            used += n;
        }
        at += n;
    }
    memcpy(out + used, "\n", 2);
    return out;
}

void eb_utf8_copy_clean(char *out, size_t cap, const char *text)
{
    char *clean = text != NULL ? eb_utf8_clean(text) : NULL;
    size_t used = 0;

    while (clean != NULL && clean[used] != '\0') {
        const size_t n = eb_utf8_sequence(clean + used, strlen(clean + used));

        if (n == 0 || used + n >= cap) {
            break;
        }
        memcpy(out + used, clean + used, n);
        used += n;
    }
    out[used] = '\0';
    free(clean);
}
