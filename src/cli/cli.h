/* cli.h: one run of the program, from the command line to the exit status. */
#ifndef EB_CLI_CLI_H
#define EB_CLI_CLI_H

#include "args.h"
#include "console.h"
#include "json.h"
#include "term.h"

typedef struct eb_cli {
    eb_commands_t commands; /* all of them, for help */
    eb_args_t args;
    eb_term_t out;        /* standard output: the result, nothing else */
    eb_console_t console; /* standard error: the rest */
    eb_json_t *json;      /* with --json: the object that is printed at the end; NULL otherwise */
} eb_cli_t;

/* Returns the exit status of docs/exit-codes.md. */
int eb_cli_main(int argc, char **argv);

#endif
