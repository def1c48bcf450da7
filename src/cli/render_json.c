/* render_json.c: what a board is, as JSON. */
#include "render_json.h"

#include "bytes.h"
#include "partition_types.h"
#include "sidecar_rules.h"

#include <stdio.h>

static void add_tristate(eb_json_t *node, const char *key, eb_tristate_t value)
{
    switch (value) {
    case EB_UNKNOWN:
        eb_json_add_null(node, key);
        return;
    case EB_NO:
        eb_json_add_bool(node, key, false);
        return;
    case EB_YES:
        eb_json_add_bool(node, key, true);
        return;
    }
}

/* Empty text is a fact that is not known. */
static void add_text(eb_json_t *node, const char *key, const char *text)
{
    if (text[0] == '\0')
        eb_json_add_null(node, key);
    else
        eb_json_add_text(node, key, text);
}

static void add_number_if(eb_json_t *node, const char *key, bool known, int64_t value)
{
    if (known)
        eb_json_add_int(node, key, value);
    else
        eb_json_add_null(node, key);
}

static void add_hex(eb_json_t *node, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[2 * EB_SHA256_BYTES + 1];

    eb_hex_encode(bytes, len, hex);
    eb_json_add_text(node, key, hex);
}

static void add_security(eb_json_t *root, const eb_security_t *security)
{
    eb_json_t *node = eb_json_add_object(root, "security");

    add_tristate(node, "flash_encryption", security->flash_encryption);
    add_tristate(node, "secure_boot", security->secure_boot);
    if (security->secure_boot_version > 0)
        eb_json_add_int(node, "secure_boot_version", security->secure_boot_version);
    else
        eb_json_add_null(node, "secure_boot_version");
    add_tristate(node, "secure_download_mode", security->secure_download_mode);
    add_tristate(node, "download_disabled", security->download_disabled);
    add_tristate(node, "jtag_disabled", security->jtag_disabled);
    if (security->raw_valid) {
        eb_json_add_int(node, "raw_flags", security->raw_flags);
        eb_json_add_int(node, "raw_crypt_cnt", security->raw_crypt_cnt);
    }
}

void eb_json_chip(eb_json_t *root, const eb_chip_info_t *chip)
{
    eb_json_t *node = eb_json_add_object(root, "chip");
    eb_json_t *list;

    eb_json_add_text(node, "id", chip->id);
    eb_json_add_text(node, "name", chip->name);
    eb_json_add_text(node, "description", chip->description);
    add_text(node, "package", chip->package);
    add_number_if(node, "revision_major", chip->has_revision, chip->revision_major);
    add_number_if(node, "revision_minor", chip->has_revision, chip->revision_minor);
    list = eb_json_add_array(node, "features");
    for (size_t i = 0; i < chip->feature_count; i++)
        eb_json_add_text(list, NULL, chip->features[i]);
    if (chip->crystal_mhz > 0)
        eb_json_add_int(node, "crystal_mhz", chip->crystal_mhz);
    else
        eb_json_add_null(node, "crystal_mhz");
    eb_json_add_bool(node, "crystal_measured", chip->crystal_measured);
    list = eb_json_add_array(node, "macs");
    for (size_t i = 0; i < chip->mac_count; i++) {
        eb_json_t *mac = eb_json_append_object(list);
        eb_json_add_text(mac, "kind", chip->macs[i].kind);
        eb_json_add_text(mac, "mac", chip->macs[i].text);
    }
    if (chip->chip_id == EB_CHIP_ID_NONE)
        eb_json_add_null(node, "chip_id");
    else
        eb_json_add_int(node, "chip_id", chip->chip_id);
    eb_json_add_int(node, "bootloader_addr", chip->bootloader_addr);
    add_security(root, &chip->security);
}

void eb_json_flash(eb_json_t *root, const eb_flash_info_t *flash)
{
    eb_json_t *node = eb_json_add_object(root, "flash");
    char jedec[16] = "";

    eb_json_add_bool(node, "known", flash->known);
    if (flash->known)
        snprintf(jedec, sizeof(jedec), "0x%06x", (unsigned)(flash->jedec_id & 0xFFFFFF));
    add_text(node, "jedec_id", jedec);
    add_text(node, "manufacturer", flash->manufacturer);
    add_text(node, "device", flash->device);
    if (flash->size_bytes > 0)
        eb_json_add_int(node, "size_bytes", (int64_t)flash->size_bytes);
    else
        eb_json_add_null(node, "size_bytes");
    add_text(node, "size_source", flash->size_source);
    add_text(node, "voltage", flash->voltage);
    add_text(node, "type", flash->type);
    eb_json_add_bool(node, "sfdp", flash->sfdp);
    if (flash->has_unique_id)
        add_hex(node, "unique_id", flash->unique_id, sizeof(flash->unique_id));
    else
        eb_json_add_null(node, "unique_id");
}

void eb_json_connection(eb_json_t *root, const eb_session_stats_t *stats)
{
    eb_json_t *node = eb_json_add_object(root, "connection");

    eb_json_add_text(node, "port", stats->port);
    eb_json_add_text(node, "kind", eb_name_of(&eb_port_kind_names, (int)stats->port_kind));
    eb_json_add_int(node, "baud", stats->baud);
    eb_json_add_bool(node, "stub", stats->stub);
    add_text(node, "stub_version", stats->stub_version);
    add_text(node, "stub_note", stats->stub_note);
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
    if (!app->desc.present)
        return;
    eb_json_add_text(image, "name", app->desc.project);
    eb_json_add_text(image, "version", app->desc.version);
    eb_json_add_text(image, "idf_version", app->desc.idf_version);
    eb_json_add_text(image, "build_date", app->desc.build_date);
    eb_json_add_text(image, "build_time", app->desc.build_time);
    eb_json_add_int(image, "secure_version", app->desc.secure_version);
    add_hex(image, "elf_sha256", app->desc.elf_sha256, sizeof(app->desc.elf_sha256));
}

static void add_boot(eb_json_t *root, const eb_partition_table_t *table,
                     const eb_boot_choice_t *boot)
{
    eb_json_t *node = eb_json_add_object(root, "boot");

    if (boot->index >= 0 && (size_t)boot->index < table->count)
        eb_json_add_text(node, "partition", table->entries[boot->index].label);
    else
        eb_json_add_null(node, "partition");
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
        if (usage != NULL && usage[i].known)
            eb_json_add_int(entry, "erased_bytes", (int64_t)usage[i].erased_bytes);
        if (part->type == EB_PART_APP)
            add_app(entry, "app", &part->app);
    }
    add_boot(root, table, boot);
}

void eb_json_flash_report(eb_json_t *root, const eb_flash_report_t *report)
{
    if (report->usage.known)
        eb_json_add_int(root, "erased_bytes", (int64_t)report->usage.erased_bytes);
    else
        eb_json_add_null(root, "erased_bytes");
    add_app(root, "bootloader", &report->bootloader);
    eb_json_table(root, &report->table, &report->boot, report->part_usage);
}

void eb_json_error(eb_json_t *root, const eb_err_t *err)
{
    const eb_code_row_t *row = eb_code_row(err->code);
    eb_json_t *node = eb_json_add_object(root, "error");

    eb_json_add_text(node, "code", row->name);
    eb_json_add_text(node, "message", err->message);
    eb_json_add_text(node, "hint", eb_err_hint_text(err));
    eb_json_add_int(node, "exit", row->exit_status);
    if (err->device_status != 0)
        eb_json_add_int(node, "device_status", err->device_status);
}
