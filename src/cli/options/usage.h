/* usage.h: help, made from the tables. */
#ifndef EB_OPTIONS_USAGE_H
#define EB_OPTIONS_USAGE_H

#include "command.h"
#include "json.h"
#include "term.h"

/* Help for a command, or for the whole program (NULL). */
void eb_usage_print(const eb_term_t *term, eb_commands_t commands, const eb_command_t *command);

/* A few lines for somebody who typed nothing. */
void eb_usage_short(const eb_term_t *term, eb_commands_t commands);

/* The same as "help" in JSON. */
eb_code_t eb_usage_json(eb_json_t *root, eb_commands_t commands, const eb_command_t *command,
                        eb_err_t *err);

#endif
