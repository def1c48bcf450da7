/* cmd_show.c: `espbackup show BACKUP [PARTITION]`. */
#include "board.h"
#include "command_table.h"
#include "find.h"
#include "map_output.h"
#include "paths.h"
#include "render_show.h"

#include <string.h>

static bool of_all(const eb_args_t *args)
{
    return args->word_count == 1 && !eb_arg_flag(args, EB_OPT_CSV);
}

/* "board" stands for it; a file of that name is "./board". */
static eb_code_t fill_options(const eb_cli_t *cli, eb_show_options_t *out, eb_err_t *err)
{
    const eb_args_t *args = &cli->args;
    char path[EB_PATH_BYTES];

    *out = (eb_show_options_t){
        .backup = strcmp(args->words[0], "board") == 0 ? NULL : args->words[0],
        .dir = eb_arg_dir(args),
        .has_address = args->values[EB_OPT_ADDRESS].set,
        .address = (uint32_t)eb_arg_number(args, EB_OPT_ADDRESS),
        .table_addr = (uint32_t)eb_arg_number(args, EB_OPT_PARTITION_TABLE),
        .partition = args->word_count > 1 ? args->words[1] : NULL,
        .map = of_all(args) && eb_map_wanted(cli),
    };
    if (eb_arg_flag(args, EB_OPT_CSV) && eb_arg_flag(args, EB_OPT_JSON)) {
        return eb_err_set(err, EB_ERR_USAGE, "--csv and --json cannot be used together");
    }
    if (eb_arg_text(args, EB_OPT_SVG) != NULL && !of_all(args)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "--svg is of a whole image or board, without PARTITION and --csv");
    }
    if (eb_map_check(args, err) != EB_OK) {
        return err->code;
    }
    if (out->backup != NULL) {
        return eb_find_backup(out->dir, out->backup, path, err);
    }
    return out->has_address ? eb_err_set(err, EB_ERR_USAGE, "--address needs an image") : EB_OK;
}

static eb_code_t render_csv(eb_cli_t *cli, const eb_show_result_t *result, bool reveal,
                            eb_err_t *err)
{
    const eb_content_t *content = &result->parts[0].content;

    if (result->count != 1 || content->kind != EB_CONTENT_NVS ||
        content->nvs.state != EB_NVS_READ) {
        eb_err_set(err, EB_ERR_USAGE, "--csv: %s is no NVS that can be read",
                   result->count != 1 ? "more than one partition" : result->parts[0].label);
        eb_err_hint(err, "name a partition that 'espbackup show' lists as NVS");
        return EB_ERR_USAGE;
    }
    return eb_csv_nvs(cli->out.file, content, reveal)
               ? EB_OK
               : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the result");
}

static eb_code_t render(eb_cli_t *cli, const eb_session_t *session, const eb_show_result_t *result,
                        eb_err_t *err)
{
    const eb_chip_info_t *board = session != NULL ? eb_session_chip(session) : NULL;
    bool reveal = eb_arg_flag(&cli->args, EB_OPT_REVEAL);
    bool details = cli->args.word_count > 1 || result->count == 1;
    bool good;

    if (eb_arg_flag(&cli->args, EB_OPT_CSV)) {
        return render_csv(cli, result, reveal, err);
    }
    if (cli->json == NULL) {
        good = eb_text_show(&cli->out, board, result, details, reveal);
    } else {
        good = eb_json_show(cli->json, result, details, reveal);
        if (board != NULL) {
            eb_json_chip(cli->json, board);
        }
    }
    return good ? EB_OK : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the result");
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_session_t *session = NULL;
    eb_show_options_t options;
    eb_show_result_t result = {0};

    eb_code_t code = fill_options(cli, &options, err);
    if (code == EB_OK && options.backup == NULL) {
        code = eb_board_open(cli, &session, err);
    }
    if (code == EB_OK) {
        code = eb_op_show(session, &options, &cli->console.events, &result, err);
    }
    eb_console_end(&cli->console);
    if (code == EB_OK) {
        code = render(cli, session, &result, err);
    }
    if (code == EB_OK && options.map) {
        const char *name = result.path[0] != '\0' ? eb_path_file_name(result.path)
                                                  : eb_session_chip(session)->name;
        code = eb_map_put(cli, &result.map, name, err);
    }
    eb_board_close(cli, session);
    eb_show_result_free(&result);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_REVEAL,     EB_OPT_CSV, EB_OPT_ADDRESS, EB_OPT_PARTITION_TABLE,
    EB_OPT_FLASH_SIZE, EB_OPT_SVG, EB_OPT_FORCE,   EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_FORCE, EB_MAP_FORCE_HELP},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_show = {
    .name = "show",
    .summary = "show what the partitions of an image or the board hold",
    .args = "BACKUP [PARTITION]",
    .min_args = 1,
    .max_args = 2,
    .arg_kinds = {EB_VALUE_BACKUP_OR_BOARD, EB_VALUE_PARTITION},
    .about = "Shows what lies in the partitions of an image or the board: the "
             "keys and values of NVS, OTA data, a core dump, and which file "
             "system. BACKUP is a path, a name from 'espbackup list', "
             "'latest', or 'board'. With PARTITION the result has all "
             "details of it. Passwords, keys, certificates and all blobs are "
             "hidden without --reveal. Without PARTITION a map follows on a "
             "terminal: the partitions to scale, and what is used or erased. "
             "Nothing on the board changes.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup show latest\n"
               "  espbackup show latest nvs\n"
               "  espbackup show board nvs --csv --reveal > nvs.csv\n",
    .run = run,
};
