/* restore_order.c: the order in which a restore changes the flash. */
#include "partition_table.h"
#include "partition_types.h"
#include "restore_job.h"

static size_t add_area(eb_range_t *areas, size_t count, uint64_t start, uint64_t end)
{
    if (start < end) {
        areas[count++] = (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
    }
    return count;
}

static eb_range_t ota_data(const eb_restore_job_t *job, uint64_t main_start)
{
    const eb_layout_t *layout = job->table_changes ? &job->after : &job->board;
    int index = layout->table.present
                    ? eb_partition_of_type(&layout->table, EB_PART_DATA, EB_PART_DATA_OTA)
                    : -1;
    const eb_partition_t *entry = index >= 0 ? &layout->table.entries[index] : NULL;

    if (entry != NULL && entry->addr >= main_start && entry->addr % EB_SECTOR_BYTES == 0 &&
        entry->size % EB_SECTOR_BYTES == 0 &&
        eb_range_within(entry->addr, entry->size, job->flash_bytes)) {
        return (eb_range_t){entry->addr, entry->size};
    }
    return (eb_range_t){(uint32_t)main_start, 0};
}

/*
 * What is looked at first at boot is written last: ROM -> bootloader -> partition table -> OTA data
 * -> app. A restore cut short leaves the old chain in front of new apps, and the old bootloader
 * checks an app before it starts it, so that half an app is not run. Of the bootloader the sector
 * with the header comes last: on a blank board the ROM does not find one before it is whole, and a
 * mix of old and new fails the ROM's own check. A board without bootloader waits in its loader for
 * the second try.
 */
size_t eb_restore_areas(const eb_restore_job_t *job, eb_range_t areas[EB_RESTORE_AREAS_MAX])
{
    uint64_t boot = eb_session_chip(job->session)->bootloader_addr;
    uint64_t table = job->table_addr, main_start = table + EB_SECTOR_BYTES;
    size_t n = 0;

    if (boot % EB_SECTOR_BYTES != 0 || table % EB_SECTOR_BYTES != 0 ||
        table < boot + EB_SECTOR_BYTES || main_start > job->flash_bytes) {
        return add_area(areas, n, 0, job->flash_bytes);
    }
    eb_range_t ota = ota_data(job, main_start);
    n = add_area(areas, n, main_start, ota.addr);
    n = add_area(areas, n, eb_range_end(ota), job->flash_bytes);
    n = add_area(areas, n, ota.addr, eb_range_end(ota));
    n = add_area(areas, n, table, main_start);
    n = add_area(areas, n, 0, boot);
    n = add_area(areas, n, boot + EB_SECTOR_BYTES, table);
    n = add_area(areas, n, boot, boot + EB_SECTOR_BYTES);
    return n;
}
