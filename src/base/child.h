/* child.h: running another program of this computer. */
#ifndef EB_BASE_CHILD_H
#define EB_BASE_CHILD_H

#include "espbackup/err.h"
#include "espbackup/event.h"

typedef struct eb_child {
    const char *const *argv; /* ended by NULL; a name without a slash is looked for in PATH */
    /* A line that it printed on either stream, or a state of one that it draws again with CR.
     * Without the end; longer ones are cut. */
    void (*line)(void *user, const char *text);
    void *user;
} eb_child_t;

/*
 * Start it, without input, and wait for its end. *status: its exit status, or 128 and the number of
 * the signal that ended it. It is in a process group of its own, so Ctrl-C does not reach it.
 *
 * EB_ERR_CANCELLED: it was ended, by SIGTERM or a second later by SIGKILL. EB_ERR_FILE_ACCESS with
 * os_errno ENOENT: there is no such program. EB_ERR_FILE_IO: no pipe, no process.
 */
eb_code_t eb_child_run(const eb_child_t *child, const eb_events_t *ev, int *status, eb_err_t *err);

#endif
