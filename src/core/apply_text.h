/* apply_text.h: the state of a board in the words of an error, and what the work cost. */
#ifndef EB_CORE_APPLY_TEXT_H
#define EB_CORE_APPLY_TEXT_H

#include "apply.h"

/* EB_ERR_UNFINISHED into err: the cause, and which ranges are in which state. Returns it. */
eb_code_t eb_apply_unfinished(const eb_spans_t *spans, const eb_err_t *cause, eb_err_t *err);

/* At EB_LEVEL_DETAIL: what was asked, erased, written and proved, and how long it took. */
void eb_apply_tell(const eb_apply_t *apply);

#endif
