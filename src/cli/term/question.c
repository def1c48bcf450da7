/* question.c: only a whole "y" or "yes" is a yes. */
#include "question.h"

#include <errno.h>
#include <poll.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define POLL_MS    100
#define LINE_BYTES 64

bool eb_question_possible(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

/* A byte, or false: the input ended or somebody stopped us. */
static bool next_byte(int in, char *byte, bool (*stopped)(void), eb_answer_t *why)
{
    struct pollfd wait = {.fd = in, .events = POLLIN};

    *why = EB_ANSWER_NO;
    for (;;) {
        if (stopped != NULL && stopped()) {
            *why = EB_ANSWER_STOPPED;
            return false;
        }
        int ready = poll(&wait, 1, POLL_MS);
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        if (ready <= 0) {
            continue;
        }
        ssize_t n = read(in, byte, 1);
        if (n == 1) {
            return true;
        }
        if (n == 0 || errno != EINTR) {
            return false;
        }
    }
}

static eb_answer_t answer_of(char *line, size_t len)
{
    char *start = line;

    line[len] = '\0';
    while (*start == ' ') {
        start++;
    }
    for (char *end = line + len; end > start && (end[-1] == ' ' || end[-1] == '\r');) {
        *--end = '\0';
    }
    return strcasecmp(start, "y") == 0 || strcasecmp(start, "yes") == 0 ? EB_ANSWER_YES
                                                                        : EB_ANSWER_NO;
}

eb_answer_t eb_question_ask(FILE *out, int in, const char *text, bool (*stopped)(void))
{
    char line[LINE_BYTES];
    size_t len = 0;
    bool too_long = false;
    eb_answer_t why;
    char byte;

    (void)tcflush(in, TCIFLUSH); /* fails where there is no terminal: nothing to forget there */
    fprintf(out, "%s [y/N] ", text);
    fflush(out);
    while (next_byte(in, &byte, stopped, &why)) {
        if (byte == '\n') {
            return too_long ? EB_ANSWER_NO : answer_of(line, len);
        }
        if (len + 1 < sizeof(line)) {
            line[len++] = byte;
        } else {
            too_long = true;
        }
    }
    /* No newline came: the cursor still stands behind the question. */
    fputc('\n', out);
    fflush(out);
    return why;
}
