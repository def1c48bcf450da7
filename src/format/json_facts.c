#include "json_facts.h"

#include "bytes.h"
#include "espbackup/ops.h"

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

void eb_json_put_chip(eb_json_t *root, const eb_chip_info_t *c)
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
}

void eb_json_put_security(eb_json_t *root, const eb_security_t *s)
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

void eb_json_put_flash(eb_json_t *root, const eb_flash_info_t *f)
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
