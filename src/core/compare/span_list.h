/*
 * span_list.h: a list of ranges of the flash and the state of each.
 */
#ifndef EB_COMPARE_SPAN_LIST_H
#define EB_COMPARE_SPAN_LIST_H

#include "espbackup/err.h"
#include "range.h"

typedef enum eb_span_state {
    EB_SPAN_SAME,    /* already as wanted, verified by digest */
    EB_SPAN_OLD,     /* not touched, and to be changed */
    EB_SPAN_NEW,     /* written and verified by digest */
    EB_SPAN_WRITTEN, /* acknowledged, not verified */
    EB_SPAN_UNKNOWN  /* begun, or lost on the way */
} eb_span_state_t;

typedef struct eb_flash_span {
    uint32_t addr;
    uint32_t size;
    eb_span_state_t state;
} eb_flash_span_t;

/* Sorted by addr, neighbours differ in state. Owned by the result; freed by eb_spans_free. */
typedef struct eb_spans {
    eb_flash_span_t *spans;
    size_t count;
} eb_spans_t;
void eb_spans_free(eb_spans_t *spans);
uint64_t eb_spans_bytes(const eb_spans_t *spans, eb_span_state_t state);

static inline eb_range_t eb_span_range(const eb_flash_span_t *span)
{
    return (eb_range_t){span->addr, span->size};
}

static inline bool eb_span_is_verified(eb_span_state_t state)
{
    return state == EB_SPAN_SAME || state == EB_SPAN_NEW;
}

/* Append or merge; addresses must grow. EB_ERR_INTERNAL without memory. */
eb_code_t eb_spans_add(eb_spans_t *spans, uint32_t addr, uint32_t size, eb_span_state_t state,
                       eb_err_t *err);
/* Set the state of [addr, addr + size) within spans, splitting as needed. */
eb_code_t eb_spans_mark(eb_spans_t *spans, uint32_t addr, uint32_t size, eb_span_state_t state,
                        eb_err_t *err);
/* The parts of spans that lie in a range; *out is zeroed first. Freed by the caller in any case. */
eb_code_t eb_spans_cut(const eb_spans_t *spans, eb_range_t range, eb_spans_t *out, eb_err_t *err);

#endif
