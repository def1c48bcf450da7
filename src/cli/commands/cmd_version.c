/* cmd_version.c: `espbackup version`. */
#include "cli.h"
#include "command_table.h"
#include "espbackup/version.h"

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    (void)err;
    if (cli->json != NULL) {
        eb_json_add_text(cli->json, "version", eb_version());
    } else {
        fprintf(cli->out.file, "espbackup %s\n", eb_version());
    }
    return EB_OK;
}

static const eb_opt_t options[] = {EB_OPT_COUNT};

const eb_command_t eb_cmd_version = {
    .name = "version",
    .summary = "show the version of espbackup",
    .args = "",
    .about = "Shows the version.",
    .options = options,
    .run = run,
};
