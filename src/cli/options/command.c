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

bool eb_command_uses(const eb_command_t *command, eb_opt_t opt)
{
    const eb_opt_group_t group = eb_opt_row(opt)->group;

    if (group == EB_OPT_GROUP_COMMAND) {
        return command != NULL && eb_command_takes(command, opt);
    }
    return command == NULL || group == EB_OPT_GROUP_GENERAL || (group & command->groups) != 0;
}

const char *eb_command_option_help(const eb_command_t *command, eb_opt_t opt)
{
    if (command != NULL && command->own_help != NULL) {
        for (const eb_opt_help_t *own = command->own_help; own->opt != EB_OPT_COUNT; own++) {
            if (own->opt == opt) {
                return own->help;
            }
        }
    }
    return eb_opt_row(opt)->help;
}
