/* cmd_selftest.c: `espbackup selftest`. */
#include "clock.h"
#include "command_table.h"
#include "confirm.h"
#include "number_parse.h"
#include "paths.h"
#include "render_json.h"
#include "render_text.h"

#include <stdlib.h>
#include <string.h>

typedef struct eb_selftest_run {
    eb_cli_t *cli;
    eb_session_t *session;
    eb_selftest_options_t options;
    eb_selftest_result_t result;
    eb_confirm_t confirm;
} eb_selftest_run_t;

/* ADDR+SIZE, each as elsewhere. */
static eb_code_t parse_scratch(const char *text, eb_selftest_options_t *out, eb_err_t *err)
{
    const char *plus = text != NULL ? strchr(text, '+') : NULL;
    char addr[32];

    if (text == NULL) {
        return EB_OK;
    }
    if (plus == NULL || (size_t)(plus - text) >= sizeof(addr)) {
        return eb_err_set(err, EB_ERR_USAGE, "--scratch: '%s': expected ADDR+SIZE", text);
    }
    memcpy(addr, text, (size_t)(plus - text));
    addr[plus - text] = '\0';
    out->has_scratch = true;
    const eb_code_t code = eb_range_parse(addr, plus + 1, &out->addr, &out->size, err);
    return code == EB_OK ? eb_selftest_check_scratch(out->addr, out->size, err) : code;
}

/* Before the board is touched, because the report comes at the end. */
static eb_code_t check_output(const char *path, eb_err_t *err)
{
    if (path != NULL && eb_fs_exists(path)) {
        return eb_err_set_reason(err, EB_ERR_FILE_EXISTS, EB_REASON_OTHER_OUTPUT,
                                 "%s exists already", path);
    }
    return EB_OK;
}

static eb_code_t fill_options(eb_selftest_run_t *run, eb_err_t *err)
{
    const eb_args_t *args = &run->cli->args;

    run->confirm.cli = run->cli;
    run->options = (eb_selftest_options_t){
        .dir = eb_arg_dir(args),
        .confirm = eb_confirm_change,
        .confirm_user = &run->confirm,
    };
    eb_code_t code = parse_scratch(eb_arg_text(args, EB_OPT_SCRATCH), &run->options, err);
    if (code == EB_OK) {
        code = check_output(eb_arg_text(args, EB_OPT_OUTPUT), err);
    }
    return code == EB_OK && run->options.has_scratch ? eb_confirm_possible(run->cli, err) : code;
}

static eb_code_t write_report(const eb_selftest_run_t *run, char path[EB_PATH_BYTES], eb_err_t *err)
{
    const char *output = eb_arg_text(&run->cli->args, EB_OPT_OUTPUT);
    char stamp[16];
    eb_json_t *root = eb_json_new_object();

    eb_json_selftest(root, &run->result);
    char *text = eb_json_print(root);
    eb_json_free(root);
    eb_clock_local_stamp(eb_clock_unix(), stamp, sizeof(stamp));
    eb_code_t code = output != NULL ? eb_path_printf(path, err, "%s", output)
                                    : eb_path_printf(path, err, "%s_selftest_%s.json",
                                                     run->result.chip.id, stamp);
    if (text == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for the report");
    }
    if (code == EB_OK) {
        code = eb_fs_write_file(path, text, strlen(text), false, err);
    }
    free(text);
    return code;
}

/* A test that stopped has a report too. */
static eb_code_t tell(eb_selftest_run_t *run, eb_err_t *err)
{
    eb_cli_t *cli = run->cli;
    char path[EB_PATH_BYTES] = "";
    eb_code_t code = write_report(run, path, err);

    if (cli->json != NULL) {
        eb_json_selftest(cli->json, &run->result);
        eb_json_put_text_or_null(cli->json, "report", code == EB_OK ? path : "");
        return code;
    }
    if (!eb_text_selftest(&cli->out, &run->result) && code == EB_OK) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for the tables");
    }
    if (code == EB_OK) {
        eb_text_heading(&cli->out, "Report");
        eb_text_field(&cli->out, "File", "%s", path);
    }
    return code;
}

static eb_code_t run_on_board(eb_selftest_run_t *run, eb_err_t *err)
{
    eb_cli_t *cli = run->cli;
    eb_err_t trouble = {0};

    eb_code_t code = eb_board_open(cli, &run->session, err);
    if (code != EB_OK) {
        return code;
    }
    run->confirm.session = run->session;
    code = eb_op_selftest(run->session, &run->options, &cli->console.events, &run->result, err);
    code = eb_confirm_outcome(&run->confirm, code, &run->result.seconds, err);
    if (run->result.seconds > 0 && tell(run, &trouble) != EB_OK && code == EB_OK) {
        *err = trouble;
        code = trouble.code;
    }
    return code;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_selftest_run_t *run = calloc(1, sizeof(*run));

    if (run == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the self-test");
    }
    run->cli = cli;
    eb_code_t code = fill_options(run, err);
    if (code == EB_OK) {
        code = run_on_board(run, err);
    }
    eb_board_close(cli, run->session);
    eb_confirm_free(&run->confirm);
    free(run);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_SCRATCH,
    EB_OPT_OUTPUT,
    EB_OPT_FLASH_SIZE,
    EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_OUTPUT, "file name of the report (default: chip and time, in the current folder)"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_selftest = {
    .name = "selftest",
    .summary = "measure what a board and its adapter can do, for a report",
    .args = "",
    .about =
        "Measures which reset sequences and rates work, how fast the ROM bootloader and the stub "
        "read and compute MD5, and what a round trip takes. Writes a report in JSON to send in; "
        "it holds no MAC, serial number, path or data of the flash. Resets the board many times, "
        "needs at most about five minutes, and changes nothing on the board.\n\nWith --scratch it "
        "also "
        "erases and writes that range. Its data is saved to the backup folder first, restored "
        "and verified at the end, and then removed from the folder. If the test is stopped, "
        "'espbackup restore' with the name of that backup puts the data back.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup selftest\n"
               "  espbackup selftest --port " EB_EXAMPLE_PORT " --output report.json\n"
               "  espbackup selftest --scratch 0x3c0000+256K\n",
    .run = run,
};
