/*
 * boards_view.h: what several boards at work have to say, on one standard error: on a terminal a
 * block of lines redrawn in place, one a board; elsewhere lines that begin with the port.
 *
 * Each board has its own thread and its own events; eb_boards_view_draw belongs to the thread that
 * waits for them.
 */
#ifndef EB_OUTPUT_BOARDS_VIEW_H
#define EB_OUTPUT_BOARDS_VIEW_H

#include "console.h"

#include <pthread.h>

typedef struct eb_boards_view eb_boards_view_t;

typedef struct eb_board_line {
    eb_boards_view_t *view;
    const char *name; /* the port; borrowed */
    eb_term_t term;   /* narrower by the name */
    eb_progress_view_t progress;
    eb_events_t
        events; /* for the operations on this board; user is the line, which must not move */
    char last[EB_ERR_TEXT_BYTES]; /* how it ended; empty: at work */
} eb_board_line_t;

struct eb_boards_view {
    eb_console_t *console;  /* borrowed */
    eb_board_line_t *lines; /* borrowed */
    size_t count;
    pthread_mutex_t lock;
    size_t drawn; /* lines that stand on the terminal */
    int name_columns;
    bool told_stopping;
    char first_note[EB_ERR_TEXT_BYTES]; /* what all boards say first is said once */
};

/* The lines' names must be set. */
void eb_boards_view_init(eb_boards_view_t *view, eb_console_t *console, eb_board_line_t *lines,
                         size_t count);
/* Draw what is new; a few times a second. */
void eb_boards_view_draw(eb_boards_view_t *view);
/* A board is finished: `text` stays in its line; off a terminal it is told at once. */
void eb_board_line_end(eb_board_line_t *line, const char *text);
/* All are: nothing of it stays on the terminal. */
void eb_boards_view_end(eb_boards_view_t *view);

#endif
