/* span_list.c: a list of ranges of the flash and what is known of each. */
#include "span_list.h"

#include "range.h"

#include <stdlib.h>
#include <string.h>

void eb_spans_free(eb_spans_t *spans)
{
    if (spans != NULL) {
        free(spans->spans);
        memset(spans, 0, sizeof(*spans));
    }
}

uint64_t eb_spans_bytes(const eb_spans_t *spans, eb_span_state_t state)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < spans->count; i++) {
        bytes += spans->spans[i].state == state ? spans->spans[i].size : 0;
    }
    return bytes;
}

eb_code_t eb_spans_add(eb_spans_t *spans, uint32_t addr, uint32_t size, eb_span_state_t state,
                       eb_err_t *err)
{
    eb_flash_span_t *last = spans->count > 0 ? &spans->spans[spans->count - 1] : NULL;

    if (size == 0) {
        return EB_OK;
    }
    if ((last != NULL && addr < eb_span_end(last)) || !eb_range_within(addr, size, 1ull << 32)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "span 0x%x + 0x%x is out of order", addr, size);
    }
    if (last != NULL && addr == eb_span_end(last) && last->state == state &&
        size <= UINT32_MAX - last->size) {
        last->size += size;
        return EB_OK;
    }
    eb_flash_span_t *more = realloc(spans->spans, (spans->count + 1) * sizeof(*more));
    if (more == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu ranges", spans->count + 1);
    }
    spans->spans = more;
    more[spans->count++] = (eb_flash_span_t){addr, size, state};
    return EB_OK;
}

/* Add the part of [start, end) that lies within [low, high). */
static eb_code_t add_cut(eb_spans_t *spans, uint64_t start, uint64_t end, uint64_t low,
                         uint64_t high, eb_span_state_t state, eb_err_t *err)
{
    start = start < low ? low : start;
    end = end > high ? high : end;
    if (start >= end) {
        return EB_OK;
    }
    return eb_spans_add(spans, (uint32_t)start, (uint32_t)(end - start), state, err);
}

eb_code_t eb_spans_mark(eb_spans_t *spans, uint32_t addr, uint32_t size, eb_span_state_t state,
                        eb_err_t *err)
{
    eb_spans_t marked = {0};
    uint64_t low = addr, high = low + size;
    eb_code_t code = EB_OK;

    if (size == 0) {
        return EB_OK;
    }
    for (size_t i = 0; i < spans->count && code == EB_OK; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        uint64_t start = span->addr, end = eb_span_end(span);
        code = add_cut(&marked, start, end, 0, low, span->state, err);
        if (code == EB_OK) {
            code = add_cut(&marked, start, end, low, high, state, err);
        }
        if (code == EB_OK) {
            code = add_cut(&marked, start, end, high, UINT64_MAX, span->state, err);
        }
    }
    if (code != EB_OK) {
        eb_spans_free(&marked);
        return code;
    }
    eb_spans_free(spans);
    *spans = marked;
    return EB_OK;
}

eb_code_t eb_spans_cut(const eb_spans_t *spans, eb_range_t range, eb_spans_t *out, eb_err_t *err)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        uint64_t range_end = eb_range_end(range);
        uint64_t start = span->addr > range.addr ? span->addr : range.addr;
        uint64_t end = eb_span_end(span) < range_end ? eb_span_end(span) : range_end;
        if (start < end) {
            eb_code_t code =
                eb_spans_add(out, (uint32_t)start, (uint32_t)(end - start), span->state, err);
            if (code != EB_OK) {
                return code;
            }
        }
    }
    return EB_OK;
}
