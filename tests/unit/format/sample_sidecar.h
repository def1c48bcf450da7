/* sample_sidecar.h: the sidecar that docs/sidecar-format.md shows: every field has a value. */
#ifndef EB_TESTS_SAMPLE_SIDECAR_H
#define EB_TESTS_SAMPLE_SIDECAR_H

#include "ota_data.h"
#include "sidecar.h"

#include <string.h>

#define SAMPLE_TEXT(field, text) memcpy((field), (text), sizeof(text))

static inline void sample_chip(eb_chip_info_t *c)
{
    eb_security_t *s = &c->security;

    SAMPLE_TEXT(c->id, "esp32");
    SAMPLE_TEXT(c->name, "ESP32");
    SAMPLE_TEXT(c->description, "ESP32-D0WD-V3 (revision v3.1)");
    SAMPLE_TEXT(c->package, "ESP32-D0WD-V3");
    c->has_revision = true;
    c->revision_major = 3;
    c->revision_minor = 1;
    SAMPLE_TEXT(c->features[0], "Wi-Fi");
    SAMPLE_TEXT(c->features[1], "BT");
    SAMPLE_TEXT(c->features[2], "Dual Core");
    c->feature_count = 3;
    c->crystal_mhz = 40;
    c->crystal_measured = true;
    SAMPLE_TEXT(c->macs[0].kind, "base");
    SAMPLE_TEXT(c->macs[0].text, "24:6f:28:aa:bb:cc");
    c->mac_count = 1;
    c->chip_id = 0;
    c->bootloader_addr = 0x1000;
    s->flash_encryption = EB_NO;
    s->secure_boot = EB_YES;
    s->secure_boot_version = 2;
    s->secure_download_mode = EB_NO;
    s->download_disabled = EB_NO;
    s->jtag_disabled = EB_YES;
    s->raw_valid = true;
    s->raw_flags = 68;
    s->raw_crypt_cnt = 0;
}

static inline void sample_flash(eb_flash_info_t *f)
{
    f->known = true;
    f->jedec_id = 0xC84016;
    SAMPLE_TEXT(f->manufacturer, "GigaDevice");
    SAMPLE_TEXT(f->device, "GD25Q32");
    f->size_bytes = 0x400000;
    SAMPLE_TEXT(f->size_source, "jedec");
    SAMPLE_TEXT(f->voltage, "3.3V");
    SAMPLE_TEXT(f->type, "quad");
    f->sfdp = true;
    f->has_unique_id = true;
    memcpy(f->unique_id, "\x42\x4b\x39\x32\x02\x11\x06\x28", 8);
}

static inline void sample_partition(eb_sidecar_t *s, const char *label, uint8_t type,
                                    uint8_t subtype, uint32_t addr, uint32_t size)
{
    size_t i = s->table.count++;
    eb_partition_t *p = &s->table.entries[i];

    memcpy(p->label, label, strlen(label));
    p->type = type;
    p->subtype = subtype;
    p->addr = addr;
    p->size = size;
    s->part_hash[i].known = true;
    memset(s->part_hash[i].sha256, (int)(0x10 + i), EB_SHA256_BYTES);
}

static inline void sample_unusable(eb_sidecar_t *s)
{
    eb_partition_t *p = &s->table.entries[s->table.count + s->table.unusable++];

    SAMPLE_TEXT(p->label, "spiffs");
    p->type = 1;
    p->subtype = 0x82;
    p->addr = 0x290000;
    p->size = 0x570000;
    p->fault = EB_ENTRY_BEYOND;
    p->app.state = EB_IMAGE_ABSENT;
}

static inline void sample_app(eb_app_image_t *a)
{
    a->state = EB_IMAGE_VALID;
    a->length_bytes = 0x31A40;
    a->flash_mode = 2;
    a->flash_freq_code = 0;
    a->flash_size_code = 2;
    a->entry_addr = 0x40081234;
    a->hash_appended = true;
    a->desc.present = true;
    SAMPLE_TEXT(a->desc.project, "thermostat");
    SAMPLE_TEXT(a->desc.version, "v1.4.2");
    SAMPLE_TEXT(a->desc.idf_version, "v5.5.1");
    SAMPLE_TEXT(a->desc.build_date, "Nov 20 2026");
    SAMPLE_TEXT(a->desc.build_time, "18:02:11");
    memset(a->desc.elf_sha256, 0xE1, sizeof(a->desc.elf_sha256));
}

static inline void sample_stats(eb_session_stats_t *t)
{
    SAMPLE_TEXT(t->port, "/dev/ttyUSB0");
    t->port_kind = EB_PORT_UART;
    t->baud = 921600;
    t->stub = true;
    SAMPLE_TEXT(t->stub_version, "1.2.2");
    t->wire_bytes_in = 1123456;
    t->wire_bytes_out = 65432;
    t->retries = 1;
}

static inline void sample_sidecar(eb_sidecar_t *s)
{
    static const eb_origin_range_t ranges[] = {
        {0, 0x110000, EB_ORIGIN_READ},
        {0x110000, 0x2F0000, EB_ORIGIN_ERASED},
    };

    memset(s, 0, sizeof(*s));
    s->format = EB_SIDECAR_FORMAT;
    SAMPLE_TEXT(s->tool_version, "0.1.0");
    SAMPLE_TEXT(s->created_utc, "2026-11-21T09:15:00Z");
    SAMPLE_TEXT(s->note, "before the update");
    sample_chip(&s->chip);
    sample_flash(&s->flash);
    s->size_bytes = 0x400000;
    SAMPLE_TEXT(s->file_name, "esp32_backup_20261121_101500.bin");
    memset(s->sha256, 0x5A, sizeof(s->sha256));
    memset(s->md5, 0xC3, sizeof(s->md5));
    s->origins.bytes[EB_ORIGIN_READ] = 0x110000;
    s->origins.bytes[EB_ORIGIN_ERASED] = 0x2F0000;
    s->ranges = ranges;
    s->range_count = sizeof(ranges) / sizeof(ranges[0]);
    s->table.present = true;
    s->table.has_md5 = true;
    s->table.addr = 0x8000;
    sample_partition(s, "nvs", 1, 2, 0x9000, 0x5000);
    sample_partition(s, "otadata", 1, 0, 0xE000, 0x2000);
    sample_partition(s, "app0", 0, 0x10, 0x10000, 0x140000);
    sample_app(&s->table.entries[2].app);
    sample_unusable(s);
    s->boot.index = 2;
    s->boot.chosen = 2;
    s->boot.on_trial = -1;
    s->boot.reason = EB_OTA_SEQUENCE;
    s->boot.sequence = 1;
    s->boot.ota_state = 2;
    s->boot.valid_entries = 1;
    sample_stats(&s->stats);
    s->seconds = 19.5;
}

#endif
