/* cmd_flash_info.c: `espbackup flash-info`. */
#include "board.h"
#include "command_table.h"
#include "human.h"
#include "map_output.h"
#include "render_json.h"
#include "render_text.h"

#include <stdio.h>
#include <stdlib.h>

static eb_code_t render(eb_cli_t *cli, const eb_session_t *session, const eb_flash_report_t *report,
                        eb_err_t *err)
{
    const eb_flash_info_t *flash = eb_session_flash(session);
    eb_session_stats_t stats;

    eb_session_get_stats(session, &stats);
    if (cli->json != NULL) {
        eb_json_chip(cli->json, eb_session_chip(session));
        eb_json_flash(cli->json, flash);
        eb_json_flash_report(cli->json, report, flash->size_bytes);
        eb_json_connection(cli->json, &stats);
        return EB_OK;
    }
    eb_text_flash(&cli->out, flash);
    if (!eb_text_flash_report(&cli->out, report, flash->size_bytes)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table of partitions");
    }
    return EB_OK;
}

static eb_code_t put_map(eb_cli_t *cli, const eb_session_t *session,
                         const eb_flash_report_t *report, eb_err_t *err)
{
    char size[EB_HUMAN_BYTES], title[EB_HUMAN_BYTES + 64];

    eb_human_size(eb_session_flash(session)->size_bytes, size);
    snprintf(title, sizeof(title), "Flash of an %s, %s", eb_session_chip(session)->name, size);
    return eb_map_put(cli, &report->map, title, err);
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_session_t *session = NULL;
    eb_flash_info_options_t options = {
        .table_addr = (uint32_t)eb_arg_number(&cli->args, EB_OPT_PARTITION_TABLE),
    };
    eb_flash_report_t *report = calloc(1, sizeof(*report));

    if (report == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the report");
    }
    eb_code_t code = eb_map_check(&cli->args, err);
    if (code == EB_OK) {
        code = eb_board_open(cli, &session, err);
    }
    if (code == EB_OK) {
        code = eb_op_flash_info(session, &options, &cli->console.events, report, err);
    }
    eb_console_end(&cli->console);
    if (code == EB_OK) {
        code = render(cli, session, report, err);
    }
    if (code == EB_OK) {
        code = put_map(cli, session, report, err);
    }
    eb_board_close(cli, session);
    eb_flash_report_free(report);
    free(report);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_PARTITION_TABLE, EB_OPT_FLASH_SIZE, EB_OPT_SVG, EB_OPT_FORCE, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_FORCE, EB_MAP_FORCE_HELP},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_flash_info = {
    .name = "flash-info",
    .summary = "show flash chip, partitions, apps and what boots next",
    .args = "",
    .about = "Shows the flash chip by number and name, its size, and how much "
             "of it is erased. It also shows the partition table with the "
             "name, version and build of each app, which app boots next, and "
             "why. On a terminal a map follows: the partitions to scale, and what "
             "is used or erased. Nothing on the board changes.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD,
    .run = run,
};
