/*
 * sim_inflate.h: the deflate stream of FLASH_DEFL_DATA as ROM and stubs unpack it: into a 32 KB
 * window that is written out when it is full or the stream ends.
 */
#ifndef ESPSIM_SIM_INFLATE_H
#define ESPSIM_SIM_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

enum { SIM_INFLATE_WINDOW = 32768 };

typedef struct sim_inflate {
    z_stream stream;
    bool open, done;
    uint8_t window[SIM_INFLATE_WINDOW];
    size_t filled;
} sim_inflate_t;

/* Takes a filled window; false stops the stream. */
typedef bool (*sim_inflate_sink_fn)(void *context, const uint8_t *bytes, size_t count);

void sim_inflate_begin(sim_inflate_t *inflate);
/* One call of the decompressor: takes some of `*bytes`, may call the sink once. False: bad data or
 * the sink said no (then *sink_failed). */
bool sim_inflate_step(sim_inflate_t *inflate, const uint8_t **bytes, size_t *count,
                      sim_inflate_sink_fn sink, void *context, bool *sink_failed);
void sim_inflate_end(sim_inflate_t *inflate);

#endif
