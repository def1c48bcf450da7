/* reset_parse.c: a reset sequence in the words of its user. */
#include "reset.h"

#include <string.h>

#define WAIT_MAX_MS 10000u

/* '0' or '1'; false for anything else. */
static bool parse_level(char c, bool *out)
{
    *out = c == '1';
    return c == '0' || c == '1';
}

/* Seconds with up to three decimals: "1", "0.05", ".2". */
static bool parse_wait(const char *text, size_t len, uint16_t *out_ms)
{
    uint32_t ms = 0, unit = 1000;
    bool digits = false, point = false;

    for (size_t i = 0; i < len; i++) {
        const uint32_t digit = (uint32_t)(unsigned char)text[i] - '0';

        if (text[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (digit > 9) {
            return false;
        }
        digits = true;
        if (point) {
            unit /= 10;
            ms += digit * unit;
        } else {
            ms = ms * 10 + digit * 1000;
        }
        if (ms > WAIT_MAX_MS) {
            return false;
        }
    }
    *out_ms = (uint16_t)ms;
    return digits;
}

/* One word of the sequence onto the end of it. */
static bool parse_word(const char *word, size_t len, eb_reset_sequence_t *out)
{
    eb_reset_step_t *last = out->count > 0 ? &out->steps[out->count - 1] : NULL;
    eb_reset_step_t next = {.dtr = last != NULL && last->dtr, .rts = last != NULL && last->rts};
    uint16_t wait_ms;

    if (len == 0) {
        return false;
    }
    switch (word[0]) {
    case 'W':
        if (last == NULL || !parse_wait(word + 1, len - 1, &wait_ms) ||
            last->wait_ms + wait_ms > (int)WAIT_MAX_MS) {
            return false;
        }
        last->wait_ms = (uint16_t)(last->wait_ms + wait_ms);
        return true;
    case 'D':
        if (len != 2 || !parse_level(word[1], &next.dtr)) {
            return false;
        }
        break;
    case 'R':
        if (len != 2 || !parse_level(word[1], &next.rts)) {
            return false;
        }
        break;
    case 'U':
        if (len != 4 || word[2] != ',' || !parse_level(word[1], &next.dtr) ||
            !parse_level(word[3], &next.rts)) {
            return false;
        }
        break;
    default:
        return false;
    }
    if (out->count == EB_RESET_STEPS_MAX) {
        return false;
    }
    out->steps[out->count++] = next;
    return true;
}

eb_code_t eb_reset_parse(const char *text, eb_reset_sequence_t *out, eb_err_t *err)
{
    const char *at = text;

    *out = (eb_reset_sequence_t){.name = "custom"};
    for (;;) {
        const size_t len = strcspn(at, "|");

        if (!parse_word(at, len, out)) {
            const size_t count = out->count;

            *out = (eb_reset_sequence_t){0};
            if (count == EB_RESET_STEPS_MAX) {
                return eb_err_set(err, EB_ERR_USAGE,
                                  "reset sequence: more than %d changes of the lines",
                                  EB_RESET_STEPS_MAX);
            }
            (void)eb_err_set(err, EB_ERR_USAGE, "reset sequence %.80s: cannot read '%.*s'", text,
                             len < 20 ? (int)len : 20, at);
            eb_err_hint(err, "words between | are D0, D1 (DTR), R0, R1 (RTS), U0,1 (both at once) "
                             "and then W0.1 (seconds, up to 10), as in D0|R1|W0.1|D1|R0|W0.05|D0");
            return EB_ERR_USAGE;
        }
        if (at[len] == '\0') {
            return EB_OK;
        }
        at += len + 1;
    }
}
