/* streams_posix.c: standard_streams.h for Linux, macOS and the BSDs. */
#include "standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

void eb_streams_arguments(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
}

/* A file that is opened takes the lowest number that is free, and what is said would go into it. A
 * stream that was closed stays one that cannot be read or written. */
bool eb_streams_hold(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            return false;
        }
    }
    return true;
}

/* A limit of 1 byte is less than any dump, and the one limit that Linux keeps for dumps that go to
 * a program: 0 it does not. */
void eb_streams_forbid_dumps(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max >= 1) {
        limit.rlim_cur = 1;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
}

bool eb_streams_is_terminal(FILE *file)
{
    const int fd = fileno(file);

    return fd >= 0 && isatty(fd) == 1;
}

int eb_streams_columns(FILE *file)
{
    struct winsize size;

    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* What the C library asks, in its order; "de_DE.UTF-8", "C.utf8". */
bool eb_streams_show_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            const char *set = strrchr(value, '.');
            return set != NULL &&
                   (strncasecmp(set, ".utf-8", 6) == 0 || strncasecmp(set, ".utf8", 5) == 0);
        }
    }
    return false;
}

/* Why an earlier write failed is forgotten, but the next one fails in the same way. */
int eb_streams_write_failure(FILE *file, int os_errno)
{
    if (os_errno != 0) {
        return os_errno;
    }
    return write(fileno(file), "\n", 1) == 1 ? EIO : errno;
}

bool eb_streams_open_text(eb_text_stream_t *stream)
{
    *stream = (eb_text_stream_t){.text = NULL};
    stream->file = open_memstream(&stream->text, &stream->len);
    return stream->file != NULL;
}

char *eb_streams_close_text(eb_text_stream_t *stream)
{
    if (fclose(stream->file) != 0) {
        free(stream->text);
        stream->text = NULL;
    }
    return stream->text;
}

/* With select, because poll of macOS does not know terminals. */
eb_input_t eb_streams_read_byte(int in, int wait_ms, char *byte)
{
    struct timeval left = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    fd_set set;

    if (in < 0 || in >= FD_SETSIZE) {
        return EB_INPUT_END;
    }
    FD_ZERO(&set);
    FD_SET(in, &set);
    const int ready = select(in + 1, &set, NULL, NULL, &left);

    if (ready <= 0) {
        return ready == 0 || errno == EINTR ? EB_INPUT_NOTHING : EB_INPUT_END;
    }
    const ssize_t n = read(in, byte, 1);
    if (n == 1) {
        return EB_INPUT_BYTE;
    }
    return n < 0 && errno == EINTR ? EB_INPUT_NOTHING : EB_INPUT_END;
}

/* It fails where there is no terminal: nothing to forget there. */
void eb_streams_forget_input(int in)
{
    (void)tcflush(in, TCIFLUSH);
}
