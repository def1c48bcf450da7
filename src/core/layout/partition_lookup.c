#include "partition_lookup.h"

#include "espbackup/session.h"
#include "partition_table.h"
#include "partition_types.h"

#include <stdio.h>
#include <string.h>

#define NAMES_TEXT_BYTES 256

static bool has_table(const eb_lookup_t *in)
{
    return in->table != NULL && in->table->present;
}

eb_part_choice_t eb_part_choice_of(const eb_partition_t *entry)
{
    eb_part_choice_t choice = {.range = {entry->addr, entry->size}};

    memcpy(choice.label, entry->label, sizeof(choice.label));
    return choice;
}

bool eb_partition_lookup_type(const eb_lookup_t *in, uint8_t type, eb_part_choice_t *out)
{
    int index = has_table(in) ? eb_partition_of_type(in->table, type, EB_PART_PRIMARY) : -1;
    uint32_t table_addr = in->table_addr;

    if (index >= 0) {
        *out = eb_part_choice_of(&in->table->entries[index]);
        return true;
    }
    if (table_addr == 0 && has_table(in)) {
        table_addr = in->table->addr;
    }
    if (type == EB_PART_TABLE) {
        *out = (eb_part_choice_t){"partition_table", {table_addr, EB_SECTOR_BYTES}};
        return table_addr != 0;
    }
    uint32_t end =
        has_table(in) ? eb_partition_bootloader_end(in->table, in->bootloader_addr) : table_addr;
    *out = (eb_part_choice_t){"bootloader", {in->bootloader_addr, end - in->bootloader_addr}};
    return in->bootloader_addr < end;
}

eb_code_t eb_partition_no_table(const eb_lookup_t *in, eb_err_t *err)
{
    if (in->table != NULL && in->table->encrypted) {
        return eb_err_set_reason(
            err, EB_ERR_USAGE, EB_REASON_CIPHERTEXT,
            "flash encryption is on: the partition table at 0x%x of %s is ciphertext",
            in->table->addr, in->owner);
    }
    if (in->table != NULL && in->table->damaged) {
        (void)eb_err_set(err, EB_ERR_USAGE, "the partition table at 0x%x is damaged",
                         in->table->addr);
    } else if (in->table_addr != 0) {
        (void)eb_err_set(err, EB_ERR_USAGE, "%s has no partition table at 0x%x", in->owner,
                         in->table_addr);
    } else {
        (void)eb_err_set(err, EB_ERR_USAGE, "%s has no partition table", in->owner);
    }
    eb_err_reason(err, in->bare ? EB_REASON_NO_TABLE_IN_FILE : EB_REASON_NO_PARTITION);
    return EB_ERR_USAGE;
}

static eb_code_t no_such_name(const eb_lookup_t *in, const char *name, eb_err_t *err)
{
    char names[NAMES_TEXT_BYTES] = "";
    size_t used = 0;

    if (!has_table(in)) {
        (void)eb_partition_no_table(in, err);
        (void)eb_err_wrap(err, "no partition \"%s\"", name);
        return EB_ERR_USAGE;
    }
    for (size_t i = 0; i < in->table->count && used < sizeof(names); i++) {
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                                 in->table->entries[i].label);
    }
    return eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_NO_PARTITION,
                             "no partition \"%s\"; the table at 0x%x has %s%s", name,
                             in->table->addr, names, used >= sizeof(names) ? "..." : "");
}

/* An entry that is not usable has no range, and one that is odd is not written by its name. */
static eb_code_t check_usable(const eb_lookup_t *in, size_t index, bool to_write, eb_err_t *err)
{
    char fault[EB_FAULT_TEXT_BYTES];

    if (index < in->table->count &&
        (!to_write || in->table->entries[index].fault == EB_ENTRY_SOUND)) {
        return EB_OK;
    }
    eb_partition_fault_text(in->table, index, fault, sizeof(fault));
    return eb_err_set_reason(err, to_write ? EB_ERR_REFUSED : EB_ERR_USAGE, EB_REASON_ODD_ENTRY,
                             "in the partition table at 0x%x, %s", in->table->addr, fault);
}

eb_code_t eb_partition_lookup(const eb_lookup_t *in, const char *name, eb_part_choice_t *out,
                              size_t *count, eb_err_t *err)
{
    size_t same = 0;

    for (size_t i = 0; has_table(in) && i < in->table->count + in->table->unusable; i++) {
        const eb_partition_t *entry = &in->table->entries[i];
        if (strcmp(entry->label, name) != 0) {
            continue;
        }
        if (check_usable(in, i, count == NULL, err) != EB_OK) {
            return count == NULL ? EB_ERR_REFUSED : EB_ERR_USAGE;
        }
        if (same == 0) {
            *out = eb_part_choice_of(entry);
        } else if (count == NULL) {
            return eb_err_set_reason(
                err, EB_ERR_USAGE, EB_REASON_NAMED_TWICE,
                "partition \"%s\": there are two of that name, at 0x%x and at 0x%x", name,
                out->range.addr, entry->addr);
        }
        same++;
    }
    if (count != NULL) {
        *count = same > 0 ? same : 1;
    }
    bool is_table = strcmp(name, "partition_table") == 0 || strcmp(name, "partition-table") == 0;
    if (same > 0 ||
        ((is_table || strcmp(name, "bootloader") == 0) &&
         eb_partition_lookup_type(in, is_table ? EB_PART_TABLE : EB_PART_BOOTLOADER, out))) {
        return EB_OK;
    }
    return no_such_name(in, name, err);
}
