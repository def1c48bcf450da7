#include "write_steps.h"

#include "bytes.h"

bool eb_write_next_open(const eb_write_engine_t *engine, uint64_t from, uint64_t end,
                        eb_range_t *out)
{
    for (size_t i = 0; i < engine->spans.count; i++) {
        const eb_flash_span_t *span = &engine->spans.spans[i];
        uint64_t start = eb_max_u64(span->addr, from);
        uint64_t stop = eb_min_u64(eb_range_end(eb_span_range(span)), end);
        if (!eb_span_is_verified(span->state) && span->state != EB_SPAN_WRITTEN && start < stop) {
            *out = (eb_range_t){(uint32_t)start, (uint32_t)(stop - start)};
            return true;
        }
    }
    return false;
}

uint32_t eb_write_open_bytes(const eb_write_engine_t *engine, eb_range_t range)
{
    uint32_t bytes = 0;
    eb_range_t open;

    for (uint64_t from = range.addr; eb_write_next_open(engine, from, eb_range_end(range), &open);
         from = eb_range_end(open)) {
        bytes += open.size;
    }
    return bytes;
}

/* -- blocks ---------------------------------------------------------------------------------- */

static bool is_mixed(const eb_write_engine_t *engine, uint32_t addr)
{
    uint32_t block = addr / EB_BLOCK_BYTES;

    return (engine->mixed[block / 8] & 1u << block % 8) != 0;
}

/* The sector's bytes, and whether it is erased only. */
static eb_code_t wanted_sector(eb_write_engine_t *engine, uint32_t addr, uint8_t *out, bool *blank,
                               eb_err_t *err)
{
    eb_code_t code = engine->wanted(engine->wanted_user, addr, EB_SECTOR_BYTES, out, err);

    *blank = code == EB_OK && !is_mixed(engine, addr) && eb_bytes_erased(out, EB_SECTOR_BYTES);
    return code;
}

/* A part of an open stretch that lies in one block. Only what goes deflated over the line is worth
 * sending although it is blank. */
static eb_code_t count_part(eb_write_engine_t *engine, eb_range_t part, bool deflates,
                            uint64_t *erase, uint64_t *write, eb_err_t *err)
{
    uint32_t block = part.addr / EB_BLOCK_BYTES, blank_bytes = 0;
    eb_code_t code = EB_OK;

    for (uint32_t done = 0; done < part.size && code == EB_OK; done += EB_SECTOR_BYTES) {
        bool blank;
        code = wanted_sector(engine, part.addr + done, engine->buf, &blank, err);
        blank_bytes += blank ? EB_SECTOR_BYTES : 0;
    }
    if (deflates && part.size == EB_BLOCK_BYTES && blank_bytes > 0 && blank_bytes < part.size &&
        (engine->area_count == 0 ||
         eb_ranges_hold(engine->areas, engine->area_count, part.addr, part.size))) {
        engine->mixed[block / 8] |= (uint8_t)(1u << block % 8);
        blank_bytes = 0;
    }
    *erase += blank_bytes;
    *write += part.size - blank_bytes;
    return code;
}

eb_code_t eb_write_count_work(eb_write_engine_t *engine, eb_err_t *err)
{
    uint64_t from = 0, erase = 0, write = 0;
    eb_session_stats_t stats;
    eb_range_t open;

    eb_code_t code = EB_OK;
    eb_session_get_stats(engine->session, &stats);
    while (code == EB_OK && eb_write_next_open(engine, from, UINT64_MAX, &open)) {
        open.size = eb_min_u32(open.size, EB_BLOCK_BYTES - open.addr % EB_BLOCK_BYTES);
        code = count_part(engine, open, stats.stub, &erase, &write, err);
        from = eb_range_end(open);
    }
    engine->phases[EB_PHASE_ERASE].total = erase;
    engine->phases[EB_PHASE_WRITE].total = write;
    return code;
}

/* -- steps ----------------------------------------------------------------------------------- */

/* How much of an open stretch to take at once: up to a border of blocks, which are erased faster.
 */
static uint32_t step_of(const eb_write_engine_t *engine, eb_range_t open)
{
    uint64_t end = (uint64_t)open.addr + engine->step_bytes;
    uint64_t border = end - end % EB_BLOCK_BYTES;

    if (border > open.addr) {
        end = border;
    }
    return eb_min_u32(open.size, (uint32_t)(end - open.addr));
}

eb_code_t eb_write_next_step(eb_write_engine_t *engine, uint64_t *from, uint64_t end, bool blank,
                             eb_range_t *step, eb_err_t *err)
{
    eb_code_t code = EB_OK;
    eb_range_t open;

    *step = (eb_range_t){0, 0};
    while (code == EB_OK && step->size == 0 && eb_write_next_open(engine, *from, end, &open)) {
        uint32_t limit = step_of(engine, open);
        bool fits = true;
        *step = (eb_range_t){open.addr, 0};
        while (fits && step->size < limit) {
            bool is_blank;
            code = wanted_sector(engine, open.addr + step->size, engine->buf + step->size,
                                 &is_blank, err);
            fits = code == EB_OK && is_blank == blank;
            step->size += fits ? EB_SECTOR_BYTES : 0;
        }
        *from = (uint64_t)open.addr + (step->size == 0 ? EB_SECTOR_BYTES : 0);
    }
    return code;
}
