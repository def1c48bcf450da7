#include "span_list.h"

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
    uint64_t end = last != NULL ? eb_range_end(eb_span_range(last)) : 0;

    if (size == 0) {
        return EB_OK;
    }
    if (addr < end || !eb_range_within(addr, size, 1ull << 32)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "span 0x%x + 0x%x is out of order", addr, size);
    }
    if (last != NULL && addr == end && last->state == state && size <= UINT32_MAX - last->size) {
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

/* Add the part of a span that lies in a range. */
static eb_code_t add_part(eb_spans_t *out, const eb_flash_span_t *span, eb_range_t range,
                          eb_span_state_t state, eb_err_t *err)
{
    eb_range_t part = eb_range_common(eb_span_range(span), range);

    return eb_spans_add(out, part.addr, part.size, state, err);
}

eb_code_t eb_spans_mark(eb_spans_t *spans, uint32_t addr, uint32_t size, eb_span_state_t state,
                        eb_err_t *err)
{
    eb_range_t range = {addr, size};
    uint64_t end = eb_range_end(range);
    eb_range_t before = {0, addr}, behind = {(uint32_t)end, (uint32_t)((1ull << 32) - end)};
    eb_spans_t marked = {0};
    eb_code_t code = EB_OK;

    if (size == 0) {
        return EB_OK;
    }
    for (size_t i = 0; i < spans->count && code == EB_OK; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        if ((code = add_part(&marked, span, before, span->state, err)) == EB_OK &&
            (code = add_part(&marked, span, range, state, err)) == EB_OK) {
            code = add_part(&marked, span, behind, span->state, err);
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
    eb_code_t code = EB_OK;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < spans->count && code == EB_OK; i++) {
        code = add_part(out, &spans->spans[i], range, spans->spans[i].state, err);
    }
    return code;
}
