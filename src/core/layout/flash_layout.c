#include "flash_layout.h"

#include "bytes.h"
#include "partition_table.h"
#include "partition_types.h"

#include <string.h>

#define SEARCH_FIRST   EB_PARTITION_TABLE_ADDR
#define SEARCH_LAST    0x20000u
#define FROM_FLASH_END 0x6000u /* of Sming's table, in a flash of the size it is built for */
#define WINDOW_BYTES   320u    /* what eb_app_image asks for first; later headers are smaller */
#define MAGIC_BYTES    2u
#define ENTRY_MAGIC    0x50AAu

/* Bytes of one image within a source. A small window saves round trips: headers lie together. */
typedef struct image_view {
    const eb_layout_source_t *source;
    eb_range_t range;
    eb_range_t held; /* by the window */
    uint8_t window[WINDOW_BYTES];
    eb_code_t code; /* of the first read that failed */
    eb_err_t *err;
} image_view_t;

static bool read_image(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    image_view_t *view = user;
    const eb_layout_source_t *source = view->source;
    uint32_t addr = view->range.addr + offset;

    if (view->code != EB_OK || !eb_range_within(offset, count, view->range.size)) {
        return false;
    }
    if (count > WINDOW_BYTES) {
        view->code = source->read(source->user, addr, count, bytes, view->err);
        return view->code == EB_OK;
    }
    if (!eb_range_holds(view->held, addr, count)) {
        view->held = (eb_range_t){addr, eb_min_u32(WINDOW_BYTES, view->range.size - offset)};
        view->code = source->read(source->user, addr, view->held.size, view->window, view->err);
    }
    if (view->code == EB_OK) {
        memcpy(bytes, view->window + (addr - view->held.addr), count);
    }
    return view->code == EB_OK;
}

/* An image in [addr, addr + limit): state ABSENT and length 0 when it is not at hand. Of a slot
 * that is at hand only in part, the image may be there as a whole. */
static eb_code_t look_at_image(const eb_layout_source_t *source, uint32_t addr, uint32_t limit,
                               eb_app_image_t *out, eb_err_t *err)
{
    image_view_t view = {.source = source, .range = {addr, limit}, .err = err};

    memset(out, 0, sizeof(*out));
    out->state = EB_IMAGE_ABSENT;
    view.range = eb_range_common(view.range, source->range);
    if (view.range.size == 0 || view.range.addr != addr) {
        return EB_OK;
    }
    if (eb_range_holds(source->check_range, addr, limit)) {
        eb_app_image_check(read_image, &view, limit, out);
    } else {
        eb_app_image_measure(read_image, &view, view.range.size, out);
    }
    if (view.range.size < limit && out->state != EB_IMAGE_UNCHECKED) {
        memset(out, 0, sizeof(*out));
        out->state = EB_IMAGE_ABSENT;
    }
    return view.code;
}

static const eb_boot_choice_t no_choice = {.index = -1, .chosen = -1, .on_trial = -1};

/* -- the table ------------------------------------------------------------------------------- */

static uint32_t first_place(const eb_layout_source_t *source)
{
    return source->table_addr != 0 ? source->table_addr : EB_PARTITION_TABLE_ADDR;
}

/* The places to look at, in this order; 0: no more. */
static uint32_t place_at(uint32_t index)
{
    const uint32_t behind = (SEARCH_LAST - SEARCH_FIRST) / EB_SECTOR_BYTES + 1;
    const uint32_t before = SEARCH_FIRST / EB_SECTOR_BYTES - 1;

    if (index < behind) {
        return SEARCH_FIRST + index * EB_SECTOR_BYTES;
    }
    index -= behind;
    if (index < before) {
        return SEARCH_FIRST - (index + 1) * EB_SECTOR_BYTES;
    }
    index -= before;
    return index < 6 ? (0x80000u << index) - FROM_FLASH_END : 0; /* 512 KiB to 16 MiB */
}

static bool is_encrypted(const eb_layout_source_t *source)
{
    return source->chip != NULL && source->chip->security.flash_encryption == EB_YES;
}

/* A table that contradicts itself is a warning. Behind the first place two bytes tell most places
 * that hold something else, and spare the line 3 KiB. */
static eb_code_t look_for_table(const eb_layout_source_t *source, uint32_t addr,
                                const eb_events_t *ev, eb_partition_table_t *table, eb_err_t *err)
{
    uint8_t bytes[EB_PARTITION_TABLE_BYTES] = {0};
    bool is_first = addr == first_place(source);
    eb_err_t why = {0};

    memset(table, 0, sizeof(*table));
    table->addr = addr;
    if (!eb_range_holds(source->range, addr, sizeof(bytes))) {
        return EB_OK;
    }
    eb_code_t code = is_first ? EB_OK : source->read(source->user, addr, MAGIC_BYTES, bytes, err);
    if (code == EB_OK && (is_first || eb_get_le16(bytes) == ENTRY_MAGIC)) {
        code = source->read(source->user, addr, sizeof(bytes), bytes, err);
    }
    if (code == EB_OK && eb_partition_table_parse(bytes, sizeof(bytes), addr,
                                                  source->flash_size_bytes, table, &why) != EB_OK) {
        eb_event_note(ev, EB_LEVEL_WARNING, "partition table at 0x%x: %s", addr, why.message);
    }
    table->encrypted = is_first && is_encrypted(source) && !table->present && !table->damaged &&
                       !eb_bytes_erased(bytes, sizeof(bytes));
    return code;
}

/* Of two that overlap the later one is told, which names the other. */
static void tell_of_odd_entries(const eb_events_t *ev, const eb_partition_table_t *table)
{
    char text[EB_FAULT_TEXT_BYTES];

    for (size_t i = 0; i < table->count + table->unusable && table->present; i++) {
        eb_entry_fault_t fault = table->entries[i].fault;
        if (fault != EB_ENTRY_SOUND &&
            (fault != EB_ENTRY_OVERLAPS || eb_partition_overlapped(table, i) < (int)i)) {
            eb_partition_fault_text(table, i, text, sizeof(text));
            eb_event_note(ev, EB_LEVEL_WARNING, "partition table at 0x%x: %s%s", table->addr, text,
                          i >= table->count ? "; it is left out" : "");
        }
    }
}

/* -- what it lists --------------------------------------------------------------------------- */

static eb_code_t read_ota_data(const eb_layout_source_t *source, eb_layout_t *out, eb_err_t *err)
{
    int index = eb_boot_ota_data(&out->table);
    const eb_partition_t *entry = index >= 0 ? &out->table.entries[index] : NULL;
    eb_code_t code = EB_OK;

    if (entry == NULL || entry->size < 2 * EB_OTA_COPY_STRIDE ||
        !eb_range_holds(source->range, entry->addr, 2 * EB_OTA_COPY_STRIDE)) {
        return EB_OK;
    }
    for (uint32_t i = 0; i < 2 && code == EB_OK; i++) {
        code = source->read(source->user, entry->addr + i * EB_OTA_COPY_STRIDE, EB_OTA_COPY_BYTES,
                            out->ota_copies + i * EB_OTA_COPY_BYTES, err);
    }
    out->has_ota_copies = code == EB_OK;
    return code;
}

static void choose_app(const eb_layout_source_t *source, eb_layout_t *out)
{
    const eb_boot_facts_t facts = {
        .table = &out->table,
        .ota_copies = out->has_ota_copies ? out->ota_copies : NULL,
        .chip = source->chip,
    };

    if (out->table.present) {
        eb_boot_choose(&facts, &out->boot);
    }
}

/* All apps of the table, or only those within check_range. */
static eb_code_t look_at_apps(const eb_layout_source_t *source, bool only_checked, eb_layout_t *out,
                              eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < out->table.count && code == EB_OK && out->table.present; i++) {
        eb_partition_t *entry = &out->table.entries[i];
        if (entry->type == EB_PART_APP &&
            (!only_checked || eb_range_holds(source->check_range, entry->addr, entry->size))) {
            code = look_at_image(source, entry->addr, entry->size, &entry->app, err);
        }
    }
    return code;
}

eb_code_t eb_layout_check_apps(const eb_layout_source_t *source, eb_layout_t *out, eb_err_t *err)
{
    eb_code_t code = look_at_apps(source, true, out, err);

    choose_app(source, out);
    return code;
}

/* All but the table, which is there. */
static eb_code_t look_inside(const eb_layout_source_t *source, eb_layout_t *out, eb_err_t *err)
{
    const eb_partition_table_t *table = &out->table;
    uint64_t boot = source->bootloader_addr;
    uint64_t end = table->present   ? eb_partition_bootloader_end(table, source->bootloader_addr)
                   : table->damaged ? table->addr
                                    : eb_range_end(source->range);

    eb_code_t code = look_at_image(source, source->bootloader_addr,
                                   end > boot ? (uint32_t)(end - boot) : 0, &out->bootloader, err);
    if (code == EB_OK && (code = look_at_apps(source, false, out, err)) == EB_OK &&
        out->table.present) {
        code = read_ota_data(source, out, err);
        choose_app(source, out);
    }
    return code;
}

/* -- another table --------------------------------------------------------------------------- */

/* Whether an image that is known reaches over it, or the table itself tells of a table there. */
static bool is_accounted_for(const eb_layout_t *layout, uint32_t addr)
{
    for (size_t i = 0; i < layout->table.count; i++) {
        const eb_partition_t *entry = &layout->table.entries[i];
        uint64_t size = entry->type == EB_PART_TABLE ? entry->size : entry->app.length_bytes;
        if (addr >= entry->addr && addr - entry->addr < size) {
            return true;
        }
    }
    return false;
}

/* The bootloader has one place for a table, and nothing in the flash says which. What tells is
 * whether it would start something by it. */
static void tell_of_other_table(const eb_events_t *ev, const eb_layout_t *layout,
                                const eb_layout_t *other)
{
    bool here = layout->boot.index >= 0, there = other->boot.index >= 0;

    eb_event_note(ev, EB_LEVEL_WARNING,
                  "the partition table at 0x%x is used, but another one lies at 0x%x: %s",
                  layout->table.addr, other->table.addr,
                  there && !here ? "only by that one an app boots, so it is probably the right one"
                  : here && !there ? "no app boots by that one, so it is probably an old one"
                                   : "nothing tells which of them the bootloader uses");
}

/* Of the usual places those behind the table that was found, for those before it have none. Without
 * anybody to tell it to, the reads are spared. */
static eb_code_t look_for_other(const eb_layout_source_t *source, const eb_events_t *ev,
                                eb_layout_t *out, eb_err_t *err)
{
    eb_layout_source_t there = *source;
    eb_layout_t other = {.boot = no_choice};
    eb_code_t code = EB_OK;

    if (ev == NULL || out->table.addr < SEARCH_FIRST) {
        return EB_OK;
    }
    there.table_addr = out->table.addr;
    for (uint32_t addr = out->table.addr + EB_SECTOR_BYTES;
         addr <= SEARCH_LAST && code == EB_OK && !other.table.present; addr += EB_SECTOR_BYTES) {
        if (!is_accounted_for(out, addr)) {
            code = look_for_table(&there, addr, NULL, &other.table, err);
        }
    }
    if (code != EB_OK || !other.table.present) {
        return code;
    }
    there.table_addr = out->table.other_addr = other.table.addr;
    code = look_inside(&there, &other, err);
    if (code == EB_OK) {
        tell_of_other_table(ev, out, &other);
    }
    return code;
}

/* -- the search ------------------------------------------------------------------------------ */

eb_code_t eb_layout_search(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                           eb_err_t *err)
{
    const bool is_given = source->table_addr != 0;
    const uint32_t first = first_place(source);
    uint32_t damaged_addr = 0, addr = first;
    eb_partition_table_t *table = &out->table;
    eb_code_t code = EB_OK;

    memset(out, 0, sizeof(*out));
    out->boot = no_choice;
    for (uint32_t i = 1; addr != 0 && !table->present && !table->encrypted;
         addr = is_given ? 0 : place_at(i++)) {
        code = look_for_table(source, addr, ev, table, err);
        if (code != EB_OK) {
            return code;
        }
        damaged_addr = damaged_addr == 0 && table->damaged ? addr : damaged_addr;
    }
    if (table->present) {
        if (!is_given && table->addr != first) {
            eb_event_note(ev, EB_LEVEL_NOTE, "the partition table lies at 0x%x", table->addr);
        }
        source->table_addr = table->addr;
        tell_of_odd_entries(ev, table);
    } else {
        table->damaged = damaged_addr != 0;
        table->addr = table->damaged ? damaged_addr : first;
    }
    code = look_inside(source, out, err);
    return code == EB_OK && table->present && !is_given ? look_for_other(source, ev, out, err)
                                                        : code;
}

eb_code_t eb_layout_search_used(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                                eb_err_t *err)
{
    eb_layout_source_t first = *source;
    first.table_addr = first_place(source);
    eb_code_t code = eb_layout_search(&first, NULL, out, err);
    bool no_bootloader =
        out->bootloader.state == EB_IMAGE_NONE || out->bootloader.state == EB_IMAGE_OPAQUE;

    if (code == EB_OK && !out->table.present && (out->table.damaged || !no_bootloader)) {
        return eb_layout_search(source, ev, out, err);
    }
    tell_of_odd_entries(ev, &out->table);
    return code == EB_OK && out->table.present && source->table_addr == 0
               ? look_for_other(source, ev, out, err)
               : code;
}

/* -- the board ------------------------------------------------------------------------------ */

static eb_code_t read_board(void *user, uint32_t addr, uint32_t size, uint8_t *out, eb_err_t *err)
{
    return eb_retry_read(user, addr, size, out, err);
}

eb_layout_source_t eb_layout_of_board(eb_retry_t *retry, uint32_t table_addr)
{
    return (eb_layout_source_t){
        .read = read_board,
        .user = retry,
        .range = {0, (uint32_t)eb_session_reach(retry->session)},
        .flash_size_bytes = eb_session_flash(retry->session)->size_bytes,
        .table_addr = table_addr,
        .bootloader_addr = eb_session_chip(retry->session)->bootloader_addr,
        .chip = eb_session_chip(retry->session),
    };
}
