/*
 * progress.h: progress drawn on a terminal, or told now and then in plain lines.
 *
 * On a terminal one line is redrawn in place, at most 8 times a second. Elsewhere a long phase
 * gives a line when it starts, and then one for every 10 % or 10 s, at most one a second. Time
 * comes in as a parameter, so that tests own the clock.
 */
#ifndef EB_OUTPUT_PROGRESS_H
#define EB_OUTPUT_PROGRESS_H

#include "espbackup/event.h"
#include "term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_PROGRESS_SAMPLES 16

typedef struct eb_progress_view {
    const eb_term_t *term;
    const char *where; /* what it connects to: "/dev/ttyUSB0"; borrowed */
    const char *name;  /* said before each plain line: which of many; NULL: nothing; borrowed */
    bool active;       /* there is a phase to show */
    bool drawn;        /* a line stands on the terminal */
    eb_progress_t now;
    int64_t last_draw_ms;
    unsigned last_percent; /* of the last plain line */
    unsigned frame;        /* of the sign of life */
    /* Where the work was at the last moments, for the rate: a ring. */
    struct {
        int64_t ms;
        uint64_t done;
    } samples[EB_PROGRESS_SAMPLES];
    unsigned sample_count;
} eb_progress_view_t;

void eb_progress_init(eb_progress_view_t *view, const eb_term_t *term, const char *where);
void eb_progress_update(eb_progress_view_t *view, const eb_progress_t *progress, int64_t now_ms);
/* Only take it in: for a view that is drawn by others. True: a phase begins. */
bool eb_progress_record(eb_progress_view_t *view, const eb_progress_t *progress, int64_t now_ms);
/* The line as it would be drawn, within the width of the terminal. */
void eb_progress_text(const eb_progress_view_t *view, int64_t now_ms, char *out, size_t cap);
/* Time passed without news: keeps the line alive. */
void eb_progress_tick(eb_progress_view_t *view, int64_t now_ms);
/* Take the line off the terminal, before other output; the next update draws it again. */
void eb_progress_hide(eb_progress_view_t *view);
/* The work is over. */
void eb_progress_end(eb_progress_view_t *view);

/* Bytes per second over the last seconds; 0 while not known. */
double eb_progress_rate(const eb_progress_view_t *view, int64_t now_ms);

#endif
