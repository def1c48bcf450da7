#include "partition_select.h"

#include "flash_text.h"
#include "partition_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void eb_part_choice_word(const eb_part_choice_t *choice, char out[EB_PART_WORD_BYTES])
{
    static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    (void)snprintf(out, EB_PART_WORD_BYTES, "%s", choice != NULL ? choice->label : "backup");
    for (char *p = out; *p != '\0'; p++) {
        if (strchr(kept, *p) == NULL) {
            *p = '_';
        }
    }
    if (choice != NULL && out[0] == '\0') {
        (void)snprintf(out, EB_PART_WORD_BYTES, "0x%x", choice->range.addr);
    }
}

typedef struct selection {
    const eb_partition_select_t *select;
    const eb_part_board_t *board;
    const eb_partition_table_t *table;
    eb_lookup_t lookup;
    const eb_events_t *ev;
    eb_part_choices_t *out;
} selection_t;

static eb_code_t add(const selection_t *sel, const eb_part_choice_t *choice, eb_err_t *err)
{
    const eb_part_board_t *board = sel->board;
    eb_part_choices_t *out = sel->out;
    eb_range_t range = choice->range;
    eb_range_t held = board->source->range;

    if (board->image == NULL) {
        eb_code_t code = eb_session_check_range(board->session, range.addr, range.size, err);
        if (code != EB_OK) {
            (void)eb_err_wrap(err, "\"%s\"", choice->label);
            return code;
        }
    } else if (!eb_range_holds(held, range.addr, range.size)) {
        return eb_err_set(err, EB_ERR_USAGE, "\"%s\": 0x%x + 0x%x, but %s holds only 0x%x + 0x%x",
                          choice->label, range.addr, range.size, board->image, held.addr,
                          held.size);
    }
    for (size_t i = 0; i < out->count; i++) {
        if (out->list[i].range.addr == range.addr && out->list[i].range.size == range.size) {
            return EB_OK;
        }
    }
    if (out->count == EB_PART_CHOICES_MAX) {
        return eb_err_set(err, EB_ERR_INTERNAL, "more than %d partitions", EB_PART_CHOICES_MAX);
    }
    out->list[out->count++] = *choice;
    return EB_OK;
}

/* What nobody named: an image that ends early gives what it has. */
static eb_code_t add_held(const selection_t *sel, const eb_part_choice_t *choice, eb_err_t *err)
{
    const eb_part_board_t *board = sel->board;
    eb_range_t held = board->source->range;

    if (board->image == NULL || eb_range_holds(held, choice->range.addr, choice->range.size) ||
        !(sel->select->all || sel->select->critical)) {
        return add(sel, choice, err);
    }
    eb_event_note(sel->ev, EB_LEVEL_WARNING,
                  "\"%s\", 0x%x + 0x%x, is left out: %s holds only 0x%x + 0x%x", choice->label,
                  choice->range.addr, choice->range.size, board->image, held.addr, held.size);
    return EB_OK;
}

static eb_code_t add_entry(const selection_t *sel, size_t index, eb_err_t *err)
{
    const eb_part_choice_t choice = eb_part_choice_of(&sel->table->entries[index]);

    return add_held(sel, &choice, err);
}

/* The bootloader, of which *found tells whether it is known where it is, and the table. */
static eb_code_t add_places(const selection_t *sel, bool *found, eb_err_t *err)
{
    eb_part_choice_t choice;
    eb_code_t code = EB_OK;

    *found = eb_partition_lookup_type(&sel->lookup, EB_PART_BOOTLOADER, &choice);
    if (*found) {
        code = add_held(sel, &choice, err);
    }
    if (code == EB_OK && eb_partition_lookup_type(&sel->lookup, EB_PART_TABLE, &choice)) {
        code = add_held(sel, &choice, err);
    }
    return code;
}

/* -- forms ---------------------------------------------------------------------------------- */

static void tell_of_active(const selection_t *sel)
{
    const eb_boot_choice_t *boot = &sel->board->layout->boot;
    const eb_partition_t *entries = sel->table->entries;

    eb_event_note(sel->ev, EB_LEVEL_NOTE, "the app that boots next is \"%s\"",
                  entries[boot->index].label);
    if (boot->chosen >= 0 && boot->chosen != boot->index) {
        eb_event_note(sel->ev, EB_LEVEL_WARNING,
                      "\"%s\" comes before it, but holds no whole app for this chip",
                      entries[boot->chosen].label);
    }
    if (boot->on_trial >= 0) {
        eb_event_note(sel->ev, EB_LEVEL_WARNING,
                      "\"%s\" is on trial and not confirmed: the bootloader goes back from it",
                      entries[boot->on_trial].label);
    }
}

static eb_code_t add_active(const selection_t *sel, eb_err_t *err)
{
    const eb_boot_choice_t *boot = &sel->board->layout->boot;

    if (boot->index < 0) {
        return eb_err_set(err, EB_ERR_USAGE, "by the table at 0x%x %s", sel->table->addr,
                          eb_boot_stop_text(boot));
    }
    tell_of_active(sel);
    return add_entry(sel, (size_t)boot->index, err);
}

/* The app that boots; where none does, all that may be whole, because one of them is wanted. */
static eb_code_t add_critical_apps(const selection_t *sel, eb_err_t *err)
{
    const eb_boot_choice_t *boot = &sel->board->layout->boot;
    eb_code_t code = EB_OK;

    if (boot->index >= 0) {
        return add_active(sel, err);
    }
    eb_event_note(sel->ev, EB_LEVEL_WARNING, "%s: all whole apps are taken",
                  eb_boot_stop_text(boot));
    for (size_t i = 0; i < sel->table->count && code == EB_OK; i++) {
        const eb_partition_t *entry = &sel->table->entries[i];
        if (entry->type == EB_PART_APP &&
            (entry->app.state == EB_IMAGE_VALID || entry->app.state == EB_IMAGE_UNCHECKED)) {
            code = add_entry(sel, i, err);
        }
    }
    return code;
}

static eb_code_t add_data(const selection_t *sel, uint8_t subtype, bool *found, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < sel->table->count && code == EB_OK; i++) {
        const eb_partition_t *entry = &sel->table->entries[i];
        if (entry->type == EB_PART_DATA && entry->subtype == subtype) {
            *found = true;
            code = add_entry(sel, i, err);
        }
    }
    return code;
}

static eb_code_t add_critical(const selection_t *sel, eb_err_t *err)
{
    static const struct {
        const char *name;
        uint8_t subtype;
    } data[] = {
        {"nvs", EB_PART_DATA_NVS},
        {NULL, EB_PART_DATA_NVS_KEYS}, /* few boards have them; without them such an nvs is lost */
        {"otadata", EB_PART_DATA_OTA},
        {"phy", EB_PART_DATA_PHY},
    };
    bool bootloader;

    eb_code_t code = add_places(sel, &bootloader, err);
    for (size_t i = 0; i < EB_COUNT_OF(data) && code == EB_OK; i++) {
        bool found = false;
        code = add_data(sel, data[i].subtype, &found, err);
        if (!found && data[i].name != NULL) {
            eb_event_note(sel->ev, EB_LEVEL_NOTE, "there is no %s partition", data[i].name);
        }
    }
    if (code == EB_OK) {
        code = add_critical_apps(sel, err);
    }
    if (code == EB_OK && !bootloader) {
        eb_event_note(sel->ev, EB_LEVEL_NOTE, "where the bootloader lies is not known");
    }
    return code;
}

static eb_code_t add_all(const selection_t *sel, eb_err_t *err)
{
    bool found;
    eb_code_t code = add_places(sel, &found, err);

    for (size_t i = 0; i < sel->table->count && code == EB_OK; i++) {
        code = add_entry(sel, i, err);
    }
    return code;
}

static eb_code_t add_name(const selection_t *sel, const char *name, eb_err_t *err)
{
    eb_part_choice_t choice;
    size_t count;
    eb_code_t code = eb_partition_lookup(&sel->lookup, name, &choice, &count, err);

    if (code != EB_OK || count == 1) {
        return code == EB_OK ? add(sel, &choice, err) : code;
    }
    eb_event_note(sel->ev, EB_LEVEL_WARNING, "%zu partitions are called \"%s\": all are taken",
                  count, name);
    for (size_t i = 0; i < sel->table->count && code == EB_OK; i++) {
        if (strcmp(sel->table->entries[i].label, name) == 0) {
            code = add_entry(sel, i, err);
        }
    }
    return code;
}

/* NAME ADDR SIZE. */
static eb_code_t add_range(const selection_t *sel, eb_err_t *err)
{
    const eb_partition_select_t *select = sel->select;

    if (select->name_count != 1 || select->active_app || select->critical || select->all) {
        return eb_err_set(err, EB_ERR_USAGE, "ADDR and SIZE go with exactly one name");
    }
    const char *name = select->names[0];
    if (strlen(name) >= EB_PARTITION_LABEL_BYTES || !eb_text_is_clean(name, EB_TEXT_ONE_LINE)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "name \"%.40s\": expected printable text of at most %d "
                          "bytes",
                          name, EB_PARTITION_LABEL_BYTES - 1);
    }
    eb_part_choice_t choice = {.range = {select->addr, select->size}};
    (void)snprintf(choice.label, sizeof(choice.label), "%s", name);
    return add(sel, &choice, err);
}

static eb_code_t add_by_table(const selection_t *sel, eb_err_t *err)
{
    const eb_partition_select_t *select = sel->select;
    eb_code_t code = EB_OK;

    if (!sel->table->present) {
        return eb_partition_no_table(&sel->lookup, err);
    }
    for (size_t i = 0; i < select->name_count && code == EB_OK; i++) {
        code = add_name(sel, select->names[i], err);
    }
    if (code == EB_OK && select->all) {
        code = add_all(sel, err);
    }
    if (code == EB_OK && select->critical) {
        code = add_critical(sel, err);
    } else if (code == EB_OK && select->active_app) {
        code = add_active(sel, err);
    }
    if (code == EB_OK && sel->out->count == 0 && sel->board->image != NULL) {
        return eb_err_set(err, EB_ERR_USAGE, "%s holds none of them", sel->board->image);
    }
    return code;
}

static int by_address(const void *a, const void *b)
{
    const eb_part_choice_t *left = a, *right = b;

    if (left->range.addr != right->range.addr) {
        return left->range.addr < right->range.addr ? -1 : 1;
    }
    return left->range.size < right->range.size ? -1 : left->range.size > right->range.size;
}

eb_code_t eb_partition_select(const eb_partition_select_t *select, const eb_part_board_t *board,
                              const eb_events_t *ev, eb_part_choices_t *out, eb_err_t *err)
{
    const selection_t sel = {
        .select = select,
        .board = board,
        .table = &board->layout->table,
        .lookup = {&board->layout->table, board->image != NULL ? board->image : "the board",
                   select->table_addr, board->source->bootloader_addr, board->bare},
        .ev = ev,
        .out = out,
    };
    eb_code_t code;

    memset(out, 0, sizeof(*out));
    if (select->has_range) {
        code = add_range(&sel, err);
    } else if (select->name_count == 0 && !select->active_app && !select->critical &&
               !select->all) {
        code = eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_SELECT_PARTITIONS,
                                 "no partition is named");
    } else {
        code = add_by_table(&sel, err);
    }
    if (code != EB_OK) {
        out->count = 0;
    }
    qsort(out->list, out->count, sizeof(out->list[0]), by_address);
    return code;
}
