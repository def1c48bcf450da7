/* question.c: only a whole "y" or "yes" is a yes. */
#include "question.h"

#include "standard_streams.h"

#include <strings.h>

#define POLL_MS    100
#define LINE_BYTES 64

bool eb_question_possible(void)
{
    return eb_streams_is_terminal(stdin) && eb_streams_is_terminal(stderr);
}

/* A byte, or false: the input ended or somebody stopped us. */
static bool next_byte(int in, char *byte, bool (*stopped)(void), eb_answer_t *why)
{
    *why = EB_ANSWER_NO;
    for (;;) {
        if (stopped != NULL && stopped()) {
            *why = EB_ANSWER_STOPPED;
            return false;
        }
        const eb_input_t input = eb_streams_read_byte(in, POLL_MS, byte);
        if (input != EB_INPUT_NOTHING) {
            return input == EB_INPUT_BYTE;
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

    eb_streams_forget_input(in);
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
