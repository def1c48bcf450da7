#include "range.h"

#include <stdlib.h>

eb_range_t eb_range_common(eb_range_t a, eb_range_t b)
{
    uint64_t start = a.addr > b.addr ? a.addr : b.addr;
    uint64_t end = eb_range_end(a) < eb_range_end(b) ? eb_range_end(a) : eb_range_end(b);

    if (end <= start) {
        return (eb_range_t){0, 0};
    }
    return (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
}

bool eb_ranges_hold(const eb_range_t *ranges, size_t count, uint64_t addr, uint64_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (eb_range_holds(ranges[i], addr, size)) {
            return true;
        }
    }
    return false;
}

uint64_t eb_ranges_bytes(const eb_range_t *ranges, size_t count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += ranges[i].size;
    }
    return bytes;
}

static int by_addr(const void *a, const void *b)
{
    const eb_range_t *left = a, *right = b;

    return left->addr < right->addr ? -1 : left->addr > right->addr;
}

size_t eb_ranges_join(eb_range_t *ranges, size_t count)
{
    size_t kept = 0;

    qsort(ranges, count, sizeof(*ranges), by_addr);
    for (size_t i = 0; i < count; i++) {
        eb_range_t *last = kept > 0 ? &ranges[kept - 1] : NULL;
        if (last != NULL && ranges[i].addr <= eb_range_end(*last)) {
            uint64_t end = eb_range_end(ranges[i]);
            end = end > eb_range_end(*last) ? end : eb_range_end(*last);
            last->size = (uint32_t)(end - last->addr);
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}
