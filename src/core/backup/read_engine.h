/*
 * read_engine.h: the engine that fills a .part with the bytes of a range of flash, each of them
 * verified.
 *
 * One mechanism for all guesses: take candidate bytes, ask the chip for its digest of the range,
 * and where the two agree the range is settled. What no guess fits is read. A read proves its
 * bytes, and one more digest that they lie where they were asked for; what came of one that failed
 * is a candidate too, and is narrowed down by digests, so that only what is damaged is asked for
 * again. What may be of another address all the same is left to address_check.h. What an
 * interrupted run left is not written over when the board was erased since (erased_check.h).
 *
 * A byte counts as settled only if a digest of the chip over it matched in this run; on a chip
 * without digests, if two reads of it were equal (EB_ORIGIN_READ_TWICE).
 */
#ifndef EB_BACKUP_READ_ENGINE_H
#define EB_BACKUP_READ_ENGINE_H

#include "journal.h"
#include "range.h"
#include "read_plan.h"
#include "read_stats.h"
#include "retry.h"
#include "twin.h"
#include "verified_map.h"

/* A file that may hold the same bytes as the flash. */
typedef struct eb_candidate_file {
    int fd;           /* -1: none; borrowed */
    const char *path; /* borrowed */
    eb_range_t range; /* flash addresses of its bytes */
} eb_candidate_file_t;

typedef struct eb_read_engine {
    /* filled by the caller after eb_read_engine_init */
    int part_fd;           /* byte 0 is flash address range.addr; borrowed */
    const char *part_path; /* borrowed */
    eb_journal_t *journal; /* borrowed */
    eb_candidate_file_t prior;
    eb_read_plan_t plan;
    /* from here on its own */
    eb_session_t *session;
    const eb_events_t *ev;
    eb_range_t range;
    eb_retry_t retry;
    eb_verified_map_t map;
    eb_read_stats_t stats;
    eb_twin_reads_t reads; /* verified to lie there by a spot alone; all, while no fault shows */
    uint8_t *buf;          /* EB_PLAN_STEP_MAX_BYTES; owned */
    uint64_t shown_bytes;  /* progress told so far; never goes back */
    uint64_t step_addr;    /* of the read in flight */
    bool has_digest;
    bool board_erased; /* the board was erased after what the .part holds was read */
} eb_read_engine_t;

/* Allocates; what was allocated is freed with eb_read_engine_free, on failure too. */
eb_code_t eb_read_engine_init(eb_read_engine_t *engine, eb_session_t *session,
                              const eb_events_t *ev, eb_range_t range, eb_err_t *err);
void eb_read_engine_free(eb_read_engine_t *engine); /* NULL is allowed */

/*
 * Settle all of the range. Blocks as long as that takes, honours cancel. On failure the cover says
 * what is settled; what was received without proof is in the .part and in the journal.
 * EB_ERR_UNVERIFIED with `wiped` set: the board was erased, and the .part holds what was on it.
 */
eb_code_t eb_read_engine_run(eb_read_engine_t *engine, eb_err_t *err);

#endif
