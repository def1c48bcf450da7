/*
 * read_plan.h: what to do next so that a range of flash is verified soonest. Pure: no I/O, no
 * clock.
 *
 * A digest of the chip verifies every byte. The plan chooses where the bytes come from: over the
 * wire, or from a guess (erased; an earlier backup; an interrupted run) that the digest confirms or
 * refutes. A guess is tried where the time that it saves, times how likely it is, is more than the
 * time of its digest. How likely it is depends on the bytes just before: flash is used and blank,
 * modified and unchanged, in runs. So a refuted guess is followed by reads that double in size
 * until one ends in bytes as guessed, and a run of good guesses that ends is halved down to the
 * sector where it ends.
 *
 * Use: eb_read_plan_init, fill guesses and speed, then eb_read_plan_next and one outcome in turn.
 */
#ifndef EB_BACKUP_READ_PLAN_H
#define EB_BACKUP_READ_PLAN_H

#include "link_speed.h"
#include "range.h"
#include "read_regions.h"
#include "verified_map.h"

/* Largest read and largest range guessed at once: what one buffer of the caller holds. */
#define EB_PLAN_STEP_MAX_BYTES (512u * 1024u)

/* Where bytes come from that are as guessed, in the order in which guesses are tried. */
#define EB_PLAN_GUESSES 3
extern const eb_origin_t eb_plan_guesses[EB_PLAN_GUESSES];

typedef struct eb_read_plan_step {
    eb_origin_t guess; /* EB_ORIGIN_NONE: a read */
    eb_range_t range;  /* size at most EB_PLAN_STEP_MAX_BYTES */
} eb_read_plan_step_t;

/* Whether the bytes just before an address were as guessed. */
typedef enum eb_edge { EB_EDGE_UNKNOWN, EB_EDGE_YES, EB_EDGE_NO } eb_edge_t;

typedef struct eb_read_plan_guess {
    uint32_t size;       /* bytes to try at once */
    uint64_t not_before; /* refuted up to this address */
    uint64_t edge_addr;
    eb_edge_t edge; /* holds at edge_addr only */
} eb_read_plan_guess_t;

typedef struct eb_read_plan {
    bool only_resumed; /* no guess but the bytes of an interrupted run */
    eb_link_speed_t speed;
    eb_range_t earlier; /* where an earlier backup has bytes; size 0: none */
    const eb_verified_map_t
        *resumable; /* ranges that an interrupted run read; NULL: none; borrowed */
    eb_regions_t regions;
    /* from here on its own */
    eb_read_plan_guess_t guesses[EB_ORIGIN_COUNT];
    uint64_t high;        /* below it what is open was tried and failed: only read it */
    uint32_t chunk_bytes; /* what the line bears in one read */
    uint32_t dense_bytes; /* what to read before it is looked whether a guess fits again */
    eb_origin_t search_guess;
    eb_range_t search; /* a guess is known to be wrong somewhere in it; size 0: none */
} eb_read_plan_t;

/* One region, erased as likely as not; no earlier backup, nothing to resume. */
void eb_read_plan_init(eb_read_plan_t *plan, eb_range_t range);

/* What to do next; false: all of the map is verified. */
bool eb_read_plan_next(eb_read_plan_t *plan, const eb_verified_map_t *map,
                       eb_read_plan_step_t *step);

/* Outcomes of the step that eb_read_plan_next gave last. Steps that did not come about (a digest
 * that was lost on the line) have no outcome: ask again. */
void eb_read_plan_guessed(eb_read_plan_t *plan, const eb_read_plan_step_t *step, bool right);
/* The read was verified; as_erased, as_earlier: whether its last bytes equal that guess. */
void eb_read_plan_was_read(eb_read_plan_t *plan, const eb_read_plan_step_t *step, bool as_erased,
                           bool as_earlier);
/* The read failed after `received` bytes. */
void eb_read_plan_read_failed(eb_read_plan_t *plan, const eb_read_plan_step_t *step,
                              uint32_t received);

#endif
