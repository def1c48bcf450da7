/* sidecar_read.c: a sidecar from JSON that nobody vouches for. */
#include "bytes.h"
#include "origin_ranges.h"
#include "partition_table.h"
#include "partition_types.h"
#include "sidecar.h"
#include "sidecar_field.h"

#include <stdio.h>
#include <string.h>

static void read_chip(const eb_field_t *root, eb_chip_info_t *c)
{
    eb_field_t f = eb_field_enter(root, "chip");
    const eb_json_t *list;

    eb_field_text(&f, "id", c->id, sizeof(c->id));
    eb_field_text(&f, "name", c->name, sizeof(c->name));
    eb_field_text(&f, "description", c->description, sizeof(c->description));
    eb_field_text_or_null(&f, "package", c->package, sizeof(c->package));
    c->has_revision = eb_json_has(f.node, "revision_major");
    c->revision_major = (int)eb_field_int_or_null(&f, "revision_major", 0, UINT16_MAX);
    c->revision_minor = (int)eb_field_int_or_null(&f, "revision_minor", 0, UINT16_MAX);
    list = eb_field_list(&f, "features", EB_CHIP_FEATURES_MAX, &c->feature_count);
    for (size_t i = 0; i < c->feature_count && eb_field_sound(&f); i++) {
        f.fault->code =
            eb_json_copy_text_at(list, i, c->features[i], sizeof(c->features[i]), f.fault->err);
        if (eb_field_sound(&f) && !eb_text_is_clean(c->features[i], EB_TEXT_ONE_LINE)) {
            eb_field_refuse(&f, "features", "has control characters");
        }
    }
    c->crystal_mhz = (int)eb_field_int_or_null(&f, "crystal_mhz", 1, 1000);
    c->crystal_measured = eb_field_bool(&f, "crystal_measured");
    list = eb_field_list(&f, "macs", EB_CHIP_MACS_MAX, &c->mac_count);
    for (size_t i = 0; i < c->mac_count; i++) {
        eb_field_t mac = eb_field_enter_at(&f, "macs", list, i);

        eb_field_text(&mac, "kind", c->macs[i].kind, sizeof(c->macs[i].kind));
        eb_field_text(&mac, "mac", c->macs[i].text, sizeof(c->macs[i].text));
    }
    c->chip_id = eb_json_has(f.node, "chip_id") ? eb_field_u32(&f, "chip_id") : EB_CHIP_ID_NONE;
    c->bootloader_addr = eb_field_u32(&f, "bootloader_addr");
}

static void read_security(const eb_field_t *root, eb_security_t *s)
{
    eb_field_t f = eb_field_enter(root, "security");

    s->flash_encryption = eb_field_tristate(&f, "flash_encryption");
    s->secure_boot = eb_field_tristate(&f, "secure_boot");
    s->secure_boot_version = (int)eb_field_int_or_null(&f, "secure_boot_version", 1, 255);
    s->secure_download_mode = eb_field_tristate(&f, "secure_download_mode");
    s->download_disabled = eb_field_tristate(&f, "download_disabled");
    s->jtag_disabled = eb_field_tristate(&f, "jtag_disabled");
    s->raw_valid = eb_field_has(&f, "raw_flags");
    s->raw_flags = (uint32_t)eb_field_int_or_null(&f, "raw_flags", 0, UINT32_MAX);
    s->raw_crypt_cnt = (uint32_t)eb_field_int_or_null(&f, "raw_crypt_cnt", 0, UINT32_MAX);
}

static void read_flash(const eb_field_t *root, eb_flash_info_t *out)
{
    eb_field_t f = eb_field_enter(root, "flash");
    char jedec[16] = "";
    uint8_t id[3] = {0};

    out->known = eb_field_has(&f, "jedec_id");
    eb_field_text_or_null(&f, "jedec_id", jedec, sizeof(jedec));
    if (out->known && eb_field_sound(&f) &&
        (strncmp(jedec, "0x", 2) != 0 || strlen(jedec) != 8 || !eb_hex_decode(jedec + 2, id, 3))) {
        eb_field_refuse(&f, "jedec_id", "expected 0x and 6 hex digits");
    }
    out->jedec_id = ((uint32_t)id[0] << 16) | ((uint32_t)id[1] << 8) | id[2];
    eb_field_text_or_null(&f, "manufacturer", out->manufacturer, sizeof(out->manufacturer));
    eb_field_text_or_null(&f, "device", out->device, sizeof(out->device));
    out->size_bytes = (uint64_t)eb_field_int_or_null(&f, "size_bytes", 1, INT64_C(1) << 32);
    eb_field_text_or_null(&f, "size_source", out->size_source, sizeof(out->size_source));
    eb_field_text_or_null(&f, "voltage", out->voltage, sizeof(out->voltage));
    eb_field_text_or_null(&f, "type", out->type, sizeof(out->type));
    out->sfdp = eb_field_bool(&f, "sfdp");
    out->has_unique_id =
        eb_field_hex_or_null(&f, "unique_id", out->unique_id, sizeof(out->unique_id));
}

static void read_image(const eb_field_t *root, eb_sidecar_t *s)
{
    eb_field_t range = eb_field_enter(root, "range");
    eb_field_t file = eb_field_enter(root, "file");
    eb_field_t origins = eb_field_enter(root, "origins");
    char verified_by[16] = "";

    s->addr = eb_field_u32(&range, "addr");
    s->size_bytes = eb_field_bytes(&range, "size_bytes");
    eb_field_text_or_null(&range, "partition", s->partition, sizeof(s->partition));

    eb_field_text(&file, "name", s->file_name, sizeof(s->file_name));
    if (eb_field_bytes(&file, "size_bytes") != s->size_bytes) {
        eb_field_refuse(&file, "size_bytes", "not the same as range.size_bytes");
    }
    eb_field_hex(&file, "sha256", s->sha256, sizeof(s->sha256));
    eb_field_hex(&file, "md5", s->md5, sizeof(s->md5));

    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        s->origins.bytes[i] = eb_field_bytes(&origins, eb_origin_word((eb_origin_t)i));
    }
    eb_field_text(root, "verified_by", verified_by, sizeof(verified_by));
    if (strcmp(verified_by, EB_VERIFIED_BY) != 0) {
        eb_field_refuse(root, "verified_by", "expected " EB_VERIFIED_BY);
    }
}

static void read_app(const eb_field_t *part, eb_partition_t *p)
{
    eb_app_image_t *a = &p->app;
    eb_app_desc_t *d = &a->desc;
    eb_field_t f, desc;

    if (!eb_field_has(part, "app")) {
        return;
    }
    if (p->type != EB_PART_APP) {
        eb_field_refuse(part, "app", "the partition is not of type app");
    }
    f = eb_field_enter(part, "app");
    a->state = (eb_image_state_t)eb_field_name(&f, "state", &eb_image_state_names);
    a->length_bytes = (uint32_t)eb_field_int_or_null(&f, "length_bytes", 1, p->size);
    a->chip_id = (uint16_t)eb_field_int(&f, "chip_id", 0, UINT16_MAX);
    a->flash_mode = (uint8_t)eb_field_int(&f, "flash_mode_code", 0, UINT8_MAX);
    a->flash_freq_code = (uint8_t)eb_field_int(&f, "flash_freq_code", 0, 15);
    a->flash_size_code = (uint8_t)eb_field_int(&f, "flash_size_code", 0, 15);
    a->entry_addr = eb_field_u32(&f, "entry_addr");
    a->hash_appended = eb_field_bool(&f, "hash_appended");
    if (!eb_field_has(&f, "description")) {
        return;
    }
    desc = eb_field_enter(&f, "description");
    d->present = true;
    eb_field_text(&desc, "name", d->project, sizeof(d->project));
    eb_field_text(&desc, "version", d->version, sizeof(d->version));
    eb_field_text(&desc, "idf_version", d->idf_version, sizeof(d->idf_version));
    eb_field_text(&desc, "build_date", d->build_date, sizeof(d->build_date));
    eb_field_text(&desc, "build_time", d->build_time, sizeof(d->build_time));
    d->secure_version = eb_field_u32(&desc, "secure_version");
    eb_field_hex(&desc, "elf_sha256", d->elf_sha256, sizeof(d->elf_sha256));
}

static void read_numbers(const eb_field_t *f, eb_partition_t *p)
{
    char kind[64]; /* says type and subtype in words; a newer espbackup may know more of them */

    eb_field_text(f, "name", p->label, sizeof(p->label));
    eb_field_text(f, "kind", kind, sizeof(kind));
    p->type = (uint8_t)eb_field_int(f, "type", 0, UINT8_MAX);
    p->subtype = (uint8_t)eb_field_int(f, "subtype", 0, UINT8_MAX);
    p->addr = eb_field_u32(f, "addr");
    p->size = eb_field_u32(f, "size_bytes");
    if (eb_field_has(f, "fault")) {
        p->fault = (eb_entry_fault_t)eb_field_name(f, "fault", &eb_entry_fault_names);
    }
}

static void read_partition(const eb_field_t *f, eb_partition_t *p, eb_sidecar_hash_t *hash)
{
    read_numbers(f, p);
    p->encrypted = eb_field_bool(f, "encrypted");
    p->readonly = eb_field_bool(f, "readonly");
    hash->known = eb_field_hex_or_null(f, "sha256", hash->sha256, sizeof(hash->sha256));
    read_app(f, p);
}

/* An entry of the table, -1 for null; the name says again what the index says. */
static int read_boot_entry(const eb_field_t *f, const char *index_key, const char *name_key,
                           const eb_sidecar_t *s)
{
    char name[EB_PARTITION_LABEL_BYTES] = "";
    int index = -1;

    if (eb_field_has(f, index_key)) {
        index = (int)eb_field_int(f, index_key, 0, (int64_t)s->table.count - 1);
    }
    eb_field_text_or_null(f, name_key, name, sizeof(name));
    if (eb_field_sound(f) && strcmp(name, index >= 0 ? s->table.entries[index].label : "") != 0) {
        char what[64];

        snprintf(what, sizeof(what), "not the name of the partition at %s", index_key);
        eb_field_refuse(f, name_key, what);
    }
    return index;
}

static void read_boot(const eb_field_t *root, eb_sidecar_t *s)
{
    eb_boot_choice_t *b = &s->boot;
    eb_field_t f;

    *b = (eb_boot_choice_t){.reason = EB_OTA_NOTHING, .ota_state = UINT32_MAX};
    b->index = b->chosen = b->on_trial = -1;
    if (!eb_field_has(root, "boot")) {
        return;
    }
    f = eb_field_enter(root, "boot");
    b->index = read_boot_entry(&f, "partition_index", "partition", s);
    b->chosen = read_boot_entry(&f, "chosen_index", "chosen", s);
    b->on_trial = read_boot_entry(&f, "on_trial_index", "on_trial", s);
    if (eb_field_has(&f, "stop")) {
        b->stop = (eb_boot_stop_t)eb_field_name(&f, "stop", &eb_boot_stop_names);
    }
    b->reason = (eb_ota_reason_t)eb_field_name(&f, "reason", &eb_ota_reason_names);
    b->sequence = eb_field_u32(&f, "sequence");
    b->ota_state = eb_field_u32(&f, "ota_state");
    b->valid_entries = (int)eb_field_int(&f, "valid_entries", 0, 2);
}

static void read_table(const eb_field_t *root, eb_sidecar_t *s)
{
    const eb_json_t *list;
    eb_field_t f;

    if (!eb_field_has(root, "partition_table")) {
        return;
    }
    f = eb_field_enter(root, "partition_table");
    s->table.present = true;
    s->table.addr = eb_field_u32(&f, "addr");
    s->table.has_md5 = eb_field_bool(&f, "has_md5");
    s->table.other_addr = (uint32_t)eb_field_int_or_null(&f, "other_addr", 1, UINT32_MAX);
    list = eb_field_list(&f, "partitions", EB_PARTITIONS_MAX, &s->table.count);
    for (size_t i = 0; i < s->table.count; i++) {
        eb_field_t part = eb_field_enter_at(&f, "partitions", list, i);

        read_partition(&part, &s->table.entries[i], &s->part_hash[i]);
    }
    if (eb_field_has(&f, "unusable")) {
        list =
            eb_field_list(&f, "unusable", EB_PARTITIONS_MAX - s->table.count, &s->table.unusable);
    }
    for (size_t i = 0; i < s->table.unusable; i++) {
        eb_field_t part = eb_field_enter_at(&f, "unusable", list, i);
        eb_partition_t *p = &s->table.entries[s->table.count + i];

        read_numbers(&part, p);
        p->app.state = EB_IMAGE_ABSENT;
    }
}

static void read_connection(const eb_field_t *root, eb_session_stats_t *t)
{
    eb_field_t f = eb_field_enter(root, "connection");

    eb_field_text(&f, "port", t->port, sizeof(t->port));
    t->port_kind = (eb_port_kind_t)eb_field_name(&f, "kind", &eb_port_kind_names);
    t->baud = (uint32_t)eb_field_int_or_null(&f, "baud", 0, UINT32_MAX);
    t->stub = eb_field_bool(&f, "stub");
    eb_field_text_or_null(&f, "stub_version", t->stub_version, sizeof(t->stub_version));
    eb_field_text_or_null(&f, "stub_note", t->stub_note, sizeof(t->stub_note));
    t->wire_bytes_in = eb_field_bytes(&f, "wire_bytes_in");
    t->wire_bytes_out = eb_field_bytes(&f, "wire_bytes_out");
    t->retries = eb_field_u32(&f, "retries");
    t->reconnects = eb_field_u32(&f, "reconnects");
    t->slowdowns = eb_field_u32(&f, "slowdowns");
}

/* First of all: a newer format may have moved everything else. */
static void read_format(const eb_field_t *root, eb_sidecar_t *s)
{
    s->format = (int)eb_field_int(root, "format", 1, INT32_MAX);
    if (s->format > EB_SIDECAR_FORMAT) {
        char what[80];

        snprintf(what, sizeof(what), "%d, this espbackup reads up to %d", s->format,
                 EB_SIDECAR_FORMAT);
        eb_field_refuse(root, "format", what);
        eb_err_hint(root->fault->err,
                    "a newer espbackup wrote this sidecar: update espbackup; the image itself is a "
                    "plain file that any version can use");
    }
}

static void read_all(const eb_field_t *root, eb_sidecar_t *s)
{
    char tool_name[64];
    eb_field_t tool;

    read_format(root, s);
    tool = eb_field_enter(root, "tool");
    eb_field_text(&tool, "name", tool_name, sizeof(tool_name));
    eb_field_text(&tool, "version", s->tool_version, sizeof(s->tool_version));
    eb_field_text(root, "created_utc", s->created_utc, sizeof(s->created_utc));
    if (eb_field_has(root, "note")) {
        eb_field_lines(root, "note", EB_TEXT_MANY_LINES, s->note, sizeof(s->note));
    }
    read_chip(root, &s->chip);
    read_security(root, &s->chip.security);
    read_flash(root, &s->flash);
    read_image(root, s);
    read_table(root, s);
    read_boot(root, s);
    read_connection(root, &s->stats);
    if (eb_field_sound(root)) {
        root->fault->code =
            eb_json_get_number(root->node, "seconds", &s->seconds, root->fault->err);
    }
}

eb_code_t eb_sidecar_read(const char *text, size_t len, eb_sidecar_t *out, eb_err_t *err)
{
    eb_field_fault_t fault = {.err = err, .code = EB_OK};
    eb_field_t root = {.fault = &fault};
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
        eb_partition_table_judge(&out->table, out->flash.size_bytes); /* not by what it says */
        fault.code = eb_origin_ranges_check(json, out, err);
    }
    eb_json_free(json);
    if (fault.code != EB_OK) {
        memset(out, 0, sizeof(*out)); /* nothing half-read leaves */
    }
    return fault.code;
}
