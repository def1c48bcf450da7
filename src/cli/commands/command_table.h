/*
 * command_table.h: what a command is. A new command is a cmd_*.c with its const entry, and a row in
 * command_table.c; parsing, usage, help and errors follow from the entry.
 */
#ifndef EB_COMMANDS_COMMAND_TABLE_H
#define EB_COMMANDS_COMMAND_TABLE_H

#include "espbackup/err.h"
#include "option_table.h"

#include <stdbool.h>
#include <stddef.h>

struct eb_cli;

/* Help of an option in a command where it has a meaning of its own. */
typedef struct eb_opt_words {
    eb_opt_t opt;
    const char *help;
} eb_opt_words_t;

typedef struct eb_command {
    const char *name;
    const char *summary;         /* a phrase, for the list of commands */
    const char *args;            /* words of the usage line: "[COMMAND]", "" */
    size_t min_args, max_args;   /* words it takes */
    const char *about;           /* paragraphs for its help; blank line between */
    const eb_opt_t *options;     /* its own, ended by EB_OPT_COUNT */
    const eb_opt_words_t *words; /* instead of the rows' help; ended by EB_OPT_COUNT; NULL: none */
    unsigned groups;             /* eb_opt_group_t bits: global options that matter to it */
    const char *example;         /* lines for its help; NULL: none */
    bool goes_on;                /* when it was stopped, the next run takes it up */
    /* Do it: the result to cli->out, or into cli->json when that is not NULL. */
    eb_code_t (*run)(struct eb_cli *cli, eb_err_t *err);
} eb_command_t;

/* NULL at the end of the table, in the order of help. */
const eb_command_t *eb_command_at(size_t index);

/* `-` and `_` alike; NULL when there is none. */
const eb_command_t *eb_command_find(const char *name);

/* Whether opt is global or one of the command's own. */
bool eb_command_takes(const eb_command_t *command, eb_opt_t opt);

extern const eb_command_t eb_cmd_backup;
extern const eb_command_t eb_cmd_backup_partition;
extern const eb_command_t eb_cmd_chip_info;
extern const eb_command_t eb_cmd_diff;
extern const eb_command_t eb_cmd_erase;
extern const eb_command_t eb_cmd_flash_info;
extern const eb_command_t eb_cmd_help;
extern const eb_command_t eb_cmd_list;
extern const eb_command_t eb_cmd_ports;
extern const eb_command_t eb_cmd_restore;
extern const eb_command_t eb_cmd_verify;
extern const eb_command_t eb_cmd_version;

#endif
