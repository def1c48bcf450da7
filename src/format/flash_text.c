/* flash_text.c: text out of hostile bytes. */
#include "flash_text.h"

#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at p, 0 when there is none (RFC 3629). */
static size_t utf8_sequence(const uint8_t *p, size_t left, uint32_t *code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need;
    uint32_t value;

    if (p[0] < 0x80) {
        *code_point = p[0];
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        need = 2;
        value = p[0] & 0x1Fu;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        need = 3;
        value = p[0] & 0x0Fu;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        need = 4;
        value = p[0] & 0x07u;
    } else {
        return 0;
    }
    if (left < need) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xC0u) != 0x80u) {
            return 0;
        }
        value = (value << 6) | (p[i] & 0x3Fu);
    }
    if (value < smallest[need] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    *code_point = value;
    return need;
}

/* Bytes of the clean character at p, 0 when what is there is not clean. */
static size_t clean_sequence(const uint8_t *p, size_t left, eb_text_lines_t lines)
{
    uint32_t code_point = 0;
    size_t count = utf8_sequence(p, left, &code_point);
    bool control = code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);

    if (lines == EB_TEXT_MANY_LINES && (code_point == '\n' || code_point == '\t')) {
        control = false;
    }
    return control ? 0 : count;
}

void eb_text_clean(const void *bytes, size_t len, eb_text_lines_t lines, char *out)
{
    const uint8_t *p = bytes;
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
        size_t count = clean_sequence((const uint8_t *)text + at, len - at, lines);

        if (count == 0) {
            return false;
        }
        at += count;
    }
    return true;
}
