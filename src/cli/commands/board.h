/* board.h: from the options to a connected board, and back to the user's own program. */
#ifndef EB_COMMANDS_BOARD_H
#define EB_COMMANDS_BOARD_H

#include "cli.h"
#include "espbackup/session.h"

/* What the options say; strings are borrowed from args. */
void eb_board_options(const eb_args_t *args, eb_session_options_t *out);

/* Connect, and say so at once. *out is NULL on failure. */
eb_code_t eb_board_open(eb_cli_t *cli, eb_session_t **out, eb_err_t *err);
/* With a size of the flash of its own instead of --flash-size; 0: the chip tells it. */
eb_code_t eb_board_open_sized(eb_cli_t *cli, uint64_t flash_size, eb_session_t **out,
                              eb_err_t *err);

/*
 * Leave the board as --after says. NULL is allowed. A failure is told as a warning and is not one
 * of the command: its result holds already.
 */
void eb_board_close(eb_cli_t *cli, eb_session_t *session);
/* The same for one of several boards. */
void eb_board_leave(eb_session_t *session, const eb_events_t *events);

#endif
