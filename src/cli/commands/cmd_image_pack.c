/* cmd_image_pack.c: `espbackup image pack`. */
#include "cli.h"
#include "command_table.h"
#include "espbackup/image_ops.h"
#include "paths.h"
#include "render_image.h"

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const eb_args_t *args = &cli->args;
    const eb_image_pack_options_t options = {
        .inputs = args->words,
        .input_count = args->word_count,
        .output = eb_arg_text(args, EB_OPT_OUTPUT),
        .force = eb_arg_flag(args, EB_OPT_FORCE),
        .max_size = (uint32_t)eb_arg_number(args, EB_OPT_MAX_SIZE),
        .has_time = args->values[EB_OPT_TIME].set,
        .time_unix = (uint32_t)eb_arg_number(args, EB_OPT_TIME),
    };
    eb_data_image_t image;

    if (options.output == NULL) {
        return eb_err_set(err, EB_ERR_USAGE, "'image pack' needs --output FILE");
    }
    if (eb_path_check_output(options.output, err) != EB_OK) {
        return EB_ERR_USAGE;
    }
    eb_code_t code = eb_op_image_pack(&options, &cli->console.events, &image, err);
    if (code == EB_OK) {
        code = eb_render_image_pack(cli, options.output, &image, err);
    }
    eb_data_image_free(&image);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_OUTPUT, EB_OPT_FORCE, EB_OPT_TIME, EB_OPT_MAX_SIZE, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_OUTPUT, "file name of the image"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_image_pack = {
    .name = "image pack",
    .summary = "make a data image of files",
    .args = "DIR|FILE...",
    .min_args = 1,
    .max_args = EB_ARGS_WORDS_MAX,
    .arg_kinds = {EB_VALUE_FILE, EB_VALUE_FILE},
    .about =
        "Makes a data image of the files, and of all files in the folders DIR, sorted by name. "
        "The image keeps name, time and MIME type of each file; the type follows from the "
        "ending of the name. Refused are folders in a folder, links, special files, names over "
        "31 bytes, and two files of one name. A type over 31 bytes becomes "
        "application/octet-stream.",
    .options = options,
    .own_help = own_help,
    .example = "  espbackup image pack files -o data.bin\n"
               "  espbackup image pack ca.pem logo.png -o data.bin --time 1600000000\n",
    .run = run,
};
