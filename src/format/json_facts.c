#include "json_facts.h"

#include "bytes.h"
#include "digest.h"
#include "fs_atomic.h"
#include "partition_types.h"
#include "sidecar_rules.h"

#include <stdio.h>
#include <string.h>

/* Texts come from boards, files and command lines; the reader takes only clean ones. */
void eb_json_put_lines(eb_json_t *node, const char *key, const char *text, eb_text_lines_t lines)
{
    char clean[EB_PATH_BYTES];

    eb_text_clean(text, strnlen(text, sizeof(clean) - 1), lines, clean);
    eb_json_add_text(node, key, clean);
}

void eb_json_put_text(eb_json_t *node, const char *key, const char *text)
{
    eb_json_put_lines(node, key, text, EB_TEXT_ONE_LINE);
}

void eb_json_put_text_or_null(eb_json_t *node, const char *key, const char *text)
{
    if (text[0] == '\0') {
        eb_json_add_null(node, key);
    } else {
        eb_json_put_text(node, key, text);
    }
}

void eb_json_put_int_or_null(eb_json_t *node, const char *key, bool known, int64_t value)
{
    if (known) {
        eb_json_add_int(node, key, value);
    } else {
        eb_json_add_null(node, key);
    }
}

void eb_json_put_hex_or_null(eb_json_t *node, const char *key, bool known, const uint8_t *bytes,
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

static void put_security(eb_json_t *root, const eb_security_t *s)
{
    eb_json_t *node = eb_json_add_object(root, "security");

    put_tristate(node, "flash_encryption", s->flash_encryption);
    put_tristate(node, "secure_boot", s->secure_boot);
    eb_json_put_int_or_null(node, "secure_boot_version", s->secure_boot_version != 0,
                            s->secure_boot_version);
    put_tristate(node, "secure_download_mode", s->secure_download_mode);
    put_tristate(node, "download_disabled", s->download_disabled);
    put_tristate(node, "jtag_disabled", s->jtag_disabled);
    eb_json_put_int_or_null(node, "raw_flags", s->raw_valid, s->raw_flags);
    eb_json_put_int_or_null(node, "raw_crypt_cnt", s->raw_valid, s->raw_crypt_cnt);
}

void eb_json_chip(eb_json_t *root, const eb_chip_info_t *c)
{
    eb_json_t *node = eb_json_add_object(root, "chip");
    eb_json_t *list;

    eb_json_put_text(node, "id", c->id);
    eb_json_put_text(node, "name", c->name);
    eb_json_put_text(node, "description", c->description);
    eb_json_put_text_or_null(node, "package", c->package);
    eb_json_put_int_or_null(node, "revision_major", c->has_revision, c->revision_major);
    eb_json_put_int_or_null(node, "revision_minor", c->has_revision, c->revision_minor);
    list = eb_json_add_array(node, "features");
    for (size_t i = 0; i < c->feature_count; i++) {
        eb_json_put_text(list, NULL, c->features[i]);
    }
    eb_json_put_int_or_null(node, "crystal_mhz", c->crystal_mhz != 0, c->crystal_mhz);
    eb_json_add_bool(node, "crystal_measured", c->crystal_measured);
    list = eb_json_add_array(node, "macs");
    for (size_t i = 0; i < c->mac_count; i++) {
        eb_json_t *mac = eb_json_append_object(list);

        eb_json_put_text(mac, "kind", c->macs[i].kind);
        eb_json_put_text(mac, "mac", c->macs[i].text);
    }
    eb_json_put_int_or_null(node, "chip_id", c->chip_id != EB_CHIP_ID_NONE, c->chip_id);
    eb_json_add_int(node, "bootloader_addr", c->bootloader_addr);
    put_security(root, &c->security);
}

void eb_json_flash(eb_json_t *root, const eb_flash_info_t *f)
{
    eb_json_t *node = eb_json_add_object(root, "flash");
    char jedec[16] = "";

    if (f->known) {
        snprintf(jedec, sizeof(jedec), "0x%06x", f->jedec_id & 0xFFFFFFu);
    }
    eb_json_put_text_or_null(node, "jedec_id", jedec);
    eb_json_put_text_or_null(node, "manufacturer", f->manufacturer);
    eb_json_put_text_or_null(node, "device", f->device);
    eb_json_put_int_or_null(node, "size_bytes", f->size_bytes != 0, (int64_t)f->size_bytes);
    eb_json_put_text_or_null(node, "size_source", f->size_source);
    eb_json_put_text_or_null(node, "voltage", f->voltage);
    eb_json_put_text_or_null(node, "type", f->type);
    eb_json_add_bool(node, "sfdp", f->sfdp);
    eb_json_put_hex_or_null(node, "unique_id", f->has_unique_id, f->unique_id,
                            sizeof(f->unique_id));
}

/* -- what lies in the flash ------------------------------------------------------------------ */

void eb_json_app(eb_json_t *node, const char *key, const eb_app_image_t *a)
{
    const eb_app_desc_t *d = &a->desc;

    node = eb_json_add_object(node, key);
    eb_json_add_text(node, "state", eb_name_of(&eb_image_state_names, (int)a->state));
    eb_json_put_int_or_null(node, "length_bytes", a->length_bytes != 0, a->length_bytes);
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
    eb_json_put_text(node, "name", d->project);
    eb_json_put_text(node, "version", d->version);
    eb_json_put_text(node, "idf_version", d->idf_version);
    eb_json_put_text(node, "build_date", d->build_date);
    eb_json_put_text(node, "build_time", d->build_time);
    eb_json_add_int(node, "secure_version", d->secure_version);
    eb_json_put_hex_or_null(node, "elf_sha256", true, d->elf_sha256, sizeof(d->elf_sha256));
}

/* What the table says of an entry, and what is odd about that. */
static eb_json_t *put_numbers(eb_json_t *list, const eb_partition_t *p)
{
    eb_json_t *node = eb_json_append_object(list);
    char kind[64];

    eb_partition_type_text(p->type, p->subtype, kind, sizeof(kind));
    eb_json_put_text(node, "name", p->label);
    eb_json_add_text(node, "kind", kind);
    eb_json_add_int(node, "type", p->type);
    eb_json_add_int(node, "subtype", p->subtype);
    eb_json_add_int(node, "addr", p->addr);
    eb_json_add_int(node, "size_bytes", p->size);
    eb_json_put_text_or_null(node, "fault",
                             p->fault != EB_ENTRY_SOUND
                                 ? eb_name_of(&eb_entry_fault_names, (int)p->fault)
                                 : "");
    return node;
}

eb_json_t *eb_json_partition(eb_json_t *list, const eb_partition_t *p)
{
    eb_json_t *node = put_numbers(list, p);

    eb_json_add_bool(node, "encrypted", p->encrypted);
    eb_json_add_bool(node, "readonly", p->readonly);
    if (p->type == EB_PART_APP) {
        eb_json_app(node, "app", &p->app);
    } else {
        eb_json_add_null(node, "app");
    }
    return node;
}

eb_json_t *eb_json_partition_list(eb_json_t *root, const eb_partition_table_t *table)
{
    if (!table->present) {
        eb_json_add_null(root, "partition_table");
        return NULL;
    }
    eb_json_t *node = eb_json_add_object(root, "partition_table");
    eb_json_add_int(node, "addr", table->addr);
    eb_json_add_bool(node, "has_md5", table->has_md5);
    eb_json_put_int_or_null(node, "other_addr", table->other_addr != 0, table->other_addr);
    eb_json_t *unusable = eb_json_add_array(node, "unusable");
    for (size_t i = 0; i < table->unusable; i++) {
        (void)put_numbers(unusable, &table->entries[table->count + i]);
    }
    return eb_json_add_array(node, "partitions");
}

/* An entry of the table by its index and, for people, by its name. */
static void put_entry(eb_json_t *node, const char *index_key, const char *name_key,
                      const eb_partition_table_t *table, int index)
{
    bool known = index >= 0 && (size_t)index < table->count;

    eb_json_put_int_or_null(node, index_key, known, index);
    eb_json_put_text_or_null(node, name_key, known ? table->entries[index].label : "");
}

void eb_json_boot(eb_json_t *root, const eb_partition_table_t *table, const eb_boot_choice_t *b)
{
    if (!table->present) {
        eb_json_add_null(root, "boot");
        return;
    }
    eb_json_t *node = eb_json_add_object(root, "boot");
    put_entry(node, "partition_index", "partition", table, b->index);
    put_entry(node, "chosen_index", "chosen", table, b->chosen);
    put_entry(node, "on_trial_index", "on_trial", table, b->on_trial);
    eb_json_put_text_or_null(node, "stop",
                             b->stop != EB_BOOT_STARTS
                                 ? eb_name_of(&eb_boot_stop_names, (int)b->stop)
                                 : "");
    eb_json_add_text(node, "reason", eb_name_of(&eb_ota_reason_names, (int)b->reason));
    eb_json_add_int(node, "sequence", b->sequence);
    eb_json_add_int(node, "ota_state", b->ota_state);
    eb_json_add_int(node, "valid_entries", b->valid_entries);
}

/* -- how it was read ------------------------------------------------------------------------- */

void eb_json_connection(eb_json_t *root, const eb_session_stats_t *t)
{
    eb_json_t *node = eb_json_add_object(root, "connection");

    eb_json_put_text(node, "port", t->port);
    eb_json_add_text(node, "kind", eb_name_of(&eb_port_kind_names, (int)t->port_kind));
    eb_json_put_int_or_null(node, "baud", t->baud != 0, t->baud);
    eb_json_add_bool(node, "stub", t->stub);
    eb_json_put_text_or_null(node, "stub_version", t->stub_version);
    eb_json_put_text_or_null(node, "stub_note", t->stub_note);
    eb_json_add_int(node, "wire_bytes_in", (int64_t)t->wire_bytes_in);
    eb_json_add_int(node, "wire_bytes_out", (int64_t)t->wire_bytes_out);
    eb_json_add_int(node, "retries", t->retries);
    eb_json_add_int(node, "reconnects", t->reconnects);
    eb_json_add_int(node, "slowdowns", t->slowdowns);
}
