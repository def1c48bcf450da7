/* op_diff.c: what differs between two images, or an image and the board. */
#include "backup_image.h"
#include "bytes.h"
#include "clock.h"
#include "difference.h"
#include "espbackup/ops.h"
#include "find.h"
#include "range.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES    EB_BLOCK_BYTES
#define JOIN_GAP_BYTES 16u /* fewer equal bytes than that do not part a range */

typedef struct diff {
    const eb_events_t *ev;
    eb_diff_result_t *result;
    eb_image_request_t sides[2]; /* without a name: the board */
    eb_areas_t areas;
    bool open; /* a differing range, not yet in the list */
    uint64_t start, end;
    uint32_t differing_bytes; /* within it */
} diff_t;

/* -- two images ----------------------------------------------------------------------------- */

static eb_code_t close_range(diff_t *d, eb_err_t *err)
{
    size_t before = d->result->count;

    if (!d->open) {
        return EB_OK;
    }
    eb_code_t code = eb_difference_add(d->result, &d->areas, (uint32_t)d->start,
                                       (uint32_t)(d->end - d->start), EB_DIFFERENCE_CHANGED, err);
    /* More than one entry: a table with partitions that do not begin at sectors. */
    if (code == EB_OK && d->result->count == before + 1) {
        d->result->differences[before].differing_bytes = d->differing_bytes;
    }
    d->open = false;
    d->differing_bytes = 0;
    return code;
}

/* Whether a differing byte at `at` begins a new range: it is far from the last, or in another area,
 * which begins at a sector. */
static bool starts_range(const diff_t *d, uint64_t at)
{
    uint64_t sector = at - at % EB_SECTOR_BYTES;

    return !d->open || at - d->end >= JOIN_GAP_BYTES ||
           (d->end <= sector && eb_areas_border(&d->areas, (uint32_t)sector));
}

static eb_code_t compare_bytes(diff_t *d, uint32_t addr, const uint8_t *a, const uint8_t *b,
                               uint32_t size, eb_err_t *err)
{
    if (memcmp(a, b, size) == 0) {
        return EB_OK;
    }
    for (uint32_t i = 0; i < size; i++) {
        uint64_t at = (uint64_t)addr + i;
        if (a[i] == b[i]) {
            continue;
        }
        d->result->differing_bytes++;
        if (starts_range(d, at)) {
            eb_code_t code = close_range(d, err);
            if (code != EB_OK) {
                return code;
            }
            d->start = at;
        }
        d->open = true;
        d->end = at + 1;
        d->differing_bytes++;
    }
    return EB_OK;
}

static eb_code_t compare_common(diff_t *d, const eb_backup_image_t *a, const eb_backup_image_t *b,
                                eb_range_t common, eb_err_t *err)
{
    uint8_t *bytes = malloc(2 * CHUNK_BYTES);
    eb_code_t code = EB_OK;

    if (bytes == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to compare");
    }
    eb_event_progress(d->ev, EB_PHASE_CHECK, 0, common.size);
    for (uint32_t done = 0, count; done < common.size && code == EB_OK; done += count) {
        uint32_t addr = common.addr + done;
        count = eb_min_u32(common.size - done, CHUNK_BYTES);
        if ((code = eb_event_check(d->ev, err)) == EB_OK &&
            (code = eb_backup_image_read(a, addr, bytes, count, err)) == EB_OK &&
            (code = eb_backup_image_read(b, addr, bytes + CHUNK_BYTES, count, err)) == EB_OK) {
            code = compare_bytes(d, addr, bytes, bytes + CHUNK_BYTES, count, err);
        }
        eb_event_progress(d->ev, EB_PHASE_CHECK, done + count, common.size);
    }
    free(bytes);
    return code == EB_OK ? close_range(d, err) : code;
}

/* [start, end) that only one of the images has. */
static eb_code_t add_rest(diff_t *d, uint64_t start, uint64_t end, bool of_a, eb_err_t *err)
{
    if (start >= end) {
        return EB_OK;
    }
    d->result->differing_bytes += end - start;
    return eb_difference_add(d->result, &d->areas, (uint32_t)start, (uint32_t)(end - start),
                             of_a ? EB_DIFFERENCE_ONLY_A : EB_DIFFERENCE_ONLY_B, err);
}

static eb_code_t compare_images(diff_t *d, const eb_backup_image_t *a, const eb_backup_image_t *b,
                                eb_err_t *err)
{
    uint64_t a_end = a->addr + a->size_bytes, b_end = b->addr + b->size_bytes;
    uint64_t start = eb_max_u64(a->addr, b->addr), end = eb_min_u64(a_end, b_end);
    uint64_t first = eb_min_u64(a->addr, b->addr), last = eb_max_u64(a_end, b_end);

    if (start >= end) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "%s (0x%x, %llu bytes) and %s (0x%x, %llu bytes) have no byte of the "
                          "flash in common",
                          a->path, a->addr, (unsigned long long)a->size_bytes, b->path, b->addr,
                          (unsigned long long)b->size_bytes);
    }
    if (end - start > UINT32_MAX) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "images of 4 GiB");
    }
    d->areas = eb_areas_of_image(a);
    if (!eb_areas_known(&d->areas)) {
        d->areas = eb_areas_of_image(b);
    }
    d->result->addr = (uint32_t)first;
    d->result->size_bytes = last - first;
    const eb_range_t common = {(uint32_t)start, (uint32_t)(end - start)};
    eb_code_t code;
    if ((code = eb_flash_map_begin(&d->result->map, (uint32_t)first, last - first, &d->areas, -1,
                                   err)) == EB_OK &&
        (code = add_rest(d, first, start, a->addr < b->addr, err)) == EB_OK &&
        (code = compare_common(d, a, b, common, err)) == EB_OK) {
        code = add_rest(d, end, last, a_end > b_end, err);
    }
    d->result->verified = code == EB_OK;
    return code;
}

/* -- the operation -------------------------------------------------------------------------- */

static void note_source(eb_diff_result_t *result, const eb_backup_image_t *source, char *path)
{
    memcpy(path, source->path, EB_PATH_BYTES);
    result->has_sidecar = result->has_sidecar && source->sidecar != NULL;
    result->file_checked = result->file_checked && source->hash_checked;
}

static eb_code_t is_bare(const eb_diff_options_t *options, const char *side, bool *bare,
                         eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    eb_sidecar_t *sidecar = NULL;
    eb_code_t code = eb_find_backup(options->dir, side, path, err);

    *bare = code == EB_OK && eb_find_sidecar(path, &sidecar, NULL) == EB_ERR_BACKUP_NOT_FOUND;
    free(sidecar);
    return code;
}

/* One address for two images is of the one without a sidecar. */
static eb_code_t assign_addresses(diff_t *d, const eb_diff_options_t *options, eb_err_t *err)
{
    bool two = options->a != NULL && options->b != NULL;
    bool bare_a, bare_b;
    eb_code_t code;

    for (size_t i = 0; i < 2; i++) {
        bool second = i == 1 && options->address_count == 2;
        d->sides[i] = (eb_image_request_t){.backup = i == 0 ? options->a : options->b,
                                           .dir = options->dir,
                                           .has_address = options->address_count > 0,
                                           .address = options->addresses[second ? 1 : 0]};
    }
    if (options->address_count == 2 && !two) {
        return eb_err_set(err, EB_ERR_USAGE, "two addresses, but only one image");
    }
    if (options->address_count != 1 || !two) {
        return EB_OK;
    }
    if ((code = is_bare(options, options->a, &bare_a, err)) != EB_OK ||
        (code = is_bare(options, options->b, &bare_b, err)) != EB_OK) {
        return code;
    }
    if (bare_a && bare_b) {
        return eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_ADDRESS_OF_EACH,
                                 "address 0x%x: neither A nor B has a sidecar, and it may be of "
                                 "either",
                                 options->addresses[0]);
    }
    d->sides[0].has_address = bare_a || !bare_b;
    d->sides[1].has_address = bare_b || !bare_a;
    return EB_OK;
}

/* Its areas are known. What is equal is erased or used on both sides. */
static eb_code_t fill_map(diff_t *d, const eb_diff_options_t *options,
                          const eb_backup_image_t *image, eb_err_t *err)
{
    const eb_diff_result_t *result = d->result;
    eb_flash_map_t *map = &d->result->map;
    eb_code_t code = EB_OK;

    if (!options->map) {
        return EB_OK;
    }
    for (size_t i = 0; i < result->count && code == EB_OK; i++) {
        const eb_difference_t *one = &result->differences[i];
        code = eb_flash_map_add_difference(map, (eb_range_t){one->addr, one->size},
                                           one->differing_bytes, err);
    }
    return code == EB_OK ? eb_flash_map_read_image(map, image, d->ev, err) : code;
}

static eb_code_t diff_images(diff_t *d, const eb_diff_options_t *options, eb_err_t *err)
{
    eb_backup_image_t a, b = {.fd = -1};

    eb_code_t code = eb_backup_image_open(&d->sides[0], d->ev, &a, err);
    note_source(d->result, &a, d->result->a_path);
    if (code == EB_OK) {
        code = eb_backup_image_open(&d->sides[1], d->ev, &b, err);
        note_source(d->result, &b, d->result->b_path);
    }
    if (code == EB_OK && (code = compare_images(d, &a, &b, err)) == EB_OK &&
        (code = eb_difference_stores(&a, &b, d->areas.table, &d->result->stores, err)) == EB_OK &&
        (code = fill_map(d, options, &a, err)) == EB_OK) {
        code = eb_difference_error(d->result, "the images differ", err);
    }
    eb_backup_image_close(&b);
    eb_backup_image_close(&a);
    return code;
}

static eb_code_t diff_with_board(eb_session_t *s, diff_t *d, const eb_diff_options_t *options,
                                 eb_err_t *err)
{
    bool is_a = d->sides[0].backup != NULL;
    eb_backup_image_t source;

    eb_code_t code = eb_backup_image_open(&d->sides[is_a ? 0 : 1], d->ev, &source, err);
    note_source(d->result, &source, is_a ? d->result->a_path : d->result->b_path);
    d->result->addr = source.addr;
    d->result->size_bytes = source.size_bytes;
    if (code == EB_OK) {
        code = eb_difference_with_board(s, &source, is_a ? EB_KEYS_BOARD_IS_B : EB_KEYS_BOARD_IS_A,
                                        d->ev, d->result, err);
    }
    if (code == EB_OK || code == EB_ERR_DIFFERENT) {
        const eb_code_t filled = fill_map(d, options, &source, err);
        code = filled == EB_OK ? code : filled;
    }
    eb_backup_image_close(&source);
    return code;
}

eb_code_t eb_op_diff(eb_session_t *s, const eb_diff_options_t *options, const eb_events_t *ev,
                     eb_diff_result_t *result, eb_err_t *err)
{
    diff_t d = {.ev = ev, .result = result};
    int64_t started_us = eb_clock_us();
    eb_code_t code;

    memset(result, 0, sizeof(*result));
    if ((options->a == NULL && options->b == NULL) ||
        ((options->a == NULL || options->b == NULL) && s == NULL)) {
        return eb_err_set(err, EB_ERR_USAGE, "diff needs two images, or an image and a board");
    }
    result->has_sidecar = result->file_checked = true;
    if ((code = assign_addresses(&d, options, err)) == EB_OK) {
        code = options->a != NULL && options->b != NULL ? diff_images(&d, options, err)
                                                        : diff_with_board(s, &d, options, err);
    }
    result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    return code;
}
