/* cmd_backup_partition.c: `espbackup backup-partition NAME...`. */
#include "board.h"
#include "command_table.h"
#include "find.h"
#include "number_parse.h"
#include "option_checks.h"
#include "paths.h"
#include "render_json.h"
#include "render_text.h"

#include <stdlib.h>

/* NAME ADDR SIZE: three words of which the last two are numbers. */
static bool is_range(const eb_args_t *args)
{
    uint64_t value;

    return args->word_count == 3 && eb_number_parse(args->words[1], true, &value) == EB_NUMBER_OK &&
           eb_number_parse(args->words[2], true, &value) == EB_NUMBER_OK;
}

static eb_code_t check_select(const eb_partition_select_t *select, eb_err_t *err)
{
    bool by_kind = select->active_app || select->critical || select->all;

    if (select->name_count == 0 && !by_kind) {
        eb_err_set(
            err, EB_ERR_USAGE,
            "no partition: expected NAME..., NAME ADDR SIZE, --active-app, --critical or --all");
        eb_err_hint(err, "'espbackup flash-info' shows the partitions of the board");
        return EB_ERR_USAGE;
    }
    if (select->has_range && by_kind) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "NAME ADDR SIZE cannot be used with --active-app, --critical or --all");
    }
    return EB_OK;
}

static eb_code_t fill_options(const eb_args_t *args, eb_partition_backup_options_t *out,
                              eb_err_t *err)
{
    bool range = is_range(args);

    *out = (eb_partition_backup_options_t){
        .select =
            {
                .names = args->words,
                .name_count = range ? 1 : args->word_count,
                .active_app = eb_arg_flag(args, EB_OPT_ACTIVE_APP),
                .critical = eb_arg_flag(args, EB_OPT_CRITICAL),
                .all = eb_arg_flag(args, EB_OPT_ALL),
                .has_range = range,
                .table_addr = (uint32_t)eb_arg_number(args, EB_OPT_PARTITION_TABLE),
            },
        .dir = eb_arg_dir(args),
        .output = eb_arg_text(args, EB_OPT_OUTPUT),
        .force = eb_arg_flag(args, EB_OPT_FORCE),
        .note = eb_arg_text(args, EB_OPT_NOTE),
        .from_image = eb_arg_text(args, EB_OPT_FROM),
        .has_address = args->values[EB_OPT_ADDRESS].set,
        .address = (uint32_t)eb_arg_number(args, EB_OPT_ADDRESS),
    };
    if (out->has_address && out->from_image == NULL) {
        return eb_err_set(err, EB_ERR_USAGE, "--address needs --from");
    }
    if (eb_check_force(args, err) != EB_OK) {
        return EB_ERR_USAGE;
    }
    if (range && eb_range_parse(args->words[1], args->words[2], &out->select.addr,
                                &out->select.size, err) != EB_OK) {
        return EB_ERR_USAGE;
    }
    eb_code_t code = check_select(&out->select, err);
    return code == EB_OK ? eb_path_check_output(out->output, err) : code;
}

static eb_code_t render(eb_cli_t *cli, const eb_session_t *session,
                        const eb_partition_backup_result_t *result, eb_err_t *err)
{
    const eb_chip_info_t *board = session != NULL ? eb_session_chip(session) : NULL;
    eb_session_stats_t stats;

    if (cli->json == NULL) {
        return eb_text_partition_backup(&cli->out, board, result)
                   ? EB_OK
                   : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table of partitions");
    }
    eb_json_partition_backup(cli->json, result);
    if (session != NULL) {
        eb_session_get_stats(session, &stats);
        eb_json_chip(cli->json, board);
        eb_json_flash(cli->json, eb_session_flash(session));
        eb_json_connection(cli->json, &stats);
    }
    return EB_OK;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_session_t *session = NULL;
    eb_partition_backup_options_t options;
    eb_partition_backup_result_t result = {0};

    eb_code_t code = fill_options(&cli->args, &options, err);
    if (code == EB_OK && options.from_image == NULL) {
        code = eb_board_open(cli, &session, err);
    }
    if (code == EB_OK) {
        code = eb_op_backup_partition(session, &options, &cli->console.events, &result, err);
    }
    eb_console_end(&cli->console);
    if (code == EB_OK) {
        code = render(cli, session, &result, err);
    } else if (cli->json != NULL || result.count > 1) { /* the files before are complete */
        (void)render(cli, session, &result, NULL);
    }
    eb_board_close(cli, session);
    eb_partition_backup_result_free(&result);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_ACTIVE_APP,      EB_OPT_CRITICAL,   EB_OPT_ALL,   EB_OPT_FROM,
    EB_OPT_ADDRESS,         EB_OPT_OUTPUT,     EB_OPT_FORCE, EB_OPT_NOTE,
    EB_OPT_PARTITION_TABLE, EB_OPT_FLASH_SIZE, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_OUTPUT, "file name of the image, for one partition only (default: chip, partition and "
                    "time, in the backup folder)"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_backup_partition = {
    .name = "backup-partition",
    .summary = "back up single partitions, each to its own file",
    .args = "[NAME... | NAME ADDR SIZE]",
    .max_args = EB_ARGS_WORDS_MAX,
    .arg_kinds = {EB_VALUE_PARTITION, EB_VALUE_PARTITION},
    .about = "Saves the partitions NAME of the board's partition table, each "
             "to its own file. With NAME ADDR SIZE it saves SIZE bytes from "
             "ADDR under that name; this needs no table. Every byte is "
             "verified, as by 'espbackup backup'. Nothing on the board "
             "changes.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup backup-partition nvs otadata\n"
               "  espbackup backup-partition --active-app\n"
               "  espbackup backup-partition app0 0x10000 0x100000\n"
               "  espbackup backup-partition --all --from latest\n",
    .resumes = true,
    .run = run,
};
