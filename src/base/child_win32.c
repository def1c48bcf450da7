/* child_win32.c: child.h for Windows. */
#include "child.h"
#include "child_lines.h"
#include "clock.h"
#include "platform_headers_win32.h"
#include "platform_path_win32.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_MS     1000
#define KILLED       (128 + 9) /* as SIGKILL */
#define LINE_MAX_LEN 32767     /* of Windows */

/* A word as programs of Windows read it: in quotes, with each quote, and the backslashes before
 * one, behind a backslash. */
static size_t add_word(char *line, size_t at, const char *word)
{
    size_t backslashes = 0;

    line[at++] = '"';
    for (; *word != '\0'; word++) {
        backslashes = *word == '\\' ? backslashes + 1 : 0;
        if (*word == '"') {
            memset(line + at, '\\', backslashes + 1);
            at += backslashes + 1;
        }
        line[at++] = *word;
    }
    memset(line + at, '\\', backslashes);
    at += backslashes;
    line[at++] = '"';
    line[at++] = ' ';
    return at;
}

/* NULL: no memory, or longer than Windows takes. free(). */
static wchar_t *command_line(const char *const *argv)
{
    size_t room = 1, at = 0;

    for (size_t i = 0; argv[i] != NULL; i++) {
        room += 2 * strlen(argv[i]) + 4;
    }
    char *line = room < LINE_MAX_LEN ? calloc(room, 1) : NULL;
    for (size_t i = 0; line != NULL && argv[i] != NULL; i++) {
        at = add_word(line, at, argv[i]);
    }
    wchar_t *wide = line != NULL ? eb_win32_wide(line) : NULL;
    free(line);
    return wide;
}

/* Both streams into `out`. 0, or a code of Windows. */
static DWORD spawn(const eb_child_t *child, HANDLE out, PROCESS_INFORMATION *process)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    HANDLE in = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                            OPEN_EXISTING, 0, NULL);
    STARTUPINFOW start = {.cb = sizeof(start),
                          .dwFlags = STARTF_USESTDHANDLES,
                          .hStdInput = in,
                          .hStdOutput = out,
                          .hStdError = out};
    wchar_t *line = command_line(child->argv);
    DWORD code = line != NULL ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;

    if (line != NULL && !CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NEW_PROCESS_GROUP,
                                        NULL, NULL, &start, process)) {
        code = GetLastError();
    }
    free(line);
    (void)CloseHandle(in);
    return code;
}

/* Until the child closes its streams, which it does at its end at the latest. */
static eb_code_t follow(const eb_child_t *child, const eb_events_t *ev, HANDLE in,
                        const PROCESS_INFORMATION *process, eb_err_t *err)
{
    eb_child_lines_t lines = {.child = child};
    eb_code_t code = EB_OK;
    int64_t kill_ms = 0;
    char bytes[512];
    DWORD n;

    for (;;) {
        if (code == EB_OK && (code = eb_event_check(ev, err)) != EB_OK) {
            (void)GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, process->dwProcessId);
            kill_ms = eb_clock_ms() + GRACE_MS;
        }
        if (code != EB_OK && eb_clock_ms() >= kill_ms) {
            (void)TerminateProcess(process->hProcess, KILLED);
        }
        if (PeekNamedPipe(in, NULL, 0, NULL, &n, NULL) && n == 0) {
            eb_sleep_ms(10);
            continue;
        }
        if (!ReadFile(in, bytes, sizeof(bytes), &n, NULL) || n == 0) {
            eb_child_end_line(&lines);
            return code;
        }
        eb_child_take_output(&lines, bytes, n);
    }
}

eb_code_t eb_child_run(const eb_child_t *child, const eb_events_t *ev, int *status, eb_err_t *err)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    PROCESS_INFORMATION process;
    HANDLE in, out;
    DWORD ended = KILLED;

    *status = 0;
    if (!CreatePipe(&in, &out, &inherited, 0)) {
        return eb_err_set_errno(err, EB_ERR_FILE_IO, EMFILE, "cannot run %s", child->argv[0]);
    }
    (void)SetHandleInformation(in, HANDLE_FLAG_INHERIT, 0);
    const DWORD failure = spawn(child, out, &process);
    (void)CloseHandle(out);
    if (failure != ERROR_SUCCESS) {
        const bool none = failure == ERROR_FILE_NOT_FOUND || failure == ERROR_PATH_NOT_FOUND;
        (void)CloseHandle(in);
        return eb_err_set_errno(err, none ? EB_ERR_FILE_ACCESS : EB_ERR_FILE_IO,
                                none ? ENOENT : EIO, "cannot run %s", child->argv[0]);
    }
    const eb_code_t code = follow(child, ev, in, &process, err);
    (void)CloseHandle(in);
    (void)WaitForSingleObject(process.hProcess, INFINITE);
    (void)GetExitCodeProcess(process.hProcess, &ended);
    *status = (int)ended;
    (void)CloseHandle(process.hThread);
    (void)CloseHandle(process.hProcess);
    return code;
}
