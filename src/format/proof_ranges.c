#include "proof_ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY        "ranges"
#define ITEM_BYTES 48

static const char *const how_names[EB_PROOF_HOW_COUNT] = {
    [EB_PROOF_READ] = "read",       [EB_PROOF_ERASED] = "erased",       [EB_PROOF_PRIOR] = "prior",
    [EB_PROOF_RESUMED] = "resumed", [EB_PROOF_UNPROVED] = "unverified",
};

static void print_range(const eb_proof_range_t *range, char out[ITEM_BYTES])
{
    (void)snprintf(out, ITEM_BYTES, "0x%" PRIx32 "+0x%" PRIx32 " %s", range->addr, range->size,
                   how_names[range->how]);
}

void eb_proof_ranges_write(eb_json_t *proof, const eb_sidecar_t *s)
{
    if (s->ranges == NULL || s->range_count == 0 || s->range_count > EB_PROOF_RANGES_MAX) {
        eb_json_add_null(proof, KEY);
        return;
    }
    eb_json_t *list = eb_json_add_array(proof, KEY);
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

/* Only what print_range makes of it is taken: one form, so that nothing is left to interpret. */
static bool parse_range(const char *text, eb_proof_range_t *out)
{
    char again[ITEM_BYTES];
    const char *at = text;

    if (!take_number(&at, &out->addr) || *at++ != '+' || !take_number(&at, &out->size) ||
        *at++ != ' ') {
        return false;
    }
    for (int i = 0; i < EB_PROOF_HOW_COUNT; i++) {
        if (strcmp(at, how_names[i]) == 0) {
            out->how = (eb_proof_how_t)i;
            print_range(out, again);
            return out->size > 0 && strcmp(text, again) == 0;
        }
    }
    return false;
}

static eb_code_t check_totals(const eb_sidecar_t *s, const uint64_t totals[EB_PROOF_HOW_COUNT],
                              eb_err_t *err)
{
    const uint64_t expected[EB_PROOF_HOW_COUNT] = {
        [EB_PROOF_READ] = s->settled.read,           [EB_PROOF_ERASED] = s->settled.erased,
        [EB_PROOF_PRIOR] = s->settled.prior,         [EB_PROOF_RESUMED] = s->settled.resumed,
        [EB_PROOF_UNPROVED] = s->settled.unverified,
    };

    for (int i = 0; i < EB_PROOF_HOW_COUNT; i++) {
        if (totals[i] != expected[i]) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                              "proof.ranges: %" PRIu64 " bytes %s, but proof.%s_bytes is %" PRIu64,
                              totals[i], how_names[i], how_names[i], expected[i]);
        }
    }
    return EB_OK;
}

eb_code_t eb_proof_ranges_check(const eb_json_t *proof, const eb_sidecar_t *s, eb_err_t *err)
{
    uint64_t totals[EB_PROOF_HOW_COUNT] = {0}, at = s->addr;
    const eb_json_t *list = NULL;

    if (!eb_json_has(proof, KEY)) {
        return EB_OK;
    }
    eb_code_t code = eb_json_get_array(proof, KEY, &list, err);
    if (code != EB_OK) {
        return code;
    }
    size_t count = eb_json_count(list);
    if (count > EB_PROOF_RANGES_MAX) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "proof.ranges: %zu items, at most %u", count,
                          EB_PROOF_RANGES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        char text[ITEM_BYTES];
        eb_proof_range_t range = {0};

        code = eb_json_copy_text_at(list, i, text, sizeof(text), err);
        if (code != EB_OK) {
            return code;
        }
        if (!parse_range(text, &range) || range.addr != at) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                              "proof.ranges[%zu]: \"%s\", expected 0x%" PRIx64
                              "+0xSIZE and read, erased, prior, resumed or unverified",
                              i, text, at);
        }
        totals[range.how] += range.size;
        at += range.size;
    }
    if (at != s->addr + s->size_bytes) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "proof.ranges: ends at 0x%" PRIx64 ", the image at 0x%" PRIx64, at,
                          s->addr + s->size_bytes);
    }
    return check_totals(s, totals, err);
}
