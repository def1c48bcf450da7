/* cmd_chip_info.c: `espbackup chip-info`. */
#include "board.h"
#include "command_table.h"
#include "render_json.h"
#include "render_text.h"

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_session_t *session = NULL;
    eb_session_stats_t stats;

    eb_code_t code = eb_board_open(cli, &session, err);
    eb_console_end(&cli->console);
    if (code != EB_OK) {
        return code;
    }
    eb_session_get_stats(session, &stats);
    if (cli->json != NULL) {
        eb_json_chip(cli->json, eb_session_chip(session));
        eb_json_connection(cli->json, &stats);
    } else {
        eb_text_chip(&cli->out, eb_session_chip(session));
        eb_text_connection(&cli->out, &stats);
    }
    eb_board_close(cli, session);
    return EB_OK;
}

static const eb_opt_t options[] = {EB_OPT_COUNT};

const eb_command_t eb_cmd_chip_info = {
    .name = "chip-info",
    .summary = "show chip, revision, MACs, security and connection",
    .args = "",
    .about = "Shows chip, revision, features, crystal and every MAC. It also "
             "shows the state of flash encryption, secure boot and download "
             "mode, and the connection. Nothing on the board changes.",
    .options = options,
    .groups = EB_OPT_GROUP_BOARD,
    .run = run,
};
