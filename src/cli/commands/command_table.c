/* command_table.c: the commands, in the order of help. */
#include "command_table.h"

/* clang-format off */
const eb_command_t *const eb_commands[] = {
    &eb_cmd_backup,
    &eb_cmd_backup_partition,
    &eb_cmd_restore,
    &eb_cmd_verify,
    &eb_cmd_erase,
    &eb_cmd_diff,
    &eb_cmd_list,
    &eb_cmd_show,
    &eb_cmd_chip_info,
    &eb_cmd_flash_info,
    &eb_cmd_ports,
    &eb_cmd_selftest,
    &eb_cmd_image,
    &eb_cmd_image_pack,
    &eb_cmd_image_list,
    &eb_cmd_image_extract,
    &eb_cmd_image_upload,
    &eb_cmd_completion,
    &eb_cmd_help,
    &eb_cmd_version,
    NULL,
};
/* clang-format on */
