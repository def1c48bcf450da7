/* cmd_erase.c: `espbackup erase [NAME | ADDR SIZE]`. */
#include "command_table.h"
#include "confirm.h"
#include "number_parse.h"
#include "render_json.h"
#include "render_text.h"

#include <stdlib.h>

typedef struct eb_erase_run {
    eb_cli_t *cli;
    eb_session_t *session;
    eb_erase_options_t options;
    eb_erase_result_t result;
    eb_confirm_t confirm;
} eb_erase_run_t;

static eb_code_t parse_target(const eb_args_t *args, eb_erase_options_t *out, eb_err_t *err)
{
    switch (args->word_count) {
    case 0:
        out->whole = true;
        return EB_OK;
    case 1:
        out->partition = args->words[0];
        return EB_OK;
    default:
        return eb_range_parse(args->words[0], args->words[1], &out->addr, &out->size, err);
    }
}

/* Written out: an address that was meant as a range must not go for a name. */
static eb_code_t check_name(const char *name, eb_err_t *err)
{
    uint64_t value;

    if (name == NULL || eb_number_parse(name, true, &value) != EB_NUMBER_OK) {
        return EB_OK;
    }
    eb_err_set(err, EB_ERR_USAGE,
               "'%s' is a number: expected the name of a partition, or ADDR and SIZE", name);
    return EB_ERR_USAGE;
}

static eb_code_t fill_options(eb_erase_run_t *run, eb_err_t *err)
{
    const eb_args_t *args = &run->cli->args;

    run->options = (eb_erase_options_t){
        .dir = eb_arg_dir(args),
        .table_addr = (uint32_t)eb_arg_number(args, EB_OPT_PARTITION_TABLE),
        .force = eb_arg_flag(args, EB_OPT_FORCE),
        .confirm = eb_confirm_change,
        .confirm_user = &run->confirm,
    };
    run->confirm.cli = run->cli;
    eb_code_t code = parse_target(args, &run->options, err);
    if (code == EB_OK) {
        code = check_name(run->options.partition, err);
    }
    return code;
}

static void render(eb_erase_run_t *run, eb_code_t code)
{
    eb_cli_t *cli = run->cli;
    eb_session_stats_t stats;

    eb_session_get_stats(run->session, &stats);
    if (cli->json != NULL) {
        eb_json_erase(cli->json, &run->result);
    } else if (code == EB_OK) {
        eb_text_erase(&cli->out, &run->result, &stats);
    }
}

static eb_code_t run_on_board(eb_erase_run_t *run, eb_err_t *err)
{
    eb_cli_t *cli = run->cli;

    eb_code_t code = eb_board_open(cli, &run->session, err);
    if (code != EB_OK) {
        return code;
    }
    run->confirm.session = run->session;
    code = eb_op_erase(run->session, &run->options, &cli->console.events, &run->result, err);
    code = eb_confirm_outcome(&run->confirm, code, &run->result.seconds, err);
    render(run, code);
    return eb_confirm_report(&run->confirm, &run->result.spans, run->result.changed, code, err);
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_erase_run_t *run = calloc(1, sizeof(*run));

    if (run == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to erase");
    }
    run->cli = cli;
    eb_code_t code = fill_options(run, err);
    if (code == EB_OK) {
        code = eb_confirm_possible(cli, err);
    }
    if (code == EB_OK) {
        code = run_on_board(run, err);
    }
    eb_board_close(cli, run->session);
    eb_spans_free(&run->result.spans);
    eb_confirm_free(&run->confirm);
    free(run);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_FORCE,
    EB_OPT_PARTITION_TABLE,
    EB_OPT_FLASH_SIZE,
    EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_FORCE, "continue although the board's security state makes it dangerous"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_erase = {
    .name = "erase",
    .summary = "erase the flash, a partition, or a range",
    .args = "[NAME | ADDR SIZE]",
    .max_args = 2,
    .arg_kinds = {EB_VALUE_PARTITION, EB_VALUE_FREE},
    .about =
        "Erases the whole flash, the partition NAME, or SIZE bytes from ADDR, always in sectors of "
        "4 KB. NAME may also be bootloader or partition_table. First, erase shows what it will "
        "erase, and asks; without a terminal it needs --yes. Afterwards an MD5 that the chip "
        "computes verifies that every byte is erased. Run 'espbackup backup' first to keep the "
        "data.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD,
    .example = "  espbackup erase nvs\n"
               "  espbackup erase 0x9000 24K\n"
               "  espbackup erase --yes\n",
    .run = run,
};
