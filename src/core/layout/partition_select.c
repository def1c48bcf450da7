#include "partition_select.h"

#include "bytes.h"
#include "flash_text.h"
#include "partition_table.h"
#include "partition_types.h"
#include "range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOTLOADER_LABEL  "bootloader"
#define TABLE_LABEL       "partition_table"
#define SUBTYPE_PHY       0x01
#define SUBTYPE_NVS       0x02
#define SUBTYPE_NVS_KEYS  0x04
#define SUBTYPE_PRIMARY   0x00
#define OTA_STATE_PENDING 1u
#define NAMES_TEXT_BYTES  256

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

bool eb_named_place(const char *name, uint32_t boot, uint32_t table_addr, eb_range_t *out)
{
    if (strcmp(name, "bootloader") == 0 && boot < table_addr) {
        *out = (eb_range_t){boot, table_addr - boot};
        return true;
    }
    if (strcmp(name, "partition_table") == 0 || strcmp(name, "partition-table") == 0) {
        *out = (eb_range_t){table_addr, EB_SECTOR_BYTES};
        return true;
    }
    return false;
}

typedef struct selection {
    const eb_partition_select_t *select;
    const eb_part_board_t *board;
    const eb_partition_table_t *table;
    const eb_events_t *ev;
    eb_part_choices_t *out;
} selection_t;

static eb_code_t add(const selection_t *sel, const char *label, uint64_t addr, uint64_t size,
                     eb_err_t *err)
{
    eb_part_choices_t *out = sel->out;
    uint64_t flash_bytes = sel->board->flash_size_bytes;

    if (size == 0 || !eb_range_within(addr, size, flash_bytes != 0 ? flash_bytes : 1ull << 32)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "\"%s\": range 0x%llx + 0x%llx does not lie within the %llu bytes of the "
                          "flash",
                          label, (unsigned long long)addr, (unsigned long long)size,
                          (unsigned long long)flash_bytes);
    }
    const eb_range_t range = {(uint32_t)addr, (uint32_t)size};
    if (sel->board->image != NULL && eb_range_common(range, sel->board->held).size != size) {
        return eb_err_set(err, EB_ERR_USAGE, "\"%s\": 0x%x + 0x%x, but %s holds only 0x%x + 0x%x",
                          label, range.addr, range.size, sel->board->image, sel->board->held.addr,
                          sel->board->held.size);
    }
    for (size_t i = 0; i < out->count; i++) {
        if (out->list[i].range.addr == addr && out->list[i].range.size == size) {
            return EB_OK;
        }
    }
    if (out->count == EB_PART_CHOICES_MAX) {
        return eb_err_set(err, EB_ERR_INTERNAL, "more than %d partitions", EB_PART_CHOICES_MAX);
    }
    eb_part_choice_t *choice = &out->list[out->count++];
    (void)snprintf(choice->label, sizeof(choice->label), "%s", label);
    choice->range = range;
    return EB_OK;
}

static eb_code_t add_entry(const selection_t *sel, size_t index, eb_err_t *err)
{
    const eb_partition_t *entry = &sel->table->entries[index];

    return add(sel, entry->label, entry->addr, entry->size, err);
}

/* All entries of a type; *found is left alone when there is none. */
static eb_code_t add_type(const selection_t *sel, uint8_t type, uint8_t subtype, bool *found,
                          eb_err_t *err)
{
    for (size_t i = 0; i < sel->table->count; i++) {
        const eb_partition_t *entry = &sel->table->entries[i];
        if (entry->type != type || entry->subtype != subtype) {
            continue;
        }
        eb_code_t code = add_entry(sel, i, err);
        if (code != EB_OK) {
            return code;
        }
        *found = true;
    }
    return EB_OK;
}

/* -- what lies outside the table ------------------------------------------------------------ */

/* Newer tables may list the bootloader; otherwise it may fill all that lies before the table. */
static eb_code_t add_bootloader(const selection_t *sel, bool *found, eb_err_t *err)
{
    uint32_t addr = sel->board->bootloader_addr;

    eb_code_t code = add_type(sel, EB_PART_BOOTLOADER, SUBTYPE_PRIMARY, found, err);
    if (code != EB_OK || *found || addr == EB_PART_ADDR_NOT_KNOWN || addr >= sel->table->addr) {
        return code;
    }
    *found = true;
    return add(sel, BOOTLOADER_LABEL, addr, sel->table->addr - addr, err);
}

static eb_code_t add_table(const selection_t *sel, bool *found, eb_err_t *err)
{
    eb_code_t code = add_type(sel, EB_PART_TABLE, SUBTYPE_PRIMARY, found, err);

    if (code != EB_OK || *found) {
        return code;
    }
    *found = true;
    return add(sel, TABLE_LABEL, sel->table->addr, EB_SECTOR_BYTES, err);
}

/* -- forms ---------------------------------------------------------------------------------- */

static void tell_of_active(const selection_t *sel)
{
    const eb_boot_choice_t *boot = &sel->board->layout->boot;
    const eb_partition_t *entry = &sel->table->entries[boot->index];

    eb_event_note(sel->ev, EB_LEVEL_NOTE, "the app that boots next is \"%s\"", entry->label);
    if (boot->reason == EB_OTA_SEQUENCE && boot->ota_state == OTA_STATE_PENDING) {
        eb_event_note(sel->ev, EB_LEVEL_WARNING,
                      "\"%s\" is on trial: a bootloader with rollback goes back to the app before "
                      "it if it is not confirmed",
                      entry->label);
    }
    if (entry->app.state == EB_IMAGE_NONE || entry->app.state == EB_IMAGE_DAMAGED) {
        eb_event_note(sel->ev, EB_LEVEL_WARNING,
                      "\"%s\" holds no whole app: the bootloader will try another one",
                      entry->label);
    }
}

static eb_code_t add_active(const selection_t *sel, bool *found, eb_err_t *err)
{
    int index = sel->board->layout->boot.index;

    if (index < 0 || (size_t)index >= sel->table->count) {
        return EB_OK;
    }
    *found = true;
    tell_of_active(sel);
    return add_entry(sel, (size_t)index, err);
}

static eb_code_t add_critical(const selection_t *sel, eb_err_t *err)
{
    static const struct {
        const char *name;
        uint8_t subtype;
    } data[] = {
        {"nvs", SUBTYPE_NVS},
        {NULL, SUBTYPE_NVS_KEYS}, /* few boards have them; without them such an nvs is lost */
        {"otadata", EB_PART_DATA_OTA},
        {"phy", SUBTYPE_PHY},
    };
    bool bootloader = false, table = false, app = false;

    eb_code_t code = add_bootloader(sel, &bootloader, err);
    if (code == EB_OK) {
        code = add_table(sel, &table, err);
    }
    for (size_t i = 0; i < EB_COUNT_OF(data) && code == EB_OK; i++) {
        bool found = false;
        code = add_type(sel, EB_PART_DATA, data[i].subtype, &found, err);
        if (!found && data[i].name != NULL) {
            eb_event_note(sel->ev, EB_LEVEL_NOTE, "there is no %s partition", data[i].name);
        }
    }
    if (code == EB_OK) {
        code = add_active(sel, &app, err);
    }
    if (code == EB_OK && !bootloader) {
        eb_event_note(sel->ev, EB_LEVEL_NOTE, "where the bootloader lies is not known");
    }
    if (code == EB_OK && !app) {
        eb_event_note(sel->ev, EB_LEVEL_NOTE, "there is no app that could boot");
    }
    return code;
}

static eb_code_t add_all(const selection_t *sel, eb_err_t *err)
{
    bool found = false;

    eb_code_t code = add_bootloader(sel, &found, err);
    found = false;
    if (code == EB_OK) {
        code = add_table(sel, &found, err);
    }
    for (size_t i = 0; i < sel->table->count && code == EB_OK; i++) {
        code = add_entry(sel, i, err);
    }
    return code;
}

static eb_code_t unknown_name(const selection_t *sel, const char *name, eb_err_t *err)
{
    char names[NAMES_TEXT_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < sel->table->count && used < sizeof(names) - 1; i++) {
        int len = snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                           sel->table->entries[i].label);
        used += len > 0 ? (size_t)len : 0;
    }
    return eb_err_set(err, EB_ERR_USAGE, "no partition \"%s\" in the table at 0x%x; it has %s%s",
                      name, sel->table->addr, names, used >= sizeof(names) ? "..." : "");
}

static eb_code_t add_name(const selection_t *sel, const char *name, eb_err_t *err)
{
    eb_code_t code = EB_OK;
    size_t found = 0;
    bool other = false;

    for (size_t i = 0; i < sel->table->count && code == EB_OK; i++) {
        if (strcmp(sel->table->entries[i].label, name) == 0) {
            code = add_entry(sel, i, err);
            found++;
        }
    }
    if (found > 1) {
        eb_event_note(sel->ev, EB_LEVEL_WARNING, "%zu partitions are called \"%s\": all are taken",
                      found, name);
    }
    if (code != EB_OK || found > 0) {
        return code;
    }
    if (strcmp(name, BOOTLOADER_LABEL) == 0) {
        code = add_bootloader(sel, &other, err);
    } else if (strcmp(name, TABLE_LABEL) == 0 || strcmp(name, "partition-table") == 0) {
        code = add_table(sel, &other, err);
    }
    return code == EB_OK && !other ? unknown_name(sel, name, err) : code;
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
    return add(sel, name, select->addr, select->size, err);
}

static eb_code_t no_table(const selection_t *sel, eb_err_t *err)
{
    if (sel->table->damaged) {
        (void)eb_err_set(err, EB_ERR_USAGE, "the partition table at 0x%x is no good",
                         sel->table->addr);
    } else if (sel->select->table_addr != 0) {
        (void)eb_err_set(err, EB_ERR_USAGE, "there is no partition table at 0x%x",
                         sel->select->table_addr);
    } else {
        (void)eb_err_set(err, EB_ERR_USAGE, "there is no partition table at the usual places");
    }
    eb_err_hint(err, "say where the table is (--partition-table ADDR), or what to take: NAME ADDR "
                     "SIZE");
    return EB_ERR_USAGE;
}

static eb_code_t add_by_table(const selection_t *sel, eb_err_t *err)
{
    const eb_partition_select_t *select = sel->select;
    eb_code_t code = EB_OK;

    if (!sel->table->present) {
        return no_table(sel, err);
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
        bool found = false;
        code = add_active(sel, &found, err);
        if (code == EB_OK && !found) {
            code = eb_err_set(err, EB_ERR_USAGE, "the table at 0x%x has no app that could boot",
                              sel->table->addr);
        }
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
    selection_t sel = {select, board, &board->layout->table, ev, out};
    eb_code_t code;

    memset(out, 0, sizeof(*out));
    if (select->has_range) {
        code = add_range(&sel, err);
    } else if (select->name_count == 0 && !select->active_app && !select->critical &&
               !select->all) {
        code = eb_err_set(err, EB_ERR_USAGE, "no partition is named");
        eb_err_hint(err, "name some, or use --active-app, --critical or --all");
    } else {
        code = add_by_table(&sel, err);
    }
    if (code != EB_OK) {
        out->count = 0;
    }
    qsort(out->list, out->count, sizeof(out->list[0]), by_address);
    return code;
}
