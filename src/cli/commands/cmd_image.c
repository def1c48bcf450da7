/* cmd_image.c: `espbackup image`, `image list` and `image extract`. */
#include "cli.h"
#include "command_table.h"
#include "data_file.h"
#include "espbackup/image_ops.h"
#include "render_image.h"

/* What is in the image is shown although its CRC does not match, and that is a failure. */
static eb_code_t run_list(eb_cli_t *cli, eb_err_t *err)
{
    const char *path = cli->args.words[0];
    eb_data_image_t image;

    eb_code_t code = eb_op_image_list(path, &image, err);
    if (code == EB_OK) {
        code = eb_render_image_list(cli, path, &image, err);
    }
    if (code == EB_OK) {
        code = eb_data_file_check_crc(path, &image, err);
    }
    eb_data_image_free(&image);
    return code;
}

static eb_code_t run_extract(eb_cli_t *cli, eb_err_t *err)
{
    const eb_args_t *args = &cli->args;
    const char *dir = eb_arg_text(args, EB_OPT_DIRECTORY);
    const eb_image_extract_options_t options = {
        .image = args->words[0],
        .names = args->words + 1,
        .name_count = args->word_count - 1,
        .dir = dir != NULL ? dir : ".",
        .force = eb_arg_flag(args, EB_OPT_FORCE),
    };
    eb_data_image_t image;

    eb_code_t code = eb_op_image_extract(&options, &cli->console.events, &image, err);
    if (code == EB_OK) {
        code = eb_render_image_extract(cli, options.dir, &image, err);
    }
    eb_data_image_free(&image);
    return code;
}

static const eb_opt_t no_options[] = {EB_OPT_COUNT};

const eb_command_t eb_cmd_image = {
    .name = "image",
    .summary = "pack files into a data image for a Particle Electron",
    .args = "COMMAND",
    .min_args = 1,
    .max_args = 1,
    .arg_kinds = {EB_VALUE_COMMAND},
    .about = "A data image holds files for the program of a Particle Electron or E series "
             "device: certificates, sounds, pictures. It lies in a spare sector of 128 KB at "
             "0x80a0000. The program reads it in place, with the library of electron-flash-data. "
             "'espbackup image COMMAND --help' explains a command.\n\nOn an Espressif board an "
             "image may be the content of a data partition: 'espbackup flash-info' shows its "
             "address, and 'espbackup restore FILE --address ADDR' writes it there.",
    .options = no_options,
};

const eb_command_t eb_cmd_image_list = {
    .name = "image list",
    .summary = "list the files in a data image",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .arg_kinds = {EB_VALUE_FILE},
    .about = "Lists the files in a data image: name, type, size and local time. The exit status "
             "is 6 if the image is damaged; the error names the field. An image whose CRC alone "
             "is wrong is listed all the same.",
    .options = no_options,
    .example = "  espbackup image list data.bin\n",
    .run = run_list,
};

static const eb_opt_t extract_options[] = {EB_OPT_DIRECTORY, EB_OPT_FORCE, EB_OPT_COUNT};

static const eb_opt_help_t extract_help[] = {
    {EB_OPT_FORCE, "replace files that exist"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_image_extract = {
    .name = "image extract",
    .summary = "take files out of a data image",
    .args = "FILE [NAME...]",
    .min_args = 1,
    .max_args = EB_ARGS_WORDS_MAX,
    .arg_kinds = {EB_VALUE_FILE, EB_VALUE_FREE},
    .about = "Takes the files NAME out of a data image, or all files, and gives them their times. "
             "A damaged image is refused. So is a name that could leave the folder, or that is "
             "not allowed on every system. Nothing is written before everything is checked, and "
             "no file is replaced without --force.",
    .options = extract_options,
    .own_help = extract_help,
    .example = "  espbackup image extract data.bin -C files\n"
               "  espbackup image extract data.bin ca.pem\n",
    .run = run_extract,
};
