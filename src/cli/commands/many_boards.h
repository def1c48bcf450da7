/*
 * many_boards.h: `backup` of several boards at once, each on its own port and in its own thread.
 * One that fails does not disturb the others.
 */
#ifndef EB_COMMANDS_MANY_BOARDS_H
#define EB_COMMANDS_MANY_BOARDS_H

#include "cli.h"
#include "espbackup/ops.h"

/* Whether --port was given several times, or as "all". */
bool eb_many_boards_wanted(const eb_args_t *args);

/*
 * Back them all up, and render the results. With "all": every serial port; those that are no USB
 * device and where nothing answers are left out. EB_OK: all are done and verified; otherwise the
 * error of the board whose exit status is the highest, and how many failed.
 */
eb_code_t eb_many_boards_backup(eb_cli_t *cli, const eb_backup_options_t *options, eb_err_t *err);

#endif
