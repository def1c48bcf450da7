/* flash_pieces.c: cut, name and sum up. */
#include "flash_pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names come from the same place as those of `diff`. */
static bool copy_pieces(eb_pieces_t *out, const eb_diff_result_t *cut,
                        const eb_span_state_t *states)
{
    out->list = calloc(cut->count + 1, sizeof(*out->list));
    if (out->list == NULL) {
        return false;
    }
    for (size_t i = 0; i < cut->count; i++) {
        const eb_difference_t *from = &cut->differences[i];
        eb_piece_t *piece = &out->list[out->count++];

        piece->addr = from->addr;
        piece->size = from->size;
        piece->bytes = from->differing_bytes;
        piece->state = states != NULL ? states[i] : EB_SPAN_OLD;
        memcpy(piece->name, from->partition, sizeof(piece->name));
    }
    return true;
}

bool eb_pieces_of_diff(const eb_diff_result_t *diff, eb_pieces_t *out)
{
    *out = (eb_pieces_t){0};
    return copy_pieces(out, diff, NULL);
}

bool eb_pieces_of_spans(const eb_spans_t *spans, const eb_areas_t *areas, eb_pieces_t *out)
{
    eb_diff_result_t cut = {0};
    eb_span_state_t *states = NULL;
    bool good = true;

    *out = (eb_pieces_t){0};
    for (size_t i = 0; good && i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        size_t before = cut.count;

        good = eb_difference_add(&cut, areas, span->addr, span->size, EB_DIFFERENCE_CHANGED,
                                 NULL) == EB_OK;
        eb_span_state_t *more = good ? realloc(states, cut.count * sizeof(*states)) : NULL;
        good = more != NULL;
        if (good) {
            states = more;
        }
        for (size_t k = before; good && k < cut.count; k++) {
            states[k] = span->state;
        }
    }
    good = good && copy_pieces(out, &cut, states);
    free(states);
    eb_diff_result_free(&cut);
    return good;
}

void eb_pieces_free(eb_pieces_t *pieces)
{
    if (pieces == NULL) {
        return;
    }
    free(pieces->list);
    *pieces = (eb_pieces_t){0};
}

uint64_t eb_pieces_bytes(const eb_pieces_t *pieces, eb_span_state_t state)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < pieces->count; i++) {
        bytes += pieces->list[i].state == state ? pieces->list[i].size : 0;
    }
    return bytes;
}

bool eb_piece_sums_make(const eb_pieces_t *pieces, eb_piece_sums_t *out)
{
    *out = (eb_piece_sums_t){.list = calloc(pieces->count + 1, sizeof(*out->list))};
    if (out->list == NULL) {
        return false;
    }
    for (size_t i = 0; i < pieces->count; i++) {
        const eb_piece_t *piece = &pieces->list[i];
        eb_piece_sum_t *sum = out->count > 0 ? &out->list[out->count - 1] : NULL;

        if (sum == NULL || strcmp(sum->name, piece->name) != 0) {
            sum = &out->list[out->count++];
            memcpy(sum->name, piece->name, sizeof(sum->name));
        }
        if (sum->count == 0) {
            sum->addr = piece->addr;
        }
        if (sum->count == 0 || piece->state != EB_SPAN_SAME) {
            sum->end = piece->addr + piece->size;
        }
        sum->count += piece->state != EB_SPAN_SAME;
        sum->bytes[piece->state] += piece->bytes;
    }
    return true;
}

void eb_piece_sums_free(eb_piece_sums_t *sums)
{
    if (sums == NULL) {
        return;
    }
    free(sums->list);
    *sums = (eb_piece_sums_t){0};
}

const char *eb_range_state_name(eb_span_state_t state)
{
    switch (state) {
    case EB_SPAN_SAME:
        return "same";
    case EB_SPAN_OLD:
        return "old";
    case EB_SPAN_NEW:
        return "new";
    case EB_SPAN_WRITTEN:
        return "written";
    case EB_SPAN_UNKNOWN:
        return "unknown";
    }
    return "unknown";
}
