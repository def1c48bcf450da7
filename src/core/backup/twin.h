/*
 * twin.h: whether a read may have been answered from an address that differs in one bit.
 *
 * Requests carry no checksum. A READ_FLASH whose address lost a bit is answered well, for another
 * range, and proves itself; the digest of one spot of it, asked for at its address, does not tell
 * where the two ranges are equal there. But then the image holds the same bytes twice: at the
 * address asked for and, read by another request, where they came from. So only a read that has
 * such a twin in the image, or may have one beside it, needs a digest of all of it.
 */
#ifndef EB_BACKUP_TWIN_H
#define EB_BACKUP_TWIN_H

#include "flash_compare.h"
#include "range.h"

/* What one request asked for. */
typedef struct eb_twin_read {
    eb_range_t range;
    eb_range_t spot; /* within it: its digest was asked for by a request of its own */
} eb_twin_read_t;

/* Those that have to be looked at; starts zeroed. */
typedef struct eb_twin_reads {
    eb_twin_read_t *list; /* owned */
    size_t count, room;
} eb_twin_reads_t;

/* EB_ERR_INTERNAL without memory. */
eb_code_t eb_twin_add(eb_twin_reads_t *reads, const eb_twin_read_t *read, eb_err_t *err);
void eb_twin_free(eb_twin_reads_t *reads); /* NULL is allowed */

/*
 * *possible: what came of the read may be what lies at its address with one bit turned over (within
 * the flash), as far as the image tells. bytes gives those of the image: at most 4 KiB at once, and
 * only of `image`. Fails only as `bytes` does; then *possible is false.
 */
eb_code_t eb_twin_look(const eb_twin_read_t *read, eb_range_t image, uint64_t flash_bytes,
                       eb_wanted_fn bytes, void *user, bool *possible, eb_err_t *err);

#endif
