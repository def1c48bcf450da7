/* cli.c: parse, run the command, and say how it ended: the one place that prints errors. */
#include "cli.h"

#include "cmd_help.h"
#include "command_table.h"
#include "complete.h"
#include "render_json.h"
#include "signals.h"
#include "standard_streams.h"
#include "usage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static eb_code_t run_command(eb_cli_t *cli, eb_err_t *err)
{
    const eb_command_t *command = cli->args.command;

    if (eb_arg_flag(&cli->args, EB_OPT_HELP)) {
        return eb_help_show(cli, command, err);
    }
    if (eb_arg_flag(&cli->args, EB_OPT_VERSION)) {
        return eb_cmd_version.run(cli, err);
    }
    if (command == NULL) {
        eb_err_set(err, EB_ERR_USAGE, "no command");
        eb_err_hint(
            err, "'espbackup backup' saves the flash of the board; 'espbackup --help' shows more");
        return EB_ERR_USAGE;
    }
    return command->run(cli, err);
}

/* The JSON object, and whether standard output took it all. */
static eb_code_t finish_output(eb_cli_t *cli, const eb_err_t *failure, eb_err_t *err)
{
    if (cli->json != NULL) {
        if (failure->code != EB_OK) {
            eb_json_error(cli->json, failure);
        }
        char *text = eb_json_print(cli->json);
        if (text == NULL) {
            return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the JSON result");
        }
        fputs(text, cli->out.file);
        free(text);
    }
    errno = 0;
    if (fflush(cli->out.file) == 0 && ferror(cli->out.file) == 0) {
        return EB_OK;
    }
    const int os_errno = eb_streams_write_failure(cli->out.file, errno);
    return eb_err_set_errno(err, EB_ERR_FILE_IO, os_errno, "cannot write to standard output");
}

/* What the environment and the options say about how to speak; parsing may have failed. */
static void set_up(eb_cli_t *cli, bool json)
{
    const char *fake_env = getenv("ESPBACKUP_FAKE_TTY");
    bool fake = eb_arg_flag(&cli->args, EB_OPT_FAKE_TTY) ||
                (fake_env != NULL && strcmp(fake_env, "1") == 0);
    eb_color_t color = (eb_color_t)eb_arg_number(&cli->args, EB_OPT_COLOR);
    eb_level_t level = EB_LEVEL_NOTE;
    eb_term_t err_term;

    if (eb_arg_flag(&cli->args, EB_OPT_VERBOSE)) {
        level = EB_LEVEL_DETAIL;
    }
    if (eb_arg_flag(&cli->args, EB_OPT_TRACE)) {
        level = EB_LEVEL_TRACE;
    }
    if (eb_arg_flag(&cli->args, EB_OPT_TRACE_DATA)) {
        level = EB_LEVEL_TRACE_DATA;
    }
    eb_term_init(&cli->out, stdout, color, false);
    eb_term_init(&err_term, stderr, color, fake);
    eb_console_init(&cli->console, &err_term, eb_arg_flag(&cli->args, EB_OPT_QUIET), level);
    if (json) {
        cli->json = eb_json_new_object();
    }
}

/* Words that only this layer knows. */
static void finish_error(const eb_cli_t *cli, eb_code_t code, eb_err_t *err)
{
    err->code = code;
    /* Who stopped it is known here alone; what was under way then is no fault. */
    if (code == EB_ERR_CANCELLED && eb_signals_caught() != 0) {
        snprintf(err->message, sizeof(err->message), "stopped by %s",
                 eb_signals_caught() == SIGINT ? "Ctrl-C" : "a signal");
    }
    /* The default hint speaks of work that the next run resumes. */
    if (code == EB_ERR_CANCELLED && !cli->args.command->resumes) {
        eb_err_hint(err, "the board is unchanged");
    }
    if (code == EB_ERR_USAGE && err->hint[0] == '\0' && cli->args.command != NULL) {
        eb_err_hint(err, "see 'espbackup help %s'", cli->args.command->name);
    }
}

int eb_cli_main(int argc, char **argv)
{
    eb_cli_t cli;
    eb_err_t err = {0};
    eb_err_t output_err = {0};

    if (!eb_streams_hold()) {
        return eb_code_row(EB_ERR_FILE_IO)->exit_status; /* there is nobody to tell */
    }
    eb_streams_forbid_dumps();
    if (argc > 1 && strcmp(argv[1], EB_COMPLETE_WORD) == 0) {
        eb_complete(eb_commands, argc, argv, stdout);
        return 0;
    }
    memset(&cli, 0, sizeof(cli));
    cli.commands = eb_commands;
    eb_signals_install();
    eb_code_t code = eb_args_parse(eb_commands, argc, argv, &cli.args, &err);
    const bool json = eb_args_want_json(argc, argv);
    set_up(&cli, json);
    if (code == EB_OK && json && cli.json == NULL) {
        code = eb_err_set(&err, EB_ERR_INTERNAL, "no memory for the JSON result");
    }
    if (code == EB_OK) {
        code = run_command(&cli, &err);
    }
    eb_console_end(&cli.console);
    if (code != EB_OK) {
        finish_error(&cli, code, &err);
    } else {
        err = (eb_err_t){0}; /* it may hold a failure that was got over */
    }
    if (finish_output(&cli, &err, &output_err) != EB_OK && code == EB_OK) {
        err = output_err;
        code = err.code;
        if (err.os_errno == EPIPE) {
            eb_signals_end_by_pipe();
        }
    }
    if (code != EB_OK) {
        eb_console_error(&cli.console, &err);
    }
    if (code == EB_ERR_USAGE && cli.args.command == NULL && argc == 1) {
        eb_usage_short(&cli.console.term, eb_commands);
    }
    eb_json_free(cli.json);
    return eb_code_row(code)->exit_status;
}
