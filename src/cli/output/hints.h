/*
 * hints.h: what to do after an error, in words that name options and commands.
 *
 * The core names a reason (eb_reason_t) or gives words without options. cli has the words for each
 * reason, and one hint for each code for all other cases.
 */
#ifndef EB_OUTPUT_HINTS_H
#define EB_OUTPUT_HINTS_H

#include "espbackup/err.h"

#define EB_HINT_BYTES 1024

/* Empty: there is nothing to say. */
void eb_hint(const eb_err_t *err, char out[EB_HINT_BYTES]);

#endif
