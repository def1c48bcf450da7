/* map_output.h: the map of the flash that flash-info, show and diff draw. */
#ifndef EB_COMMANDS_MAP_OUTPUT_H
#define EB_COMMANDS_MAP_OUTPUT_H

#include "cli.h"
#include "flash_map.h"

/* The help of --force for a command whose only output is the picture. */
#define EB_MAP_FORCE_HELP "allow --svg to replace an existing file"

/* Whether --svg can be done, said before anything is read: EB_ERR_USAGE, EB_ERR_FILE_EXISTS. */
eb_code_t eb_map_check(const eb_args_t *args, eb_err_t *err);

/* Whether a map is drawn: on a terminal, where the result is text; and with --svg. */
bool eb_map_on_terminal(const eb_cli_t *cli);
bool eb_map_wanted(const eb_cli_t *cli);

/* Draw it on the terminal and write the picture, where that is wanted; title: what it shows. */
eb_code_t eb_map_put(eb_cli_t *cli, const eb_flash_map_t *map, const char *title, eb_err_t *err);

#endif
