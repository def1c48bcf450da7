/*
 * command.h: what a command is, for parsing, usage, help and errors. The list of the commands comes
 * as a parameter (commands/command_table.h), so that this folder knows none of them.
 */
#ifndef EB_OPTIONS_COMMAND_H
#define EB_OPTIONS_COMMAND_H

#include "espbackup/err.h"
#include "option_table.h"

#include <stdbool.h>
#include <stddef.h>

struct eb_cli;

/* Help of an option in a command where it has a meaning of its own. */
typedef struct eb_opt_help {
    eb_opt_t opt;
    const char *help;
} eb_opt_help_t;

/* In an example: a serial port, as this system names them. */
#define EB_EXAMPLE_PORT "{port}"

typedef struct eb_command {
    const char *name;              /* "erase"; of a command of a group: "image pack" */
    const char *summary;           /* a phrase, for the list of commands */
    const char *args;              /* words of the usage line: "[COMMAND]", "" */
    size_t min_args, max_args;     /* words it takes */
    eb_value_kind_t arg_kinds[2];  /* of the first word, and of the others */
    const char *about;             /* paragraphs for its help; blank line between */
    const eb_opt_t *options;       /* its own, ended by EB_OPT_COUNT */
    const eb_opt_help_t *own_help; /* instead of the rows' help; ended by EB_OPT_COUNT; or NULL */
    unsigned groups;               /* eb_opt_group_t bits: global options that matter to it */
    const char *example;           /* lines for its help; NULL: none */
    bool resumes;                  /* the next run resumes a stopped one */
    bool many_ports;               /* --port may be given several times */
    /* Do it: the result to cli->out, or into cli->json when that is not NULL. NULL: a group, whose
     * commands begin with its name. */
    eb_code_t (*run)(struct eb_cli *cli, eb_err_t *err);
} eb_command_t;

/* All commands in the order of help, ended by NULL. */
typedef const eb_command_t *const *eb_commands_t;

/* `-` and `_` alike; NULL when there is none. */
const eb_command_t *eb_command_find(eb_commands_t commands, const char *name);

/* Whether a command is one of a group, or, with NULL, of none. */
bool eb_command_is_under(const eb_command_t *command, const eb_command_t *group);

/* Whether opt is global or one of the command's own. */
bool eb_command_takes(const eb_command_t *command, eb_opt_t opt);
/* Whether opt matters to the command: it is one of its own, or of its groups. Without a command,
 * NULL, each global option may matter. */
bool eb_command_uses(const eb_command_t *command, eb_opt_t opt);

/* What the command says of the option itself, or what its row says. */
const char *eb_command_option_help(const eb_command_t *command, eb_opt_t opt);

#endif
