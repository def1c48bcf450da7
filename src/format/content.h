/*
 * content.h: what a data partition holds, by its subtype and by the marks of what lies in it.
 */
#ifndef EB_FORMAT_CONTENT_H
#define EB_FORMAT_CONTENT_H

#include "core_dump.h"
#include "file_system.h"
#include "nvs.h"
#include "ota_data.h"

#define EB_PHY_DATA_BYTES 128u

typedef enum eb_content_kind {
    EB_CONTENT_NOT_KNOWN, /* neither erased nor anything that is known here */
    EB_CONTENT_ERASED,    /* as far as is known from the outside */
    EB_CONTENT_NVS,
    EB_CONTENT_NVS_KEYS,
    EB_CONTENT_OTA_DATA,
    EB_CONTENT_PHY,
    EB_CONTENT_CORE_DUMP,
    EB_CONTENT_FILE_SYSTEM,
    EB_CONTENT_TOO_LARGE /* a kind that is read as a whole, in more bytes than that */
} eb_content_kind_t;

typedef struct eb_content {
    eb_content_kind_t kind;
    /* Of the kind: */
    eb_nvs_t nvs;
    uint8_t *nvs_bytes; /* what nvs was parsed from */
    eb_ota_copy_t ota[2];
    bool keys_hold; /* CRC of the keys for NVS */
    bool phy_ends;  /* the mark behind the PHY data is there too */
    eb_core_dump_t core_dump;
    eb_file_system_t file_system;
} eb_content_t;

/* A partition of type data, or what is not in a table. */
typedef struct eb_content_place {
    eb_image_read_fn read; /* from its first byte */
    void *user;
    uint32_t size;
    int subtype; /* -1: not known */
} eb_content_place_t;

/* False: no memory. Zeroed first; free with eb_content_free. A `read` that fails leaves the kind
 * NOT_KNOWN. */
bool eb_content_find(const eb_content_place_t *place, eb_content_t *out);
void eb_content_free(eb_content_t *content);

#endif
