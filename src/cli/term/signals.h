/*
 * signals.h: Ctrl-C, SIGTERM and the other signals that end a program, as a flag that the work
 * polls.
 *
 * The first signal asks the work to stop: it leaves its .part and lets the board run again, within
 * a second. More signals are ignored for a while, so that a nervous second Ctrl-C does not cut that
 * short; after EB_SIGNAL_GRACE_MS the next one ends the program at once (what is on the disk is
 * safe at any moment).
 */
#ifndef EB_TERM_SIGNALS_H
#define EB_TERM_SIGNALS_H

#include <stdbool.h>

#define EB_SIGNAL_GRACE_MS 3000

void eb_signals_install(void);

/* The signal that came first, 0: none. From any thread. */
int eb_signals_caught(void);
bool eb_signals_stopped(void);

/* End the program as SIGPIPE ends other tools, when the reader of its output is gone. */
void eb_signals_end_by_pipe(void);

#endif
