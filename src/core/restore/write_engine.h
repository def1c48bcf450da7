/*
 * write_engine.h: the engine that changes the flash of a board and keeps the truth about it.
 *
 * A function gives the wanted bytes. First eb_write_engine_compare finds the differing sectors by
 * digests, and changes nothing. Then eb_write_engine_run erases and writes those sectors and no
 * others, and verifies each by a digest of the chip. At every moment `spans` holds the state of
 * each sector; only a digest makes a sector SAME or NEW.
 */
#ifndef EB_RESTORE_WRITE_ENGINE_H
#define EB_RESTORE_WRITE_ENGINE_H

#include "flash_compare.h"
#include "neighbour_check.h"
#include "range.h"
#include "retry.h"

/* Most that is written or erased at once: the stub is idle between two writes. */
#define EB_WRITE_STEP_BYTES (1024u * 1024u)

/* A bit for each block of 4 GiB. */
#define EB_MIXED_BYTES (65536u / 8)

/* Progress of one phase, in bytes. */
typedef struct eb_write_phase {
    bool started;
    uint64_t total;
    uint64_t finished; /* for good */
    uint64_t shown;    /* never goes back */
} eb_write_phase_t;

typedef struct eb_write_engine {
    /* filled by the caller after eb_write_engine_init */
    eb_wanted_fn wanted; /* from eb_write_engine_init on: all shall be erased */
    void *wanted_user;
    const eb_range_t
        *areas;        /* in the order of the work; together they cover the ranges; borrowed */
    size_t area_count; /* 0: by address */
    bool may_skip; /* what differs all over need not be asked sector by sector: compare_ahead.h */
    /* results */
    eb_spans_t spans; /* whole sectors; moved out by the caller, or freed by eb_write_engine_free */
    bool changed;     /* at least one sector was touched */
    bool verified; /* all of spans is SAME or NEW, and was so after the last reset of the board */
    uint64_t bytes_written;   /* acknowledged; those of a second attempt too */
    uint64_t wire_bytes;      /* payload sent for them */
    eb_compare_ahead_t ahead; /* of eb_write_engine_compare; skipped_bytes: of OLD */
    /* from here on its own */
    eb_session_t *session;
    const eb_events_t *ev;
    eb_retry_t retry;
    uint8_t *buf;                   /* EB_WRITE_STEP_BYTES; owned */
    uint32_t step_bytes;            /* what is tried at once; smaller after failures */
    eb_compare_ahead_t verify_cost; /* what was asked since; allows nothing */
    uint64_t bytes_erased;
    int64_t erase_us, write_us;
    uint8_t mixed[EB_MIXED_BYTES]; /* one bit a block of the flash; see write_steps.h */
    unsigned failures;             /* in a row at one rate, without a sector that became NEW */
    uint32_t slowdowns;            /* of the session, when failures were counted last */
    eb_neighbours_t neighbours;    /* set before the first change */
    bool doubted;                  /* a write went to a wrong address */
    uint32_t resets;               /* of the board, when the spans were verified last */
    eb_write_phase_t phases[EB_PHASE_HASH + 1];
} eb_write_engine_t;

/* Allocates; release with eb_write_engine_free, on failure too. */
eb_code_t eb_write_engine_init(eb_write_engine_t *engine, eb_session_t *session,
                               const eb_events_t *ev, eb_err_t *err);
void eb_write_engine_free(eb_write_engine_t *engine); /* NULL is allowed */

/*
 * Fill spans with SAME and OLD. Ranges are whole sectors, sorted, apart from each other.
 * EB_PHASE_CHECK over all of them. Errors are those of eb_flash_compare.
 */
eb_code_t eb_write_engine_compare(eb_write_engine_t *engine, const eb_range_t *ranges, size_t count,
                                  eb_err_t *err);

/*
 * Change what is OLD and verify it. EB_PHASE_ERASE, _WRITE and _VERIFY. Blocks as long as that
 * takes, honours cancel. On failure the touched spans are looked at again if the board can be
 * reached; once something was touched the error is EB_ERR_UNFINISHED, with the cause and the ranges
 * in its message, otherwise it is the cause itself.
 */
eb_code_t eb_write_engine_run(eb_write_engine_t *engine, eb_err_t *err);

#endif
