#include "unit_digests.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

static size_t index_of(const eb_unit_digests_t *digests, uint64_t addr)
{
    return (size_t)(addr / digests->unit_bytes - digests->addr / digests->unit_bytes);
}

eb_code_t eb_unit_digests_init(eb_unit_digests_t *digests, uint64_t addr, uint64_t size_bytes,
                               uint32_t unit_bytes, eb_err_t *err)
{
    *digests = (eb_unit_digests_t){addr, size_bytes, unit_bytes, NULL};
    digests->sha256 = calloc(index_of(digests, addr + size_bytes) + 1, sizeof(*digests->sha256));
    return digests->sha256 != NULL
               ? EB_OK
               : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the digests of %llu bytes",
                            (unsigned long long)size_bytes);
}

void eb_unit_digests_free(eb_unit_digests_t *digests)
{
    if (digests != NULL) {
        free(digests->sha256);
        *digests = (eb_unit_digests_t){0};
    }
}

uint64_t eb_unit_digests_unit(const eb_unit_digests_t *digests, uint64_t addr, uint32_t *size)
{
    uint64_t start = addr - addr % digests->unit_bytes;
    const uint64_t end =
        eb_min_u64(start + digests->unit_bytes, digests->addr + digests->size_bytes);

    start = start > digests->addr ? start : digests->addr;
    *size = (uint32_t)(end - start);
    return start;
}

void eb_unit_digests_keep(eb_unit_digests_t *digests, uint64_t addr, const uint8_t *bytes,
                          uint64_t size)
{
    uint32_t unit;

    for (uint64_t at = addr; at < addr + size; at += unit) {
        const uint64_t start = eb_unit_digests_unit(digests, at, &unit);
        unit -= (uint32_t)(at - start); /* to its end */
        if (start == at && at + unit <= addr + size) {
            eb_sha256(bytes + (at - addr), unit, digests->sha256[index_of(digests, at)]);
        }
    }
}

bool eb_unit_digests_match(const eb_unit_digests_t *digests, uint64_t addr, const uint8_t *bytes)
{
    uint8_t sha256[EB_SHA256_BYTES];
    uint32_t size;

    eb_sha256(bytes, (size_t)(eb_unit_digests_unit(digests, addr, &size) + size - addr), sha256);
    return memcmp(sha256, digests->sha256[index_of(digests, addr)], sizeof(sha256)) == 0;
}
