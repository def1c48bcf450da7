/* command.c: finding a command, and the options that belong to it. */
#include "command.h"

#include <string.h>

const eb_command_t *eb_command_find(eb_commands_t commands, const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (eb_name_equal(name, strlen(name), commands[i]->name)) {
            return commands[i];
        }
    }
    return NULL;
}

bool eb_command_is_under(const eb_command_t *command, const eb_command_t *group)
{
    const char *space = strchr(command->name, ' ');

    if (group == NULL || space == NULL) {
        return group == NULL && space == NULL;
    }
    return eb_name_equal(command->name, (size_t)(space - command->name), group->name);
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
