/* op_flash_info.c: what lies in the flash of a board, and how much of it is erased. */
#include "digest.h"
#include "espbackup/ops.h"
#include "flash_layout.h"
#include "partition_table.h"

#include <stdlib.h>
#include <string.h>

#define GRANULE_BYTES   (64u * 1024u)
#define GRANULES_A_PART 16u /* so that a small partition is seen in parts too */

typedef struct usage_scan {
    eb_retry_t retry;
    const eb_events_t *ev;
    eb_flash_report_t *report;
    uint64_t total;
    uint64_t done;
} usage_scan_t;

/* Erased bytes of a range, counted in pieces: what is not wholly erased counts as used. */
static eb_code_t scan_range(usage_scan_t *scan, uint64_t start, uint64_t end, uint64_t *erased,
                            eb_err_t *err)
{
    uint64_t granule = (end - start) / GRANULES_A_PART / EB_SECTOR_BYTES * EB_SECTOR_BYTES;

    granule = granule < EB_SECTOR_BYTES ? EB_SECTOR_BYTES : granule;
    granule = granule > GRANULE_BYTES ? GRANULE_BYTES : granule;
    while (start < end) {
        uint8_t theirs[EB_MD5_BYTES], blank[EB_MD5_BYTES];
        uint32_t size = (uint32_t)(end - start < granule ? end - start : granule);
        eb_code_t code = EB_OK;
        if (eb_event_cancelled(scan->ev)) {
            return eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
        }
        code = eb_retry_digest(&scan->retry, (uint32_t)start, size, theirs, err);
        if (code != EB_OK) {
            return code;
        }
        eb_md5_erased(size, blank);
        if (memcmp(theirs, blank, sizeof(blank)) == 0) {
            *erased += size;
        }
        start += size;
        scan->done += size;
        eb_event_progress(scan->ev, EB_PHASE_CHECK, scan->done, scan->total);
    }
    return EB_OK;
}

/* Partitions one by one, and what lies between them. */
static eb_code_t scan_usage(usage_scan_t *scan, eb_err_t *err)
{
    eb_flash_report_t *report = scan->report;
    uint64_t at = 0;

    eb_event_progress(scan->ev, EB_PHASE_CHECK, 0, scan->total);
    while (at < scan->total) {
        int index = eb_partition_next(&report->table, at);
        uint64_t start = index < 0 ? scan->total : report->table.entries[index].addr;
        start = start > scan->total ? scan->total : start;
        eb_code_t code = scan_range(scan, at, start, &report->usage.erased_bytes, err);
        if (code != EB_OK) {
            return code;
        }
        at = start;
        if (index < 0 || at >= scan->total) {
            break;
        }
        uint64_t end = start + report->table.entries[index].size;
        eb_flash_usage_t *usage = &report->part_usage[index];
        end = end > scan->total ? scan->total : end;
        if ((code = scan_range(scan, at, end, &usage->erased_bytes, err)) != EB_OK) {
            return code;
        }
        usage->known = true;
        report->usage.erased_bytes += usage->erased_bytes;
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
    usage_scan_t scan = {.ev = ev, .report = report};
    scan.total = eb_session_flash(s)->size_bytes;
    eb_retry_init(&scan.retry, s, ev);
    eb_layout_t *layout = calloc(1, sizeof(*layout));
    if (layout == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the partition table");
    }
    eb_layout_source_t source = eb_layout_of_board(&scan.retry, options->table_addr);
    code = eb_layout_search_used(&source, ev, layout, err);
    report->table = layout->table;
    report->boot = layout->boot;
    report->bootloader = layout->bootloader;
    free(layout);
    if (code == EB_OK && !options->skip_usage && eb_session_has_digest(s)) {
        code = scan_usage(&scan, err);
    }
    return code;
}
