/* cmd_restore.c: `espbackup restore BACKUP`. */
#include "command_table.h"
#include "confirm.h"
#include "find.h"
#include "option_checks.h"
#include "paths.h"
#include "render_json.h"
#include "render_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_TEXT_BYTES 32

typedef struct eb_restore_run {
    eb_cli_t *cli;
    eb_session_t *session;
    eb_restore_options_t options;
    eb_restore_result_t result;
    eb_confirm_t confirm;
    const char *partitions[EB_ARGS_REPEATED_MAX];
    char flash_size[SIZE_TEXT_BYTES];
} eb_restore_run_t;

/* The word of a choice; NULL for "keep" and for what was not given. */
static const char *choice_text(const eb_args_t *args, eb_opt_t opt)
{
    uint64_t index = eb_arg_number(args, opt);

    return index == 0 ? NULL : eb_opt_row(opt)->choices[index];
}

static void fill_options(eb_restore_run_t *run)
{
    const eb_args_t *args = &run->cli->args;

    run->options = (eb_restore_options_t){
        .backup = args->words[0],
        .dir = eb_arg_dir(args),
        .partitions = run->partitions,
        .partition_count = eb_arg_list(args, EB_OPT_PARTITION, run->partitions),
        .has_address = args->values[EB_OPT_ADDRESS].set,
        .address = (uint32_t)eb_arg_number(args, EB_OPT_ADDRESS),
        .has_range = args->values[EB_OPT_OFFSET].set || args->values[EB_OPT_SIZE].set,
        .at_start = !args->values[EB_OPT_OFFSET].set,
        .addr = (uint32_t)eb_arg_number(args, EB_OPT_OFFSET),
        .size = (uint32_t)eb_arg_number(args, EB_OPT_SIZE),
        .table_addr = (uint32_t)eb_arg_number(args, EB_OPT_PARTITION_TABLE),
        .dry_run = eb_arg_flag(args, EB_OPT_DRY_RUN),
        .backup_first = eb_arg_flag(args, EB_OPT_BACKUP_FIRST),
        .force = eb_arg_flag(args, EB_OPT_FORCE),
        .erase_all = eb_arg_flag(args, EB_OPT_ERASE_ALL),
        .flash_mode = choice_text(args, EB_OPT_FLASH_MODE),
        .flash_freq = choice_text(args, EB_OPT_FLASH_FREQ),
        .assume_yes = eb_arg_flag(args, EB_OPT_YES),
        .confirm = eb_confirm_change,
        .confirm_user = &run->confirm,
    };
    run->confirm = (eb_confirm_t){.cli = run->cli, .dry_run = run->options.dry_run};
}

/* Here --flash-size changes the header. The chip tells the size of the flash; only where it cannot,
 * --flash-size is that size too. */
static eb_code_t open_board(eb_restore_run_t *run, eb_err_t *err)
{
    uint64_t said = eb_arg_number(&run->cli->args, EB_OPT_FLASH_SIZE);
    eb_code_t code = eb_board_open_sized(run->cli, 0, &run->session, err);

    if (code != EB_OK || said == 0 || eb_session_flash(run->session)->size_bytes != 0) {
        return code;
    }
    eb_board_close(run->cli, run->session);
    return eb_board_open_sized(run->cli, said, &run->session, err);
}

/* "4MB": the form that the header knows, from whatever was typed, or from the chip. */
static eb_code_t fill_flash_size(eb_restore_run_t *run, eb_err_t *err)
{
    const eb_arg_t *arg = &run->cli->args.values[EB_OPT_FLASH_SIZE];
    uint64_t real = eb_session_flash(run->session)->size_bytes;
    uint64_t size = arg->number;

    if (!arg->set || strcmp(arg->text, "keep") == 0) {
        return EB_OK;
    }
    if (strcmp(arg->text, "detect") == 0) {
        size = real;
    }
    if (size > real) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "--flash-size '%s': the flash has %" PRIu64
                          " bytes, and an image with a larger size in its header does not boot",
                          arg->text, real);
    }
    if (size % (1024 * 1024) == 0) {
        snprintf(run->flash_size, sizeof(run->flash_size), "%" PRIu64 "MB", size / (1024 * 1024));
    } else {
        snprintf(run->flash_size, sizeof(run->flash_size), "%" PRIu64 "KB", size / 1024);
    }
    run->options.flash_size = run->flash_size;
    return EB_OK;
}

/* All that needs no board, because a mistyped name must not reset one. */
static eb_code_t check_first(const eb_restore_run_t *run, eb_err_t *err)
{
    const eb_restore_options_t *options = &run->options;
    char path[EB_PATH_BYTES];

    eb_code_t code = eb_check_range(&run->cli->args, err);
    if (code == EB_OK) {
        code = eb_find_backup(options->dir, options->backup, path, err);
    }
    if (code == EB_OK && !options->dry_run) {
        code = eb_confirm_possible(run->cli, err);
    }
    return code;
}

static void render(eb_restore_run_t *run, eb_code_t code)
{
    eb_cli_t *cli = run->cli;

    if (cli->json != NULL) {
        eb_json_restore(cli->json, &run->result, run->options.dry_run);
        eb_json_add_bool(cli->json, "other_board", run->confirm.other_board);
    } else if (code == EB_OK && run->options.dry_run) {
        eb_text_dry_run(&cli->out, &run->result);
    } else if (code == EB_OK) {
        eb_text_restore(&cli->out, &run->result);
    }
}

static eb_code_t run_on_board(eb_restore_run_t *run, eb_err_t *err)
{
    eb_cli_t *cli = run->cli;

    eb_code_t code = open_board(run, err);
    if (code == EB_OK) {
        code = fill_flash_size(run, err);
    }
    if (code != EB_OK) {
        return code;
    }
    run->confirm.session = run->session;
    code = eb_op_restore(run->session, &run->options, &cli->console.events, &run->result, err);
    code = eb_confirm_outcome(&run->confirm, code, &run->result.seconds, err);
    render(run, code);
    return eb_confirm_report(&run->confirm, &run->result.spans, run->result.changed, code, err);
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_restore_run_t *run = calloc(1, sizeof(*run));

    if (run == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to restore");
    }
    run->cli = cli;
    fill_options(run);
    eb_code_t code = check_first(run, err);
    if (code == EB_OK) {
        code = run_on_board(run, err);
    }
    eb_board_close(cli, run->session);
    eb_restore_result_free(&run->result);
    eb_confirm_free(&run->confirm);
    free(run);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_PARTITION,    EB_OPT_OFFSET,          EB_OPT_SIZE,  EB_OPT_ADDRESS,    EB_OPT_DRY_RUN,
    EB_OPT_BACKUP_FIRST, EB_OPT_ERASE_ALL,       EB_OPT_FORCE, EB_OPT_FLASH_MODE, EB_OPT_FLASH_FREQ,
    EB_OPT_FLASH_SIZE,   EB_OPT_PARTITION_TABLE, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_OFFSET, "start of the range to restore (default: start of the image)"},
    {EB_OPT_SIZE, "size of the range to restore (default: all, to the end of the image)"},
    {EB_OPT_FORCE, "continue although the image is from another chip, or the board's security "
                   "state makes it useless or dangerous"},
    {EB_OPT_FLASH_SIZE,
     "flash size for the bootloader's header: a size, detect (asks the chip) or keep "
     "(default)"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_restore = {
    .name = "restore",
    .summary = "write a backup to the board, only where it differs",
    .args = "BACKUP",
    .min_args = 1,
    .max_args = 1,
    .arg_kinds = {EB_VALUE_BACKUP},
    .about = "Writes a backup to the board. BACKUP is a path, a name from "
             "'espbackup list', or 'latest'.\n\nFirst, restore checks the "
             "file, chip, size, board and security state. Then it shows what "
             "will change, and asks; without a terminal it needs --yes. It "
             "writes only the sectors that differ. An MD5 that the chip "
             "computes verifies every byte. Where nearly everything differs, "
             "restore writes the rest without comparing it first.\n\nWith "
             "--partition, a file that has a partition table, or whose sidecar "
             "names no partition, is an image of the flash: its table says "
             "where NAME lies. Any other file is the content of partition NAME "
             "of the board: a data image, an NVS, a file system, an app, or "
             "what backup-partition saved. It must fit, the rest of the "
             "partition is erased, and what belongs elsewhere is "
             "refused.\n\nIf "
             "restore is interrupted, it shows which ranges are new, old or "
             "unknown. The same command then finishes the job.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE,
    .example = "  espbackup restore latest\n"
               "  espbackup restore latest --dry-run\n"
               "  espbackup restore esp32_backup_20261121_101500 --partition nvs\n"
               "  espbackup restore nvs.bin --partition nvs\n"
               "  espbackup restore firmware.bin --address 0x10000 --backup-first\n",
    .run = run,
};
