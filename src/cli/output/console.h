/*
 * console.h: everything but the result: progress, notes, warnings and errors, on standard error.
 */
#ifndef EB_OUTPUT_CONSOLE_H
#define EB_OUTPUT_CONSOLE_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "progress.h"
#include "term.h"

#include <stdbool.h>

typedef struct eb_console {
    eb_term_t term;
    bool quiet;
    bool told_stopping;
    char last_note[EB_ERR_TEXT_BYTES]; /* a note equal to the one before is left out */
    eb_progress_view_t progress;
    eb_events_t events; /* to hand to operations; user is the console, which must not move */
} eb_console_t;

/* "warning: ", "note: " or nothing: what stands before a note. */
const char *eb_note_label(eb_level_t level);

/* file: standard error. level: the most talkative notes to show. */
void eb_console_init(eb_console_t *console, const eb_term_t *term, bool quiet, eb_level_t level);

/* Say at once that something starts: before the first event comes. where may be NULL; borrowed. */
void eb_console_connecting(eb_console_t *console, const char *where);

void eb_console_note(eb_console_t *console, eb_level_t level, const char *format, ...)
    EB_PRINTF(3, 4);

/* Progress is over: nothing of it stays on the terminal. */
void eb_console_end(eb_console_t *console);

/* "espbackup: what failed" and "  hint: what to do". Shown with --quiet too. */
void eb_console_error(eb_console_t *console, const eb_err_t *err);

#endif
