/* cmd_verify.c: `espbackup verify BACKUP`. */
#include "board.h"
#include "command_table.h"
#include "find.h"
#include "paths.h"
#include "render_json.h"
#include "render_text.h"

static eb_code_t render(eb_cli_t *cli, const eb_session_t *session, const eb_diff_result_t *result,
                        eb_err_t *err)
{
    const eb_chip_info_t *board = session != NULL ? eb_session_chip(session) : NULL;
    bool good;

    if (cli->json == NULL) {
        good = eb_text_verify(&cli->out, board, result);
    } else {
        good = eb_json_verify(cli->json, result, session == NULL);
        if (board != NULL) {
            eb_json_chip(cli->json, board);
        }
    }
    return good ? EB_OK : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the result");
}

/* Exit 0 says "verified", which a file alone without a sidecar can never be. */
static eb_code_t check_verified(const eb_diff_result_t *result, eb_err_t *err)
{
    if (result->verified) {
        return EB_OK;
    }
    eb_err_set(err, EB_ERR_SIDECAR_INVALID,
               "%s has no sidecar, so there is no SHA-256 to compare it with", result->a_path);
    eb_err_hint(err, "leave --file-only out to compare it with the board");
    return EB_ERR_SIDECAR_INVALID;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const eb_args_t *args = &cli->args;
    bool file_only = eb_arg_flag(args, EB_OPT_FILE_ONLY);
    eb_session_t *session = NULL;
    eb_diff_result_t result = {0};
    char path[EB_PATH_BYTES];
    eb_verify_options_t options = {
        .backup = args->words[0],
        .dir = eb_arg_dir(args),
        .has_address = args->values[EB_OPT_ADDRESS].set,
        .address = (uint32_t)eb_arg_number(args, EB_OPT_ADDRESS),
    };

    eb_code_t code = eb_find_backup(options.dir, options.backup, path, err);
    if (code == EB_OK && !file_only) {
        code = eb_board_open(cli, &session, err);
    }
    if (code == EB_OK) {
        code = eb_op_verify(session, &options, &cli->console.events, &result, err);
    }
    eb_console_end(&cli->console);
    if (code == EB_OK || code == EB_ERR_DIFFERENT) {
        eb_err_t trouble = {0};
        if (render(cli, session, &result, &trouble) != EB_OK && code == EB_OK) {
            *err = trouble;
            code = trouble.code;
        }
    }
    if (code == EB_OK) {
        code = check_verified(&result, err);
    }
    eb_board_close(cli, session);
    eb_diff_result_free(&result);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_FILE_ONLY,
    EB_OPT_ADDRESS,
    EB_OPT_FLASH_SIZE,
    EB_OPT_COUNT,
};

const eb_command_t eb_cmd_verify = {
    .name = "verify",
    .summary = "compare a backup with its sidecar and with the board",
    .args = "BACKUP",
    .min_args = 1,
    .max_args = 1,
    .arg_kinds = {EB_VALUE_BACKUP},
    .about = "Compares a backup with the SHA-256 in its sidecar, then the "
             "board with the backup. BACKUP is a path, a name from 'espbackup "
             "list', or 'latest'. The chip computes an MD5 of each range, so "
             "the flash is not sent. The result lists each range that differs, "
             "and its partition.\n\nThe exit status is 3 if the board differs, "
             "and 6 if the file differs from its sidecar. Nothing on the board "
             "changes.",
    .options = options,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup verify latest\n"
               "  espbackup verify esp32_backup_20261121_101500 --file-only\n"
               "  espbackup verify firmware.bin --address 0x10000\n",
    .run = run,
};
