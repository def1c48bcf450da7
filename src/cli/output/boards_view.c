#include "boards_view.h"

#include "clock.h"
#include "signals.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES  256
#define NAME_GAP    2
#define WIDTH_LEAST 20

static void hide(eb_boards_view_t *view)
{
    if (view->drawn > 0) {
        fprintf(view->console->term.file, "\r\033[%zuA\033[J", view->drawn);
    }
    view->drawn = 0;
}

static void print_line(eb_board_line_t *line, const char *before, const char *text)
{
    const eb_term_t *term = &line->view->console->term;
    char clean[EB_ERR_TEXT_BYTES];

    hide(line->view);
    eb_term_clean(text, 0, clean, sizeof(clean));
    fprintf(term->file, "%s: %s", line->name, before);
    eb_term_wrap(term->file, clean, (size_t)term->width, strlen(line->name) + 2 + strlen(before),
                 2);
    fflush(term->file);
}

static void on_note(void *user, eb_level_t level, const char *text)
{
    eb_board_line_t *line = user;
    eb_boards_view_t *view = line->view;
    bool said = false;

    pthread_mutex_lock(&view->lock);
    if (level == EB_LEVEL_NOTE) {
        said = strcmp(view->first_note, text) == 0;
        if (view->first_note[0] == '\0') {
            (void)snprintf(view->first_note, sizeof(view->first_note), "%.*s",
                           (int)sizeof(view->first_note) - 1, text);
        }
    }
    if (!said) {
        print_line(line, eb_note_label(level), text);
    }
    pthread_mutex_unlock(&view->lock);
}

static void on_progress(void *user, const eb_progress_t *progress)
{
    eb_board_line_t *line = user;

    pthread_mutex_lock(&line->view->lock);
    if (line->term.tty) {
        (void)eb_progress_record(&line->progress, progress, eb_clock_ms());
    } else if (!line->view->console->quiet) {
        eb_progress_update(&line->progress, progress, eb_clock_ms());
    }
    pthread_mutex_unlock(&line->view->lock);
}

static bool on_cancelled(void *user)
{
    (void)user;
    return eb_signals_caught() != 0;
}

void eb_boards_view_init(eb_boards_view_t *view, eb_console_t *console, eb_board_line_t *lines,
                         size_t count)
{
    *view = (eb_boards_view_t){.console = console, .lines = lines, .count = count};
    (void)pthread_mutex_init(&view->lock, NULL);
    for (size_t i = 0; i < count; i++) {
        int columns = (int)eb_term_columns(lines[i].name);
        if (columns > view->name_columns) {
            view->name_columns = columns;
        }
    }
    for (size_t i = 0; i < count; i++) {
        eb_board_line_t *line = &lines[i];
        line->view = view;
        line->term = console->term;
        if (line->term.width > 0) {
            line->term.width -= view->name_columns + NAME_GAP;
        }
        if (line->term.width < WIDTH_LEAST && line->term.tty) {
            line->term.width = WIDTH_LEAST;
        }
        line->last[0] = '\0';
        eb_progress_init(&line->progress, &line->term, NULL);
        line->progress.name = line->name;
        line->events = (eb_events_t){
            .user = line,
            .note = console->quiet ? NULL : on_note,
            .progress = on_progress,
            .cancelled = on_cancelled,
            .max_level = console->events.max_level,
        };
    }
}

void eb_boards_view_draw(eb_boards_view_t *view)
{
    FILE *file = view->console->term.file;

    pthread_mutex_lock(&view->lock);
    if (eb_signals_caught() != 0 && !view->told_stopping && !view->console->quiet) {
        hide(view);
        fprintf(file, "Stopping and restarting the boards\n");
        view->told_stopping = true;
    }
    if (view->console->term.tty && !view->console->quiet) {
        hide(view);
        for (size_t i = 0; i < view->count; i++) {
            const eb_board_line_t *line = &view->lines[i];
            char text[LINE_BYTES];

            if (line->last[0] != '\0') {
                eb_term_clean(line->last, (size_t)line->term.width - 1, text, sizeof(text));
            } else {
                eb_progress_text(&line->progress, eb_clock_ms(), text, sizeof(text));
            }
            fprintf(file, "%-*s%*s%s\n", view->name_columns, line->name, NAME_GAP, "", text);
        }
        view->drawn = view->count;
    }
    fflush(file);
    pthread_mutex_unlock(&view->lock);
}

void eb_board_line_end(eb_board_line_t *line, const char *text)
{
    pthread_mutex_lock(&line->view->lock);
    (void)snprintf(line->last, sizeof(line->last), "%s", text);
    if (!line->term.tty && !line->view->console->quiet) {
        print_line(line, "", text);
    }
    pthread_mutex_unlock(&line->view->lock);
}

void eb_boards_view_end(eb_boards_view_t *view)
{
    pthread_mutex_lock(&view->lock);
    hide(view);
    fflush(view->console->term.file);
    pthread_mutex_unlock(&view->lock);
    (void)pthread_mutex_destroy(&view->lock);
}
