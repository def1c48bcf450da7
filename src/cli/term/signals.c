/* signals.c: handlers that only touch a flag. */
#include "signals.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t first_signal;
static struct timespec first_time; /* written once, in the handler, before first_signal */

static void on_signal(int number)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (first_signal == 0) {
        first_time = now;
        first_signal = number;
        return;
    }
    int64_t ms = ((int64_t)now.tv_sec - first_time.tv_sec) * 1000 +
                 (now.tv_nsec - first_time.tv_nsec) / 1000000;
    if (ms >= EB_SIGNAL_GRACE_MS) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void watch(int number)
{
    struct sigaction action;
    struct sigaction old;

    /* What the parent chose to ignore (nohup) stays ignored. */
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN) {
        return;
    }
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void eb_signals_install(void)
{
    watch(SIGINT);
    watch(SIGTERM);
    watch(SIGHUP);
    /* A reader that went away must not kill us with the board still in download mode. */
    signal(SIGPIPE, SIG_IGN);
}

int eb_signals_caught(void)
{
    return first_signal;
}

bool eb_signals_stopped(void)
{
    return first_signal != 0;
}

void eb_signals_end_by_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}
