#include "flash_layout.h"

#include "bytes.h"
#include "ota_data.h"
#include "partition_table.h"
#include "partition_types.h"
#include "range.h"

#include <stdlib.h>
#include <string.h>

#define OTA_SECTOR_BYTES  4096u
#define OTA_ENTRY_BYTES   32u
#define WINDOW_BYTES      320u /* what eb_app_image asks for first; later headers are smaller */
#define SEARCH_STEP_BYTES 0x1000u
#define MAGIC_BYTES       2u
#define ENTRY_MAGIC       0x50AAu

/* Bytes of one image within a source. A small window saves round trips: headers lie together. */
typedef struct image_view {
    const eb_layout_source_t *source;
    eb_range_t range;
    uint32_t window_addr, window_size;
    uint8_t window[WINDOW_BYTES];
    eb_code_t code; /* of the first read that failed */
    eb_err_t *err;
} image_view_t;

static bool read_through_window(image_view_t *view, uint32_t addr, uint8_t *out, uint32_t count)
{
    uint32_t left = (uint32_t)(view->range.addr + (uint64_t)view->range.size - addr);

    if (addr < view->window_addr || addr - view->window_addr > view->window_size ||
        count > view->window_size - (addr - view->window_addr)) {
        uint32_t size = eb_min_u32(WINDOW_BYTES, left);
        view->window_size = 0;
        view->code = view->source->read(view->source->user, addr, size, view->window, view->err);
        if (view->code != EB_OK) {
            return false;
        }
        view->window_addr = addr;
        view->window_size = size;
    }
    memcpy(out, view->window + (addr - view->window_addr), count);
    return true;
}

static bool read_image(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    image_view_t *view = user;

    if (view->code != EB_OK || !eb_range_within(offset, count, view->range.size)) {
        return false;
    }
    uint32_t addr = view->range.addr + offset;
    if (count <= WINDOW_BYTES) {
        return read_through_window(view, addr, bytes, count);
    }
    view->code = view->source->read(view->source->user, addr, count, bytes, view->err);
    return view->code == EB_OK;
}

static bool can_read(const eb_layout_source_t *source, uint64_t addr, uint64_t size)
{
    return addr >= source->range.addr &&
           eb_range_within(addr - source->range.addr, size, source->range.size);
}

/* An image in [addr, addr + limit): state ABSENT and length 0 when it is not at hand. */
static eb_code_t look_at_image(const eb_layout_source_t *source, uint32_t addr, uint32_t limit,
                               eb_app_image_t *out, eb_err_t *err)
{
    memset(out, 0, sizeof(*out));
    if (limit == 0 || !can_read(source, addr, limit)) {
        out->state = EB_IMAGE_ABSENT;
        return EB_OK;
    }
    image_view_t *view = calloc(1, sizeof(*view));
    if (view == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to look at an image");
    }
    view->source = source;
    view->range = (eb_range_t){addr, limit};
    view->err = err;
    if (eb_range_common(view->range, source->check_range).size == limit) {
        eb_app_image_check(read_image, view, limit, out);
    } else {
        eb_app_image_measure(read_image, view, limit, out);
    }
    eb_code_t code = view->code;
    free(view);
    return code;
}

static eb_code_t find_table(const eb_layout_source_t *source, const eb_events_t *ev,
                            eb_partition_table_t *table, eb_err_t *err)
{
    uint32_t addr = source->table_addr != 0 ? source->table_addr : EB_PARTITION_TABLE_ADDR;
    uint8_t bytes[EB_PARTITION_TABLE_BYTES];
    eb_err_t why = {0};

    if (!can_read(source, addr, sizeof(bytes))) {
        return EB_OK;
    }
    eb_code_t code = source->read(source->user, addr, sizeof(bytes), bytes, err);
    if (code != EB_OK) {
        return code;
    }
    code =
        eb_partition_table_parse(bytes, sizeof(bytes), addr, source->flash_size_bytes, table, &why);
    if (code == EB_ERR_IMAGE_INVALID) {
        eb_event_note(ev, EB_LEVEL_WARNING, "partition table at 0x%x: %s", addr, why.message);
        return EB_OK;
    }
    if (code != EB_OK && err != NULL) {
        *err = why;
    }
    return code;
}

/* Of each copy only the entry is read: the rest of its sector says nothing. */
static eb_code_t read_otadata(const eb_layout_source_t *source, uint32_t addr,
                              uint8_t bytes[EB_OTA_DATA_BYTES], eb_err_t *err)
{
    memset(bytes, 0xFF, EB_OTA_DATA_BYTES);
    for (uint32_t at = 0; at < EB_OTA_DATA_BYTES; at += OTA_SECTOR_BYTES) {
        eb_code_t code = source->read(source->user, addr + at, OTA_ENTRY_BYTES, bytes + at, err);
        if (code != EB_OK) {
            return code;
        }
    }
    return EB_OK;
}

static eb_code_t choose_slot(const eb_layout_source_t *source, eb_layout_t *out, eb_err_t *err)
{
    uint8_t bytes[EB_OTA_DATA_BYTES];
    int index = eb_partition_of_type(&out->table, EB_PART_DATA, EB_PART_DATA_OTA);
    bool known = false;

    if (index >= 0) {
        const eb_partition_t *entry = &out->table.entries[index];
        if (entry->size >= sizeof(bytes) && can_read(source, entry->addr, sizeof(bytes))) {
            eb_code_t code = read_otadata(source, entry->addr, bytes, err);
            if (code != EB_OK) {
                return code;
            }
            known = true;
        }
    }
    eb_ota_choose(&out->table, known ? bytes : NULL, known ? sizeof(bytes) : 0, &out->boot);
    return EB_OK;
}

eb_code_t eb_layout_find(const eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                         eb_err_t *err)
{
    memset(out, 0, sizeof(*out));
    out->boot.index = -1;
    eb_code_t code = find_table(source, ev, &out->table, err);
    if (code != EB_OK) {
        return code;
    }
    uint32_t table_addr = source->table_addr != 0 ? source->table_addr : EB_PARTITION_TABLE_ADDR;
    uint64_t limit =
        table_addr > source->bootloader_addr ? table_addr - source->bootloader_addr : 0;
    code = look_at_image(source, source->bootloader_addr, (uint32_t)limit, &out->bootloader, err);
    for (size_t i = 0; i < out->table.count && code == EB_OK && out->table.present; i++) {
        eb_partition_t *entry = &out->table.entries[i];
        if (entry->type == EB_PART_APP) {
            code = look_at_image(source, entry->addr, entry->size, &entry->app, err);
        }
    }
    if (code == EB_OK && out->table.present) {
        code = choose_slot(source, out, err);
    }
    return code;
}

eb_code_t eb_layout_check_apps(const eb_layout_source_t *source, eb_layout_t *out, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < out->table.count && code == EB_OK && out->table.present; i++) {
        eb_partition_t *entry = &out->table.entries[i];
        eb_range_t range = {entry->addr, entry->size};
        if (entry->type == EB_PART_APP &&
            eb_range_common(range, source->check_range).size == entry->size) {
            code = look_at_image(source, entry->addr, entry->size, &entry->app, err);
        }
    }
    return code;
}

/* -- the search for a table ------------------------------------------------------------------ */

static eb_code_t look_for_table(const eb_layout_source_t *source, uint32_t addr,
                                const eb_events_t *ev, eb_partition_table_t *table, eb_err_t *err)
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
    for (uint64_t addr = first; addr <= last && code == EB_OK && !*found;
         addr += SEARCH_STEP_BYTES) {
        code = look_for_table(source, (uint32_t)addr, ev, table, err);
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

/* -- the board ------------------------------------------------------------------------------ */

static eb_code_t read_board(void *user, uint32_t addr, uint32_t size, uint8_t *out, eb_err_t *err)
{
    return eb_retry_read(user, addr, size, out, err);
}

eb_layout_source_t eb_layout_of_board(eb_retry_t *retry, uint32_t table_addr)
{
    const eb_flash_info_t *flash = eb_session_flash(retry->session);

    return (eb_layout_source_t){
        .read = read_board,
        .user = retry,
        .range = {0, flash->size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)flash->size_bytes},
        .flash_size_bytes = flash->size_bytes,
        .table_addr = table_addr,
        .bootloader_addr = eb_session_chip(retry->session)->bootloader_addr,
    };
}
