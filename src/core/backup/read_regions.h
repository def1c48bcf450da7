/* read_regions.h: how likely each part of the flash is erased, by the partition table and the app
 * headers. Pure. */
#ifndef EB_BACKUP_READ_REGIONS_H
#define EB_BACKUP_READ_REGIONS_H

#include "espbackup/image.h"
#include "range.h"

#define EB_REGIONS_MAX (2u * EB_PARTITIONS_MAX + 8u)

typedef enum eb_likely { EB_LIKELY_NO, EB_LIKELY_EVEN, EB_LIKELY_YES } eb_likely_t;

typedef struct eb_region {
    eb_range_t range;
    eb_likely_t erased;
} eb_region_t;

/* In order, without gaps or overlap; at least one. */
typedef struct eb_regions {
    eb_region_t list[EB_REGIONS_MAX];
    size_t count;
} eb_regions_t;

/* One region, erased as likely as not. */
void eb_regions_init(eb_regions_t *regions, eb_range_t range);

/* From a table whose apps were measured, cut to the range of eb_regions_init. A table that is not
 * present changes nothing. */
void eb_regions_use_table(eb_regions_t *regions, const eb_partition_table_t *table,
                          uint32_t bootloader_addr, uint32_t bootloader_bytes);

/* The region of an address within the range. */
const eb_region_t *eb_region_at(const eb_regions_t *regions, uint64_t addr);

#endif
