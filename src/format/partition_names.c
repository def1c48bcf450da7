/*
 * partition_names.c: names of partition types and subtypes.
 *
 * Source: ESP-IDF, partition tables guide and esp_partition_type_t / esp_partition_subtype_t.
 */
#include "bytes.h"
#include "espbackup/image.h"
#include "partition_types.h"

#include <stdio.h>

typedef struct type_row {
    uint8_t type;
    const char *name;
} type_row_t;

static const type_row_t type_rows[] = {
    {EB_PART_APP, "app"},
    {EB_PART_DATA, "data"},
    {EB_PART_BOOTLOADER, "bootloader"},
    {EB_PART_TABLE, "partition_table"},
};

/* Subtypes first..first + count - 1; with count over 1 the name is followed by the number. */
typedef struct subtype_row {
    uint8_t type, first, count;
    const char *name;
} subtype_row_t;

static const subtype_row_t subtype_rows[] = {
    {EB_PART_APP, EB_PART_APP_FACTORY, 1, "factory"},
    {EB_PART_APP, EB_PART_APP_OTA_0, EB_PART_OTA_SLOTS_MAX, "ota_"},
    {EB_PART_APP, EB_PART_APP_TEST, 1, "test"},
    {EB_PART_APP, 0x30, 2, "tee_"},
    {EB_PART_DATA, EB_PART_DATA_OTA, 1, "ota"},
    {EB_PART_DATA, EB_PART_DATA_PHY, 1, "phy"},
    {EB_PART_DATA, EB_PART_DATA_NVS, 1, "nvs"},
    {EB_PART_DATA, EB_PART_DATA_COREDUMP, 1, "coredump"},
    {EB_PART_DATA, EB_PART_DATA_NVS_KEYS, 1, "nvs_keys"},
    {EB_PART_DATA, 0x05, 1, "efuse"},
    {EB_PART_DATA, 0x06, 1, "undefined"},
    {EB_PART_DATA, 0x80, 1, "esphttpd"},
    {EB_PART_DATA, 0x81, 1, "fat"},
    {EB_PART_DATA, 0x82, 1, "spiffs"},
    {EB_PART_DATA, 0x83, 1, "littlefs"},
    {EB_PART_DATA, 0x90, 1, "tee_ota"},
    {EB_PART_BOOTLOADER, EB_PART_PRIMARY, 1, "primary"},
    {EB_PART_BOOTLOADER, 0x01, 1, "ota"},
    {EB_PART_BOOTLOADER, 0x02, 1, "recovery"},
    {EB_PART_TABLE, EB_PART_PRIMARY, 1, "primary"},
    {EB_PART_TABLE, 0x01, 1, "ota"},
};

static void type_text(uint8_t type, char *out, size_t cap)
{
    for (size_t i = 0; i < EB_COUNT_OF(type_rows); i++) {
        if (type_rows[i].type == type) {
            snprintf(out, cap, "%s", type_rows[i].name);
            return;
        }
    }
    snprintf(out, cap, "0x%02x", type);
}

static void subtype_text(uint8_t type, uint8_t subtype, char *out, size_t cap)
{
    for (size_t i = 0; i < EB_COUNT_OF(subtype_rows); i++) {
        const subtype_row_t *row = &subtype_rows[i];

        if (row->type != type || subtype < row->first || subtype - row->first >= row->count) {
            continue;
        }
        if (row->count == 1) {
            snprintf(out, cap, "%s", row->name);
        } else {
            snprintf(out, cap, "%s%d", row->name, subtype - row->first);
        }
        return;
    }
    snprintf(out, cap, "0x%02x", subtype);
}

void eb_partition_type_text(uint8_t type, uint8_t subtype, char *out, size_t cap)
{
    char first[24], second[24];

    type_text(type, first, sizeof(first));
    subtype_text(type, subtype, second, sizeof(second));
    snprintf(out, cap, "%s/%s", first, second);
}
