/*
 * verified_map.h: which bytes of a range are verified, and where they came from. Pure: no I/O.
 *
 * Kept by units of 1 KiB that lie on flash addresses which are multiples of it; the first and the
 * last unit may be cut short by the range. A unit is verified as a whole or not at all.
 */
#ifndef EB_BACKUP_VERIFIED_MAP_H
#define EB_BACKUP_VERIFIED_MAP_H

#include "espbackup/err.h"
#include "espbackup/origin.h"
#include "range.h"

#define EB_MAP_UNIT_BYTES 1024u

typedef struct eb_verified_map {
    eb_range_t range;
    size_t unit_count;
    uint8_t *origin; /* eb_origin_t, one a unit; owned */
    uint64_t verified_bytes;
} eb_verified_map_t;

/* Zeroed first; all open. EB_ERR_INTERNAL without memory. Free with eb_verified_map_free. */
eb_code_t eb_verified_map_init(eb_verified_map_t *map, eb_range_t range, eb_err_t *err);
void eb_verified_map_free(eb_verified_map_t *map); /* NULL is allowed */

/* Mark the units that lie wholly within `range`; units beside the map are ignored. */
void eb_verified_map_set(eb_verified_map_t *map, eb_range_t range, eb_origin_t origin);
/* The same of those that are open. Returns what it cost: how many units it looked at, at least 1.
 */
size_t eb_verified_map_fill(eb_verified_map_t *map, eb_range_t range, eb_origin_t origin);

/* First run of open (verified) units at or after `from`; false: there is none. */
bool eb_verified_map_next_open(const eb_verified_map_t *map, uint64_t from, eb_range_t *out);
bool eb_verified_map_next_verified(const eb_verified_map_t *map, uint64_t from, eb_range_t *out);

/* Units of one origin, from the one that holds `from` on; false: `from` lies behind the map. */
bool eb_verified_map_next_run(const eb_verified_map_t *map, uint64_t from, eb_range_t *out,
                              eb_origin_t *origin);

/* Bytes of each origin, EB_ORIGIN_NONE too. */
void eb_verified_map_totals(const eb_verified_map_t *map, eb_origins_t *out);

#endif
