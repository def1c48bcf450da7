/* sidecar_rules.c: what a sidecar must say to be believed. */
#include "sidecar_rules.h"

#include "bytes.h"
#include "partition_types.h"
#include "range.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ADDR_SPACE  (UINT64_C(1) << 32)
#define SECONDS_MAX 1e9

static const eb_name_row_t image_state_rows[] = {
    {EB_IMAGE_NONE, "none"},       {EB_IMAGE_VALID, "valid"},   {EB_IMAGE_UNCHECKED, "unchecked"},
    {EB_IMAGE_DAMAGED, "damaged"}, {EB_IMAGE_OPAQUE, "opaque"}, {EB_IMAGE_ABSENT, "absent"},
};
static const eb_name_row_t entry_fault_rows[] = {
    {EB_ENTRY_EMPTY, "empty"},
    {EB_ENTRY_BEYOND, "beyond_flash"},
    {EB_ENTRY_MISALIGNED, "misaligned"},
    {EB_ENTRY_OVERLAPS, "overlaps"},
};
static const eb_name_row_t ota_reason_rows[] = {
    {EB_OTA_NO_SLOTS, "no_slots"}, {EB_OTA_FACTORY, "factory"}, {EB_OTA_FIRST_SLOT, "first_slot"},
    {EB_OTA_SEQUENCE, "sequence"}, {EB_OTA_NOTHING, "nothing"},
};
static const eb_name_row_t boot_stop_rows[] = {
    {EB_BOOT_NOT_KNOWN, "not_known"},
    {EB_BOOT_SMALL_OTADATA, "small_otadata"},
    {EB_BOOT_NO_WHOLE_APP, "no_whole_app"},
};
static const eb_name_row_t port_kind_rows[] = {
    {EB_PORT_UART, "uart"}, {EB_PORT_USB_JTAG, "usb_jtag"}, {EB_PORT_USB_OTG, "usb_otg"},
    {EB_PORT_TCP, "tcp"},   {EB_PORT_RFC2217, "rfc2217"},
};

const eb_name_table_t eb_image_state_names = {image_state_rows, EB_COUNT_OF(image_state_rows)};
const eb_name_table_t eb_entry_fault_names = {entry_fault_rows, EB_COUNT_OF(entry_fault_rows)};
const eb_name_table_t eb_ota_reason_names = {ota_reason_rows, EB_COUNT_OF(ota_reason_rows)};
const eb_name_table_t eb_boot_stop_names = {boot_stop_rows, EB_COUNT_OF(boot_stop_rows)};
const eb_name_table_t eb_port_kind_names = {port_kind_rows, EB_COUNT_OF(port_kind_rows)};

const char *eb_name_of(const eb_name_table_t *table, int value)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].value == value) {
            return table->rows[i].name;
        }
    }
    return "unknown";
}

int eb_name_value(const eb_name_table_t *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].name, name) == 0) {
            return table->rows[i].value;
        }
    }
    return -1;
}

/* Whether text has digits where the pattern has 'd', hex digits for 'x', and else the same. */
static bool matches(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; pattern++, text++) {
        unsigned char c = (unsigned char)*text;
        bool fits = *pattern == 'd'   ? isdigit(c) != 0
                    : *pattern == 'x' ? isxdigit(c) != 0
                                      : *text == *pattern;

        if (!fits) {
            return false;
        }
    }
    return *text == '\0';
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool is_utc(const char *text)
{
    if (!matches(text, "dddd-dd-ddTdd:dd:ddZ")) {
        return false;
    }
    return two_digits(text + 5) >= 1 && two_digits(text + 5) <= 12 && two_digits(text + 8) >= 1 &&
           two_digits(text + 8) <= 31 && two_digits(text + 11) <= 23 &&
           two_digits(text + 14) <= 59 && two_digits(text + 17) <= 60;
}

/* The extension is the part that makes a base MAC an EUI-64. */
static bool is_mac(const eb_mac_t *mac)
{
    const char *text = mac->text;

    if (strcmp(mac->kind, "extension") == 0) {
        return matches(text, "xx:xx");
    }
    return matches(text, "xx:xx:xx:xx:xx:xx") || matches(text, "xx:xx:xx:xx:xx:xx:xx:xx");
}

/* The id becomes part of file names. */
static bool is_chip_id(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

static eb_code_t check_chip(const eb_sidecar_t *s, eb_err_t *err)
{
    if (!is_chip_id(s->chip.id)) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "chip.id: \"%s\" is not made of lower-case letters and digits",
                          s->chip.id);
    }
    for (size_t i = 0; i < s->chip.mac_count; i++) {
        if (!is_mac(&s->chip.macs[i])) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                              "chip.macs[%zu].mac: \"%s\" is not a MAC", i, s->chip.macs[i].text);
        }
    }
    return EB_OK;
}

bool eb_sidecar_can_name(const char *name)
{
    return name[0] != '\0' && strpbrk(name, "/\\") == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 && strlen(name) < sizeof(((eb_sidecar_t *)NULL)->file_name);
}

static eb_code_t check_file(const eb_sidecar_t *s, eb_err_t *err)
{
    const char *name = s->file_name;

    if (name[0] == '\0') {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "file.name: empty");
    }
    if (!eb_sidecar_can_name(name)) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "file.name: \"%s\" is a path, expected a plain file name", name);
    }
    return EB_OK;
}

static eb_code_t check_range(const eb_sidecar_t *s, eb_err_t *err)
{
    uint64_t limit = s->flash.size_bytes != 0 ? s->flash.size_bytes : ADDR_SPACE;

    if (s->size_bytes == 0 || !eb_range_within(s->addr, s->size_bytes, limit)) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "range.size_bytes: %llu at 0x%x is not a range within %llu bytes",
                          (unsigned long long)s->size_bytes, s->addr, (unsigned long long)limit);
    }
    return EB_OK;
}

static eb_code_t check_origins(const eb_sidecar_t *s, eb_err_t *err)
{
    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        if (s->origins.bytes[i] > s->size_bytes) {
            return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                              "origins.%s: %llu is more than the image's %llu bytes",
                              eb_origin_word((eb_origin_t)i),
                              (unsigned long long)s->origins.bytes[i],
                              (unsigned long long)s->size_bytes);
        }
    }
    return EB_OK;
}

static eb_code_t check_partition(const eb_sidecar_t *s, size_t index, eb_err_t *err)
{
    const eb_partition_t *p = &s->table.entries[index];
    uint64_t limit = s->flash.size_bytes != 0 ? s->flash.size_bytes : ADDR_SPACE;

    if (p->size == 0 || !eb_range_within(p->addr, p->size, limit)) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "partition_table.partitions[%zu].size_bytes: %u at 0x%x is not a range "
                          "within %llu bytes",
                          index, p->size, p->addr, (unsigned long long)limit);
    }
    if (s->part_hash[index].known &&
        (p->addr < s->addr || !eb_range_within(p->addr - s->addr, p->size, s->size_bytes))) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "partition_table.partitions[%zu].sha256: the partition is not in the "
                          "image's range",
                          index);
    }
    return EB_OK;
}

static eb_code_t check_boot(const eb_sidecar_t *s, eb_err_t *err)
{
    int index = s->boot.index;

    if (s->table.present && (index < -1 || (index >= 0 && (size_t)index >= s->table.count))) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "boot.partition_index: %d, the table has %zu partitions", index,
                          s->table.count);
    }
    return EB_OK;
}

static eb_code_t check_seconds(const eb_sidecar_t *s, eb_err_t *err)
{
    if (!(s->seconds >= 0 && s->seconds < SECONDS_MAX)) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "seconds: %g is out of range", s->seconds);
    }
    return EB_OK;
}

eb_code_t eb_sidecar_check(const eb_sidecar_t *s, eb_err_t *err)
{
    static eb_code_t (*const checks[])(const eb_sidecar_t *, eb_err_t *) = {
        check_chip, check_range, check_file, check_origins, check_boot, check_seconds,
    };

    if (!is_utc(s->created_utc)) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID,
                          "created_utc: \"%s\", expected a time like 2026-11-21T10:15:00Z",
                          s->created_utc);
    }
    for (size_t i = 0; i < EB_COUNT_OF(checks); i++) {
        eb_code_t code = checks[i](s, err);

        if (code != EB_OK) {
            return code;
        }
    }
    for (size_t i = 0; s->table.present && i < s->table.count; i++) {
        if (check_partition(s, i, err) != EB_OK) {
            return EB_ERR_SIDECAR_INVALID;
        }
    }
    return EB_OK;
}
