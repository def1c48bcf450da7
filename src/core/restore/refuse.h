/* refuse.h: reasons not to change a board that restore and erase share. */
#ifndef EB_RESTORE_REFUSE_H
#define EB_RESTORE_REFUSE_H

#include "restore_options.h"
#include "retry.h"

/* The flash's protection bits, asked for only when something is to change. */
eb_code_t eb_refuse_protected(eb_retry_t *retry, bool force, eb_err_t *err);
/* EB_ERR_REFUSED with message and reason; with force a warning and EB_OK. */
eb_code_t eb_refuse(const eb_events_t *ev, bool force, eb_reason_t reason, eb_err_t *err,
                    const char *format, ...) EB_PRINTF(5, 6);
/* Asks, unless `confirm` is NULL. EB_ERR_REFUSED: the answer was no. */
eb_code_t eb_refuse_unconfirmed(eb_confirm_fn confirm, void *user, const eb_change_plan_t *plan,
                                eb_err_t *err);
/* Secure download mode: the ROM refuses what is needed. EB_ERR_UNSUPPORTED. */
eb_code_t eb_refuse_download_mode(const eb_session_t *session, eb_err_t *err);

#endif
