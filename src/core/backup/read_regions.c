#include "read_regions.h"

#include "espbackup/session.h"
#include "partition_table.h"
#include "partition_types.h"

#include <string.h>

void eb_regions_init(eb_regions_t *regions, eb_range_t range)
{
    memset(regions, 0, sizeof(*regions));
    regions->list[0] = (eb_region_t){range, EB_LIKELY_EVEN};
    regions->count = 1;
}

/* The work: [at, end) has no region yet. */
typedef struct divide {
    eb_regions_t *regions;
    uint64_t at, end;
} divide_t;

/* Append [at, end); a region like the one before is joined to it. It ends with a sector, because a
 * sector that was written is seldom blank at its end. */
static void add_region(divide_t *d, uint64_t end, eb_likely_t erased)
{
    eb_regions_t *regions = d->regions;
    eb_region_t *last = regions->count > 0 ? &regions->list[regions->count - 1] : NULL;

    end += (EB_SECTOR_BYTES - end % EB_SECTOR_BYTES) % EB_SECTOR_BYTES;
    end = end > d->end ? d->end : end;
    if (end <= d->at) {
        return;
    }
    uint32_t size = (uint32_t)(end - d->at);
    if (last != NULL && (last->erased == erased || regions->count == EB_REGIONS_MAX)) {
        last->range.size += size;
        last->erased = last->erased == erased ? erased : EB_LIKELY_EVEN;
    } else {
        regions->list[regions->count++] = (eb_region_t){{(uint32_t)d->at, size}, erased};
    }
    d->at = end;
}

static void add_partition(divide_t *d, const eb_partition_t *partition)
{
    uint64_t end = (uint64_t)partition->addr + partition->size;
    const eb_app_image_t *app = &partition->app;
    bool is_app = partition->type == EB_PART_APP;
    bool is_short = is_app && app->length_bytes > 0 && app->length_bytes < partition->size;
    /* A core dump is written when the firmware crashed, which is seldom. */
    bool is_dump = partition->type == EB_PART_DATA && partition->subtype == EB_PART_DATA_COREDUMP;
    bool is_empty = is_app && app->state == EB_IMAGE_NONE;

    if (is_short && !is_empty) {
        add_region(d, (uint64_t)partition->addr + app->length_bytes, EB_LIKELY_NO);
    }
    add_region(d, end, is_empty || is_short || is_dump ? EB_LIKELY_YES : EB_LIKELY_EVEN);
}

/* What lies between partitions: nothing, or the table. */
static void add_gap(divide_t *d, uint32_t table_addr, uint64_t end)
{
    if (table_addr >= d->at && table_addr < end) {
        add_region(d, table_addr, EB_LIKELY_YES);
        add_region(d, (uint64_t)table_addr + EB_SECTOR_BYTES, EB_LIKELY_NO);
    }
    add_region(d, end, EB_LIKELY_YES);
}

void eb_regions_use_table(eb_regions_t *regions, const eb_partition_table_t *table,
                          uint32_t bootloader_addr, uint32_t bootloader_bytes)
{
    const eb_region_t all = regions->list[0];
    divide_t d = {regions, all.range.addr, eb_range_end(all.range)};

    if (!table->present || all.range.size == 0) {
        return;
    }
    regions->count = 0;
    add_region(&d, bootloader_addr, EB_LIKELY_YES);
    if (bootloader_bytes > 0) {
        add_region(&d, (uint64_t)bootloader_addr + bootloader_bytes, EB_LIKELY_NO);
    }
    for (int index; d.at < d.end && (index = eb_partition_next(table, d.at)) >= 0;) {
        add_gap(&d, table->addr, table->entries[index].addr);
        add_partition(&d, &table->entries[index]);
    }
    add_gap(&d, table->addr, d.end);
}

const eb_region_t *eb_region_at(const eb_regions_t *regions, uint64_t addr)
{
    size_t i = 0;

    while (i + 1 < regions->count && addr >= eb_range_end(regions->list[i].range)) {
        i++;
    }
    return &regions->list[i];
}
