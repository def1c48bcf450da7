/*
 * unit_digests.h: SHA-256 of each unit of a range of bytes, so that bytes of a file are told from
 * what they were when they were checked. Pure: no I/O.
 *
 * Units lie on multiples of their size; the first and the last one may be cut short by the range.
 */
#ifndef EB_FILES_UNIT_DIGESTS_H
#define EB_FILES_UNIT_DIGESTS_H

#include "digest.h"
#include "espbackup/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct eb_unit_digests {
    uint64_t addr, size_bytes; /* of the range */
    uint32_t unit_bytes;
    uint8_t (*sha256)[EB_SHA256_BYTES]; /* one a unit; owned */
} eb_unit_digests_t;

/* Zeroed first. EB_ERR_INTERNAL without memory. Free with eb_unit_digests_free. */
eb_code_t eb_unit_digests_init(eb_unit_digests_t *digests, uint64_t addr, uint64_t size_bytes,
                               uint32_t unit_bytes, eb_err_t *err);
void eb_unit_digests_free(eb_unit_digests_t *digests); /* NULL is allowed */

/* The unit that holds `addr`, which must lie in the range: its first address; its size. */
uint64_t eb_unit_digests_unit(const eb_unit_digests_t *digests, uint64_t addr, uint32_t *size);

/* Keep the digests of the units that lie wholly within [addr, addr + size). */
void eb_unit_digests_keep(eb_unit_digests_t *digests, uint64_t addr, const uint8_t *bytes,
                          uint64_t size);

/* Whether the bytes of a whole unit, which begins at `addr`, are those whose digest was kept. */
bool eb_unit_digests_match(const eb_unit_digests_t *digests, uint64_t addr, const uint8_t *bytes);

#endif
