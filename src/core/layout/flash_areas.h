/*
 * flash_areas.h: the names of what lies at an address of the flash. Pure.
 *
 * An area is a partition, the bootloader, the partition table, or what lies between them.
 */
#ifndef EB_LAYOUT_FLASH_AREAS_H
#define EB_LAYOUT_FLASH_AREAS_H

#include "espbackup/image.h"
#include "espbackup/session.h"
#include "range.h"

typedef struct eb_areas {
    const eb_partition_table_t *table; /* NULL or not present: not known; borrowed */
    uint32_t bootloader_addr;
    const char *label; /* of `only`, which alone has a name when there is no table; borrowed */
    eb_range_t only;
} eb_areas_t;

/* Whether it knows any name. */
bool eb_areas_known(const eb_areas_t *areas);
/* Whether another area begins at addr. */
bool eb_areas_border(const eb_areas_t *areas, uint32_t addr);

/* The area at an address. */
typedef struct eb_area {
    const char *name; /* empty: none; borrowed */
    uint64_t end;     /* first address behind it */
} eb_area_t;
eb_area_t eb_areas_at(const eb_areas_t *areas, uint32_t addr);

#endif
