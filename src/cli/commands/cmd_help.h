/* cmd_help.h: help as the result of a run. */
#ifndef EB_COMMANDS_CMD_HELP_H
#define EB_COMMANDS_CMD_HELP_H

#include "cli.h"

/* For a command, or for the whole program (NULL): on standard output, or "help" in JSON. */
eb_code_t eb_help_show(eb_cli_t *cli, const eb_command_t *command, eb_err_t *err);

#endif
