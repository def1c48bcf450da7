#include "difference_stores.h"

#include "bytes.h"
#include "content.h"
#include "partition_types.h"

#include <stdlib.h>
#include <string.h>

#define READ_BYTES (4u * EB_SECTOR_BYTES) /* of the board at once */

/* A partition as its parser reads it. */
typedef struct store_bytes {
    const uint8_t *bytes;
    uint32_t size;
} store_bytes_t;

void eb_diff_stores_free(eb_diff_stores_t *stores)
{
    if (stores != NULL) {
        for (size_t i = 0; i < stores->count; i++) {
            free(stores->list[i].changes);
        }
        free(stores->list);
        *stores = (eb_diff_stores_t){0};
    }
}

/* -- one store ------------------------------------------------------------------------------- */

static eb_code_t no_memory(const eb_partition_t *entry, eb_err_t *err)
{
    return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the keys of \"%s\"", entry->label);
}

static bool read_bytes(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    const store_bytes_t *store = user;

    if (!eb_range_within(offset, count, store->size)) {
        return false;
    }
    memcpy(bytes, store->bytes + offset, count);
    return true;
}

static bool parse(const uint8_t *bytes, uint32_t size, eb_content_t *out)
{
    store_bytes_t store = {bytes, size};
    const eb_content_place_t place = {read_bytes, &store, size, EB_PART_DATA_NVS};

    return eb_content_find(&place, out);
}

/* An erased store has no key. */
static eb_store_state_t state_of(const eb_content_t *content)
{
    if (content->kind != EB_CONTENT_NVS) {
        return content->nvs.state == EB_NVS_ERASED ? EB_STORE_COMPARED : EB_STORE_OTHER;
    }
    return content->nvs.state == EB_NVS_READ ? EB_STORE_COMPARED : EB_STORE_OPAQUE;
}

/* False: no memory. */
static bool compare_bytes(const uint8_t *a, const uint8_t *b, uint32_t size, eb_diff_store_t *store)
{
    eb_content_t of_a = {0}, of_b = {0};
    bool good = parse(a, size, &of_a) && parse(b, size, &of_b);

    if (good) {
        const eb_store_state_t state = state_of(&of_a);
        const eb_nvs_store_t x = {&of_a.nvs, of_a.nvs_bytes}, y = {&of_b.nvs, of_b.nvs_bytes};
        store->state = state != EB_STORE_COMPARED ? state : state_of(&of_b);
        good = store->state != EB_STORE_COMPARED ||
               eb_nvs_compare(&x, &y, &store->changes, &store->count);
    }
    eb_content_free(&of_a);
    eb_content_free(&of_b);
    return good;
}

/* -- the partitions -------------------------------------------------------------------------- */

/* The bytes of both sides, in one piece of memory; the stores are told of a and b. */
typedef eb_code_t (*read_sides_fn)(void *user, const eb_partition_t *entry, uint8_t *a, uint8_t *b,
                                   eb_err_t *err);

static eb_code_t compare_entry(read_sides_fn read, void *user, const eb_partition_t *entry,
                               eb_diff_stores_t *out, eb_err_t *err)
{
    eb_diff_store_t *store = &out->list[out->count++];

    *store = (eb_diff_store_t){.state = EB_STORE_OTHER};
    memcpy(store->partition, entry->label, sizeof(store->partition));
    if (entry->size > EB_NVS_MAX_BYTES) {
        return EB_OK;
    }
    uint8_t *bytes = malloc(2u * (size_t)entry->size);
    if (bytes == NULL) {
        return no_memory(entry, err);
    }
    eb_err_t why = {0};
    eb_code_t code = read(user, entry, bytes, bytes + entry->size, &why);
    if (code == EB_ERR_UNSUPPORTED) {
        store->state = EB_STORE_NOT_READ;
        code = EB_OK;
    } else if (code != EB_OK) {
        code = eb_err_copy(err, &why);
    } else if (memcmp(bytes, bytes + entry->size, entry->size) == 0) {
        out->count--;
    } else if (!compare_bytes(bytes, bytes + entry->size, entry->size, store)) {
        code = no_memory(entry, err);
    }
    free(bytes);
    return code;
}

static bool is_store(const eb_partition_t *entry)
{
    return entry->type == EB_PART_DATA && entry->subtype == EB_PART_DATA_NVS;
}

static uint64_t bytes_within(const eb_spans_t *spans, const eb_partition_t *entry, bool all)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < spans->count; i++) {
        if (all || spans->spans[i].state == EB_SPAN_OLD) {
            sum += eb_range_common(eb_span_range(&spans->spans[i]),
                                   (eb_range_t){entry->addr, entry->size})
                       .size;
        }
    }
    return sum;
}

/* Those for which `chosen` is set. */
static eb_code_t compare_all(read_sides_fn read, void *user, const eb_partition_table_t *table,
                             const bool chosen[EB_PARTITIONS_MAX], eb_diff_stores_t *out,
                             eb_err_t *err)
{
    eb_code_t code = EB_OK;

    out->list = calloc(table->count + 1, sizeof(*out->list));
    if (out->list == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu partitions", table->count);
    }
    for (size_t i = 0; i < table->count && code == EB_OK; i++) {
        code = chosen[i] ? compare_entry(read, user, &table->entries[i], out, err) : EB_OK;
    }
    return code;
}

/* -- two images ------------------------------------------------------------------------------ */

typedef struct images {
    const eb_backup_image_t *a, *b;
} images_t;

static eb_code_t read_images(void *user, const eb_partition_t *entry, uint8_t *a, uint8_t *b,
                             eb_err_t *err)
{
    const images_t *images = user;
    eb_code_t code = eb_backup_image_read(images->a, entry->addr, a, entry->size, err);

    return code == EB_OK ? eb_backup_image_read(images->b, entry->addr, b, entry->size, err) : code;
}

eb_code_t eb_difference_stores(const eb_backup_image_t *a, const eb_backup_image_t *b,
                               const eb_partition_table_t *table, eb_diff_stores_t *out,
                               eb_err_t *err)
{
    bool chosen[EB_PARTITIONS_MAX] = {false};
    images_t images = {a, b};

    *out = (eb_diff_stores_t){0};
    if (table == NULL || !table->present) {
        return EB_OK;
    }
    for (size_t i = 0; i < table->count; i++) {
        const eb_partition_t *entry = &table->entries[i];
        chosen[i] = is_store(entry) && eb_backup_image_holds(a, entry->addr, entry->size) &&
                    eb_backup_image_holds(b, entry->addr, entry->size);
    }
    return compare_all(read_images, &images, table, chosen, out, err);
}

/* -- a board --------------------------------------------------------------------------------- */

typedef struct board_reader {
    const eb_board_stores_t *board;
    const eb_events_t *ev;
    uint64_t done, total; /* of what is read from the board */
} board_reader_t;

static eb_code_t read_differing(board_reader_t *r, eb_range_t range, uint8_t *out, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (uint32_t at = 0, count; at < range.size && code == EB_OK; at += count) {
        count = eb_min_u32(READ_BYTES, range.size - at);
        eb_event_progress(r->ev, EB_PHASE_READ, r->done, r->total);
        if ((code = eb_event_check(r->ev, err)) == EB_OK) {
            code = eb_retry_read(r->board->retry, range.addr + at, count, out + at, err);
        }
        r->done += code == EB_OK ? count : 0;
    }
    eb_event_progress(r->ev, EB_PHASE_READ, r->done, r->total);
    return code;
}

static eb_code_t read_board(void *user, const eb_partition_t *entry, uint8_t *a, uint8_t *b,
                            eb_err_t *err)
{
    board_reader_t *r = user;
    const eb_spans_t *spans = r->board->spans;
    uint8_t *there = r->board->to_board ? b : a, *wanted = r->board->to_board ? a : b;
    eb_code_t code = EB_OK;

    for (uint32_t at = 0, count; at < entry->size && code == EB_OK; at += count) {
        count = eb_min_u32(READ_BYTES, entry->size - at);
        code = r->board->wanted(r->board->user, entry->addr + at, count, wanted + at, err);
    }
    memcpy(there, wanted, entry->size);
    for (size_t i = 0; i < spans->count && code == EB_OK; i++) {
        const eb_range_t part = eb_range_common(eb_span_range(&spans->spans[i]),
                                                (eb_range_t){entry->addr, entry->size});
        if (part.size > 0 && spans->spans[i].state == EB_SPAN_OLD) {
            code = read_differing(r, part, there + (part.addr - entry->addr), err);
        }
    }
    return code;
}

eb_code_t eb_difference_stores_of_board(const eb_board_stores_t *board,
                                        const eb_partition_table_t *table, const eb_events_t *ev,
                                        eb_diff_stores_t *out, eb_err_t *err)
{
    bool chosen[EB_PARTITIONS_MAX] = {false};
    board_reader_t r = {.board = board, .ev = ev};

    *out = (eb_diff_stores_t){0};
    if (table == NULL || !table->present) {
        return EB_OK;
    }
    for (size_t i = 0; i < table->count; i++) {
        const eb_partition_t *entry = &table->entries[i];
        const uint64_t differing = bytes_within(board->spans, entry, false);
        chosen[i] = is_store(entry) && differing > 0 &&
                    bytes_within(board->spans, entry, true) == entry->size;
        r.total += chosen[i] && entry->size <= EB_NVS_MAX_BYTES ? differing : 0;
    }
    return compare_all(read_board, &r, table, chosen, out, err);
}
