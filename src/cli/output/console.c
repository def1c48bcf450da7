/* console.c: events of the core to standard error. */
#include "console.h"

#include "clock.h"
#include "hints.h"
#include "signals.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOTE_BYTES 2048

/* On a terminal lines break between words; elsewhere one message is one line, for grep. */
static void print_message(const eb_term_t *term, const char *style, const char *label,
                          const char *text, size_t indent)
{
    char clean[NOTE_BYTES];

    eb_term_clean(text, 0, clean, sizeof(clean));
    fprintf(term->file, "%s%s%s", style, label, style[0] != '\0' ? eb_term_plain(term) : "");
    eb_term_wrap(term->file, clean, (size_t)term->width, strlen(label), indent);
    fflush(term->file);
}

const char *eb_note_label(eb_level_t level)
{
    switch (level) {
    case EB_LEVEL_WARNING:
        return "warning: ";
    case EB_LEVEL_NOTE:
        return "note: ";
    case EB_LEVEL_DETAIL:
    case EB_LEVEL_TRACE:
    case EB_LEVEL_TRACE_DATA:
        break;
    }
    return "";
}

/* Several parts of one job may say the same: show it once. */
static bool is_repeated(eb_console_t *console, eb_level_t level, const char *text)
{
    if (level > EB_LEVEL_NOTE) {
        return false;
    }
    if (strcmp(console->last_note, text) == 0) {
        return true;
    }
    snprintf(console->last_note, sizeof(console->last_note), "%.*s",
             (int)sizeof(console->last_note) - 1, text);
    return false;
}

static void print_note(eb_console_t *console, eb_level_t level, const char *text)
{
    const eb_term_t *term = &console->term;

    if (is_repeated(console, level, text)) {
        return;
    }
    eb_progress_hide(&console->progress);
    print_message(term, level == EB_LEVEL_WARNING ? eb_term_style(term, EB_STYLE_WARNING) : "",
                  eb_note_label(level), text, 2);
}

static void on_note(void *user, eb_level_t level, const char *text)
{
    print_note(user, level, text);
}

static void on_progress(void *user, const eb_progress_t *progress)
{
    eb_console_t *console = user;

    if (!console->quiet) {
        eb_progress_update(&console->progress, progress, eb_clock_ms());
    }
}

static bool on_cancelled(void *user)
{
    eb_console_t *console = user;

    if (eb_signals_caught() == 0) {
        eb_progress_tick(&console->progress, eb_clock_ms());
        return false;
    }
    if (!console->told_stopping && !console->quiet) {
        eb_progress_end(&console->progress);
        fprintf(console->term.file, "Stopping and restarting the board\n");
        fflush(console->term.file);
    }
    console->told_stopping = true;
    return true;
}

void eb_console_init(eb_console_t *console, const eb_term_t *term, bool quiet, eb_level_t level)
{
    *console = (eb_console_t){.term = *term, .quiet = quiet};
    eb_progress_init(&console->progress, &console->term, NULL);
    console->events = (eb_events_t){
        .user = console,
        .note = quiet ? NULL : on_note,
        .progress = on_progress,
        .cancelled = on_cancelled,
        .max_level = quiet ? EB_LEVEL_WARNING : level,
    };
}

void eb_console_connecting(eb_console_t *console, const char *where)
{
    const eb_progress_t start = {.phase = EB_PHASE_CONNECT};

    console->progress.where = where;
    on_progress(console, &start);
}

void eb_console_note(eb_console_t *console, eb_level_t level, const char *format, ...)
{
    char text[NOTE_BYTES];
    va_list args;

    if (console->quiet || level > console->events.max_level) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    print_note(console, level, text);
}

void eb_console_end(eb_console_t *console)
{
    eb_progress_end(&console->progress);
}

void eb_console_error(eb_console_t *console, const eb_err_t *err)
{
    const eb_term_t *term = &console->term;
    char hint[EB_HINT_BYTES];

    eb_hint(err, hint);
    eb_progress_end(&console->progress);
    print_message(term, eb_term_style(term, EB_STYLE_ERROR), "espbackup: ", err->message, 2);
    if (hint[0] != '\0') {
        print_message(term, "", "  hint: ", hint, 8);
    }
}
