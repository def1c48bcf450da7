/* render_json.c: what a board is, as JSON. */
#include "render_json.h"

#include "hints.h"
#include "json_facts.h"
#include "partition_types.h"
#include "sidecar_rules.h"

void eb_json_chip(eb_json_t *root, const eb_chip_info_t *chip)
{
    eb_json_put_chip(root, chip);
    eb_json_put_security(root, &chip->security);
}

void eb_json_flash(eb_json_t *root, const eb_flash_info_t *flash)
{
    eb_json_put_flash(root, flash);
}

void eb_json_connection(eb_json_t *root, const eb_session_stats_t *stats)
{
    eb_json_t *node = eb_json_add_object(root, "connection");

    eb_json_add_text(node, "port", stats->port);
    eb_json_add_text(node, "kind", eb_name_of(&eb_port_kind_names, (int)stats->port_kind));
    eb_json_put_int_or_null(node, "baud", stats->baud != 0, stats->baud);
    eb_json_add_bool(node, "stub", stats->stub);
    eb_json_put_text_or_null(node, "stub_version", stats->stub_version);
    eb_json_put_text_or_null(node, "stub_note", stats->stub_note);
    eb_json_add_int(node, "wire_bytes_in", (int64_t)stats->wire_bytes_in);
    eb_json_add_int(node, "wire_bytes_out", (int64_t)stats->wire_bytes_out);
    eb_json_add_int(node, "retries", stats->retries);
    eb_json_add_int(node, "reconnects", stats->reconnects);
    eb_json_add_int(node, "slowdowns", stats->slowdowns);
}

static void add_app(eb_json_t *node, const char *key, const eb_app_image_t *app)
{
    eb_json_t *image = eb_json_add_object(node, key);

    eb_json_add_text(image, "state", eb_name_of(&eb_image_state_names, (int)app->state));
    eb_json_add_int(image, "length_bytes", app->length_bytes);
    if (!app->desc.present) {
        return;
    }
    eb_json_add_text(image, "name", app->desc.project);
    eb_json_add_text(image, "version", app->desc.version);
    eb_json_add_text(image, "idf_version", app->desc.idf_version);
    eb_json_add_text(image, "build_date", app->desc.build_date);
    eb_json_add_text(image, "build_time", app->desc.build_time);
    eb_json_add_int(image, "secure_version", app->desc.secure_version);
    eb_json_put_hex_or_null(image, "elf_sha256", true, app->desc.elf_sha256,
                            sizeof(app->desc.elf_sha256));
}

static void add_boot(eb_json_t *root, const eb_partition_table_t *table,
                     const eb_boot_choice_t *boot)
{
    eb_json_t *node = eb_json_add_object(root, "boot");

    if (boot->index >= 0 && (size_t)boot->index < table->count) {
        eb_json_add_text(node, "partition", table->entries[boot->index].label);
    } else {
        eb_json_add_null(node, "partition");
    }
    eb_json_add_text(node, "reason", eb_name_of(&eb_ota_reason_names, (int)boot->reason));
    if (boot->reason == EB_OTA_SEQUENCE) {
        eb_json_add_int(node, "sequence", boot->sequence);
        eb_json_add_int(node, "ota_state", boot->ota_state);
    }
    eb_json_add_int(node, "valid_entries", boot->valid_entries);
}

void eb_json_table(eb_json_t *root, const eb_partition_table_t *table, const eb_boot_choice_t *boot,
                   const eb_flash_usage_t *usage)
{
    if (!table->present) {
        eb_json_add_null(root, "partition_table");
        eb_json_add_array(root, "partitions");
        eb_json_add_null(root, "boot");
        return;
    }
    eb_json_t *node = eb_json_add_object(root, "partition_table");
    eb_json_add_int(node, "addr", table->addr);
    eb_json_add_bool(node, "has_md5", table->has_md5);
    eb_json_t *list = eb_json_add_array(root, "partitions");
    for (size_t i = 0; i < table->count; i++) {
        const eb_partition_t *part = &table->entries[i];
        eb_json_t *entry = eb_json_append_object(list);
        char type[64];

        eb_partition_type_text(part->type, part->subtype, type, sizeof(type));
        eb_json_add_text(entry, "name", part->label);
        eb_json_add_text(entry, "kind", type);
        eb_json_add_int(entry, "type", part->type);
        eb_json_add_int(entry, "subtype", part->subtype);
        eb_json_add_int(entry, "addr", part->addr);
        eb_json_add_int(entry, "size_bytes", part->size);
        eb_json_add_bool(entry, "encrypted", part->encrypted);
        eb_json_add_bool(entry, "readonly", part->readonly);
        eb_json_add_bool(entry, "boots", boot->index == (int)i);
        if (usage != NULL && usage[i].known) {
            eb_json_add_int(entry, "erased_bytes", (int64_t)usage[i].erased_bytes);
        }
        if (part->type == EB_PART_APP) {
            add_app(entry, "app", &part->app);
        }
    }
    add_boot(root, table, boot);
}

void eb_json_flash_report(eb_json_t *root, const eb_flash_report_t *report)
{
    if (report->usage.known) {
        eb_json_add_int(root, "erased_bytes", (int64_t)report->usage.erased_bytes);
    } else {
        eb_json_add_null(root, "erased_bytes");
    }
    add_app(root, "bootloader", &report->bootloader);
    eb_json_table(root, &report->table, &report->boot, report->part_usage);
}

void eb_json_error(eb_json_t *root, const eb_err_t *err)
{
    const eb_code_row_t *row = eb_code_row(err->code);
    char hint[EB_HINT_BYTES];
    eb_json_t *node = eb_json_add_object(root, "error");

    eb_json_add_text(node, "code", row->name);
    eb_json_add_text(node, "message", err->message);
    eb_hint(err, hint);
    eb_json_add_text(node, "hint", hint);
    eb_json_add_int(node, "exit", row->exit_status);
    if (err->device_status != 0) {
        eb_json_add_int(node, "device_status", err->device_status);
    }
}
