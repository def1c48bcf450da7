/* streams_win32.c: standard_streams.h for Windows. Text is UTF-8, and lines end as elsewhere. */
#include "platform_headers_win32.h"
#include "platform_path_win32.h"
#include "standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

/* What the console had before. */
static UINT old_code_page;

static void restore_code_page(void)
{
    (void)SetConsoleOutputCP(old_code_page);
}

static HANDLE handle_of(FILE *file)
{
    return (HANDLE)_get_osfhandle(_fileno(file));
}

static void prepare_console(FILE *file)
{
    DWORD mode;

    (void)_setmode(_fileno(file), _O_BINARY);
    if (GetConsoleMode(handle_of(file), &mode)) {
        (void)SetConsoleMode(handle_of(file), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
        if (old_code_page == 0) {
            old_code_page = GetConsoleOutputCP();
            (void)SetConsoleOutputCP(CP_UTF8);
            (void)atexit(restore_code_page);
        }
    }
}

void eb_streams_arguments(int *argc, char ***argv)
{
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **utf8 = wide != NULL ? calloc((size_t)count + 1, sizeof(*utf8)) : NULL;

    bool has_memory = utf8 != NULL;
    for (int i = 0; has_memory && i < count; i++) {
        utf8[i] = eb_win32_utf8(wide[i]);
        has_memory = utf8[i] != NULL;
    }
    (void)LocalFree(wide);
    if (!has_memory) {
        free(utf8); /* they stay as the C library gave them */
    } else {
        *argc = count;
        *argv = utf8;
    }
}

bool eb_streams_hold(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (_get_osfhandle(fd) < 0 && _open("NUL", fd == 0 ? _O_WRONLY : _O_RDONLY) != fd) {
            return false;
        }
    }
    prepare_console(stdout);
    prepare_console(stderr);
    return true;
}

void eb_streams_forbid_dumps(void)
{
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
}

/* _isatty says yes of NUL too. */
bool eb_streams_is_terminal(FILE *file)
{
    DWORD mode;

    return GetConsoleMode(handle_of(file), &mode) != 0;
}

/* The console was asked for it. */
bool eb_streams_show_utf8(void)
{
    return GetConsoleOutputCP() == CP_UTF8;
}

int eb_streams_columns(FILE *file)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    return GetConsoleScreenBufferInfo(handle_of(file), &info)
               ? info.srWindow.Right - info.srWindow.Left + 1
               : 0;
}

/* Why an earlier write failed is forgotten, but the next one fails in the same way. */
int eb_streams_write_failure(FILE *file, int os_errno)
{
    if (os_errno == 0) {
        os_errno = _write(_fileno(file), "\n", 1) == 1 ? EIO : errno;
    }
    /* That is all the library says of a pipe that nobody reads. */
    return os_errno == EINVAL && GetFileType(handle_of(file)) == FILE_TYPE_PIPE ? EPIPE : os_errno;
}

/* A file that is gone when it is closed. */
bool eb_streams_open_text(eb_text_stream_t *stream)
{
    wchar_t folder[MAX_PATH + 1], name[MAX_PATH + 1];

    *stream = (eb_text_stream_t){.text = NULL};
    if (GetTempPathW(MAX_PATH, folder) != 0 && GetTempFileNameW(folder, L"esp", 0, name) != 0) {
        stream->file = _wfopen(name, L"w+bTD");
    }
    return stream->file != NULL;
}

char *eb_streams_close_text(eb_text_stream_t *stream)
{
    const long size = ferror(stream->file) == 0 ? ftell(stream->file) : -1;

    stream->text = size >= 0 ? calloc((size_t)size + 1, 1) : NULL;
    rewind(stream->file);
    if (stream->text != NULL) {
        stream->len = fread(stream->text, 1, (size_t)size, stream->file);
        if (stream->len != (size_t)size) {
            free(stream->text);
            stream->text = NULL;
        }
    }
    (void)fclose(stream->file);
    return stream->text;
}

/* What was read of a line, and not yet asked for. */
static char line[256];
static DWORD line_len, line_at;

/* A console gives a line when it is whole; Ctrl-C ends the read without one. It is read at once,
 * because the handle does not tell of a rest. */
static eb_input_t read_line(HANDLE input)
{
    line_at = line_len = 0;
    if (ReadFile(input, line, sizeof(line), &line_len, NULL) && line_len > 0) {
        return EB_INPUT_BYTE;
    }
    return GetLastError() == ERROR_OPERATION_ABORTED ? EB_INPUT_NOTHING : EB_INPUT_END;
}

eb_input_t eb_streams_read_byte(int in, int wait_ms, char *byte)
{
    HANDLE input = (HANDLE)_get_osfhandle(in);
    eb_input_t result = EB_INPUT_BYTE;
    DWORD waiting = 1;

    if (line_at == line_len) {
        if (GetFileType(input) == FILE_TYPE_PIPE) {
            if (!PeekNamedPipe(input, NULL, 0, NULL, &waiting, NULL)) {
                return EB_INPUT_END;
            }
            if (waiting == 0) {
                Sleep((DWORD)wait_ms);
                return EB_INPUT_NOTHING;
            }
        } else if (WaitForSingleObject(input, (DWORD)wait_ms) != WAIT_OBJECT_0) {
            return EB_INPUT_NOTHING;
        }
        result = read_line(input);
    }
    if (result == EB_INPUT_BYTE) {
        *byte = line[line_at++];
    }
    return result;
}

void eb_streams_forget_input(int in)
{
    line_at = line_len = 0;
    (void)FlushConsoleInputBuffer((HANDLE)_get_osfhandle(in));
}
