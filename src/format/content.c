/* content.c: what a data partition holds. */
#include "content.h"

#include "bytes.h"
#include "partition_types.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define KEYS_BYTES  64u       /* of XTS-AES, two of 256 bits; then their CRC-32 */
#define PHY_MAGIC   "PHYINIT" /* with its NUL, before and behind the data (ESP-IDF, esp_phy) */
#define PHY_END     (sizeof(PHY_MAGIC) + EB_PHY_DATA_BYTES)
#define CHUNK_BYTES 4096u

static bool read_at(const eb_content_place_t *place, uint32_t at, void *bytes, uint32_t count)
{
    return at <= place->size && count <= place->size - at &&
           place->read(place->user, at, bytes, count);
}

/* *out stays NULL if `read` fails. False: no memory. */
static bool read_all(const eb_content_place_t *place, uint32_t size, uint8_t **out)
{
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    bool good = bytes != NULL;

    for (uint32_t at = 0; at < size && good; at += CHUNK_BYTES) {
        good = read_at(place, at, bytes + at, eb_min_u32(CHUNK_BYTES, size - at));
    }
    if (good) {
        *out = bytes;
    } else if (bytes != NULL) {
        free(bytes);
    }
    return bytes != NULL;
}

/* -- the kinds ------------------------------------------------------------------------------- */

static bool find_nvs(const eb_content_place_t *place, eb_content_t *out)
{
    if (place->size > EB_NVS_MAX_BYTES) {
        out->kind = EB_CONTENT_TOO_LARGE;
        return true;
    }
    if (!read_all(place, place->size, &out->nvs_bytes) ||
        (out->nvs_bytes != NULL && !eb_nvs_parse(out->nvs_bytes, place->size, &out->nvs))) {
        return false;
    }
    out->kind = out->nvs.state == EB_NVS_ERASED || out->nvs.state == EB_NVS_NONE
                    ? EB_CONTENT_NOT_KNOWN
                    : EB_CONTENT_NVS;
    return true;
}

static void find_nvs_keys(const eb_content_place_t *place, eb_content_t *out)
{
    uint8_t bytes[KEYS_BYTES + 4];

    if (read_at(place, 0, bytes, sizeof(bytes))) {
        out->keys_hold =
            eb_get_le32(bytes + KEYS_BYTES) == (uint32_t)crc32(UINT32_MAX, bytes, (uInt)KEYS_BYTES);
        out->kind = EB_CONTENT_NVS_KEYS;
    }
}

static void find_ota_data(const eb_content_place_t *place, eb_content_t *out)
{
    uint8_t bytes[EB_OTA_COPY_BYTES];
    bool good = true;

    for (uint32_t i = 0; i < 2 && good; i++) {
        good = read_at(place, i * EB_OTA_COPY_STRIDE, bytes, sizeof(bytes));
        out->ota[i] = good ? eb_ota_copy_read(bytes) : (eb_ota_copy_t){0};
    }
    out->kind = good ? EB_CONTENT_OTA_DATA : EB_CONTENT_NOT_KNOWN;
}

static void find_phy(const eb_content_place_t *place, eb_content_t *out)
{
    uint8_t bytes[sizeof(PHY_MAGIC)];

    if (read_at(place, 0, bytes, sizeof(bytes)) && memcmp(bytes, PHY_MAGIC, sizeof(bytes)) == 0) {
        out->kind = EB_CONTENT_PHY;
        out->phy_ends = read_at(place, PHY_END, bytes, sizeof(bytes)) &&
                        memcmp(bytes, PHY_MAGIC, sizeof(bytes)) == 0;
    }
}

static bool find_core_dump(const eb_content_place_t *place, eb_content_t *out)
{
    uint8_t head[EB_CORE_DUMP_PEEK_BYTES], *bytes = NULL;
    uint32_t size = 0;

    if (read_at(place, 0, head, sizeof(head))) {
        size = eb_core_dump_size(head, place->size);
    }
    if (size > EB_CORE_DUMP_MAX_BYTES) {
        out->kind = EB_CONTENT_TOO_LARGE;
        return true;
    }
    if (size == 0) {
        return true;
    }
    bool good = read_all(place, size, &bytes);
    if (bytes != NULL) {
        eb_core_dump_parse(bytes, size, &out->core_dump);
        out->kind = EB_CONTENT_CORE_DUMP;
    }
    free(bytes);
    return good;
}

/* -- any of them ----------------------------------------------------------------------------- */

static bool find_by_marks(const eb_content_place_t *place, eb_content_t *out)
{
    uint8_t page[EB_NVS_PAGE_BYTES];

    eb_file_system_find(place->read, place->user, place->size, &out->file_system);
    if (out->file_system.kind != EB_FILE_SYSTEM_NONE) {
        out->kind = EB_CONTENT_FILE_SYSTEM;
        return true;
    }
    /* Most of what has no NVS page at its start is not read as a whole. */
    bool is_nvs = read_at(place, 0, page, sizeof(page)) && eb_nvs_is_page(page);
    return !is_nvs || find_nvs(place, out);
}

bool eb_content_find(const eb_content_place_t *place, eb_content_t *out)
{
    bool good = true;

    memset(out, 0, sizeof(*out));
    switch (place->subtype) {
    case EB_PART_DATA_OTA:
        find_ota_data(place, out);
        break;
    case EB_PART_DATA_PHY:
        find_phy(place, out);
        break;
    case EB_PART_DATA_NVS:
        good = find_nvs(place, out);
        break;
    case EB_PART_DATA_COREDUMP:
        good = find_core_dump(place, out);
        break;
    case EB_PART_DATA_NVS_KEYS:
        find_nvs_keys(place, out);
        break;
    default:
        good = find_by_marks(place, out);
        break;
    }
    return good;
}

void eb_content_free(eb_content_t *content)
{
    if (content != NULL) {
        eb_nvs_free(&content->nvs);
        free(content->nvs_bytes);
        memset(content, 0, sizeof(*content));
    }
}
