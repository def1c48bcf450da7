/* signals_win32.c: what Windows tells a program of the console. */
#include "platform_headers_win32.h"
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

/* Windows calls the handler on a thread of its own. */
static atomic_int first_signal;
static _Atomic int64_t first_ms; /* when it came; 0: none has */

static BOOL WINAPI on_event(DWORD event)
{
    const int64_t now_ms = (int64_t)GetTickCount64() + 1;
    int64_t seen_ms = 0;
    const bool is_last =
        event == CTRL_CLOSE_EVENT || event == CTRL_LOGOFF_EVENT || event == CTRL_SHUTDOWN_EVENT;

    if (atomic_compare_exchange_strong(&first_ms, &seen_ms, now_ms)) {
        atomic_store(&first_signal, is_last ? SIGTERM : SIGINT);
    } else if (!is_last && now_ms - seen_ms >= EB_SIGNAL_GRACE_MS) {
        return FALSE; /* the next handler ends the program */
    }
    if (is_last) {
        /* Windows ends the program when this returns; the work ends before. */
        Sleep(EB_SIGNAL_GRACE_MS);
    }
    return TRUE;
}

void eb_signals_install(void)
{
    (void)SetConsoleCtrlHandler(on_event, TRUE);
}

int eb_signals_caught(void)
{
    return atomic_load(&first_signal);
}

bool eb_signals_stopped(void)
{
    return eb_signals_caught() != 0;
}

/* Windows has no such signal: the program ends without a word. */
void eb_signals_end_by_pipe(void)
{
    ExitProcess(1);
}
