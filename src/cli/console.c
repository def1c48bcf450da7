/* console.c: events of the core to standard error. */
#include "console.h"

#include "clock.h"
#include "signals.h"

#include <stdarg.h>
#include <stdio.h>

#define NOTE_BYTES 2048

static void print_note(eb_console_t *console, eb_level_t level, const char *text)
{
    FILE *out = console->term.file;
    char clean[NOTE_BYTES];

    eb_progress_hide(&console->progress);
    eb_term_clean(text, 0, clean, sizeof(clean));
    switch (level) {
    case EB_LEVEL_WARNING:
        fprintf(out, "%swarning:%s %s\n", eb_term_style(&console->term, EB_STYLE_WARNING),
                eb_term_plain(&console->term), clean);
        break;
    case EB_LEVEL_NOTE:
        fprintf(out, "note: %s\n", clean);
        break;
    case EB_LEVEL_DETAIL:
    case EB_LEVEL_TRACE:
        fprintf(out, "%s\n", clean);
        break;
    }
    fflush(out);
}

static void on_note(void *user, eb_level_t level, const char *text)
{
    print_note(user, level, text);
}

static void on_progress(void *user, const eb_progress_t *progress)
{
    eb_console_t *console = user;

    if (!console->quiet)
        eb_progress_update(&console->progress, progress, eb_clock_ms());
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
        fprintf(console->term.file, "Stopping, and letting the board run again\n");
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

    if (console->quiet || level > console->events.max_level)
        return;
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
    FILE *out = console->term.file;
    const char *hint = eb_err_hint_text(err);
    char clean[NOTE_BYTES];

    eb_progress_end(&console->progress);
    eb_term_clean(err->message, 0, clean, sizeof(clean));
    fprintf(out, "%sespbackup:%s %s\n", eb_term_style(&console->term, EB_STYLE_ERROR),
            eb_term_plain(&console->term), clean);
    if (hint != NULL && hint[0] != '\0') {
        eb_term_clean(hint, 0, clean, sizeof(clean));
        fprintf(out, "  hint: %s\n", clean);
    }
    fflush(out);
}
