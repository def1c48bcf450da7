/* nvs.c: the key-value store of ESP-IDF. */
#include "nvs.h"

#include "bytes.h"
#include "flash_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PAGE_ENTRIES  126u
#define ENTRY_BYTES   32u
#define FIRST_ENTRY   64u
#define ENTRY_ERASED  0u
#define ENTRY_WRITTEN 2u
#define ENTRY_EMPTY   3u
#define NO_CHUNK      0xFFu
#define PEM_START     "-----BEGIN"

/* An entry whose header is sound, as it lies in the flash. */
typedef struct found {
    const uint8_t *p;
    uint32_t at;    /* offset in the partition */
    uint32_t order; /* of writing */
    bool live, whole;
} found_t;

typedef struct page {
    uint32_t sequence, at;
} page_t;

typedef struct work {
    const uint8_t *bytes;
    eb_nvs_t *out;
    page_t *pages;
    size_t page_count;
    found_t *found;
    size_t found_count;
} work_t;

/* The ROM's crc32_le(0xFFFFFFFF, ...) inverts its start value as zlib's does: the same number. */
static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t len)
{
    return (uint32_t)crc32(crc, bytes, (uInt)len);
}

/* -- pages ----------------------------------------------------------------------------------- */

static eb_nvs_page_state_t page_state(const uint8_t *page)
{
    if (eb_bytes_erased(page, FIRST_ENTRY)) {
        return EB_NVS_PAGE_ERASED;
    }
    if (eb_get_le32(page + 28) != crc_of(UINT32_MAX, page + 4, 24) || page[8] < 0xFE) {
        return EB_NVS_PAGE_DAMAGED;
    }
    switch (eb_get_le32(page)) {
    case 0xFFFFFFFEu:
        return EB_NVS_PAGE_ACTIVE;
    case 0xFFFFFFFCu:
        return EB_NVS_PAGE_FULL;
    case 0xFFFFFFF8u:
        return EB_NVS_PAGE_FREEING;
    case 0xFFFFFFF0u:
        return EB_NVS_PAGE_CORRUPT;
    default:
        return EB_NVS_PAGE_DAMAGED;
    }
}

bool eb_nvs_is_page(const uint8_t *page)
{
    const eb_nvs_page_state_t state = page_state(page);

    return state == EB_NVS_PAGE_ACTIVE || state == EB_NVS_PAGE_FULL || state == EB_NVS_PAGE_FREEING;
}

static int by_sequence(const void *a, const void *b)
{
    const page_t *x = a, *y = b;

    return x->sequence != y->sequence ? (x->sequence < y->sequence ? -1 : 1)
           : x->at < y->at            ? -1
                                      : 1;
}

/* -- entries --------------------------------------------------------------------------------- */

static unsigned entry_state(const uint8_t *page, uint32_t index)
{
    return ((unsigned)page[32 + index / 4] >> (index % 4 * 2)) & 3u;
}

static bool is_varlen(uint8_t type)
{
    return type == EB_NVS_STRING || type == EB_NVS_BLOB_1 || type == EB_NVS_CHUNK;
}

bool eb_nvs_is_number(eb_nvs_type_t type)
{
    switch (type) {
    case EB_NVS_U8:
    case EB_NVS_U16:
    case EB_NVS_U32:
    case EB_NVS_U64:
    case EB_NVS_I8:
    case EB_NVS_I16:
    case EB_NVS_I32:
    case EB_NVS_I64:
        return true;
    case EB_NVS_STRING:
    case EB_NVS_BLOB_1:
    case EB_NVS_CHUNK:
    case EB_NVS_BLOB:
        break;
    }
    return false;
}

/* Entries that it covers; 0: it is no entry. */
static uint32_t sound_span(const uint8_t *p, uint32_t left)
{
    const uint8_t type = p[1];
    const uint32_t span = p[2];

    if (span == 0 || span > left ||
        eb_get_le32(p + 4) != crc_of(crc_of(UINT32_MAX, p, 4), p + 8, 24) ||
        memchr(p + 8, 0, EB_NVS_NAME_BYTES) == NULL) {
        return 0;
    }
    if (is_varlen(type)) {
        return span == 1 + (eb_get_le16(p + 24) + ENTRY_BYTES - 1u) / ENTRY_BYTES ? span : 0;
    }
    return span == 1 && (eb_nvs_is_number(type) || type == EB_NVS_BLOB) ? 1 : 0;
}

/* Whether all entries of its data are written, and have their CRC. */
static bool is_whole(const uint8_t *page, uint32_t index, uint32_t span)
{
    const uint8_t *p = page + FIRST_ENTRY + index * ENTRY_BYTES;

    for (uint32_t i = 1; i < span; i++) {
        if (entry_state(page, index + i) != ENTRY_WRITTEN) {
            return false;
        }
    }
    return !is_varlen(p[1]) ||
           eb_get_le32(p + 28) == crc_of(UINT32_MAX, p + ENTRY_BYTES, eb_get_le16(p + 24));
}

static void read_entries(work_t *w, uint32_t page_at)
{
    const uint8_t *page = w->bytes + page_at;
    uint32_t span;

    for (uint32_t i = 0; i < PAGE_ENTRIES; i += span) {
        const uint32_t at = FIRST_ENTRY + i * ENTRY_BYTES;
        const unsigned state = entry_state(page, i);

        span = state == ENTRY_EMPTY ? 0 : sound_span(page + at, PAGE_ENTRIES - i);
        const bool is_sound = span > 0;
        span = is_sound ? span : 1;
        *(state == ENTRY_WRITTEN ? &w->out->written
          : state == ENTRY_EMPTY ? &w->out->empty
                                 : &w->out->erased) += span;
        w->out->invalid += state == ENTRY_WRITTEN && !is_sound;
        if (is_sound) {
            const bool live = state == ENTRY_WRITTEN;
            w->found[w->found_count] = (found_t){page + at, page_at + at, (uint32_t)w->found_count,
                                                 live, live && is_whole(page, i, span)};
            w->found_count++;
        }
    }
}

/* -- keys ------------------------------------------------------------------------------------ */

static int compare_names(const uint8_t *a, const uint8_t *b)
{
    const int order = a[0] - b[0];

    return order != 0 ? order
                      : strncmp((const char *)a + 8, (const char *)b + 8, EB_NVS_NAME_BYTES);
}

/* Two values of one key have one type: another type is another entry. */
static int compare_keys(const uint8_t *a, const uint8_t *b)
{
    int order = compare_names(a, b);

    order = order != 0 ? order : a[1] - b[1];
    return order != 0 || a[1] != EB_NVS_CHUNK ? order : a[3] - b[3];
}

static int by_key(const void *a, const void *b)
{
    const found_t *x = a, *y = b;
    int order = compare_keys(x->p, y->p);

    return order != 0 ? order : x->order < y->order ? -1 : 1;
}

/* Of each key the newest live value stays; the others are counted. */
static void keep_newest(work_t *w)
{
    size_t kept = 0, next;

    for (size_t i = 0; i < w->found_count; i = next) {
        const found_t *newest = NULL;
        uint32_t values = 0;
        for (next = i; next < w->found_count && compare_keys(w->found[i].p, w->found[next].p) == 0;
             next++) {
            newest = w->found[next].live ? &w->found[next] : newest;
            values++;
        }
        if (w->found[i].p[1] != EB_NVS_CHUNK) { /* they are counted by their index */
            w->out->rewritten += newest != NULL ? values - 1 : 0;
            w->out->deleted += newest == NULL ? 1 : 0;
        }
        if (newest != NULL) {
            w->found[kept++] = *newest;
        }
    }
    w->found_count = kept;
}

/* -- values ---------------------------------------------------------------------------------- */

static uint64_t number_of(const uint8_t *p)
{
    const unsigned bits = (p[1] & 0xFu) * 8;
    uint64_t value = eb_get_le32(p + 24) | ((uint64_t)eb_get_le32(p + 28) << 32);

    value &= bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
    if ((p[1] & 0x10u) != 0 && bits < 64 && (value >> (bits - 1)) != 0) {
        value |= UINT64_MAX << bits;
    }
    return value;
}

static void make_item(const found_t *found, eb_nvs_item_t *out)
{
    const uint8_t *p = found->p;

    memset(out, 0, sizeof(*out));
    out->name_space = p[0];
    out->type = p[1];
    eb_text_clean(p + 8, EB_NVS_NAME_BYTES - 1, EB_TEXT_ONE_LINE, out->key);
    out->damaged = !found->whole;
    out->chunk = p[3];
    if (is_varlen(p[1])) {
        out->size = eb_get_le16(p + 24);
        out->data = found->at + ENTRY_BYTES;
    } else if (p[1] == EB_NVS_BLOB) {
        out->size = eb_get_le32(p + 24);
    } else {
        out->number = number_of(p);
    }
}

/* The chunks of a key stand right before its index, in their order. Those of an earlier value,
 * which has other numbers, may be among them. */
static void add_chunks(eb_nvs_t *out, const found_t *chunks, size_t count, const uint8_t *index,
                       eb_nvs_item_t *item)
{
    const unsigned first = index[29], wanted = index[28];
    uint64_t size = 0;

    item->first_chunk = out->chunk_count;
    for (size_t i = 0; i < count && item->chunks < wanted; i++) {
        if (chunks[i].p[3] == first + item->chunks) {
            eb_nvs_item_t *chunk = &out->chunks[out->chunk_count++];
            make_item(&chunks[i], chunk);
            item->damaged = item->damaged || chunk->damaged;
            item->chunks++;
            size += chunk->size;
        }
    }
    item->damaged = item->damaged || item->chunks != wanted || size != item->size;
    out->orphans -= (uint32_t)item->chunks;
}

/* The first name of a number counts. */
static void add_namespace(eb_nvs_t *out, const uint8_t *p)
{
    char *name = out->names[p[24]];

    if (p[1] == EB_NVS_U8 && p[24] != 0 && name[0] == '\0') {
        eb_text_clean(p + 8, EB_NVS_NAME_BYTES - 1, EB_TEXT_ONE_LINE, name);
        out->namespaces += name[0] != '\0';
    }
}

static void add_items(work_t *w)
{
    eb_nvs_t *out = w->out;
    const found_t *first = w->found; /* chunk of the key that the last chunk has */

    for (const found_t *found = w->found; found < w->found + w->found_count; found++) {
        const uint8_t *p = found->p;
        if (p[0] == 0) {
            add_namespace(out, p);
        } else if (p[1] == EB_NVS_CHUNK) {
            first = first->p[1] == EB_NVS_CHUNK && compare_names(first->p, p) == 0 ? first : found;
            out->orphans++;
        } else {
            eb_nvs_item_t *item = &out->items[out->count++];
            make_item(found, item);
            if (p[1] == EB_NVS_BLOB) {
                bool own = first->p[1] == EB_NVS_CHUNK && compare_names(first->p, p) == 0;
                add_chunks(out, first, own ? (size_t)(found - first) : 0, p, item);
            }
        }
    }
}

/* -- the whole ------------------------------------------------------------------------------- */

static bool read_pages(work_t *w, size_t len)
{
    eb_nvs_t *out = w->out;
    const size_t count = len / EB_NVS_PAGE_BYTES;

    w->pages = calloc(count + 1, sizeof(*w->pages));
    for (size_t i = 0; i < count && w->pages != NULL; i++) {
        const uint8_t *page = w->bytes + i * EB_NVS_PAGE_BYTES;
        out->pages[page_state(page)]++;
        if (eb_nvs_is_page(page)) {
            w->pages[w->page_count++] =
                (page_t){eb_get_le32(page + 4), (uint32_t)(i * EB_NVS_PAGE_BYTES)};
        }
    }
    w->found = calloc(w->page_count * PAGE_ENTRIES + 1, sizeof(*w->found));
    if (w->pages == NULL || w->found == NULL) {
        return false;
    }
    qsort(w->pages, w->page_count, sizeof(*w->pages), by_sequence);
    for (size_t i = 0; i < w->page_count; i++) {
        read_entries(w, w->pages[i].at);
        out->version = 0x100u - w->bytes[w->pages[i].at + 8];
    }
    out->state = w->page_count > 0                         ? EB_NVS_READ
                 : out->pages[EB_NVS_PAGE_ERASED] == count ? EB_NVS_ERASED
                                                           : EB_NVS_NONE;
    return true;
}

bool eb_nvs_parse(const uint8_t *bytes, size_t len, eb_nvs_t *out)
{
    work_t w = {.bytes = bytes, .out = out};

    memset(out, 0, sizeof(*out));
    bool good = read_pages(&w, len);
    if (good) {
        bool is_opaque = out->invalid > 0 && out->invalid == out->written;
        out->state = out->state == EB_NVS_READ && is_opaque ? EB_NVS_OPAQUE : out->state;
        qsort(w.found, w.found_count, sizeof(*w.found), by_key);
        keep_newest(&w);
        out->items = calloc(w.found_count + 1, sizeof(*out->items));
        out->chunks = calloc(w.found_count + 1, sizeof(*out->chunks));
        good = out->items != NULL && out->chunks != NULL;
    }
    if (good) {
        add_items(&w);
    }
    free(w.pages);
    free(w.found);
    return good;
}

void eb_nvs_free(eb_nvs_t *nvs)
{
    if (nvs != NULL) {
        free(nvs->items);
        free(nvs->chunks);
        memset(nvs, 0, sizeof(*nvs));
    }
}

/* -- what is asked --------------------------------------------------------------------------- */

const char *eb_nvs_namespace(const eb_nvs_t *nvs, const eb_nvs_item_t *item,
                             char text[EB_NVS_NUMBER_BYTES])
{
    if (nvs->names[item->name_space][0] != '\0') {
        return nvs->names[item->name_space];
    }
    (void)snprintf(text, EB_NVS_NUMBER_BYTES, "#%u", item->name_space);
    return text;
}

const char *eb_nvs_type_word(eb_nvs_type_t type)
{
    switch (type) {
    case EB_NVS_U8:
        return "u8";
    case EB_NVS_U16:
        return "u16";
    case EB_NVS_U32:
        return "u32";
    case EB_NVS_U64:
        return "u64";
    case EB_NVS_I8:
        return "i8";
    case EB_NVS_I16:
        return "i16";
    case EB_NVS_I32:
        return "i32";
    case EB_NVS_I64:
        return "i64";
    case EB_NVS_STRING:
        return "string";
    case EB_NVS_BLOB_1:
    case EB_NVS_CHUNK:
    case EB_NVS_BLOB:
        break;
    }
    return "blob";
}

void eb_nvs_number_text(const eb_nvs_item_t *item, char out[EB_NVS_NUMBER_BYTES])
{
    if (((unsigned)item->type & 0x10u) != 0) {
        (void)snprintf(out, EB_NVS_NUMBER_BYTES, "%" PRId64, (int64_t)item->number);
    } else {
        (void)snprintf(out, EB_NVS_NUMBER_BYTES, "%" PRIu64, item->number);
    }
}

void eb_nvs_data(const eb_nvs_t *nvs, const uint8_t *bytes, const eb_nvs_item_t *item, uint8_t *out)
{
    if (item->type != EB_NVS_BLOB) {
        memcpy(out, bytes + item->data, item->size);
        return;
    }
    for (size_t i = 0; i < item->chunks; i++) {
        const eb_nvs_item_t *chunk = &nvs->chunks[item->first_chunk + i];
        memcpy(out, bytes + chunk->data, chunk->size);
        out += chunk->size;
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool has_word(const char *key, const char *word)
{
    for (; *key != '\0'; key++) {
        size_t i = 0;
        while (word[i] != '\0' && lower(key[i]) == word[i]) {
            i++;
        }
        if (word[i] == '\0') {
            return true;
        }
    }
    return false;
}

bool eb_nvs_is_secret(const uint8_t *bytes, const eb_nvs_item_t *item)
{
    static const char *const words[] = {
        /* of numbers too */
        "pass",
        "secret",
        "token",
        "pin-code",
        "pin_code",
        "pincode",
        /* of strings */
        "pwd",
        "pswd",
        "psk",
        "key",
        "cert",
        "cred",
        "auth",
        "priv",
        "seed",
    };
    const bool is_number = eb_nvs_is_number(item->type);
    const size_t count = is_number ? 6 : sizeof(words) / sizeof(words[0]);

    if (!is_number && item->type != EB_NVS_STRING) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (has_word(item->key, words[i])) {
            return true;
        }
    }
    return !is_number && item->size >= sizeof(PEM_START) - 1 &&
           memcmp(bytes + item->data, PEM_START, sizeof(PEM_START) - 1) == 0;
}
