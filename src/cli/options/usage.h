/* usage.h: help, made from the tables. */
#ifndef EB_OPTIONS_USAGE_H
#define EB_OPTIONS_USAGE_H

#include "command_table.h"
#include "espbackup/err.h"
#include "term.h"

struct eb_cli;

/* Help for a command, or for the whole program (NULL). */
void eb_usage_print(const eb_term_t *term, const eb_command_t *command);

/* A few lines for somebody who typed nothing. */
void eb_usage_short(const eb_term_t *term);

/* Help as the result of a run: on standard output, or {"help": ...}. */
eb_code_t eb_usage_result(struct eb_cli *cli, const eb_command_t *command, eb_err_t *err);

#endif
