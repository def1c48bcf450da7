#include "address_check.h"

#include "bytes.h"
#include "clock.h"
#include "range.h"

#include <inttypes.h>
#include <string.h>

#define SPOT_BYTES  4096u
#define CHUNK_BYTES 4096u

static eb_code_t check_spot(eb_read_state_t *state, eb_range_t spot, const uint8_t *bytes,
                            bool *there, eb_err_t *err)
{
    int64_t started_us = eb_clock_us();
    eb_code_t code = eb_retry_matches(&state->retry, spot, bytes, there, err);

    eb_cost_add(&state->spent[EB_SPENT_SPOT], spot.size, eb_clock_us() - started_us);
    return code;
}

eb_code_t eb_address_check_guess(eb_read_state_t *state, eb_range_t range, bool *there,
                                 eb_err_t *err)
{
    eb_range_t spot = {range.addr, eb_min_u32(SPOT_BYTES, range.size)};

    *there = true;
    if (!eb_bytes_uniform(state->buf, range.size)) {
        return EB_OK;
    }
    eb_code_t code = check_spot(state, spot, state->buf, there, err);
    if (code == EB_OK && !*there) {
        state->retry.wrong_address = true;
    }
    return code;
}

/* Some request or answer arrived other than it was sent. */
static bool is_in_doubt(const eb_read_state_t *state)
{
    return state->retry.wrong_address || eb_line_had_faults(state->session);
}

eb_code_t eb_address_check_read(eb_read_state_t *state, eb_range_t range, bool *there,
                                eb_err_t *err)
{
    eb_range_t spot = range; /* all of it, if it is uniform */

    for (uint32_t at = range.size; at > 0;) {
        uint32_t size = eb_min_u32(SPOT_BYTES, at);
        at -= size;
        if (!eb_bytes_uniform(state->buf + at, size)) {
            spot = (eb_range_t){range.addr + at, size};
            break;
        }
    }
    eb_code_t code = check_spot(state, spot, state->buf + (spot.addr - range.addr), there, err);
    if (code == EB_OK && *there && spot.size < range.size && !is_in_doubt(state)) {
        state->reads[state->read_count++] = (eb_checked_read_t){range, spot};
    }
    return code;
}

/* -- copies one address bit away -------------------------------------------------------------- */

/* Whether bytes at `known`, which are right, tell that the read is not of address `from`. */
static eb_code_t refutes(const eb_checked_read_t *read, uint32_t from, eb_range_t known,
                         eb_wanted_fn bytes, void *user, bool *refuted, eb_err_t *err)
{
    const eb_range_t common = eb_range_common(known, (eb_range_t){from, read->range.size});
    eb_code_t code = EB_OK;

    for (uint32_t done = 0, count; done < common.size && code == EB_OK && !*refuted;
         done += count) {
        uint8_t right[CHUNK_BYTES], came[CHUNK_BYTES];
        const uint32_t addr = common.addr + done;
        count = eb_min_u32(CHUNK_BYTES, common.size - done);
        if ((code = bytes(user, addr, count, right, err)) == EB_OK) {
            code = bytes(user, read->range.addr + (addr - from), count, came, err);
        }
        *refuted = code == EB_OK && memcmp(right, came, count) != 0;
    }
    return code;
}

eb_code_t eb_address_copy_possible(const eb_checked_read_t *read, eb_range_t image,
                                   uint64_t flash_bytes, eb_wanted_fn bytes, void *user,
                                   bool *possible, eb_err_t *err)
{
    const uint64_t end = eb_range_end(read->range);
    /* Bytes that did not come by this read, and its spot. */
    const eb_range_t known[] = {
        read->spot,
        {image.addr, read->range.addr - image.addr},
        {(uint32_t)end, (uint32_t)(eb_range_end(image) - end)},
    };

    *possible = false;
    for (uint64_t bit = 1; bit < flash_bytes && !*possible; bit <<= 1) {
        const uint32_t from = read->range.addr ^ (uint32_t)bit;
        bool refuted = from >= flash_bytes;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !refuted; i++) {
            eb_code_t code = refutes(read, from, known[i], bytes, user, &refuted, err);
            if (code != EB_OK) {
                return code;
            }
        }
        *possible = !refuted;
    }
    return EB_OK;
}

/* Sets retry.wrong_address, and ends there, if a read that may be of a copy does not match. */
static eb_code_t check_copies(eb_read_state_t *state, eb_err_t *err)
{
    const uint64_t flash_bytes = eb_session_flash(state->session)->size_bytes;
    const int64_t started_us = eb_clock_us();
    uint64_t done = 0, total = 0, asked_bytes = 0;

    for (size_t i = 0; i < state->read_count; i++) {
        total += state->reads[i].range.size;
    }
    for (size_t i = 0; i < state->read_count && !state->retry.wrong_address; i++) {
        const eb_checked_read_t *read = &state->reads[i];
        bool possible, there;
        if (eb_event_check(state->ev, err) != EB_OK) {
            return EB_ERR_CANCELLED;
        }
        eb_code_t code = eb_address_copy_possible(read, state->range, flash_bytes,
                                                  eb_read_state_bytes, state, &possible, err);
        if (code == EB_OK && possible) {
            eb_event_progress(state->ev, EB_PHASE_CHECK, asked_bytes > 0 ? done : 0, total);
            code = eb_read_state_bytes(state, read->range.addr, read->range.size, state->buf, err);
            if (code == EB_OK) {
                code = eb_retry_matches(&state->retry, read->range, state->buf, &there, err);
            }
            state->retry.wrong_address = code == EB_OK && !there;
            asked_bytes += read->range.size;
        }
        if (code != EB_OK) {
            return code;
        }
        done += read->range.size;
    }
    if (asked_bytes > 0) {
        eb_event_note(state->ev, EB_LEVEL_DETAIL,
                      "reads that may be of another address: %" PRIu64
                      " bytes checked by digest, %.2f s",
                      asked_bytes, (double)(eb_clock_us() - started_us) / 1e6);
    }
    return EB_OK;
}

eb_code_t eb_address_check_image(eb_read_state_t *state, bool *doubtful, eb_err_t *err)
{
    eb_code_t code = is_in_doubt(state) ? EB_OK : check_copies(state, err);

    *doubtful = is_in_doubt(state);
    return code;
}
