/* command_table.c: the commands, in the order of help. */
#include "command_table.h"

#include <string.h>

static const eb_command_t *const commands[] = {
    &eb_cmd_backup,    &eb_cmd_backup_partition,
    &eb_cmd_restore,

    &eb_cmd_verify,    &eb_cmd_erase,

    &eb_cmd_diff,      &eb_cmd_list,
    &eb_cmd_chip_info, &eb_cmd_flash_info,
    &eb_cmd_ports,     &eb_cmd_help,
    &eb_cmd_version,   NULL,
};

const eb_command_t *eb_command_at(size_t index)
{
    return index < sizeof(commands) / sizeof(commands[0]) ? commands[index] : NULL;
}

const eb_command_t *eb_command_find(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (eb_name_equal(name, strlen(name), commands[i]->name)) {
            return commands[i];
        }
    }
    return NULL;
}

bool eb_command_takes(const eb_command_t *command, eb_opt_t opt)
{
    if (eb_opt_row(opt)->group != EB_OPT_GROUP_COMMAND) {
        return true;
    }
    for (const eb_opt_t *own = command->options; *own != EB_OPT_COUNT; own++) {
        if (*own == opt) {
            return true;
        }
    }
    return false;
}
