#include "json_scan.h"

#include "bytes.h"
#include "utf8.h"

#include <string.h>

typedef struct scan {
    const char *text;
    size_t len;
    size_t pos;
} scan_t;

static bool at_digit(const scan_t *s)
{
    return s->pos < s->len && s->text[s->pos] >= '0' && s->text[s->pos] <= '9';
}

/* A plain loop, because this runs for most bytes of ten thousand sidecars and any_of is short. */
static bool take(scan_t *s, const char *any_of)
{
    if (s->pos >= s->len || s->text[s->pos] == '\0') {
        return false;
    }
    while (*any_of != '\0' && *any_of != s->text[s->pos]) {
        any_of++;
    }
    if (*any_of == '\0') {
        return false;
    }
    s->pos++;
    return true;
}

static bool take_digits(scan_t *s)
{
    if (!at_digit(s)) {
        return false;
    }
    while (at_digit(s)) {
        s->pos++;
    }
    return true;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool scan_number(scan_t *s)
{
    (void)take(s, "-");
    if (!take(s, "0") && !take_digits(s)) {
        return false;
    }
    if (take(s, ".") && !take_digits(s)) {
        return false;
    }
    if (take(s, "eE")) {
        (void)take(s, "+-");
        if (!take_digits(s)) {
            return false;
        }
    }
    /* The next byte must end the number: 01, 1.2.3 and 1-2 are not numbers. */
    return !at_digit(s) && !take(s, "+-.eE");
}

static bool scan_escape(scan_t *s)
{
    char digits[5] = {0};
    uint8_t value[2];

    if (!take(s, "u")) {
        return take(s, "\"\\/bfnrt");
    }
    if (s->len - s->pos < 4) {
        return false;
    }
    memcpy(digits, s->text + s->pos, 4);
    s->pos += 4;
    /* U+0000 would end the text for every C function; the parser checks surrogate pairs. */
    return eb_hex_decode(digits, value, sizeof(value)) && (value[0] != 0 || value[1] != 0);
}

static bool is_plain(char c)
{
    return c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* After the opening quote. */
static bool scan_string(scan_t *s)
{
    while (s->pos < s->len) {
        size_t n;

        while (s->pos < s->len && is_plain(s->text[s->pos])) {
            s->pos++;
        }
        if (take(s, "\"")) {
            return true;
        }
        if (take(s, "\\")) {
            if (!scan_escape(s)) {
                return false;
            }
            continue;
        }
        n = eb_utf8_sequence(s->text + s->pos, s->len - s->pos); /* 0 at the end of the text */
        if (n == 0 || (n == 1 && (unsigned char)s->text[s->pos] < 0x20)) {
            return false;
        }
        s->pos += n;
    }
    return false;
}

eb_code_t eb_json_scan(const char *text, size_t len, eb_err_t *err)
{
    scan_t s = {.text = text, .len = len};
    int depth = 0;

    while (s.pos < len) {
        const size_t start = s.pos;
        bool good = true;

        if (text[s.pos] == ' ' || text[s.pos] == '\n') { /* most of what is outside strings */
            s.pos++;
            continue;
        }
        if (take(&s, "{[")) {
            depth++;
        } else if (take(&s, "]}")) {
            depth--;
        } else if (take(&s, "\"")) {
            good = scan_string(&s);
        } else if (at_digit(&s) || text[s.pos] == '-') {
            good = scan_number(&s);
        } else {
            good = take(&s, " \t\r\n,:truefalsn"); /* the parser checks the words */
        }
        if (!good) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "not valid JSON near byte %zu", start);
        }
        if (depth > EB_JSON_DEPTH_MAX) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "JSON nested deeper than %d at byte %zu",
                              EB_JSON_DEPTH_MAX, start);
        }
    }
    return EB_OK;
}
