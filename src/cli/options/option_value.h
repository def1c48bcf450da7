/* option_value.h: one value of an option. */
#ifndef EB_CLI_OPTION_VALUE_H
#define EB_CLI_OPTION_VALUE_H

#include "args.h"

/*
 * arg->text becomes what the option's row wants; EB_ERR_USAGE says what was expected. `who` is how
 * the value came: "--baud" or "ESPTOOL_BAUD".
 */
eb_code_t eb_option_value_parse(eb_opt_t opt, const char *who, eb_arg_t *arg, eb_err_t *err);

#endif
