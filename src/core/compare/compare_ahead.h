/*
 * compare_ahead.h: whether to look before a sector is written. Pure: no I/O, no clock.
 *
 * A digest ahead pays where it saves a write. On a board that holds something else it saves none,
 * so after a run of sectors that all differed the next ones are written without looking; then one
 * sector is looked at, and while it differs too the skip double in size. A board of which little
 * differs is asked about everything: it is written where it differs and nowhere else. Some sectors
 * spread over all of it, which all differ, tell sooner that it holds something else.
 */
#ifndef EB_COMPARE_COMPARE_AHEAD_H
#define EB_COMPARE_COMPARE_AHEAD_H

#include "link_speed.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct eb_compare_ahead {
    /* filled by the caller */
    bool allowed;      /* false: everything is asked */
    bool expects_same; /* it was written: what differs is a fault */
    bool is_other;     /* sectors spread over all of it differ; until one is found that does not */
    uint64_t total_bytes;  /* that are to be as wanted */
    eb_link_speed_t speed; /* read_s_per_byte: what a byte on the line takes */
    /* results */
    uint64_t skipped_bytes; /* taken for different without looking */
    eb_cost_t digest_cost;
    /* from here on its own */
    uint64_t same_bytes, old_bytes; /* that were asked about */
    uint32_t run_bytes;             /* that differ, or were skipped, just before; of one range */
} eb_compare_ahead_t;

/* The board was asked about the next bytes; or (eb_compare_ahead_skipped) it was not. */
void eb_compare_ahead_compared(eb_compare_ahead_t *ahead, uint32_t size, bool equal);
void eb_compare_ahead_skipped(eb_compare_ahead_t *ahead, uint32_t size);

/* How many bytes not to ask about from here on, whole sectors, at most 256 KiB; 0: ask. blank: they
 * shall be erased only, which is sooner done. */
uint32_t eb_compare_ahead_skip_bytes(const eb_compare_ahead_t *ahead, bool blank);

#endif
