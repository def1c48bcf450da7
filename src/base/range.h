/* range.h: half-open ranges of flash addresses. Pure. */
#ifndef EB_BASE_RANGE_H
#define EB_BASE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [addr, addr + size); size 0: empty. */
typedef struct eb_range {
    uint32_t addr;
    uint32_t size;
} eb_range_t;

/* End of a range: 2^32 is possible. */
static inline uint64_t eb_range_end(eb_range_t range)
{
    return (uint64_t)range.addr + range.size;
}

/* Whether [addr, addr + size) lies within [0, limit), without overflow. */
static inline bool eb_range_within(uint64_t addr, uint64_t size, uint64_t limit)
{
    return addr <= limit && size <= limit - addr;
}

/* Whether `outer` holds all of [addr, addr + size). */
static inline bool eb_range_holds(eb_range_t outer, uint64_t addr, uint64_t size)
{
    return addr >= outer.addr && eb_range_within(addr - outer.addr, size, outer.size);
}

/* The bytes that lie in both; size 0: none. */
eb_range_t eb_range_common(eb_range_t a, eb_range_t b);

/* Whether one of the ranges holds all of [addr, addr + size). */
bool eb_ranges_hold(const eb_range_t *ranges, size_t count, uint64_t addr, uint64_t size);

/* Sum of the sizes. */
uint64_t eb_ranges_bytes(const eb_range_t *ranges, size_t count);

/* Sort by address and join what overlaps or touches; returns the new count. */
size_t eb_ranges_join(eb_range_t *ranges, size_t count);

#endif
