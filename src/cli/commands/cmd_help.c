/* cmd_help.c: `espbackup help [COMMAND]`. */
#include "cli.h"
#include "suggest.h"
#include "usage.h"

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const char *near = NULL;

    if (cli->args.word_count == 0) {
        return eb_usage_result(cli, NULL, err);
    }
    const char *word = cli->args.words[0];
    const eb_command_t *command = eb_command_find(word);
    if (command != NULL) {
        return eb_usage_result(cli, command, err);
    }
    for (size_t i = 0; eb_command_at(i) != NULL; i++) {
        near = eb_suggest_better(word, near, eb_command_at(i)->name);
    }
    eb_err_set(err, EB_ERR_USAGE, "no help for '%s': there is no such command", word);
    if (near != NULL) {
        eb_err_hint(err, "did you mean 'espbackup help %s'?", near);
    } else {
        eb_err_hint(err, "'espbackup --help' shows the commands");
    }
    return EB_ERR_USAGE;
}

static const eb_opt_t options[] = {EB_OPT_COUNT};

const eb_command_t eb_cmd_help = {
    .name = "help",
    .summary = "this text, or the help of a command",
    .args = "[COMMAND]",
    .max_args = 1,
    .about = "Shows the commands and options, or all about one command.",
    .options = options,
    .run = run,
};
