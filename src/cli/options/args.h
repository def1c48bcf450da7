/*
 * args.h: the command line and the environment against the tables.
 *
 * Options stand before or after the command; `--opt value`, `--opt=value`, `-ovalue`, `-qv`; `--`
 * ends them. The last of two equal options counts, or all where the row says so. Errors are
 * EB_ERR_USAGE and name the value and what was expected.
 */
#ifndef EB_OPTIONS_ARGS_H
#define EB_OPTIONS_ARGS_H

#include "command.h"
#include "espbackup/err.h"
#include "option_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_ARGS_WORDS_MAX    2048
#define EB_ARGS_REPEATED_MAX 64

typedef struct eb_arg {
    bool set;
    bool from_env;
    const char *text; /* as given; borrowed from argv or the environment; NULL when not set */
    uint64_t number;  /* flag: 1; choice: its index; number and size: the value, 0 when not set */
} eb_arg_t;

/* One value of an option that may be given several times. */
typedef struct eb_repeated {
    eb_opt_t opt;
    const char *text; /* borrowed */
} eb_repeated_t;

typedef struct eb_args {
    const eb_command_t *command; /* NULL: none was named */
    eb_arg_t values[EB_OPT_COUNT];
    const char *words[EB_ARGS_WORDS_MAX]; /* what follows the command */
    size_t word_count;
    eb_repeated_t repeated[EB_ARGS_REPEATED_MAX]; /* in the order given */
    size_t repeated_count;
} eb_args_t;

/* argv[0] is skipped. *out is filled as far as parsing came, on failure too. */
eb_code_t eb_args_parse(eb_commands_t commands, int argc, char **argv, eb_args_t *out,
                        eb_err_t *err);

/* How a command line ends that is still being typed. */
typedef struct eb_args_end {
    eb_opt_t awaited; /* its value comes next; EB_OPT_COUNT: none does */
    bool only_words;  /* `--` ended the options */
} eb_args_end_t;

/* What stands there so far, whatever is wrong or missing; of the environment only the folder. */
void eb_args_parse_open(eb_commands_t commands, int argc, char **argv, eb_args_t *out,
                        eb_args_end_t *end);

/* The values of an option that repeats, in the order given; returns how many. */
size_t eb_arg_list(const eb_args_t *args, eb_opt_t opt, const char *out[EB_ARGS_REPEATED_MAX]);

/* The folder of backups: --dir, ESPBACKUP_DIR, or the default. */
const char *eb_arg_dir(const eb_args_t *args);

/* Whether `--json` stands somewhere before `--`: an error of parsing must be JSON too. */
bool eb_args_want_json(int argc, char **argv);

static inline bool eb_arg_flag(const eb_args_t *args, eb_opt_t opt)
{
    return args->values[opt].set;
}

static inline const char *eb_arg_text(const eb_args_t *args, eb_opt_t opt)
{
    return args->values[opt].text;
}

static inline uint64_t eb_arg_number(const eb_args_t *args, eb_opt_t opt)
{
    return args->values[opt].number;
}

#endif
