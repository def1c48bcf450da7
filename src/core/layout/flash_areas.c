#include "flash_areas.h"

#include "partition_table.h"

static bool has_table(const eb_areas_t *areas)
{
    return areas->table != NULL && areas->table->present;
}

bool eb_areas_known(const eb_areas_t *areas)
{
    return has_table(areas) || areas->label != NULL;
}

/* Take `start` as the end of an area without a name if it comes first; or, from start on, name. */
static void consider(eb_area_t *area, uint32_t addr, uint64_t start, uint64_t end, const char *name)
{
    if (addr >= start && addr < end) {
        if (area->name[0] == '\0') {
            area->name = name;
        }
        area->end = end < area->end ? end : area->end;
    } else if (addr < start && start < area->end) {
        area->end = start;
    }
}

eb_area_t eb_areas_at(const eb_areas_t *areas, uint32_t addr)
{
    eb_area_t area = {"", UINT64_MAX};

    if (!has_table(areas)) {
        if (areas->label != NULL) {
            consider(&area, addr, areas->only.addr, eb_range_end(areas->only), areas->label);
        }
        return area;
    }
    const eb_partition_table_t *table = areas->table;
    for (size_t i = 0; i < table->count; i++) {
        const eb_partition_t *entry = &table->entries[i];
        consider(&area, addr, entry->addr, (uint64_t)entry->addr + entry->size, entry->label);
    }
    consider(&area, addr, table->addr, (uint64_t)table->addr + EB_SECTOR_BYTES, "partition table");
    uint32_t bootloader_end = eb_partition_bootloader_end(table, areas->bootloader_addr);
    if (areas->bootloader_addr < bootloader_end) {
        consider(&area, addr, areas->bootloader_addr, bootloader_end, "bootloader");
    }
    return area;
}

bool eb_areas_border(const eb_areas_t *areas, uint32_t addr)
{
    return addr > 0 && eb_areas_at(areas, addr - 1).end == addr;
}
