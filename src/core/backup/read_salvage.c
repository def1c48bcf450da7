#include "read_salvage.h"

#include "bytes.h"
#include "clock.h"
#include "range.h"

#define SALVAGE_MIN_BYTES 4096u
#define SALVAGE_TOP_BYTES (64u * 1024u)

/* A piece whose digest differs is cut in four, down to 4 KiB; when three of four match, the last
 * one is known to differ without asking. */
static eb_code_t salvage_piece(eb_read_state_t *state, eb_range_t piece, const uint8_t *bytes,
                               bool known_bad, bool *right, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    *right = false;
    if (!known_bad) {
        int64_t started_us = eb_clock_us();
        code = eb_retry_matches(&state->retry, piece, bytes, right, err);
        if (code != EB_OK) {
            return code;
        }
        eb_cost_add(&state->spent[EB_SPENT_SALVAGE], piece.size, eb_clock_us() - started_us);
    }
    if (*right) {
        return eb_read_state_verified(state, piece, EB_ORIGIN_READ, bytes, err);
    }
    if (piece.size <= SALVAGE_MIN_BYTES) {
        return EB_OK;
    }
    uint32_t quarter = piece.size / 4;
    quarter += (SALVAGE_MIN_BYTES - quarter % SALVAGE_MIN_BYTES) % SALVAGE_MIN_BYTES;
    bool one_bad = false;
    for (uint32_t done = 0, size; done < piece.size; done += size) {
        size = eb_min_u32(quarter, piece.size - done);
        bool last = done + size == piece.size, part_right = false;
        code = salvage_piece(state, (eb_range_t){piece.addr + done, size}, bytes + done,
                             last && !one_bad, &part_right, err);
        if (code != EB_OK) {
            return code;
        }
        one_bad = one_bad || !part_right;
    }
    return EB_OK;
}

eb_code_t eb_read_salvage(eb_read_state_t *state, eb_range_t step, uint32_t received, eb_err_t *err)
{
    eb_range_t range = {step.addr, received};

    for (uint32_t done = 0, size; done < received; done += size) {
        uint32_t addr = range.addr + done;
        bool right;
        size = eb_min_u32(SALVAGE_TOP_BYTES - addr % SALVAGE_TOP_BYTES, received - done);
        /* A small read that came whole and did not match needs no digest to be known as bad. */
        bool known_bad = size == step.size && size <= SALVAGE_MIN_BYTES;
        eb_code_t code = salvage_piece(state, (eb_range_t){addr, size}, state->buf + done,
                                       known_bad, &right, err);
        if (code != EB_OK) {
            eb_read_state_keep(state, range);
            return code;
        }
    }
    return EB_OK;
}
