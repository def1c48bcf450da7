/* child_posix.c: a process, and what it prints, line by line. */
#include "child.h"
#include "child_lines.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICE_MS 100
#define GRACE_MS 1000

extern char **environ; /* NOLINT(readability-redundant-declaration): macOS has it in no header */

/* macOS has no pipe2. Only one child is made at a time, so that none can inherit the pipe of
 * another. */
static bool make_pipe(int ends[2])
{
    return pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* What this program ignores, a child would ignore too. */
static int spawn(const eb_child_t *child, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failure;

    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)sigaddset(&defaults, SIGXFSZ);
    if ((failure = posix_spawn_file_actions_init(&actions)) != 0) {
        return failure;
    }
    if ((failure = posix_spawnattr_init(&attributes)) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return failure;
    }
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    if ((failure = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                    0)) == 0 &&
        (failure = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO)) == 0 &&
        (failure = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO)) == 0) {
        failure = posix_spawnp(pid, child->argv[0], &actions, &attributes,
                               (char *const *)(uintptr_t)child->argv, environ);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* Until the child closes its streams, which it does at its end at the latest. */
static eb_code_t follow(const eb_child_t *child, const eb_events_t *ev, int in, pid_t pid,
                        eb_err_t *err)
{
    struct pollfd ready = {.fd = in, .events = POLLIN};
    eb_child_lines_t lines = {.child = child};
    eb_code_t code = EB_OK;
    int64_t kill_ms = 0;
    char bytes[512];
    ssize_t n;

    for (;;) {
        if (code == EB_OK && (code = eb_event_check(ev, err)) != EB_OK) {
            (void)kill(pid, SIGTERM);
            kill_ms = eb_clock_ms() + GRACE_MS;
        }
        if (code != EB_OK && eb_clock_ms() >= kill_ms) {
            (void)kill(pid, SIGKILL);
        }
        if (poll(&ready, 1, SLICE_MS) <= 0) {
            continue;
        }
        n = read(in, bytes, sizeof(bytes));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            eb_child_end_line(&lines);
            return code;
        }
        eb_child_take_output(&lines, bytes, (size_t)n);
    }
}

eb_code_t eb_child_run(const eb_child_t *child, const eb_events_t *ev, int *status, eb_err_t *err)
{
    int ends[2], waited = 0;
    pid_t pid, ended;

    *status = 0;
    if (!make_pipe(ends)) {
        return eb_err_set_errno(err, EB_ERR_FILE_IO, errno, "cannot run %s", child->argv[0]);
    }
    const int failure = spawn(child, ends[1], &pid);
    (void)close(ends[1]);
    if (failure != 0) {
        (void)close(ends[0]);
        return eb_err_set_errno(err,
                                failure == ENOENT || failure == EACCES ? EB_ERR_FILE_ACCESS
                                                                       : EB_ERR_FILE_IO,
                                failure, "cannot run %s", child->argv[0]);
    }
    eb_code_t code = follow(child, ev, ends[0], pid, err);
    (void)close(ends[0]);
    do {
        ended = waitpid(pid, &waited, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended == pid && WIFEXITED(waited)) {
        *status = WEXITSTATUS(waited);
    } else {
        *status = 128 + (ended == pid ? WTERMSIG(waited) : 0);
    }
    return code;
}
