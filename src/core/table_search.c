#include "table_search.h"

#include "bytes.h"
#include "partition_table.h"
#include "range.h"

#include <stdlib.h>
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
                         eb_partition_table_t *table, eb_err_t *err)
{
    uint8_t bytes[EB_PARTITION_TABLE_BYTES];
    eb_err_t why = {0};

    memset(table, 0, sizeof(*table));
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
    code =
        eb_partition_table_parse(bytes, sizeof(bytes), addr, source->flash_size_bytes, table, &why);
    if (code != EB_OK) {
        eb_event_note(ev, EB_LEVEL_WARNING, "partition table at 0x%x: %s", addr, why.message);
    }
    return EB_OK;
}

/*
 * Found: source->table_addr is set, *found true, and a note tells a place that is not the usual
 * one. damaged_addr: of the first that looks like a table and contradicts itself; 0: none.
 */
static eb_code_t search(eb_layout_source_t *source, const eb_events_t *ev, bool *found,
                        uint32_t *damaged_addr, eb_err_t *err)
{
    uint32_t first = source->table_addr != 0 ? source->table_addr : EB_PARTITION_TABLE_ADDR;
    uint32_t last = source->table_addr != 0 ? first : EB_TABLE_SEARCH_END;
    eb_partition_table_t *table = malloc(sizeof(*table));
    eb_code_t code = EB_OK;

    *found = false;
    *damaged_addr = 0;
    if (table == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the partition table");
    }
    for (uint64_t addr = first; addr <= last && code == EB_OK && !*found; addr += STEP_BYTES) {
        code = look_at(source, (uint32_t)addr, ev, table, err);
        if (table->damaged && *damaged_addr == 0) {
            *damaged_addr = (uint32_t)addr;
        }
        if (code == EB_OK && table->present) {
            if (source->table_addr == 0 && addr != EB_PARTITION_TABLE_ADDR) {
                eb_event_note(ev, EB_LEVEL_NOTE, "the partition table lies at 0x%x",
                              (unsigned)addr);
            }
            source->table_addr = (uint32_t)addr;
            *found = true;
        }
    }
    free(table);
    return code;
}

eb_code_t eb_layout_search(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                           eb_err_t *err)
{
    uint32_t damaged_addr;
    bool found;

    memset(out, 0, sizeof(*out));
    out->boot.index = -1;
    eb_code_t code = search(source, ev, &found, &damaged_addr, err);
    if (code != EB_OK) {
        return code;
    }
    /* A table that is no good was told of already. */
    code = eb_layout_find(source, found ? ev : NULL, out, err);
    if (code == EB_OK && !found && damaged_addr != 0) {
        out->table.damaged = true;
        out->table.addr = damaged_addr;
    }
    return code;
}

eb_code_t eb_layout_search_used(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                                eb_err_t *err)
{
    eb_code_t code = eb_layout_find(source, NULL, out, err);
    bool no_bootloader =
        out->bootloader.state == EB_IMAGE_NONE || out->bootloader.state == EB_IMAGE_OPAQUE;

    if (code != EB_OK || out->table.present || (!out->table.damaged && no_bootloader)) {
        return code;
    }
    return eb_layout_search(source, ev, out, err);
}
