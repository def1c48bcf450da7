/*
 * nvs.h: the key-value store of ESP-IDF in a partition: what it holds, and in what condition. Pure.
 *
 * Pages of 4096 bytes: header of 32 bytes (state, sequence number, version FF: 1, FE: 2; CRC-32 of
 * bytes 4..27 at 28), bitmap of 2 bits an entry (3 empty, 2 written, 0 erased), 126 entries of 32
 * bytes. Entry: namespace, type, span (entries with the data behind it), chunk, CRC-32 of all but
 * itself, key[16], value[8]. Strings and blobs: size (LE16), 2 bytes, CRC-32 of the data. Version 2
 * has blobs in chunks and an index: size (LE32), number of chunks, first chunk. An entry of
 * namespace 0 names a namespace. CRCs start with 0xFFFFFFFF as esp_rom_crc32_le(UINT32_MAX, ...).
 * Encrypted stores have pages in clear, and entries that are not. Sources: ESP-IDF, guide of the
 * NVS library and of NVS encryption.
 */
#ifndef EB_FORMAT_NVS_H
#define EB_FORMAT_NVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_NVS_PAGE_BYTES 4096u
#define EB_NVS_NAME_BYTES 16u
#define EB_NVS_MAX_BYTES  (16u << 20) /* larger partitions are not looked at */

typedef enum eb_nvs_type {
    EB_NVS_U8 = 0x01,
    EB_NVS_U16 = 0x02,
    EB_NVS_U32 = 0x04,
    EB_NVS_U64 = 0x08,
    EB_NVS_I8 = 0x11,
    EB_NVS_I16 = 0x12,
    EB_NVS_I32 = 0x14,
    EB_NVS_I64 = 0x18,
    EB_NVS_STRING = 0x21,
    EB_NVS_BLOB_1 = 0x41, /* of version 1: in one piece */
    EB_NVS_CHUNK = 0x42,
    EB_NVS_BLOB = 0x48 /* the index of chunks */
} eb_nvs_type_t;

typedef enum eb_nvs_state {
    EB_NVS_NONE, /* no page with a valid header */
    EB_NVS_ERASED,
    EB_NVS_READ,
    EB_NVS_OPAQUE /* valid pages, but not one of the written entries is: encrypted or damaged */
} eb_nvs_state_t;

typedef enum eb_nvs_page_state {
    EB_NVS_PAGE_ERASED,
    EB_NVS_PAGE_ACTIVE,
    EB_NVS_PAGE_FULL,
    EB_NVS_PAGE_FREEING, /* its entries move to another page */
    EB_NVS_PAGE_CORRUPT, /* the firmware has given it up */
    EB_NVS_PAGE_DAMAGED  /* CRC of the header, version or state are none that NVS writes */
} eb_nvs_page_state_t;
#define EB_NVS_PAGE_STATES (EB_NVS_PAGE_DAMAGED + 1)

typedef struct eb_nvs_item {
    uint8_t name_space; /* number; its name is eb_nvs_namespace */
    eb_nvs_type_t type;
    char key[EB_NVS_NAME_BYTES]; /* clean text */
    uint64_t number;             /* of integers; those with a sign are extended */
    uint32_t size;               /* bytes of strings, their NUL too, and blobs */
    bool damaged;                /* data, size or chunks do not fit */
    uint8_t chunk;               /* of EB_NVS_CHUNK: its number */
    uint32_t data;               /* offset of strings and blobs of one piece in the partition */
    size_t first_chunk, chunks;  /* of EB_NVS_BLOB: in eb_nvs_t.chunks */
} eb_nvs_item_t;

typedef struct eb_nvs {
    eb_nvs_state_t state;
    uint32_t pages[EB_NVS_PAGE_STATES];
    unsigned version; /* of the newest page, 1 or 2 */
    /* Entries of 32 bytes. */
    uint32_t written, erased, empty;
    uint32_t rewritten; /* earlier values of keys that are still there */
    uint32_t deleted;   /* values of keys that are gone; as far as erased entries can be read */
    uint32_t invalid;   /* written entries with a wrong CRC or span */
    uint32_t orphans;   /* chunks that no blob has */
    size_t namespaces;
    char names[256][EB_NVS_NAME_BYTES]; /* empty: no such namespace */
    eb_nvs_item_t *items;               /* by number of the namespace, then by key */
    size_t count;
    eb_nvs_item_t *chunks; /* of the blobs; index by first_chunk */
    size_t chunk_count;
} eb_nvs_t;

/* Whether it is a page in use, by its header; of EB_NVS_PAGE_BYTES. */
bool eb_nvs_is_page(const uint8_t *page);

/* False: no memory. Zeroed first; free with eb_nvs_free. A rest that is no page is left out. */
bool eb_nvs_parse(const uint8_t *bytes, size_t len, eb_nvs_t *out);
void eb_nvs_free(eb_nvs_t *nvs);

/* Name of an item's namespace; "#7" into text when nothing names it. */
#define EB_NVS_NUMBER_BYTES 24
const char *eb_nvs_namespace(const eb_nvs_t *nvs, const eb_nvs_item_t *item,
                             char text[EB_NVS_NUMBER_BYTES]);
/* "u8", "string", "blob". */
const char *eb_nvs_type_word(eb_nvs_type_t type);
bool eb_nvs_is_number(eb_nvs_type_t type);
void eb_nvs_number_text(const eb_nvs_item_t *item, char out[EB_NVS_NUMBER_BYTES]);

/* The bytes of a string or blob that is not damaged, `size` of them; `bytes` is what was parsed. */
void eb_nvs_data(const eb_nvs_t *nvs, const uint8_t *bytes, const eb_nvs_item_t *item,
                 uint8_t *out);

/* Whether its value shall be shown only when somebody asks for it: all blobs, and what key or value
 * tell to be a password, key, token or certificate. */
bool eb_nvs_is_secret(const uint8_t *bytes, const eb_nvs_item_t *item);

#endif
