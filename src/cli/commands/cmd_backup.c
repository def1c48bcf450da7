/* cmd_backup.c: `espbackup backup`. */
#include "board.h"
#include "command_table.h"
#include "find.h"
#include "many_boards.h"
#include "option_checks.h"
#include "paths.h"
#include "render_json.h"
#include "render_text.h"

#include <stdlib.h>

static void fill_options(const eb_args_t *args, eb_backup_options_t *out)
{
    *out = (eb_backup_options_t){
        .dir = eb_arg_dir(args),
        .output = eb_arg_text(args, EB_OPT_OUTPUT),
        .force = eb_arg_flag(args, EB_OPT_FORCE),
        .note = eb_arg_text(args, EB_OPT_NOTE),
        .has_range = args->values[EB_OPT_OFFSET].set || args->values[EB_OPT_SIZE].set,
        .addr = (uint32_t)eb_arg_number(args, EB_OPT_OFFSET),
        .size = (uint32_t)eb_arg_number(args, EB_OPT_SIZE),
        .since = eb_arg_text(args, EB_OPT_SINCE),
        .full = eb_arg_flag(args, EB_OPT_FULL),
        .table_addr = (uint32_t)eb_arg_number(args, EB_OPT_PARTITION_TABLE),
    };
}

/* All that needs no board, because a mistyped name must not reset one. */
static eb_code_t check_options(const eb_args_t *args, const eb_backup_options_t *options,
                               eb_err_t *err)
{
    char path[EB_PATH_BYTES];

    eb_code_t code = eb_check_force(args, err);
    if (code == EB_OK) {
        code = eb_check_range(args, err);
    }
    if (code == EB_OK) {
        code = eb_path_check_output(options->output, err);
    }
    if (code == EB_OK && options->since != NULL) {
        code = eb_find_backup(options->dir, options->since, path, err);
    }
    return code;
}

static eb_code_t render(eb_cli_t *cli, const eb_session_t *session,
                        const eb_backup_result_t *result, const eb_flash_contents_t *contents,
                        eb_err_t *err)
{
    const eb_chip_info_t *chip = eb_session_chip(session);

    if (cli->json == NULL) {
        return eb_text_backup(&cli->out, chip, result, contents)
                   ? EB_OK
                   : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table of partitions");
    }
    eb_json_backup(cli->json, result);
    eb_json_chip(cli->json, chip);
    eb_json_flash(cli->json, eb_session_flash(session));
    eb_json_table(cli->json, &contents->table, &contents->boot, NULL);
    eb_json_connection(cli->json, &result->stats);
    return EB_OK;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_session_t *session = NULL;
    eb_backup_options_t options;
    eb_backup_result_t result = {0};
    eb_flash_contents_t *contents = calloc(1, sizeof(*contents));
    eb_code_t code;

    if (contents == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the result");
    }
    fill_options(&cli->args, &options);
    code = check_options(&cli->args, &options, err);
    if (code == EB_OK && eb_many_boards_wanted(&cli->args)) {
        free(contents);
        return eb_many_boards_backup(cli, &options, err);
    }
    if (code == EB_OK) {
        code = eb_board_open(cli, &session, err);
    }
    if (code == EB_OK) {
        code = eb_op_backup(session, &options, &cli->console.events, &result, contents, err);
    }
    eb_console_end(&cli->console);
    if (code == EB_OK) {
        code = render(cli, session, &result, contents, err);
    } else if (cli->json != NULL) {
        eb_json_backup(cli->json, &result);
    }
    eb_board_close(cli, session);
    free(contents);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_OUTPUT,     EB_OPT_FORCE, EB_OPT_NOTE, EB_OPT_OFFSET,
    EB_OPT_SIZE,       EB_OPT_SINCE, EB_OPT_FULL, EB_OPT_PARTITION_TABLE,
    EB_OPT_FLASH_SIZE, EB_OPT_COUNT,
};

const eb_command_t eb_cmd_backup = {
    .name = "backup",
    .summary = "back up the whole flash, and verify every byte",
    .args = "",
    .about = "Saves the whole flash, or a range of it, as a plain image. A "
             "JSON sidecar beside the image describes it. An MD5 that the chip "
             "computes verifies every byte. Erased data, and data equal to an "
             "earlier backup, is verified without a transfer. Nothing on the "
             "board changes.\n\nIf a backup is interrupted, the next backup of "
             "the same board resumes it.\n\nSeveral --port options, or --port "
             "all, back up several boards at once. A board that fails does not "
             "disturb the others.",
    .options = options,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup backup\n"
               "  espbackup backup --port " EB_EXAMPLE_PORT " --note \"before the update\"\n"
               "  espbackup backup --port all\n"
               "  espbackup backup --offset 0x9000 --size 24K --output nvs.bin\n",
    .resumes = true,
    .many_ports = true,
    .run = run,
};
