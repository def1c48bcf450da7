/* question.h: a question that a person answers on the terminal. */
#ifndef EB_TERM_QUESTION_H
#define EB_TERM_QUESTION_H

#include <stdbool.h>
#include <stdio.h>

typedef enum eb_answer {
    EB_ANSWER_NO, /* anything but yes, and the end of the input */
    EB_ANSWER_YES,
    EB_ANSWER_STOPPED /* Ctrl-C */
} eb_answer_t;

/* Whether somebody can see a question and answer it: standard input and error are terminals. */
bool eb_question_possible(void);

/*
 * "TEXT [y/N] " on `out`, one line from the descriptor `in`. What was typed before it was asked
 * does not count. Blocks until there is an answer; stopped: polled, true ends the waiting.
 */
eb_answer_t eb_question_ask(FILE *out, int in, const char *text, bool (*stopped)(void));

#endif
