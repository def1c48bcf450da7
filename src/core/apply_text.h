/* apply_text.h: the state of a board in the words of an error. */
#ifndef EB_CORE_APPLY_TEXT_H
#define EB_CORE_APPLY_TEXT_H

#include "compare.h"

/* EB_ERR_UNFINISHED into err: the cause, and which ranges are in which state. Returns it. */
eb_code_t eb_apply_unfinished(const eb_spans_t *spans, const eb_err_t *cause, eb_err_t *err);

#endif
