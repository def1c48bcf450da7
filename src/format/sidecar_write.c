/* sidecar_write.c: a sidecar as JSON. The order here is the order in the file and in its docs. */
#include "json_facts.h"
#include "origin_ranges.h"
#include "partition_types.h"
#include "sidecar.h"
#include "sidecar_rules.h"

#include <stdio.h>
#include <string.h>

static void write_image(eb_json_t *root, const eb_sidecar_t *s)
{
    eb_json_t *node = eb_json_add_object(root, "range");

    eb_json_add_int(node, "addr", s->addr);
    eb_json_add_int(node, "size_bytes", (int64_t)s->size_bytes);
    eb_json_put_text_or_null(node, "partition", s->partition);

    node = eb_json_add_object(root, "file");
    eb_json_put_text(node, "name", s->file_name);
    eb_json_add_int(node, "size_bytes", (int64_t)s->size_bytes);
    eb_json_put_hex_or_null(node, "sha256", true, s->sha256, sizeof(s->sha256));
    eb_json_put_hex_or_null(node, "md5", true, s->md5, sizeof(s->md5));

    eb_json_put_origins(root, &s->origins, true);
    eb_origin_ranges_write(root, s);
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
    eb_json_put_text(node, "project", d->project);
    eb_json_put_text(node, "version", d->version);
    eb_json_put_text(node, "idf_version", d->idf_version);
    eb_json_put_text(node, "build_date", d->build_date);
    eb_json_put_text(node, "build_time", d->build_time);
    eb_json_add_int(node, "secure_version", d->secure_version);
    eb_json_put_hex_or_null(node, "elf_sha256", true, d->elf_sha256, sizeof(d->elf_sha256));
}

static void write_partition(eb_json_t *list, const eb_partition_t *p, const eb_sidecar_hash_t *hash)
{
    eb_json_t *node = eb_json_append_object(list);
    char kind[48];

    eb_partition_type_text(p->type, p->subtype, kind, sizeof(kind));
    eb_json_put_text(node, "name", p->label);
    eb_json_add_text(node, "kind", kind);
    eb_json_add_int(node, "type", p->type);
    eb_json_add_int(node, "subtype", p->subtype);
    eb_json_add_int(node, "addr", p->addr);
    eb_json_add_int(node, "size_bytes", p->size);
    eb_json_add_bool(node, "encrypted", p->encrypted);
    eb_json_add_bool(node, "readonly", p->readonly);
    eb_json_put_hex_or_null(node, "sha256", hash->known, hash->sha256, sizeof(hash->sha256));
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
    eb_json_put_int_or_null(node, "partition_index", b->index >= 0, b->index);
    eb_json_put_text_or_null(node, "partition",
                             b->index >= 0 ? s->table.entries[b->index].label : "");
    eb_json_add_text(node, "reason", eb_name_of(&eb_ota_reason_names, (int)b->reason));
    eb_json_add_int(node, "sequence", b->sequence);
    eb_json_add_int(node, "ota_state", b->ota_state);
    eb_json_add_int(node, "valid_entries", b->valid_entries);
}

static void write_transfer(eb_json_t *root, const eb_sidecar_t *s)
{
    const eb_session_stats_t *t = &s->stats;
    eb_json_t *node = eb_json_add_object(root, "transfer");

    eb_json_put_text(node, "port", t->port);
    eb_json_add_text(node, "port_kind", eb_name_of(&eb_port_kind_names, (int)t->port_kind));
    eb_json_put_int_or_null(node, "baud", t->baud != 0, t->baud);
    eb_json_add_text(node, "loader", t->stub ? "stub" : "rom");
    eb_json_put_text_or_null(node, "stub_version", t->stub_version);
    eb_json_put_text_or_null(node, "stub_note", t->stub_note);
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
    eb_json_put_text(tool, "version", sidecar->tool_version);
    eb_json_put_text(root, "created_utc", sidecar->created_utc);
    if (sidecar->note[0] == '\0') {
        eb_json_add_null(root, "note");
    } else {
        eb_json_put_lines(root, "note", sidecar->note, EB_TEXT_MANY_LINES);
    }
    eb_json_put_chip(root, &sidecar->chip);
    eb_json_put_security(root, &sidecar->chip.security);
    eb_json_put_flash(root, &sidecar->flash);
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
