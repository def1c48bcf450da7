#include "neighbour_check.h"

#include "bytes.h"
#include "digest.h"
#include "write_engine.h"

#include <stdlib.h>
#include <string.h>

#define SEARCH_BYTES (64u * 1024u) /* outside, where only the chip can say what is blank */

static eb_code_t add(eb_neighbours_t *neighbours, const eb_neighbour_t *neighbour, eb_err_t *err)
{
    eb_neighbour_t *items = realloc(neighbours->items, (neighbours->count + 1) * sizeof(*items));

    if (items == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the sectors around");
    }
    neighbours->items = items;
    items[neighbours->count++] = *neighbour;
    return EB_OK;
}

/* Of a stretch that is as wanted: its wanted bytes tell the digest. */
static eb_code_t watch_within(eb_write_engine_t *engine, const eb_flash_span_t *span, bool *found,
                              eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (uint32_t done = 0; done < span->size && !*found && code == EB_OK;
         done += EB_SECTOR_BYTES) {
        eb_neighbour_t neighbour = {.addr = span->addr + done};
        code =
            engine->wanted(engine->wanted_user, neighbour.addr, EB_SECTOR_BYTES, engine->buf, err);
        if (code == EB_OK && !eb_bytes_erased(engine->buf, EB_SECTOR_BYTES)) {
            eb_md5(engine->buf, EB_SECTOR_BYTES, neighbour.md5);
            *found = true;
            code = add(&engine->neighbours, &neighbour, err);
        }
    }
    return code;
}

static eb_code_t watch_outside(eb_write_engine_t *engine, uint64_t addr, eb_err_t *err)
{
    uint64_t end = eb_min_u64(addr + SEARCH_BYTES, eb_session_reach(engine->session));

    for (; addr < end; addr += EB_SECTOR_BYTES) {
        eb_neighbour_t neighbour = {.addr = (uint32_t)addr, .outside = true};
        eb_code_t code = eb_retry_digest_twice(&engine->retry, neighbour.addr, EB_SECTOR_BYTES,
                                               neighbour.md5, err);
        if (code != EB_OK || !eb_retry_answer_is_erased(&engine->retry, EB_SECTOR_BYTES)) {
            return code == EB_OK ? add(&engine->neighbours, &neighbour, err) : code;
        }
    }
    return EB_OK;
}

/* Behind a stretch that is to be changed: up to the next of these, which has a neighbour of its
 * own, or out of the ranges. */
static eb_code_t watch_behind(eb_write_engine_t *engine, size_t index, eb_err_t *err)
{
    const eb_spans_t *spans = &engine->spans;
    bool found = false;
    eb_code_t code = EB_OK;

    while (code == EB_OK && !found) {
        uint64_t end = eb_range_end(eb_span_range(&spans->spans[index]));
        if (index + 1 == spans->count || spans->spans[index + 1].addr != end) {
            return watch_outside(engine, end, err);
        }
        index++;
        if (spans->spans[index].state != EB_SPAN_SAME) {
            return EB_OK;
        }
        code = watch_within(engine, &spans->spans[index], &found, err);
    }
    return code;
}

eb_code_t eb_neighbours_set(eb_write_engine_t *engine, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    eb_neighbours_free(&engine->neighbours);
    engine->neighbours.resets = eb_line_resets(engine->session);
    for (size_t i = 0; code == EB_OK && i < engine->spans.count; i++) {
        if (engine->spans.spans[i].state == EB_SPAN_OLD) {
            code = watch_behind(engine, i, err);
        }
    }
    return code;
}

/* A difference is believed the second time. */
static eb_code_t differs(eb_write_engine_t *engine, const eb_neighbour_t *neighbour, bool *out,
                         eb_err_t *err)
{
    eb_code_t code = EB_OK;

    *out = true;
    for (int i = 0; i < 2 && code == EB_OK && *out; i++) {
        uint8_t md5[EB_MD5_BYTES];
        code = eb_retry_digest(&engine->retry, neighbour->addr, EB_SECTOR_BYTES, md5, err);
        *out = code == EB_OK && memcmp(md5, neighbour->md5, sizeof(md5)) != 0;
    }
    return code;
}

eb_code_t eb_neighbours_check(eb_write_engine_t *engine, bool *harmed, eb_err_t *err)
{
    bool may_have_run = eb_line_resets(engine->session) != engine->neighbours.resets;
    eb_code_t code = EB_OK;

    *harmed = false;
    for (size_t i = 0; i < engine->neighbours.count && code == EB_OK; i++) {
        const eb_neighbour_t *neighbour = &engine->neighbours.items[i];
        bool is_other;
        code = differs(engine, neighbour, &is_other, err);
        if (is_other && neighbour->outside && !may_have_run) {
            code = eb_err_set_reason(err, EB_ERR_UNVERIFIED, EB_REASON_RESTORE_BEHIND,
                                     "the sector at 0x%x, behind the range, was modified: a "
                                     "request was damaged on its way and changed more than it said",
                                     neighbour->addr);
        }
        *harmed = *harmed || (is_other && !neighbour->outside);
    }
    return code;
}

void eb_neighbours_free(eb_neighbours_t *neighbours)
{
    free(neighbours->items);
    *neighbours = (eb_neighbours_t){0};
}
