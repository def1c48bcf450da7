/* cmd_image_upload.c: `espbackup image upload`. */
#include "cli.h"
#include "command_table.h"
#include "espbackup/image_ops.h"
#include "render_image.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE "electron"

/* "2b04:d00a" */
static bool is_usb_id(const char *text)
{
    for (size_t i = 0; i < 9; i++) {
        if (i == 4 ? text[i] != ':' : isxdigit((unsigned char)text[i]) == 0) {
            return false;
        }
    }
    return text[9] == '\0';
}

static eb_code_t choose_device(const eb_args_t *args, eb_image_upload_options_t *out, eb_err_t *err)
{
    const char *device = eb_arg_text(args, EB_OPT_DEVICE);
    const bool electron = device == NULL || strcmp(device, DEVICE) == 0;
    const char *addresses[EB_ARGS_REPEATED_MAX];

    if (!electron && !is_usb_id(device)) {
        return eb_err_set(err, EB_ERR_USAGE, "--device '%s': expected " DEVICE " or VID:PID in hex",
                          device);
    }
    if (eb_arg_list(args, EB_OPT_ADDRESS, addresses) > 1) {
        return eb_err_set(err, EB_ERR_USAGE, "'image upload' takes only one --address");
    }
    if (!electron && !args->values[EB_OPT_ADDRESS].set) {
        return eb_err_set(err, EB_ERR_USAGE, "--device %s needs --address", device);
    }
    out->usb_id = electron ? EB_ELECTRON_USB_ID : device;
    out->address = EB_ELECTRON_ADDRESS;
    if (args->values[EB_OPT_ADDRESS].set) {
        out->address = (uint32_t)eb_arg_number(args, EB_OPT_ADDRESS);
    }
    out->max_size = electron && out->address == EB_ELECTRON_ADDRESS ? EB_DATA_SECTOR_BYTES : 0;
    return EB_OK;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const eb_args_t *args = &cli->args;
    const char *temp_dir = getenv("TMPDIR");
    eb_image_upload_options_t options = {
        .image = args->words[0],
        .skip_verify = eb_arg_flag(args, EB_OPT_NO_VERIFY),
        .dry_run = eb_arg_flag(args, EB_OPT_DRY_RUN),
        .temp_dir = temp_dir != NULL && temp_dir[0] != '\0' ? temp_dir : "/tmp",
    };
    eb_image_upload_result_t result;

    if (choose_device(args, &options, err) != EB_OK) {
        return EB_ERR_USAGE;
    }
    eb_code_t code = eb_op_image_upload(&options, &cli->console.events, &result, err);
    eb_console_end(&cli->console);
    if (code == EB_OK || cli->json != NULL) {
        eb_render_image_upload(cli, &options, &result);
    }
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_DEVICE, EB_OPT_ADDRESS, EB_OPT_NO_VERIFY, EB_OPT_DRY_RUN, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_ADDRESS, "address of the image in the flash (default: 0x80a0000, the spare sector)"},
    {EB_OPT_DRY_RUN, "check the image, show the command of dfu-util, and run nothing"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_image_upload = {
    .name = "image upload",
    .summary = "write a data image to a device in DFU mode",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .arg_kinds = {EB_VALUE_FILE},
    .about = "Writes a data image to a Particle Electron or E series device over USB, by dfu-util, "
             "and reads it back. dfu-util must be installed.\n\nThe device must be in DFU mode: "
             "hold MODE, press and release RESET, and "
             "release MODE when the light blinks yellow. Afterwards RESET starts its program.\n\n"
             "A Photon or P1 overwrites this sector with each system update.",
    .options = options,
    .own_help = own_help,
    .example = "  espbackup image upload data.bin\n"
               "  espbackup image upload data.bin --dry-run\n",
    .run = run,
};
