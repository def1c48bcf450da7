/* sidecar_write.c: a sidecar as JSON. The order here is the order in the file and in its docs. */
#include "sidecar.h"

#include "bytes.h"
#include "flash_text.h"
#include "json.h"
#include "partition_types.h"
#include "proof_ranges.h"
#include "sidecar_rules.h"

#include <stdio.h>
#include <string.h>

/* Texts come from boards, files and command lines; the reader takes only clean ones. */
static void put_lines(eb_json_t *node, const char *key, const char *text, eb_text_lines_t lines)
{
    char clean[EB_PATH_BYTES];

    eb_text_clean(text, strnlen(text, sizeof(clean) - 1), lines, clean);
    eb_json_add_text(node, key, clean);
}

static void put_text(eb_json_t *node, const char *key, const char *text)
{
    put_lines(node, key, text, EB_TEXT_ONE_LINE);
}

static void put_text_or_null(eb_json_t *node, const char *key, const char *text)
{
    if (text[0] == '\0') {
        eb_json_add_null(node, key);
    } else {
        put_text(node, key, text);
    }
}

static void put_int_or_null(eb_json_t *node, const char *key, bool known, int64_t value)
{
    if (known) {
        eb_json_add_int(node, key, value);
    } else {
        eb_json_add_null(node, key);
    }
}

static void put_hex_or_null(eb_json_t *node, const char *key, bool known, const uint8_t *bytes,
                            size_t len)
{
    char text[2 * EB_SHA256_BYTES + 1];

    if (!known) {
        eb_json_add_null(node, key);
        return;
    }
    eb_hex_encode(bytes, len, text);
    eb_json_add_text(node, key, text);
}

static void put_tristate(eb_json_t *node, const char *key, eb_tristate_t value)
{
    if (value == EB_UNKNOWN) {
        eb_json_add_null(node, key);
    } else {
        eb_json_add_bool(node, key, value == EB_YES);
    }
}

static void write_chip(eb_json_t *root, const eb_chip_info_t *c)
{
    eb_json_t *node = eb_json_add_object(root, "chip");
    eb_json_t *list;

    put_text(node, "id", c->id);
    put_text(node, "name", c->name);
    put_text(node, "description", c->description);
    put_text_or_null(node, "package", c->package);
    eb_json_add_int(node, "revision_major", c->revision_major);
    eb_json_add_int(node, "revision_minor", c->revision_minor);
    list = eb_json_add_array(node, "features");
    for (size_t i = 0; i < c->feature_count; i++) {
        put_text(list, NULL, c->features[i]);
    }
    put_int_or_null(node, "crystal_mhz", c->crystal_mhz != 0, c->crystal_mhz);
    eb_json_add_bool(node, "crystal_measured", c->crystal_measured);
    list = eb_json_add_array(node, "macs");
    for (size_t i = 0; i < c->mac_count; i++) {
        eb_json_t *mac = eb_json_append_object(list);

        put_text(mac, "kind", c->macs[i].kind);
        put_text(mac, "mac", c->macs[i].text);
    }
    if (c->chip_id == EB_CHIP_ID_NONE)
        eb_json_add_null(node, "chip_id");
    else
        eb_json_add_int(node, "chip_id", c->chip_id);
    eb_json_add_int(node, "bootloader_addr", c->bootloader_addr);
}

static void write_security(eb_json_t *root, const eb_security_t *s)
{
    eb_json_t *node = eb_json_add_object(root, "security");

    put_tristate(node, "flash_encryption", s->flash_encryption);
    put_tristate(node, "secure_boot", s->secure_boot);
    put_int_or_null(node, "secure_boot_version", s->secure_boot_version != 0,
                    s->secure_boot_version);
    put_tristate(node, "secure_download_mode", s->secure_download_mode);
    put_tristate(node, "download_disabled", s->download_disabled);
    put_tristate(node, "jtag_disabled", s->jtag_disabled);
    put_int_or_null(node, "raw_flags", s->raw_valid, s->raw_flags);
    put_int_or_null(node, "raw_crypt_cnt", s->raw_valid, s->raw_crypt_cnt);
}

static void write_flash(eb_json_t *root, const eb_flash_info_t *f)
{
    eb_json_t *node = eb_json_add_object(root, "flash");
    char jedec[16] = "";

    if (f->known) {
        snprintf(jedec, sizeof(jedec), "0x%06x", f->jedec_id & 0xFFFFFFu);
    }
    put_text_or_null(node, "jedec_id", jedec);
    put_text_or_null(node, "manufacturer", f->manufacturer);
    put_text_or_null(node, "device", f->device);
    put_int_or_null(node, "size_bytes", f->size_bytes != 0, (int64_t)f->size_bytes);
    put_text_or_null(node, "size_source", f->size_source);
    put_text_or_null(node, "voltage", f->voltage);
    put_text_or_null(node, "type", f->type);
    eb_json_add_bool(node, "sfdp", f->sfdp);
    put_hex_or_null(node, "unique_id", f->has_unique_id, f->unique_id, sizeof(f->unique_id));
}

static void write_image(eb_json_t *root, const eb_sidecar_t *s)
{
    eb_json_t *node = eb_json_add_object(root, "range");

    eb_json_add_int(node, "addr", s->addr);
    eb_json_add_int(node, "size_bytes", (int64_t)s->size_bytes);
    put_text_or_null(node, "partition", s->partition);

    node = eb_json_add_object(root, "file");
    put_text(node, "name", s->file_name);
    eb_json_add_int(node, "size_bytes", (int64_t)s->size_bytes);
    put_hex_or_null(node, "sha256", true, s->sha256, sizeof(s->sha256));
    put_hex_or_null(node, "md5", true, s->md5, sizeof(s->md5));

    node = eb_json_add_object(root, "proof");
    put_text(node, "method", s->proof);
    eb_json_add_int(node, "read_bytes", (int64_t)s->settled.read);
    eb_json_add_int(node, "erased_bytes", (int64_t)s->settled.erased);
    eb_json_add_int(node, "prior_bytes", (int64_t)s->settled.prior);
    eb_json_add_int(node, "resumed_bytes", (int64_t)s->settled.resumed);
    eb_json_add_int(node, "unproved_bytes", (int64_t)s->settled.unproved);
    eb_proof_ranges_write(node, s);
}

static void write_app(eb_json_t *part, const eb_partition_t *p)
{
    const eb_app_image_t *a = &p->app;
    const eb_app_desc_t *d = &a->desc;
    eb_json_t *node;

    if (p->type != EB_PART_APP) {
        eb_json_add_null(part, "app");
        return;
    }
    node = eb_json_add_object(part, "app");
    eb_json_add_text(node, "state", eb_name_of(&eb_image_state_names, (int)a->state));
    put_int_or_null(node, "length_bytes", a->length_bytes != 0, a->length_bytes);
    eb_json_add_int(node, "chip_id", a->chip_id);
    eb_json_add_int(node, "flash_mode_code", a->flash_mode);
    eb_json_add_int(node, "flash_freq_code", a->flash_freq_code);
    eb_json_add_int(node, "flash_size_code", a->flash_size_code);
    eb_json_add_int(node, "entry_addr", a->entry_addr);
    eb_json_add_bool(node, "hash_appended", a->hash_appended);
    if (!d->present) {
        eb_json_add_null(node, "description");
        return;
    }
    node = eb_json_add_object(node, "description");
    put_text(node, "project", d->project);
    put_text(node, "version", d->version);
    put_text(node, "idf_version", d->idf_version);
    put_text(node, "build_date", d->build_date);
    put_text(node, "build_time", d->build_time);
    eb_json_add_int(node, "secure_version", d->secure_version);
    put_hex_or_null(node, "elf_sha256", true, d->elf_sha256, sizeof(d->elf_sha256));
}

static void write_partition(eb_json_t *list, const eb_partition_t *p, const eb_sidecar_hash_t *hash)
{
    eb_json_t *node = eb_json_append_object(list);
    char kind[48];

    eb_partition_type_text(p->type, p->subtype, kind, sizeof(kind));
    put_text(node, "name", p->label);
    eb_json_add_text(node, "kind", kind);
    eb_json_add_int(node, "type", p->type);
    eb_json_add_int(node, "subtype", p->subtype);
    eb_json_add_int(node, "addr", p->addr);
    eb_json_add_int(node, "size_bytes", p->size);
    eb_json_add_bool(node, "encrypted", p->encrypted);
    eb_json_add_bool(node, "readonly", p->readonly);
    put_hex_or_null(node, "sha256", hash->known, hash->sha256, sizeof(hash->sha256));
    write_app(node, p);
}

static void write_table(eb_json_t *root, const eb_sidecar_t *s)
{
    const eb_boot_choice_t *b = &s->boot;
    eb_json_t *node, *list;

    if (!s->table.present) {
        eb_json_add_null(root, "partition_table");
        eb_json_add_null(root, "boot");
        return;
    }
    node = eb_json_add_object(root, "partition_table");
    eb_json_add_int(node, "addr", s->table.addr);
    eb_json_add_bool(node, "has_md5", s->table.has_md5);
    list = eb_json_add_array(node, "partitions");
    for (size_t i = 0; i < s->table.count; i++) {
        write_partition(list, &s->table.entries[i], &s->part_hash[i]);
    }
    node = eb_json_add_object(root, "boot");
    put_int_or_null(node, "partition_index", b->index >= 0, b->index);
    put_text_or_null(node, "partition", b->index >= 0 ? s->table.entries[b->index].label : "");
    eb_json_add_text(node, "reason", eb_name_of(&eb_ota_reason_names, (int)b->reason));
    eb_json_add_int(node, "sequence", b->sequence);
    eb_json_add_int(node, "ota_state", b->ota_state);
    eb_json_add_int(node, "valid_entries", b->valid_entries);
}

static void write_transfer(eb_json_t *root, const eb_sidecar_t *s)
{
    const eb_session_stats_t *t = &s->stats;
    eb_json_t *node = eb_json_add_object(root, "transfer");

    put_text(node, "port", t->port);
    eb_json_add_text(node, "port_kind", eb_name_of(&eb_port_kind_names, (int)t->port_kind));
    eb_json_add_int(node, "baud", t->baud);
    eb_json_add_text(node, "loader", t->stub ? "stub" : "rom");
    put_text_or_null(node, "stub_version", t->stub_version);
    put_text_or_null(node, "stub_note", t->stub_note);
    eb_json_add_number(node, "seconds", (double)(int64_t)(s->seconds * 1000 + 0.5) / 1000);
    eb_json_add_int(node, "wire_bytes_in", (int64_t)t->wire_bytes_in);
    eb_json_add_int(node, "wire_bytes_out", (int64_t)t->wire_bytes_out);
    eb_json_add_int(node, "retries", t->retries);
    eb_json_add_int(node, "reconnects", t->reconnects);
    eb_json_add_int(node, "slowdowns", t->slowdowns);
}

eb_code_t eb_sidecar_write(const eb_sidecar_t *sidecar, char **text, eb_err_t *err)
{
    eb_json_t *root, *tool;
    eb_code_t code;

    *text = NULL;
    code = eb_sidecar_check(sidecar, err);
    if (code != EB_OK) {
        return code;
    }
    root = eb_json_new_object();
    eb_json_add_int(root, "format", EB_SIDECAR_FORMAT);
    tool = eb_json_add_object(root, "tool");
    eb_json_add_text(tool, "name", "espbackup");
    put_text(tool, "version", sidecar->tool_version);
    put_text(root, "created_utc", sidecar->created_utc);
    if (sidecar->note[0] == '\0') {
        eb_json_add_null(root, "note");
    } else {
        put_lines(root, "note", sidecar->note, EB_TEXT_MANY_LINES);
    }
    write_chip(root, &sidecar->chip);
    write_security(root, &sidecar->chip.security);
    write_flash(root, &sidecar->flash);
    write_image(root, sidecar);
    write_table(root, sidecar);
    write_transfer(root, sidecar);
    *text = eb_json_print(root);
    eb_json_free(root);
    if (*text == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the sidecar");
    }
    return EB_OK;
}
