/* op_flash_info.c: what lies in the flash of a board, and how much of it is erased. */
#include "espbackup/ops.h"
#include "flash_layout.h"

#include <string.h>

void eb_flash_report_free(eb_flash_report_t *report)
{
    if (report != NULL) {
        eb_flash_map_free(&report->map);
    }
}

/* Of two partitions that overlap, what is erased is told of the first one only: the map has areas
 * that do not overlap. */
static eb_flash_usage_t usage_of(const eb_flash_map_t *map, const eb_partition_t *entry)
{
    const uint64_t end = (uint64_t)entry->addr + entry->size;
    const uint64_t erased = eb_map_ranges_bytes(&map->erased, entry->addr, end);
    const uint64_t used = eb_map_ranges_bytes(&map->used, entry->addr, end);

    for (size_t i = 0; i < map->area_count; i++) {
        if (map->areas[i].addr == entry->addr && strcmp(map->areas[i].name, entry->label) == 0) {
            return (eb_flash_usage_t){erased + used == entry->size, erased};
        }
    }
    return (eb_flash_usage_t){0};
}

static eb_code_t ask_usage(eb_retry_t *retry, eb_flash_report_t *report, eb_err_t *err)
{
    const eb_flash_map_t *map = &report->map;
    eb_code_t code = eb_flash_map_ask_board(&report->map, retry, report->asked_bytes, err);

    for (size_t i = 0; i < report->table.count; i++) {
        report->part_usage[i] = usage_of(map, &report->table.entries[i]);
    }
    report->usage.erased_bytes = eb_map_ranges_bytes(&map->erased, 0, UINT64_MAX);
    report->usage.known = code == EB_OK;
    return code;
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
    eb_retry_t retry;
    eb_layout_t layout;
    eb_retry_init(&retry, s, ev);
    eb_layout_source_t source = eb_layout_of_board(&retry, options->table_addr);
    code = eb_layout_search_used(&source, ev, &layout, err);
    report->table = layout.table;
    report->boot = layout.boot;
    report->bootloader = layout.bootloader;
    const eb_areas_t areas = {.table = &report->table, .bootloader_addr = source.bootloader_addr};
    if (code == EB_OK) {
        code = eb_flash_map_begin(&report->map, 0, eb_session_flash(s)->size_bytes, &areas,
                                  report->boot.index, err);
    }
    if (code == EB_OK && !options->skip_usage) {
        code = ask_usage(&retry, report, err);
    }
    return code;
}
