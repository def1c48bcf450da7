/*
 * sidecar_read.c: a sidecar from JSON that nobody vouches for.
 *
 * A `field_t` is an object of the file and where it lies. The first fault is kept in the shared
 * `fault`, and every call after it does nothing, so that the reading functions are plain lists.
 */
#include "bytes.h"
#include "flash_text.h"
#include "json.h"
#include "origin_ranges.h"
#include "partition_types.h"
#include "sidecar.h"
#include "sidecar_rules.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 112

typedef struct fault {
    eb_err_t *err;
    eb_code_t code;
} fault_t;

typedef struct field {
    fault_t *fault;
    const eb_json_t *node; /* NULL: absent or null in the file */
    char path[PATH_BYTES]; /* "flash.", empty for the root */
} field_t;

static bool sound(const field_t *f)
{
    return f->fault->code == EB_OK && f->node != NULL;
}

static void refuse(const field_t *f, const char *key, const char *what)
{
    if (f->fault->code == EB_OK) {
        f->fault->code =
            eb_err_set(f->fault->err, EB_ERR_SIDECAR_INVALID, "%s%s: %s", f->path, key, what);
    }
}

/* Whether the field is there and says something. */
static bool has(const field_t *f, const char *key)
{
    return sound(f) && eb_json_has(f->node, key);
}

static field_t enter(const field_t *f, const char *key)
{
    field_t inner = {.fault = f->fault};

    snprintf(inner.path, sizeof(inner.path), "%.60s%.30s.", f->path, key);
    if (sound(f)) {
        f->fault->code = eb_json_get_object(f->node, key, &inner.node, f->fault->err);
    }
    return inner;
}

static const eb_json_t *get_list(const field_t *f, const char *key, size_t max, size_t *count)
{
    const eb_json_t *list = NULL;
    char what[64];

    *count = 0;
    if (!sound(f)) {
        return NULL;
    }
    f->fault->code = eb_json_get_array(f->node, key, &list, f->fault->err);
    if (f->fault->code != EB_OK) {
        return NULL;
    }
    if (eb_json_count(list) > max) {
        snprintf(what, sizeof(what), "%zu items, at most %zu are possible", eb_json_count(list),
                 max);
        refuse(f, key, what);
        return NULL;
    }
    *count = eb_json_count(list);
    return list;
}

static field_t enter_at(const field_t *f, const char *key, const eb_json_t *list, size_t index)
{
    field_t inner = {.fault = f->fault};

    snprintf(inner.path, sizeof(inner.path), "%.60s%.24s[%zu].", f->path, key, index);
    if (f->fault->code == EB_OK) {
        f->fault->code = eb_json_get_object_at(list, index, &inner.node, f->fault->err);
    }
    return inner;
}

static void get_lines(const field_t *f, const char *key, eb_text_lines_t lines, char *out,
                      size_t cap)
{
    if (!sound(f)) {
        return;
    }
    f->fault->code = eb_json_copy_text(f->node, key, out, cap, f->fault->err);
    if (f->fault->code == EB_OK && !eb_text_is_clean(out, lines)) {
        refuse(f, key, "has control characters");
    }
}

static void get_text(const field_t *f, const char *key, char *out, size_t cap)
{
    get_lines(f, key, EB_TEXT_ONE_LINE, out, cap);
}

static void get_text_or_null(const field_t *f, const char *key, char *out, size_t cap)
{
    if (has(f, key)) {
        get_text(f, key, out, cap);
    }
}

static int64_t get_int(const field_t *f, const char *key, int64_t min, int64_t max)
{
    int64_t value = 0;

    if (sound(f)) {
        f->fault->code = eb_json_get_int(f->node, key, min, max, &value, f->fault->err);
    }
    return value;
}

static int64_t get_int_or_null(const field_t *f, const char *key, int64_t min, int64_t max)
{
    return has(f, key) ? get_int(f, key, min, max) : 0;
}

static uint32_t get_u32(const field_t *f, const char *key)
{
    return (uint32_t)get_int(f, key, 0, UINT32_MAX);
}

static uint64_t get_bytes(const field_t *f, const char *key)
{
    return (uint64_t)get_int(f, key, 0, EB_JSON_INT_MAX);
}

static bool get_bool(const field_t *f, const char *key)
{
    bool value = false;

    if (sound(f)) {
        f->fault->code = eb_json_get_bool(f->node, key, &value, f->fault->err);
    }
    return value;
}

static eb_tristate_t get_tristate(const field_t *f, const char *key)
{
    if (!has(f, key)) {
        return EB_UNKNOWN;
    }
    return get_bool(f, key) ? EB_YES : EB_NO;
}

static void get_hex(const field_t *f, const char *key, uint8_t *out, size_t len)
{
    char text[2 * EB_SHA256_BYTES + 1] = "", what[64];

    get_text(f, key, text, sizeof(text));
    if (sound(f) && (strlen(text) != 2 * len || !eb_hex_decode(text, out, len))) {
        snprintf(what, sizeof(what), "expected %zu hex digits", 2 * len);
        refuse(f, key, what);
    }
}

static bool get_hex_or_null(const field_t *f, const char *key, uint8_t *out, size_t len)
{
    if (!has(f, key)) {
        return false;
    }
    get_hex(f, key, out, len);
    return true;
}

static int get_name(const field_t *f, const char *key, const eb_name_table_t *table)
{
    char text[24] = "";
    int value;

    get_text(f, key, text, sizeof(text));
    value = eb_name_value(table, text);
    if (sound(f) && value < 0) {
        refuse(f, key, "not one of the known words");
    }
    return value < 0 ? 0 : value;
}

static void read_chip(const field_t *root, eb_chip_info_t *c)
{
    field_t f = enter(root, "chip");
    const eb_json_t *list;

    get_text(&f, "id", c->id, sizeof(c->id));
    get_text(&f, "name", c->name, sizeof(c->name));
    get_text(&f, "description", c->description, sizeof(c->description));
    get_text_or_null(&f, "package", c->package, sizeof(c->package));
    c->has_revision = eb_json_has(f.node, "revision_major");
    c->revision_major = (int)get_int_or_null(&f, "revision_major", 0, UINT16_MAX);
    c->revision_minor = (int)get_int_or_null(&f, "revision_minor", 0, UINT16_MAX);
    list = get_list(&f, "features", EB_CHIP_FEATURES_MAX, &c->feature_count);
    for (size_t i = 0; i < c->feature_count && sound(&f); i++) {
        f.fault->code =
            eb_json_copy_text_at(list, i, c->features[i], sizeof(c->features[i]), f.fault->err);
        if (sound(&f) && !eb_text_is_clean(c->features[i], EB_TEXT_ONE_LINE)) {
            refuse(&f, "features", "has control characters");
        }
    }
    c->crystal_mhz = (int)get_int_or_null(&f, "crystal_mhz", 1, 1000);
    c->crystal_measured = get_bool(&f, "crystal_measured");
    list = get_list(&f, "macs", EB_CHIP_MACS_MAX, &c->mac_count);
    for (size_t i = 0; i < c->mac_count; i++) {
        field_t mac = enter_at(&f, "macs", list, i);

        get_text(&mac, "kind", c->macs[i].kind, sizeof(c->macs[i].kind));
        get_text(&mac, "mac", c->macs[i].text, sizeof(c->macs[i].text));
    }
    c->chip_id = eb_json_has(f.node, "chip_id") ? get_u32(&f, "chip_id") : EB_CHIP_ID_NONE;
    c->bootloader_addr = get_u32(&f, "bootloader_addr");
}

static void read_security(const field_t *root, eb_security_t *s)
{
    field_t f = enter(root, "security");

    s->flash_encryption = get_tristate(&f, "flash_encryption");
    s->secure_boot = get_tristate(&f, "secure_boot");
    s->secure_boot_version = (int)get_int_or_null(&f, "secure_boot_version", 1, 255);
    s->secure_download_mode = get_tristate(&f, "secure_download_mode");
    s->download_disabled = get_tristate(&f, "download_disabled");
    s->jtag_disabled = get_tristate(&f, "jtag_disabled");
    s->raw_valid = has(&f, "raw_flags");
    s->raw_flags = (uint32_t)get_int_or_null(&f, "raw_flags", 0, UINT32_MAX);
    s->raw_crypt_cnt = (uint32_t)get_int_or_null(&f, "raw_crypt_cnt", 0, UINT32_MAX);
}

static void read_flash(const field_t *root, eb_flash_info_t *out)
{
    field_t f = enter(root, "flash");
    char jedec[16] = "";
    uint8_t id[3] = {0};

    out->known = has(&f, "jedec_id");
    get_text_or_null(&f, "jedec_id", jedec, sizeof(jedec));
    if (out->known && sound(&f) &&
        (strncmp(jedec, "0x", 2) != 0 || strlen(jedec) != 8 || !eb_hex_decode(jedec + 2, id, 3))) {
        refuse(&f, "jedec_id", "expected 0x and 6 hex digits");
    }
    out->jedec_id = ((uint32_t)id[0] << 16) | ((uint32_t)id[1] << 8) | id[2];
    get_text_or_null(&f, "manufacturer", out->manufacturer, sizeof(out->manufacturer));
    get_text_or_null(&f, "device", out->device, sizeof(out->device));
    out->size_bytes = (uint64_t)get_int_or_null(&f, "size_bytes", 1, INT64_C(1) << 32);
    get_text_or_null(&f, "size_source", out->size_source, sizeof(out->size_source));
    get_text_or_null(&f, "voltage", out->voltage, sizeof(out->voltage));
    get_text_or_null(&f, "type", out->type, sizeof(out->type));
    out->sfdp = get_bool(&f, "sfdp");
    out->has_unique_id = get_hex_or_null(&f, "unique_id", out->unique_id, sizeof(out->unique_id));
}

static void read_image(const field_t *root, eb_sidecar_t *s)
{
    field_t range = enter(root, "range");
    field_t file = enter(root, "file");
    field_t origins = enter(root, "origins");
    char verified_by[16] = "";

    s->addr = get_u32(&range, "addr");
    s->size_bytes = get_bytes(&range, "size_bytes");
    get_text_or_null(&range, "partition", s->partition, sizeof(s->partition));

    get_text(&file, "name", s->file_name, sizeof(s->file_name));
    if (get_bytes(&file, "size_bytes") != s->size_bytes) {
        refuse(&file, "size_bytes", "not the same as range.size_bytes");
    }
    get_hex(&file, "sha256", s->sha256, sizeof(s->sha256));
    get_hex(&file, "md5", s->md5, sizeof(s->md5));

    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        s->origins.bytes[i] = get_bytes(&origins, eb_origin_word((eb_origin_t)i));
    }
    get_text(root, "verified_by", verified_by, sizeof(verified_by));
    if (strcmp(verified_by, eb_origins_verified_by(&s->origins)) != 0) {
        refuse(root, "verified_by", "expected chip-md5, or read-twice where bytes were read twice");
    }
}

static void read_app(const field_t *part, eb_partition_t *p)
{
    eb_app_image_t *a = &p->app;
    eb_app_desc_t *d = &a->desc;
    field_t f, desc;

    if (!has(part, "app")) {
        return;
    }
    if (p->type != EB_PART_APP) {
        refuse(part, "app", "the partition is not of type app");
    }
    f = enter(part, "app");
    a->state = (eb_image_state_t)get_name(&f, "state", &eb_image_state_names);
    a->length_bytes = (uint32_t)get_int_or_null(&f, "length_bytes", 1, p->size);
    a->chip_id = (uint16_t)get_int(&f, "chip_id", 0, UINT16_MAX);
    a->flash_mode = (uint8_t)get_int(&f, "flash_mode_code", 0, UINT8_MAX);
    a->flash_freq_code = (uint8_t)get_int(&f, "flash_freq_code", 0, 15);
    a->flash_size_code = (uint8_t)get_int(&f, "flash_size_code", 0, 15);
    a->entry_addr = get_u32(&f, "entry_addr");
    a->hash_appended = get_bool(&f, "hash_appended");
    if (!has(&f, "description")) {
        return;
    }
    desc = enter(&f, "description");
    d->present = true;
    get_text(&desc, "name", d->project, sizeof(d->project));
    get_text(&desc, "version", d->version, sizeof(d->version));
    get_text(&desc, "idf_version", d->idf_version, sizeof(d->idf_version));
    get_text(&desc, "build_date", d->build_date, sizeof(d->build_date));
    get_text(&desc, "build_time", d->build_time, sizeof(d->build_time));
    d->secure_version = get_u32(&desc, "secure_version");
    get_hex(&desc, "elf_sha256", d->elf_sha256, sizeof(d->elf_sha256));
}

static void read_partition(const field_t *f, eb_partition_t *p, eb_sidecar_hash_t *hash)
{
    char kind[64]; /* says type and subtype in words; a newer espbackup may know more of them */

    get_text(f, "name", p->label, sizeof(p->label));
    get_text(f, "kind", kind, sizeof(kind));
    p->type = (uint8_t)get_int(f, "type", 0, UINT8_MAX);
    p->subtype = (uint8_t)get_int(f, "subtype", 0, UINT8_MAX);
    p->addr = get_u32(f, "addr");
    p->size = get_u32(f, "size_bytes");
    p->encrypted = get_bool(f, "encrypted");
    p->readonly = get_bool(f, "readonly");
    hash->known = get_hex_or_null(f, "sha256", hash->sha256, sizeof(hash->sha256));
    read_app(f, p);
}

/* An entry of the table, -1 for null; the name says again what the index says. */
static int read_boot_entry(const field_t *f, const char *index_key, const char *name_key,
                           const eb_sidecar_t *s)
{
    char name[EB_PARTITION_LABEL_BYTES] = "";
    int index = -1;

    if (has(f, index_key)) {
        index = (int)get_int(f, index_key, 0, (int64_t)s->table.count - 1);
    }
    get_text_or_null(f, name_key, name, sizeof(name));
    if (sound(f) && strcmp(name, index >= 0 ? s->table.entries[index].label : "") != 0) {
        char what[64];

        snprintf(what, sizeof(what), "not the name of the partition at %s", index_key);
        refuse(f, name_key, what);
    }
    return index;
}

static void read_boot(const field_t *root, eb_sidecar_t *s)
{
    eb_boot_choice_t *b = &s->boot;
    field_t f;

    *b = (eb_boot_choice_t){.reason = EB_OTA_NOTHING, .ota_state = UINT32_MAX};
    b->index = b->chosen = b->on_trial = -1;
    if (!has(root, "boot")) {
        return;
    }
    f = enter(root, "boot");
    b->index = read_boot_entry(&f, "partition_index", "partition", s);
    b->chosen = read_boot_entry(&f, "chosen_index", "chosen", s);
    b->on_trial = read_boot_entry(&f, "on_trial_index", "on_trial", s);
    if (has(&f, "stop")) {
        b->stop = (eb_boot_stop_t)get_name(&f, "stop", &eb_boot_stop_names);
    }
    b->reason = (eb_ota_reason_t)get_name(&f, "reason", &eb_ota_reason_names);
    b->sequence = get_u32(&f, "sequence");
    b->ota_state = get_u32(&f, "ota_state");
    b->valid_entries = (int)get_int(&f, "valid_entries", 0, 2);
}

static void read_table(const field_t *root, eb_sidecar_t *s)
{
    const eb_json_t *list;
    field_t f;

    if (!has(root, "partition_table")) {
        return;
    }
    f = enter(root, "partition_table");
    s->table.present = true;
    s->table.addr = get_u32(&f, "addr");
    s->table.has_md5 = get_bool(&f, "has_md5");
    list = get_list(&f, "partitions", EB_PARTITIONS_MAX, &s->table.count);
    for (size_t i = 0; i < s->table.count; i++) {
        field_t part = enter_at(&f, "partitions", list, i);

        read_partition(&part, &s->table.entries[i], &s->part_hash[i]);
    }
}

static void read_connection(const field_t *root, eb_session_stats_t *t)
{
    field_t f = enter(root, "connection");

    get_text(&f, "port", t->port, sizeof(t->port));
    t->port_kind = (eb_port_kind_t)get_name(&f, "kind", &eb_port_kind_names);
    t->baud = (uint32_t)get_int_or_null(&f, "baud", 0, UINT32_MAX);
    t->stub = get_bool(&f, "stub");
    get_text_or_null(&f, "stub_version", t->stub_version, sizeof(t->stub_version));
    get_text_or_null(&f, "stub_note", t->stub_note, sizeof(t->stub_note));
    t->wire_bytes_in = get_bytes(&f, "wire_bytes_in");
    t->wire_bytes_out = get_bytes(&f, "wire_bytes_out");
    t->retries = get_u32(&f, "retries");
    t->reconnects = get_u32(&f, "reconnects");
    t->slowdowns = get_u32(&f, "slowdowns");
}

/* First of all: a newer format may have moved everything else. */
static void read_format(const field_t *root, eb_sidecar_t *s)
{
    s->format = (int)get_int(root, "format", 1, INT32_MAX);
    if (s->format > EB_SIDECAR_FORMAT) {
        char what[80];

        snprintf(what, sizeof(what), "%d, this espbackup reads up to %d", s->format,
                 EB_SIDECAR_FORMAT);
        refuse(root, "format", what);
        eb_err_hint(root->fault->err,
                    "a newer espbackup wrote this sidecar: update espbackup; the image itself is a "
                    "plain file that any version can use");
    }
}

static void read_all(const field_t *root, eb_sidecar_t *s)
{
    char tool_name[64];
    field_t tool;

    read_format(root, s);
    tool = enter(root, "tool");
    get_text(&tool, "name", tool_name, sizeof(tool_name));
    get_text(&tool, "version", s->tool_version, sizeof(s->tool_version));
    get_text(root, "created_utc", s->created_utc, sizeof(s->created_utc));
    if (has(root, "note")) {
        get_lines(root, "note", EB_TEXT_MANY_LINES, s->note, sizeof(s->note));
    }
    read_chip(root, &s->chip);
    read_security(root, &s->chip.security);
    read_flash(root, &s->flash);
    read_image(root, s);
    read_table(root, s);
    read_boot(root, s);
    read_connection(root, &s->stats);
    if (sound(root)) {
        root->fault->code =
            eb_json_get_number(root->node, "seconds", &s->seconds, root->fault->err);
    }
}

eb_code_t eb_sidecar_read(const char *text, size_t len, eb_sidecar_t *out, eb_err_t *err)
{
    fault_t fault = {.err = err, .code = EB_OK};
    field_t root = {.fault = &fault};
    eb_json_t *json = NULL;

    memset(out, 0, sizeof(*out));
    if (len > EB_SIDECAR_MAX_BYTES) {
        return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "%zu bytes, a sidecar has at most %u", len,
                          EB_SIDECAR_MAX_BYTES);
    }
    fault.code = eb_json_parse(text, len, &json, err);
    root.node = json;
    read_all(&root, out);
    if (fault.code == EB_OK) {
        fault.code = eb_sidecar_check(out, err);
    }
    if (fault.code == EB_OK) {
        fault.code = eb_origin_ranges_check(json, out, err);
    }
    eb_json_free(json);
    if (fault.code != EB_OK) {
        memset(out, 0, sizeof(*out)); /* nothing half-read leaves */
    }
    return fault.code;
}
