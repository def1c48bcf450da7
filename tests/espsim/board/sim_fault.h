/*
 * sim_fault.h: what goes wrong on a serial line, on purpose and repeatably.
 *
 * Byte faults have a probability per byte; events happen after a number of bytes. Each direction
 * has its own random stream, so that the same seed and the same bytes give the same faults whatever
 * the timing. Not thread-safe: only the board's I/O thread calls these.
 */
#ifndef ESPSIM_SIM_FAULT_H
#define ESPSIM_SIM_FAULT_H

#include "sim_rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_FAULT_EVENTS_MAX 32
#define SIM_FAULT_OUT_MAX    3 /* a byte may become itself, its double and a stranger */

typedef enum sim_dir { SIM_TO_HOST, SIM_TO_CHIP, SIM_DIR_COUNT } sim_dir_t;

typedef enum sim_event {
    SIM_EVENT_NONE,
    SIM_EVENT_RESET,    /* the chip resets (brown-out, watchdog); strap as it is then */
    SIM_EVENT_UNPLUG,   /* the USB plug is pulled: link closed, chip without power */
    SIM_EVENT_HANGUP,   /* only the link closes; the chip keeps running */
    SIM_EVENT_DEAF,     /* the driver stops reading until the port is opened again */
    SIM_EVENT_INTERRUPT /* nothing on the board: somebody presses Ctrl-C where the command runs */
} sim_event_t;

typedef struct sim_fault_event {
    sim_event_t kind;
    uint64_t from, to; /* at a byte count in [from, to]; drawn when the faults start */
    uint64_t every;    /* > 0: again and again, this many bytes apart in the mean */
    uint64_t next;     /* 0 = used up */
} sim_fault_event_t;

typedef struct sim_fault_counts {
    uint64_t flips, drops, dups, inserts, stalls, resets, unplugs, hangups;
} sim_fault_counts_t;

typedef struct sim_fault {
    /* options */
    double flip, drop, dup, insert, stall;
    uint64_t stall_ms;
    bool dir[SIM_DIR_COUNT];
    uint64_t after, max;
    uint64_t above; /* byte faults only at a baud rate above this; 0: at any */
    uint64_t seed;
    sim_fault_event_t events[SIM_FAULT_EVENTS_MAX];
    size_t event_count;
    /* state */
    uint64_t baud; /* of the line now, for `above` */
    sim_rng_t rng[SIM_DIR_COUNT], event_rng;
    uint64_t seen[SIM_DIR_COUNT]; /* bytes of each direction */
    uint64_t event_seen;          /* bytes of the directions that have faults, past `after` */
    uint64_t done;                /* faults made, for `max` */
    sim_fault_counts_t counts[SIM_DIR_COUNT];
} sim_fault_t;

/* What became of one byte. */
typedef struct sim_fault_result {
    uint8_t out[SIM_FAULT_OUT_MAX];
    size_t count;
    uint64_t stall_ms; /* > 0: hold the line this long before `out` */
    sim_event_t event; /* happens after `out` */
} sim_fault_result_t;

void sim_fault_init(sim_fault_t *f);
/* "flip=1e-5,drop=1e-6,reset@5000,unplug@100-900,reset-every=1M"; false and words in `why`. */
bool sim_fault_parse(sim_fault_t *f, const char *text, char *why, size_t why_size);
/* After all options are set: draw the first events. */
void sim_fault_start(sim_fault_t *f);
bool sim_fault_active(const sim_fault_t *f);
void sim_fault_byte(sim_fault_t *f, sim_dir_t dir, uint8_t byte, sim_fault_result_t *result);
const char *sim_event_name(sim_event_t event);

#endif
