/* signals_posix.c: handlers that only touch a flag. */
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* The handler runs on any thread, and the threads of several boards ask. */
static atomic_int first_signal;
static _Atomic int64_t first_ms; /* when it came; 0: none has */

static void on_signal(int number)
{
    struct timespec now;
    int64_t now_ms, seen_ms = 0;

    clock_gettime(CLOCK_MONOTONIC, &now);
    now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
    if (atomic_compare_exchange_strong(&first_ms, &seen_ms, now_ms)) {
        atomic_store(&first_signal, number);
    } else if (now_ms - seen_ms >= EB_SIGNAL_GRACE_MS) {
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
    /* All that would end the program, and are no fault of it: any of them would leave the board in
     * download mode. */
    static const int numbers[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,   SIGXCPU,
                                  SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        watch(numbers[i]);
    }
    /* The write itself tells of a reader that went away, and of a file that may not grow. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

int eb_signals_caught(void)
{
    return atomic_load(&first_signal);
}

bool eb_signals_stopped(void)
{
    return eb_signals_caught() != 0;
}

void eb_signals_end_by_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}
