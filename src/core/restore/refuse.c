#include "refuse.h"

#include <stdarg.h>
#include <stdio.h>

eb_code_t eb_refuse(const eb_events_t *ev, bool force, eb_reason_t reason, eb_err_t *err,
                    const char *format, ...)
{
    char text[EB_ERR_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (force) {
        eb_event_note(ev, EB_LEVEL_WARNING, "%s; continuing anyway", text);
        return EB_OK;
    }
    return eb_err_set_reason(err, EB_ERR_REFUSED, reason, "%s", text);
}

eb_code_t eb_refuse_unconfirmed(eb_confirm_fn confirm, void *user, const eb_change_plan_t *plan,
                                eb_err_t *err)
{
    if (confirm == NULL || confirm(user, plan)) {
        return EB_OK;
    }
    return eb_err_set_reason(err, EB_ERR_REFUSED, EB_REASON_NOT_CONFIRMED,
                             "not confirmed: nothing was changed");
}

eb_code_t eb_refuse_download_mode(const eb_session_t *session, eb_err_t *err)
{
    if (eb_session_chip(session)->security.secure_download_mode != EB_YES) {
        return EB_OK;
    }
    (void)eb_err_set(err, EB_ERR_UNSUPPORTED,
                     "secure download mode is on: the chip does not let its flash be compared and "
                     "verified");
    eb_err_hint(err, "the chip itself forbids it, and nothing lifts that");
    return EB_ERR_UNSUPPORTED;
}

eb_code_t eb_refuse_protected(eb_retry_t *retry, bool force, eb_err_t *err)
{
    bool is_protected = false;
    uint16_t status = 0;
    eb_session_stats_t stats;
    eb_err_t why = {0};

    while (eb_flash_protection(retry->session, &is_protected, &status, &why) != EB_OK) {
        if (why.code == EB_ERR_UNSUPPORTED) {
            eb_event_note(retry->ev, EB_LEVEL_DETAIL, "write protection is not known: %s",
                          why.message);
            return EB_OK;
        }
        if (eb_retry_after_failure(retry, &why) != EB_OK) {
            return eb_err_copy(err, &why);
        }
    }
    eb_session_get_stats(retry->session, &stats);
    if (is_protected && !stats.stub) {
        eb_event_note(
            retry->ev, EB_LEVEL_WARNING,
            "the flash is write-protected (status register 0x%02x), and the ROM bootloader "
            "clears the protection for good",
            status);
        return EB_OK;
    }
    if (!is_protected) {
        return EB_OK;
    }
    return eb_refuse(retry->ev, force, EB_REASON_FORCE_PROTECTED, err,
                     "the flash is write-protected: its status register is 0x%02x, and the "
                     "block protection bits in it make it ignore writes",
                     status);
}
