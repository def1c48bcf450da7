/*
 * command_table.h: the commands. A new command is a cmd_*.c with its const entry (command.h), a
 * line here, and a row in command_table.c; parsing, usage, help and errors follow from the entry.
 */
#ifndef EB_COMMANDS_COMMAND_TABLE_H
#define EB_COMMANDS_COMMAND_TABLE_H

#include "command.h"

/* In the order of help, ended by NULL. */
extern const eb_command_t *const eb_commands[];

extern const eb_command_t eb_cmd_backup;
extern const eb_command_t eb_cmd_backup_partition;
extern const eb_command_t eb_cmd_chip_info;
extern const eb_command_t eb_cmd_completion;
extern const eb_command_t eb_cmd_diff;
extern const eb_command_t eb_cmd_erase;
extern const eb_command_t eb_cmd_flash_info;
extern const eb_command_t eb_cmd_help;
extern const eb_command_t eb_cmd_image;
extern const eb_command_t eb_cmd_image_extract;
extern const eb_command_t eb_cmd_image_list;
extern const eb_command_t eb_cmd_image_pack;
extern const eb_command_t eb_cmd_image_upload;
extern const eb_command_t eb_cmd_list;
extern const eb_command_t eb_cmd_ports;
extern const eb_command_t eb_cmd_restore;
extern const eb_command_t eb_cmd_selftest;
extern const eb_command_t eb_cmd_show;
extern const eb_command_t eb_cmd_verify;
extern const eb_command_t eb_cmd_version;

#endif
