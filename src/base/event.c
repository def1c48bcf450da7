#include "espbackup/event.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define NOTE_BYTES 1024

bool eb_event_wants(const eb_events_t *ev, eb_level_t level)
{
    return ev != NULL && ev->note != NULL && level <= ev->max_level;
}

void eb_event_note(const eb_events_t *ev, eb_level_t level, const char *format, ...)
{
    char text[NOTE_BYTES];
    va_list args;

    if (!eb_event_wants(ev, level)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ev->note(ev->user, level, text);
}

void eb_event_progress(const eb_events_t *ev, eb_phase_t phase, uint64_t done, uint64_t total)
{
    const eb_progress_t progress = {.phase = phase, .done = done, .total = total};

    if (ev != NULL && ev->progress != NULL) {
        ev->progress(ev->user, &progress);
    }
}

bool eb_event_cancelled(const eb_events_t *ev)
{
    return ev != NULL && ev->cancelled != NULL && ev->cancelled(ev->user);
}

eb_code_t eb_event_check(const eb_events_t *ev, eb_err_t *err)
{
    return eb_event_cancelled(ev) ? eb_err_set(err, EB_ERR_CANCELLED, "cancelled") : EB_OK;
}

static void part_note(void *user, eb_level_t level, const char *text)
{
    const eb_event_part_t *part = user;

    eb_event_note(part->outer, level, "%s", text);
}

static void part_progress(void *user, const eb_progress_t *progress)
{
    const eb_event_part_t *part = user;

    part->progress(part->user, progress);
}

static bool part_cancelled(void *user)
{
    const eb_event_part_t *part = user;

    return eb_event_cancelled(part->outer);
}

eb_events_t eb_events_of_part(eb_event_part_t *part)
{
    return (eb_events_t){part, part_note, part_progress, part_cancelled,
                         part->outer != NULL ? part->outer->max_level : EB_LEVEL_WARNING};
}
