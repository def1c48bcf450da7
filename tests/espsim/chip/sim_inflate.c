/*
 * sim_inflate.c: see sim_inflate.h.
 */
#include "sim_inflate.h"

#include <string.h>

void sim_inflate_begin(sim_inflate_t *state)
{
    sim_inflate_end(state);
    memset(&state->stream, 0, sizeof(state->stream));
    state->open = inflateInit(&state->stream) == Z_OK;
    state->done = false;
    state->filled = 0;
}

bool sim_inflate_step(sim_inflate_t *state, const uint8_t **bytes, size_t *count,
                      sim_inflate_sink_fn sink, void *context, bool *sink_failed)
{
    z_stream *z = &state->stream;
    *sink_failed = false;
    if (!state->open) {
        return false;
    }
    z->next_in = (Bytef *)(uintptr_t)*bytes;
    z->avail_in = (uInt)*count;
    z->next_out = state->window + state->filled;
    z->avail_out = (uInt)(SIM_INFLATE_WINDOW - state->filled);
    int result = inflate(z, Z_NO_FLUSH);
    state->filled = SIM_INFLATE_WINDOW - z->avail_out;
    *bytes += *count - z->avail_in;
    *count = z->avail_in;
    if (result == Z_STREAM_END) {
        state->done = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return false;
    }
    if (state->done || state->filled == SIM_INFLATE_WINDOW) {
        size_t filled = state->filled;
        state->filled = 0;
        if (!sink(context, state->window, filled)) {
            *sink_failed = true;
            return false;
        }
    }
    return true;
}

void sim_inflate_end(sim_inflate_t *state)
{
    if (state->open) {
        inflateEnd(&state->stream);
        state->open = false;
    }
}
