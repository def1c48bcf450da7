#include "read_state.h"

#include "fs_atomic.h"

#include <stdlib.h>
#include <string.h>

eb_code_t eb_read_state_init(eb_read_state_t *state, eb_session_t *session, const eb_events_t *ev,
                             eb_range_t range, eb_err_t *err)
{
    memset(state, 0, sizeof(*state));
    state->earlier.fd = -1;
    state->session = session;
    state->ev = ev;
    state->range = range;
    eb_retry_init(&state->retry, session, ev);
    eb_read_plan_init(&state->plan, range);
    state->plan.speed = eb_link_speed_guess(session);
    eb_code_t code = eb_verified_map_init(&state->map, range, err);
    if (code != EB_OK) {
        return code;
    }
    state->buf = malloc(EB_PLAN_STEP_MAX_BYTES);
    state->reads = malloc((state->map.unit_count * EB_FILLS_MAX + 1) * sizeof(*state->reads));
    return state->buf != NULL && state->reads != NULL
               ? EB_OK
               : eb_err_set(err, EB_ERR_INTERNAL, "no memory to read into");
}

void eb_read_state_free(eb_read_state_t *state)
{
    if (state != NULL) {
        eb_fs_close(&state->earlier.fd);
        free(state->buf);
        free(state->reads);
        state->buf = NULL;
        state->reads = NULL;
        eb_verified_map_free(&state->map);
    }
}

void eb_read_state_progress(eb_read_state_t *state, uint64_t done)
{
    done = done < state->range.size ? done : state->range.size;
    state->shown_bytes = done > state->shown_bytes ? done : state->shown_bytes;
    eb_event_progress(state->ev, EB_PHASE_READ, state->shown_bytes, state->range.size);
}

eb_code_t eb_read_state_bytes(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                              eb_err_t *err)
{
    const eb_read_state_t *state = user;

    return eb_fs_pread(state->part->fd, state->part->part_path, bytes, size,
                       addr - state->range.addr, err);
}

eb_code_t eb_read_state_verified(eb_read_state_t *state, eb_range_t range, eb_origin_t origin,
                                 const uint8_t *bytes, eb_err_t *err)
{
    eb_code_t code = eb_partial_file_write(state->part, range.addr, bytes, range.size, err);

    if (code != EB_OK) {
        return code;
    }
    eb_verified_map_set(&state->map, range, origin);
    eb_read_state_progress(state, state->map.verified_bytes);
    /* The journal lists the resumed ranges already. */
    return origin == EB_ORIGIN_RESUMED ? EB_OK
                                       : eb_journal_add(&state->part->journal, range, origin, err);
}

void eb_read_state_keep(eb_read_state_t *state, eb_range_t range)
{
    eb_range_t open;

    for (uint64_t at = range.addr; at < eb_range_end(range); at = eb_range_end(open)) {
        if (!eb_verified_map_next_open(&state->map, at, &open)) {
            return;
        }
        eb_range_t part = eb_range_common(open, range);
        if (part.size > 0 &&
            eb_partial_file_write(state->part, part.addr, state->buf + (part.addr - range.addr),
                                  part.size, NULL) == EB_OK) {
            (void)eb_journal_add(&state->part->journal, part, EB_ORIGIN_NONE, NULL);
        }
    }
}
