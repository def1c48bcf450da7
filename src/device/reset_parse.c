/* reset_parse.c: a reset sequence in the words of its user. */
#include "reset.h"

#include <ctype.h>
#include <string.h>

#define WAIT_MAX_MS    10000u
#define WORD_MAX_BYTES 32u

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

/* Add a step for the lines as they are; NULL when there are too many. */
static eb_reset_step_t *add_step(eb_reset_sequence_t *out, const eb_reset_step_t *step)
{
    if (out->count == EB_RESET_STEPS_MAX) {
        return NULL;
    }
    out->steps[out->count] = *step;
    return &out->steps[out->count++];
}

/* One word of the sequence onto the end of it. */
static bool parse_word(const char *word, size_t len, eb_reset_sequence_t *out)
{
    eb_reset_step_t *last = out->count > 0 ? &out->steps[out->count - 1] : NULL;
    eb_reset_step_t next = {.dtr = last != NULL && last->dtr, .rts = last != NULL && last->rts};
    uint16_t wait_ms;

    switch (toupper((unsigned char)word[0])) {
    case 'W':
        if (last == NULL) {
            last = add_step(out, &next); /* both lines are released before */
        }
        if (!parse_wait(word + 1, len - 1, &wait_ms) ||
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
    return add_step(out, &next) != NULL;
}

/* The characters of a word without spaces, in `out`; how many, or a number above `cap`. */
static size_t squeeze(const char *word, size_t len, char *out, size_t cap)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        if (isspace((unsigned char)word[i])) {
            continue;
        }
        if (used == cap) {
            return cap + 1;
        }
        out[used++] = word[i];
    }
    return used;
}

eb_code_t eb_reset_parse(const char *text, eb_reset_sequence_t *out, eb_err_t *err)
{
    const char *at = text;

    *out = (eb_reset_sequence_t){.name = "custom"};
    for (;;) {
        const size_t len = strcspn(at, "|");
        char word[WORD_MAX_BYTES];
        const size_t squeezed = squeeze(at, len, word, sizeof(word));

        /* esptool takes empty words too. */
        if (squeezed > sizeof(word) || (squeezed > 0 && !parse_word(word, squeezed, out)) ||
            (at[len] == '\0' && out->count == 0)) {
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
