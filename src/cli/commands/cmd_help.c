/* cmd_help.c: `espbackup help [COMMAND]`. */
#include "cmd_help.h"

#include "command_table.h"
#include "suggest.h"
#include "usage.h"

#include <stdio.h>

eb_code_t eb_help_show(eb_cli_t *cli, const eb_command_t *command, eb_err_t *err)
{
    if (cli->json != NULL) {
        return eb_usage_json(cli->json, cli->commands, command, err);
    }
    eb_usage_print(&cli->out, cli->commands, command);
    return EB_OK;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const char *near = NULL;
    char word[64];

    if (cli->args.word_count == 0) {
        return eb_help_show(cli, NULL, err);
    }
    const char *second = cli->args.word_count > 1 ? cli->args.words[1] : NULL;
    snprintf(word, sizeof(word), "%s%s%s", cli->args.words[0], second != NULL ? " " : "",
             second != NULL ? second : "");
    const eb_command_t *command = eb_command_find(cli->commands, word);
    if (command != NULL) {
        return eb_help_show(cli, command, err);
    }
    for (size_t i = 0; cli->commands[i] != NULL; i++) {
        near = eb_suggest_better(word, near, cli->commands[i]->name);
    }
    eb_err_set(err, EB_ERR_USAGE, "unknown command '%s'", word);
    if (near != NULL) {
        eb_err_hint(err, "did you mean 'espbackup help %s'?", near);
    } else {
        eb_err_hint(err, "'espbackup --help' lists the commands");
    }
    return EB_ERR_USAGE;
}

static const eb_opt_t options[] = {EB_OPT_COUNT};

const eb_command_t eb_cmd_help = {
    .name = "help",
    .summary = "show this help, or the help of a command",
    .args = "[COMMAND]",
    .max_args = 2, /* "image pack" */
    .arg_kinds = {EB_VALUE_COMMAND, EB_VALUE_COMMAND},
    .about = "Shows the commands and options, or the help of one command.",
    .options = options,
    .run = run,
};
