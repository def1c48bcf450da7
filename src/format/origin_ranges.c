#include "origin_ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY        "origin_ranges"
#define ITEM_BYTES 48

void eb_json_put_origins(eb_json_t *root, const eb_origins_t *origins, bool verified)
{
    if (verified) {
        eb_json_add_text(root, "verified_by", EB_VERIFIED_BY);
    } else {
        eb_json_add_null(root, "verified_by");
    }
    eb_json_t *node = eb_json_add_object(root, "origins");
    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        eb_json_add_int(node, eb_origin_word((eb_origin_t)i), (int64_t)origins->bytes[i]);
    }
}

static void print_range(const eb_origin_range_t *range, char out[ITEM_BYTES])
{
    (void)snprintf(out, ITEM_BYTES, "0x%" PRIx32 "+0x%" PRIx32 " %s", range->addr, range->size,
                   eb_origin_word(range->origin));
}

void eb_origin_ranges_write(eb_json_t *root, const eb_sidecar_t *s)
{
    if (s->ranges == NULL || s->range_count == 0 || s->range_count > EB_ORIGIN_RANGES_MAX) {
        eb_json_add_null(root, KEY);
        return;
    }
    eb_json_t *list = eb_json_add_array(root, KEY);
    for (size_t i = 0; i < s->range_count; i++) {
        char text[ITEM_BYTES];

        print_range(&s->ranges[i], text);
        eb_json_add_text(list, NULL, text);
    }
}

static bool take_number(const char **at, uint32_t *out)
{
    char *end;
    const unsigned long value = strtoul(*at, &end, 16);

    if (end == *at || value > UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)value;
    *at = end;
    return true;
}

/* Only what print_range writes is accepted: one form, so that nothing is left to interpret. */
static bool parse_range(const char *text, eb_origin_range_t *out)
{
    char again[ITEM_BYTES];
    const char *at = text;

    if (!take_number(&at, &out->addr) || *at++ != '+' || !take_number(&at, &out->size) ||
        *at++ != ' ' || !eb_origin_of_word(at, &out->origin)) {
        return false;
    }
    print_range(out, again);
    return out->size > 0 && out->origin != EB_ORIGIN_NONE && strcmp(text, again) == 0;
}

static eb_code_t check_totals(const eb_sidecar_t *s, const eb_origins_t *totals, eb_err_t *err)
{
    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        if (totals->bytes[i] != s->origins.bytes[i]) {
            const char *word = eb_origin_word((eb_origin_t)i);
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                              KEY ": %" PRIu64 " bytes %s, but origins.%s is %" PRIu64,
                              totals->bytes[i], word, word, s->origins.bytes[i]);
        }
    }
    return EB_OK;
}

eb_code_t eb_origin_ranges_check(const eb_json_t *root, const eb_sidecar_t *s, eb_err_t *err)
{
    eb_origins_t totals = {0};
    uint64_t at = s->addr;
    const eb_json_t *list = NULL;

    if (!eb_json_has(root, KEY)) {
        return EB_OK;
    }
    eb_code_t code = eb_json_get_array(root, KEY, &list, err);
    if (code != EB_OK) {
        return code;
    }
    size_t count = eb_json_count(list);
    if (count > EB_ORIGIN_RANGES_MAX) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID, KEY ": %zu items, at most %u", count,
                          EB_ORIGIN_RANGES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        char text[ITEM_BYTES];
        eb_origin_range_t range = {0};

        code = eb_json_copy_text_at(list, i, text, sizeof(text), err);
        if (code != EB_OK) {
            return code;
        }
        if (!parse_range(text, &range) || range.addr != at) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                              KEY "[%zu]: \"%s\", expected 0x%" PRIx64
                                  "+0xSIZE and a word of origins",
                              i, text, at);
        }
        totals.bytes[range.origin] += range.size;
        at += range.size;
    }
    if (at != s->addr + s->size_bytes) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          KEY ": ends at 0x%" PRIx64 ", the image at 0x%" PRIx64, at,
                          s->addr + s->size_bytes);
    }
    return check_totals(s, &totals, err);
}
