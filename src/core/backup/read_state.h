/*
 * read_state.h: a range of flash on its way into a .part: what is verified, what is planned, and
 * the one place where bytes become verified.
 */
#ifndef EB_BACKUP_READ_STATE_H
#define EB_BACKUP_READ_STATE_H

#include "partial_file.h"
#include "range.h"
#include "read_plan.h"
#include "retry.h"
#include "verified_map.h"

#define EB_FILLS_MAX 4 /* of a range, because the disk may give back other bytes than it got */

/* A file that may hold the same bytes as the flash. */
typedef struct eb_candidate_file {
    int fd; /* -1: none; owned */
    char path[EB_PATH_BYTES];
    eb_range_t range; /* flash addresses of its bytes */
} eb_candidate_file_t;

/* A read that matches its digest, and so does its spot, by a request of its own. */
typedef struct eb_checked_read {
    eb_range_t range;
    eb_range_t spot; /* within it */
} eb_checked_read_t;

/* What a call was spent on. */
typedef enum eb_spent_on {
    EB_SPENT_READ,      /* reads that were verified */
    EB_SPENT_READ_LOST, /* reads that were not */
    EB_SPENT_WRONG,     /* digests that did not agree with a guess */
    EB_SPENT_SALVAGE,   /* digests of pieces of a damaged read */
    EB_SPENT_SPOT,      /* digests of a piece of what is good, at its address */
    EB_SPENT_GUESSED,   /* digests that matched a guess; one row an origin */
    EB_SPENT_COUNT = EB_SPENT_GUESSED + EB_ORIGIN_COUNT
} eb_spent_on_t;

typedef struct eb_read_state {
    /* filled by the caller after eb_read_state_init */
    eb_partial_file_t *part; /* byte 0 is flash address range.addr; borrowed */
    eb_candidate_file_t earlier;
    eb_read_plan_t plan;
    /* from here on its own */
    eb_session_t *session;
    const eb_events_t *ev;
    eb_range_t range;
    eb_retry_t retry;
    eb_verified_map_t map;
    eb_cost_t spent[EB_SPENT_COUNT];
    eb_checked_read_t *reads; /* while nothing is in doubt; one a unit and a fill at most; owned */
    size_t read_count;
    uint8_t *buf;                                       /* EB_PLAN_STEP_MAX_BYTES; owned */
    uint64_t shown_bytes;                               /* progress told so far; never goes back */
    uint8_t sha256[EB_SHA256_BYTES], md5[EB_MD5_BYTES]; /* of the whole .part, once it is done */
    bool board_erased; /* the board was erased after what the .part holds was read */
} eb_read_state_t;

/* Allocates; release with eb_read_state_free, on failure too. */
eb_code_t eb_read_state_init(eb_read_state_t *state, eb_session_t *session, const eb_events_t *ev,
                             eb_range_t range, eb_err_t *err);
void eb_read_state_free(eb_read_state_t *state); /* NULL is allowed */

/* Shows `done` bytes, but never fewer than before: received bytes may turn out damaged. */
void eb_read_state_progress(eb_read_state_t *state, uint64_t done);

/* Bytes of the .part by flash address; an eb_wanted_fn, user is the state. */
eb_code_t eb_read_state_bytes(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                              eb_err_t *err);

/* Write the bytes and count the range as verified. Those of an interrupted run are written again
 * too: after a failed sync memory may hold what the medium does not, and nothing tells. */
eb_code_t eb_read_state_verified(eb_read_state_t *state, eb_range_t range, eb_origin_t origin,
                                 const uint8_t *bytes, eb_err_t *err);

/* Bytes at the start of the buffer that came but could not be verified: keep them as a guess for
 * the next run. Best effort, because the error that ends this run is the one to tell. */
void eb_read_state_keep(eb_read_state_t *state, eb_range_t range);

#endif
