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
