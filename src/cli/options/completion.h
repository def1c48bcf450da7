/*
 * completion.h: what may stand at the cursor of a command line that is still being typed, and the
 * candidates that the tables of commands and options have for it.
 */
#ifndef EB_OPTIONS_COMPLETION_H
#define EB_OPTIONS_COMPLETION_H

#include "args.h"

#include <stdio.h>

/* A candidate is a line. Scripts take it as it is, because shells are slow with many of them. */
typedef enum eb_completion_format {
    EB_COMPLETION_DESCRIBED, /* word, and a tab and its description if there is one */
    EB_COMPLETION_WORDS,
    EB_COMPLETION_ESCAPED /* word, with a backslash before what a shell takes for its own */
} eb_completion_format_t;

typedef struct eb_completion {
    eb_commands_t commands;
    eb_args_t args;       /* what stands before the cursor's word */
    eb_value_kind_t kind; /* of the value at the cursor; EB_VALUE_NOT_SAID: the tables know all */
    const char *typed;    /* of that value */
    char prefix[48];      /* what its word has before the value: "--dir=", "-d", "" */
    eb_completion_format_t format;
    size_t kept; /* bytes of the word that the shell does not replace, and does not want again */
    FILE *out;
    size_t offered;
} eb_completion_t;

/* argv: the program, the words before the cursor, and so much of the cursor's word as is typed.
 * Finds out what it is, and offers what the tables have. commands, format, kept and out are set. */
void eb_completion_start(eb_completion_t *c, int argc, char **argv);

/* Offer a value, if it begins with what is typed. */
void eb_completion_offer(eb_completion_t *c, const char *value, const char *description);

#endif
