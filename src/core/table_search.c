#include "table_search.h"

#include "partition_table.h"

#include <string.h>

#define STEP_BYTES  0x1000u
#define MAGIC_BYTES 2u
#define ENTRY_MAGIC 0x50AAu

static bool can_read(const eb_layout_source_t *source, uint32_t addr, uint32_t size)
{
    return addr >= source->range.addr &&
           eb_range_within(addr - source->range.addr, size, source->range.size);
}

static eb_code_t look_at(const eb_layout_source_t *source, uint32_t addr, const eb_events_t *ev,
                         bool *found, eb_err_t *err)
{
    uint8_t bytes[EB_PARTITION_TABLE_BYTES];
    eb_partition_table_t table;
    eb_err_t why = {0};

    *found = false;
    if (!can_read(source, addr, sizeof(bytes))) {
        return EB_OK;
    }
    /* Two bytes tell most places that hold something else, and spare the line 3 KiB. */
    eb_code_t code = source->read(source->user, addr, MAGIC_BYTES, bytes, err);
    if (code != EB_OK || eb_get_le16(bytes) != ENTRY_MAGIC) {
        return code;
    }
    code = source->read(source->user, addr, sizeof(bytes), bytes, err);
    if (code != EB_OK) {
        return code;
    }
    code = eb_partition_table_parse(bytes, sizeof(bytes), addr, source->flash_size_bytes, &table,
                                    &why);
    if (code != EB_OK) {
        eb_event_note(ev, EB_LEVEL_WARNING, "partition table at 0x%x: %s", addr, why.message);
    }
    *found = code == EB_OK && table.present;
    return EB_OK;
}

eb_code_t eb_table_search(eb_layout_source_t *source, const eb_events_t *ev, bool *found,
                          eb_err_t *err)
{
    uint32_t first = source->table_addr != 0 ? source->table_addr : EB_PARTITION_TABLE_ADDR;
    uint32_t last = source->table_addr != 0 ? first : EB_TABLE_SEARCH_END;

    *found = false;
    for (uint64_t addr = first; addr <= last; addr += STEP_BYTES) {
        eb_code_t code = look_at(source, (uint32_t)addr, ev, found, err);
        if (code != EB_OK) {
            return code;
        }
        if (*found) {
            if (source->table_addr == 0 && addr != EB_PARTITION_TABLE_ADDR) {
                eb_event_note(ev, EB_LEVEL_NOTE, "the partition table lies at 0x%x",
                              (unsigned)addr);
            }
            source->table_addr = (uint32_t)addr;
            return EB_OK;
        }
    }
    return EB_OK;
}

eb_code_t eb_layout_search(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                           eb_err_t *err)
{
    bool found;

    memset(out, 0, sizeof(*out));
    out->boot.index = -1;
    eb_code_t code = eb_table_search(source, ev, &found, err);
    if (code != EB_OK) {
        return code;
    }
    /* A table that is no good was told of already. */
    return eb_layout_find(source, found ? ev : NULL, out, err);
}
