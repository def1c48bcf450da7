/* write_report.h: the state of a board in the words of an error, and what the work cost. */
#ifndef EB_RESTORE_WRITE_REPORT_H
#define EB_RESTORE_WRITE_REPORT_H

#include "write_engine.h"

/* EB_ERR_UNFINISHED into err: the cause, and which ranges are in which state. Returns it. */
eb_code_t eb_write_unfinished(const eb_spans_t *spans, const eb_err_t *cause, eb_err_t *err);

/* At EB_LEVEL_DETAIL: what was asked, erased, written and verified, and how long it took. */
void eb_write_report(const eb_write_engine_t *engine);

#endif
