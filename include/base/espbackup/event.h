/*
 * event.h: how the layers below cli report their work, and how they learn of a cancel.
 *
 * Below src/cli nothing is printed: there are only these calls and errors. Any function pointer may
 * be NULL. It is called on the thread of the operation, and must return at once.
 */
#ifndef ESPBACKUP_EVENT_H
#define ESPBACKUP_EVENT_H

#include "espbackup/err.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of how few people want to see them. */
typedef enum eb_level {
    EB_LEVEL_WARNING,   /* something is wrong, and the work continues */
    EB_LEVEL_NOTE,      /* a decision that a user may want to know */
    EB_LEVEL_DETAIL,    /* the single steps */
    EB_LEVEL_TRACE,     /* every frame and change of a line, without flash contents */
    EB_LEVEL_TRACE_DATA /* the contents too, which may be secret */
} eb_level_t;

typedef enum eb_phase {
    EB_PHASE_CONNECT, /* counts attempts; total 0: until cancelled */
    EB_PHASE_STUB,
    EB_PHASE_CHECK, /* MD5 of ranges whose bytes are known */
    EB_PHASE_READ,
    EB_PHASE_ERASE,
    EB_PHASE_WRITE,
    EB_PHASE_VERIFY,
    EB_PHASE_HASH /* of a file on the disk */
} eb_phase_t;

/* Within a phase `done` runs from 0 to `total` and never back. In bytes, except for CONNECT. */
typedef struct eb_progress {
    eb_phase_t phase;
    uint64_t done;
    uint64_t total;
} eb_progress_t;

typedef struct eb_events {
    void *user;
    /* `text` has no newline and up to 1023 bytes, and lives during the call only. */
    void (*note)(void *user, eb_level_t level, const char *text);
    void (*progress)(void *user, const eb_progress_t *progress);
    /* Asked at least every 100 ms while an operation waits. Once true it stays true: the operation
     * ends with EB_ERR_CANCELLED, and then the board is left as the session's options say. */
    bool (*cancelled)(void *user);
    eb_level_t max_level; /* notes above it are not made */
} eb_events_t;

/* These accept ev == NULL and NULL members, and do not block. A note that is too long is cut. */
void eb_event_note(const eb_events_t *ev, eb_level_t level, const char *format, ...)
    EB_PRINTF(3, 4);
void eb_event_progress(const eb_events_t *ev, eb_phase_t phase, uint64_t done, uint64_t total);
/* Whether the operation must end; false without a `cancelled`. */
bool eb_event_cancelled(const eb_events_t *ev);
/* Whether a note of that level is shown, so that a costly text is worth making. */
bool eb_event_wants(const eb_events_t *ev, eb_level_t level);
/* EB_ERR_CANCELLED in words if the operation must end, else EB_OK. */
eb_code_t eb_event_check(const eb_events_t *ev, eb_err_t *err);

/* A part of a larger work: notes and cancel are those of `outer`, progress goes to `progress`. */
typedef struct eb_event_part {
    const eb_events_t *outer; /* borrowed; NULL is allowed */
    void *user;
    void (*progress)(void *user, const eb_progress_t *progress);
} eb_event_part_t;
/* Events that lead to `part`, which is borrowed as long as they are used. */
eb_events_t eb_events_of_part(eb_event_part_t *part);

#endif
