/*
 * option_table.h: every option of espbackup, one row each.
 *
 * The table is parser, usage line and help text at once; names are unique over all commands, so a
 * new option is an enum value, a row, and its place in the `options` of the commands that take it.
 */
#ifndef EB_OPTIONS_OPTION_TABLE_H
#define EB_OPTIONS_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum eb_opt {
    /* the board */
    EB_OPT_PORT,
    EB_OPT_BAUD,
    EB_OPT_CHIP,
    EB_OPT_BEFORE,
    EB_OPT_AFTER,
    EB_OPT_RESET_SEQUENCE,
    EB_OPT_LEAVE_SEQUENCE,
    EB_OPT_NO_STUB,
    EB_OPT_STUB,
    EB_OPT_SPI_CONNECTION,
    EB_OPT_CONNECT_ATTEMPTS,
    /* the folder */
    EB_OPT_DIR,
    /* output */
    EB_OPT_JSON,
    EB_OPT_QUIET,
    EB_OPT_VERBOSE,
    EB_OPT_TRACE,
    EB_OPT_TRACE_DATA,
    EB_OPT_COLOR,
    EB_OPT_YES,
    EB_OPT_HELP,
    EB_OPT_VERSION,
    EB_OPT_FAKE_TTY,
    /* of commands */
    EB_OPT_OFFSET,
    EB_OPT_SIZE,
    EB_OPT_OUTPUT,
    EB_OPT_FORCE,
    EB_OPT_NOTE,
    EB_OPT_SINCE,
    EB_OPT_FULL,
    EB_OPT_PARTITION_TABLE,
    EB_OPT_FLASH_SIZE,
    EB_OPT_CHECK,
    EB_OPT_MAC,
    EB_OPT_PROBE,
    EB_OPT_PARTITION,
    EB_OPT_ADDRESS,
    EB_OPT_DRY_RUN,
    EB_OPT_BACKUP_FIRST,
    EB_OPT_ERASE_ALL,
    EB_OPT_FLASH_MODE,
    EB_OPT_FLASH_FREQ,
    EB_OPT_FILE_ONLY,
    EB_OPT_ACTIVE_APP,
    EB_OPT_CRITICAL,
    EB_OPT_ALL,
    EB_OPT_FROM,
    EB_OPT_SCRATCH,
    EB_OPT_TIME,
    EB_OPT_MAX_SIZE,
    EB_OPT_DIRECTORY,
    EB_OPT_REVEAL,
    EB_OPT_CSV,
    EB_OPT_DEVICE,
    EB_OPT_NO_VERIFY,
    EB_OPT_SVG,
    EB_OPT_COUNT /* also ends a command's list */
} eb_opt_t;

typedef enum eb_opt_type {
    EB_OPT_TYPE_FLAG,
    EB_OPT_TYPE_TEXT,
    EB_OPT_TYPE_NUMBER, /* decimal or 0x */
    EB_OPT_TYPE_SIZE,   /* the same with K, KB, M, MB, G, GB; times 1024 */
    EB_OPT_TYPE_CHOICE  /* one of `choices`; `-` and `_` alike */
} eb_opt_type_t;

/* What a value is, so that a shell can complete it. Numbers and choices say so themselves. */
typedef enum eb_value_kind {
    EB_VALUE_NOT_SAID,
    EB_VALUE_FREE, /* nobody but the user knows it */
    EB_VALUE_FILE,
    EB_VALUE_FOLDER,
    EB_VALUE_PORT,
    EB_VALUE_CHIP,
    EB_VALUE_BACKUP,          /* a name in the folder of backups, or a path */
    EB_VALUE_BACKUP_OR_BOARD, /* the same, or the word "board" */
    EB_VALUE_PARTITION,
    EB_VALUE_COMMAND,
    EB_VALUE_SHELL
} eb_value_kind_t;

/* Which options go together in help, and which commands they matter to. */
typedef enum eb_opt_group {
    EB_OPT_GROUP_BOARD = 1,   /* global */
    EB_OPT_GROUP_STORE = 2,   /* global */
    EB_OPT_GROUP_GENERAL = 4, /* global */
    EB_OPT_GROUP_COMMAND = 8  /* only with the commands that list it */
} eb_opt_group_t;

#define EB_OPT_ENV_MAX 2

typedef struct eb_opt_row {
    const char *name; /* long name, without the dashes */
    char letter;      /* 0: none */
    eb_opt_type_t type;
    eb_opt_group_t group;
    const char *value_name;     /* "PORT"; NULL for flags */
    const char *help;           /* a phrase */
    const char *const *choices; /* NULL-terminated; the index is the value */
    const char *zero_words[2];  /* of numbers: these words mean 0; NULL: none */
    eb_value_kind_t kind;       /* of text */
    const char *text_words[2];  /* of text: words that may stand there; NULL: none */
    uint64_t min, max;          /* of numbers, both included */
    const char *env[EB_OPT_ENV_MAX];
    bool repeats; /* given several times, all count; see eb_arg_list */
    bool hidden;  /* not in help: for tests */
} eb_opt_row_t;

const eb_opt_row_t *eb_opt_row(eb_opt_t opt);

/* By name, `-` and `_` alike; EB_OPT_COUNT when there is none. */
eb_opt_t eb_opt_find(const char *name, size_t len);
eb_opt_t eb_opt_find_letter(char letter);

/* Whether two names are equal when `_` is read as `-`; case counts. `a` has `len` bytes. */
bool eb_name_equal(const char *a, size_t len, const char *b);

#endif
