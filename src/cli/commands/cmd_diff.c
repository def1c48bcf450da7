/* cmd_diff.c: `espbackup diff A B`. */
#include "board.h"
#include "command_table.h"
#include "find.h"
#include "map_output.h"
#include "number_parse.h"
#include "paths.h"
#include "render_json.h"
#include "render_text.h"

#include <stdio.h>
#include <string.h>

/* The word that stands for the board; a file of that name is "./board". */
static const char *side_of(const char *word)
{
    return strcmp(word, "board") == 0 ? NULL : word;
}

static eb_code_t check_files(const eb_diff_options_t *options, eb_err_t *err)
{
    const char *const sides[] = {options->a, options->b};
    char path[EB_PATH_BYTES];
    eb_code_t code = EB_OK;

    if (options->a == NULL && options->b == NULL) {
        return eb_err_set(err, EB_ERR_USAGE, "A and B are both the board: expected an image");
    }
    for (size_t i = 0; i < 2 && code == EB_OK; i++) {
        if (sides[i] != NULL) {
            code = eb_find_backup(options->dir, sides[i], path, err);
        }
    }
    return code;
}

/* The parser has seen that they are numbers. */
static eb_code_t fill_addresses(const eb_args_t *args, eb_diff_options_t *options, eb_err_t *err)
{
    const char *texts[EB_ARGS_REPEATED_MAX];
    uint64_t value;

    options->address_count = eb_arg_list(args, EB_OPT_ADDRESS, texts);
    if (options->address_count > 2) {
        return eb_err_set(err, EB_ERR_USAGE, "--address given %zu times: A and B are two images",
                          options->address_count);
    }
    for (size_t i = 0; i < options->address_count; i++) {
        (void)eb_number_parse(texts[i], true, &value);
        options->addresses[i] = (uint32_t)value;
    }
    return EB_OK;
}

static eb_code_t render(eb_cli_t *cli, const eb_session_t *session, const eb_diff_result_t *result,
                        eb_err_t *err)
{
    const eb_chip_info_t *board = session != NULL ? eb_session_chip(session) : NULL;
    bool good;

    if (cli->json == NULL) {
        good = eb_text_diff(&cli->out, board, result, eb_arg_flag(&cli->args, EB_OPT_VERBOSE));
    } else {
        good = eb_json_diff(cli->json, result);
        if (board != NULL) {
            eb_json_chip(cli->json, board);
        }
    }
    return good ? EB_OK : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the result");
}

/* Where nothing differs, a terminal has enough of one line. */
static eb_code_t put_map(eb_cli_t *cli, const eb_diff_result_t *result, eb_err_t *err)
{
    const char *a = eb_path_file_name(result->a_path), *b = eb_path_file_name(result->b_path);
    char title[2 * EB_PATH_BYTES + 16];

    if (result->count == 0 && eb_arg_text(&cli->args, EB_OPT_SVG) == NULL) {
        return EB_OK;
    }
    snprintf(title, sizeof(title), "%s and %s", a[0] != '\0' ? a : "the board",
             b[0] != '\0' ? b : "the board");
    return eb_map_put(cli, &result->map, title, err);
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_session_t *session = NULL;
    eb_diff_result_t result = {0};
    eb_diff_options_t options = {
        .a = side_of(cli->args.words[0]),
        .b = side_of(cli->args.words[1]),
        .dir = eb_arg_dir(&cli->args),
        .map = eb_map_wanted(cli),
    };

    eb_code_t code = fill_addresses(&cli->args, &options, err);
    if (code == EB_OK) {
        code = eb_map_check(&cli->args, err);
    }
    if (code == EB_OK) {
        code = check_files(&options, err);
    }
    if (code == EB_OK && (options.a == NULL || options.b == NULL)) {
        code = eb_board_open(cli, &session, err);
    }
    if (code == EB_OK) {
        code = eb_op_diff(session, &options, &cli->console.events, &result, err);
    }
    eb_console_end(&cli->console);
    if (code == EB_OK || code == EB_ERR_DIFFERENT) {
        eb_err_t trouble = {0};
        if (render(cli, session, &result, &trouble) != EB_OK ||
            put_map(cli, &result, &trouble) != EB_OK) {
            *err = trouble;
            code = trouble.code;
        }
    }
    eb_board_close(cli, session);
    eb_diff_result_free(&result);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_ADDRESS, EB_OPT_FLASH_SIZE, EB_OPT_SVG, EB_OPT_FORCE, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_ADDRESS, "flash address of the image without a sidecar (default: 0); if neither has "
                     "one, give it twice, first for A, then for B"},
    {EB_OPT_FORCE, EB_MAP_FORCE_HELP},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_diff = {
    .name = "diff",
    .summary = "compare two images, or an image and the board",
    .args = "A B",
    .min_args = 2,
    .max_args = 2,
    .arg_kinds = {EB_VALUE_BACKUP_OR_BOARD, EB_VALUE_BACKUP_OR_BOARD},
    .about = "Compares two images, or an image and the board. A and B are "
             "paths, names from 'espbackup list', 'latest', or 'board'. The "
             "result shows the differences by partition, the keys of NVS that "
             "differ, and with -v each range. On a terminal a map follows: the "
             "partitions to scale, and what differs. The exit status is 3 if "
             "anything differs. Nothing on the board changes.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup diff esp32_backup_20261120_090000 latest\n"
               "  espbackup diff latest board\n"
               "  espbackup diff merged.bin board --address 0x1000\n",
    .run = run,
};
