/* option_checks.h: what several commands check of their options before a port is opened. */
#ifndef EB_COMMANDS_OPTION_CHECKS_H
#define EB_COMMANDS_OPTION_CHECKS_H

#include "args.h"

/* --force only together with --output, because all other names are new. */
eb_code_t eb_check_force(const eb_args_t *args, eb_err_t *err);

/* --offset and --size end within 4 GiB. */
eb_code_t eb_check_range(const eb_args_t *args, eb_err_t *err);

#endif
