/*
 * event.h: what the core tells while it works, and how it learns that it shall stop.
 *
 * The core is silent: below src/cli there are only these calls and errors. All function pointers
 * may be NULL. They are called on the thread that called the operation, and must not block.
 */
#ifndef ESPBACKUP_EVENT_H
#define ESPBACKUP_EVENT_H

#include "espbackup/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum eb_level {
    EB_LEVEL_WARNING, /* shown unless --quiet */
    EB_LEVEL_NOTE,    /* shown unless --quiet */
    EB_LEVEL_DETAIL,  /* shown with --verbose */
    EB_LEVEL_TRACE    /* shown with --trace: every frame */
} eb_level_t;

typedef enum eb_phase {
    EB_PHASE_CONNECT, /* done/total count attempts; total 0 = until cancelled */
    EB_PHASE_STUB,
    EB_PHASE_CHECK, /* digests of what is already known */
    EB_PHASE_READ,
    EB_PHASE_ERASE,
    EB_PHASE_WRITE,
    EB_PHASE_VERIFY,
    EB_PHASE_HASH /* of a file on the disk */
} eb_phase_t;

/* Within one phase `done` runs from 0 to `total` and never back. Bytes, except for CONNECT. */
typedef struct eb_progress {
    eb_phase_t phase;
    uint64_t done;
    uint64_t total;
} eb_progress_t;

typedef struct eb_events {
    void *user;
    void (*note)(void *user, eb_level_t level, const char *text); /* text without newline */
    void (*progress)(void *user, const eb_progress_t *progress);
    bool (*cancelled)(void *user); /* polled at least every 100 ms; true ends the work */
    eb_level_t max_level;          /* notes above it are not made at all */
} eb_events_t;

/* Safe with ev == NULL and with NULL members. */
void eb_event_note(const eb_events_t *ev, eb_level_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void eb_event_progress(const eb_events_t *ev, eb_phase_t phase, uint64_t done, uint64_t total);
bool eb_event_cancelled(const eb_events_t *ev);
bool eb_event_wants(const eb_events_t *ev, eb_level_t level);
/* EB_ERR_CANCELLED in words if the work shall end. */
eb_code_t eb_event_check(const eb_events_t *ev, eb_err_t *err);

/* A part of a larger work: notes and cancel are those of `outer`, progress goes to `progress`. */
typedef struct eb_event_part {
    const eb_events_t *outer; /* NULL is allowed; borrowed */
    void *user;
    void (*progress)(void *user, const eb_progress_t *progress);
} eb_event_part_t;
eb_events_t eb_events_of_part(eb_event_part_t *part); /* borrows part */

#endif
