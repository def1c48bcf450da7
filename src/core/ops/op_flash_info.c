/* op_flash_info.c: what lies in the flash of a board, and how much of it is erased. */
#include "bytes.h"
#include "espbackup/ops.h"
#include "flash_layout.h"
#include "partition_table.h"
#include "range.h"

#include <string.h>

#define GRANULE_BYTES   (64u * 1024u)
#define GRANULES_A_PART 16u /* so that a small partition is seen in parts too */

typedef struct usage_scan {
    eb_retry_t retry;
    uint64_t total;
    uint64_t done;
} usage_scan_t;

/* Erased bytes of a range, counted in pieces: what is not wholly erased counts as used. */
static eb_code_t scan_range(usage_scan_t *scan, uint64_t start, uint64_t end, uint64_t *erased,
                            eb_err_t *err)
{
    uint64_t granule = (end - start) / GRANULES_A_PART / EB_SECTOR_BYTES * EB_SECTOR_BYTES;

    granule = eb_min_u64(eb_max_u64(granule, EB_SECTOR_BYTES), GRANULE_BYTES);
    eb_code_t code = EB_OK;
    for (uint32_t size; start < end && code == EB_OK; start += size) {
        bool blank;
        size = (uint32_t)eb_min_u64(end - start, granule);
        code = eb_retry_is_erased(&scan->retry, (eb_range_t){(uint32_t)start, size}, &blank, err);
        *erased += blank ? size : 0;
        scan->done += size;
        if (code == EB_OK) {
            eb_event_progress(scan->retry.ev, EB_PHASE_CHECK, scan->done, scan->total);
        }
    }
    return code;
}

/* Partitions one by one, and what lies between them. */
static eb_code_t scan_usage(usage_scan_t *scan, eb_flash_report_t *report, eb_err_t *err)
{
    uint64_t at = 0;

    eb_event_progress(scan->retry.ev, EB_PHASE_CHECK, 0, scan->total);
    while (at < scan->total) {
        int index = eb_partition_next(&report->table, at);
        const eb_partition_t *entry = index >= 0 ? &report->table.entries[index] : NULL;
        bool inside = entry != NULL && entry->addr <= at;
        uint64_t end = entry == NULL ? scan->total : entry->addr + (inside ? entry->size : 0ull);
        uint64_t erased = 0;
        end = eb_min_u64(end, scan->total);
        eb_code_t code = scan_range(scan, at, end, &erased, err);
        if (code != EB_OK) {
            return code;
        }
        if (inside && entry->addr == at) { /* else it overlaps: the part before is not known */
            bool whole = eb_range_within(entry->addr, entry->size, scan->total);
            report->part_usage[index] = (eb_flash_usage_t){whole, erased};
        }
        report->usage.erased_bytes += erased;
        at = end;
    }
    report->usage.known = true;
    return EB_OK;
}

eb_code_t eb_op_flash_info(eb_session_t *s, const eb_flash_info_options_t *options,
                           const eb_events_t *ev, eb_flash_report_t *report, eb_err_t *err)
{
    memset(report, 0, sizeof(*report));
    report->boot.index = -1;
    eb_code_t code = eb_session_need_flash(s, err);
    if (code != EB_OK) {
        return code;
    }
    report->asked_bytes = eb_session_reach(s);
    usage_scan_t scan = {.total = report->asked_bytes};
    eb_layout_t layout;
    eb_retry_init(&scan.retry, s, ev);
    eb_layout_source_t source = eb_layout_of_board(&scan.retry, options->table_addr);
    code = eb_layout_search_used(&source, ev, &layout, err);
    report->table = layout.table;
    report->boot = layout.boot;
    report->bootloader = layout.bootloader;
    if (code == EB_OK && !options->skip_usage) {
        code = scan_usage(&scan, report, err);
    }
    return code;
}
