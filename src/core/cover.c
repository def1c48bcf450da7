#include "cover.h"

#include "range.h"

#include <stdlib.h>
#include <string.h>

static uint64_t first_unit(const eb_cover_t *cover)
{
    return cover->range.addr / EB_COVER_UNIT_BYTES;
}

/* The unit at `index`, cut to the cover's range. */
static void unit_bounds(const eb_cover_t *cover, size_t index, uint64_t *start, uint64_t *end)
{
    uint64_t from = (first_unit(cover) + index) * EB_COVER_UNIT_BYTES;
    uint64_t to = from + EB_COVER_UNIT_BYTES;
    uint64_t range_end = eb_range_end(cover->range);

    *start = from < cover->range.addr ? cover->range.addr : from;
    *end = to > range_end ? range_end : to;
}

eb_code_t eb_cover_init(eb_cover_t *cover, eb_range_t range, eb_err_t *err)
{
    memset(cover, 0, sizeof(*cover));
    cover->range = range;
    if (range.size == 0) {
        return EB_OK;
    }
    uint64_t last = (eb_range_end(range) - 1) / EB_COVER_UNIT_BYTES;
    cover->unit_count = (size_t)(last - first_unit(cover) + 1);
    cover->how = calloc(cover->unit_count, 1);
    if (cover->how == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the map of %u bytes of flash",
                          range.size);
    }
    return EB_OK;
}

void eb_cover_free(eb_cover_t *cover)
{
    if (cover != NULL) {
        free(cover->how);
        memset(cover, 0, sizeof(*cover));
    }
}

void eb_cover_set(eb_cover_t *cover, eb_range_t range, eb_how_t how)
{
    eb_range_t common = eb_range_common(cover->range, range);
    if (common.size == 0) {
        return;
    }
    size_t index = (size_t)(common.addr / EB_COVER_UNIT_BYTES - first_unit(cover));
    for (; index < cover->unit_count; index++) {
        uint64_t start, end;
        unit_bounds(cover, index, &start, &end);
        if (end > eb_range_end(common)) {
            break;
        }
        if (start < common.addr) {
            continue;
        }
        if (cover->how[index] != EB_HOW_OPEN) {
            cover->settled_bytes -= end - start;
        }
        if (how != EB_HOW_OPEN) {
            cover->settled_bytes += end - start;
        }
        cover->how[index] = (uint8_t)how;
    }
}

static bool next_run(const eb_cover_t *cover, uint64_t from, bool want_open, eb_range_t *out)
{
    *out = (eb_range_t){0, 0};
    if (cover->unit_count == 0) {
        return false;
    }
    size_t index = 0;
    if (from > cover->range.addr) {
        uint64_t unit = (from + EB_COVER_UNIT_BYTES - 1) / EB_COVER_UNIT_BYTES;
        index = (size_t)(unit - first_unit(cover));
    }
    while (index < cover->unit_count && (cover->how[index] == EB_HOW_OPEN) != want_open) {
        index++;
    }
    if (index >= cover->unit_count) {
        return false;
    }
    uint64_t start, end;
    unit_bounds(cover, index, &start, &end);
    while (index < cover->unit_count && (cover->how[index] == EB_HOW_OPEN) == want_open) {
        uint64_t unused;
        unit_bounds(cover, index, &unused, &end);
        index++;
    }
    *out = (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
    return true;
}

bool eb_cover_next_open(const eb_cover_t *cover, uint64_t from, eb_range_t *out)
{
    return next_run(cover, from, true, out);
}

bool eb_cover_next_settled(const eb_cover_t *cover, uint64_t from, eb_range_t *out)
{
    return next_run(cover, from, false, out);
}

bool eb_cover_next_run(const eb_cover_t *cover, uint64_t from, eb_range_t *out, eb_how_t *how)
{
    uint64_t at = from > cover->range.addr ? from : cover->range.addr;
    uint64_t start, end;

    *out = (eb_range_t){0, 0};
    *how = EB_HOW_OPEN;
    if (at >= eb_range_end(cover->range)) {
        return false;
    }
    size_t index = (size_t)(at / EB_COVER_UNIT_BYTES - first_unit(cover));
    *how = (eb_how_t)cover->how[index];
    unit_bounds(cover, index, &start, &end);
    while (++index < cover->unit_count && cover->how[index] == (uint8_t)*how) {
        uint64_t unused;
        unit_bounds(cover, index, &unused, &end);
    }
    *out = (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
    return true;
}

void eb_cover_totals(const eb_cover_t *cover, eb_settled_t *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t index = 0; index < cover->unit_count; index++) {
        uint64_t start, end;
        unit_bounds(cover, index, &start, &end);
        switch ((eb_how_t)cover->how[index]) {
        case EB_HOW_OPEN:
            break;
        case EB_HOW_READ:
            out->read += end - start;
            break;
        case EB_HOW_ERASED:
            out->erased += end - start;
            break;
        case EB_HOW_PRIOR:
            out->prior += end - start;
            break;
        case EB_HOW_RESUMED:
            out->resumed += end - start;
            break;
        case EB_HOW_UNPROVED:
            out->unproved += end - start;
            break;
        }
    }
}
