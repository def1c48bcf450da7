/* cmd_completion.c: `espbackup completion SHELL`. */
#include "cli.h"
#include "command_table.h"
#include "completion_scripts.h"

#include <stdio.h>
#include <string.h>

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const char *shell = cli->args.words[0];
    const eb_completion_script_t *script = eb_completion_scripts;

    while (script->shell != NULL && strcmp(script->shell, shell) != 0) {
        script++;
    }
    if (script->shell == NULL) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "no completion for '%s': expected bash, zsh, fish or powershell", shell);
    }
    if (cli->json != NULL) {
        eb_json_add_text(cli->json, "shell", script->shell);
        eb_json_add_text(cli->json, "script", script->text);
    } else {
        fputs(script->text, cli->out.file);
    }
    return EB_OK;
}

static const eb_opt_t options[] = {EB_OPT_COUNT};

const eb_command_t eb_cmd_completion = {
    .name = "completion",
    .summary = "print a script that lets TAB complete espbackup",
    .args = "SHELL",
    .min_args = 1,
    .max_args = 1,
    .arg_kinds = {EB_VALUE_SHELL},
    .about = "Prints a script for bash, zsh, fish or powershell. With it TAB completes commands, "
             "options and their values, ports, names of backups and of the partitions in them. No "
             "port is opened for that.",
    .options = options,
    .example = "  source <(espbackup completion bash)        # in ~/.bashrc\n"
               "  source <(espbackup completion zsh)         # in ~/.zshrc, after compinit\n"
               "  espbackup completion fish | source         # in ~/.config/fish/config.fish\n"
               "  espbackup completion powershell | Out-String | Invoke-Expression\n",
    .run = run,
};
