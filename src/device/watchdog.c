/*
 * watchdog.c: the chip's watchdogs. A USB-Serial/JTAG reset leaves them running. They can reset a
 * chip where the modem lines do not bring it back to its program.
 */
#include "clock.h"
#include "session_impl.h"

#define RESET_TICKS  2000u
/* Enable, stage 0 resets the system, long reset pulses. */
#define RESET_CONFIG ((1u << 31) | (5u << 28) | (1u << 8) | 2u)
#define RESET_MS     500

static eb_code_t feed_super(eb_session_t *s, eb_err_t *err)
{
    const eb_watchdog_regs_t *w = &s->row->watchdog;
    uint32_t super = 0;
    eb_code_t code;

    if (w->super_unlock_reg == 0) {
        return EB_OK;
    }
    code = eb_dev_write_reg(s, w->super_unlock_reg, w->super_unlock_key, err);
    if (code == EB_OK) {
        code = eb_dev_read_reg(s, w->super_config_reg, &super, err);
    }
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->super_config_reg, super | w->super_auto_feed, err);
    }
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->super_unlock_reg, 0, err);
    }
    return code;
}

eb_code_t eb_watchdog_stop(eb_session_t *s, eb_err_t *err)
{
    const eb_watchdog_regs_t *w = &s->row->watchdog;
    eb_code_t code;

    if (w->unlock_reg == 0 || s->port.kind != EB_PORT_USB_JTAG || s->secure_download) {
        return EB_OK;
    }
    code = eb_dev_write_reg(s, w->unlock_reg, w->unlock_key, err);
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->config_reg, 0, err);
    }
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->unlock_reg, 0, err);
    }
    if (code == EB_OK) {
        code = feed_super(s, err);
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "stopping the watchdogs");
    }
    return code;
}

eb_code_t eb_watchdog_can_reset(const eb_session_t *s, eb_err_t *err)
{
    if (!s->row->watchdog.can_reset) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "the %s has no watchdog reset", s->row->name);
    }
    if (s->secure_download) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED,
                          "in secure download mode there is no watchdog reset");
    }
    return EB_OK;
}

eb_code_t eb_watchdog_reset(eb_session_t *s, eb_err_t *err)
{
    const eb_watchdog_regs_t *w = &s->row->watchdog;
    eb_code_t code = eb_watchdog_can_reset(s, err);

    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->unlock_reg, w->unlock_key, err);
    }
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->stage0_reg, RESET_TICKS, err);
    }
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, w->config_reg, RESET_CONFIG, err);
    }
    /* Do not lock the registers again: the reset may come first, and locks them itself. */
    if (code == EB_OK) {
        eb_sleep_ms(RESET_MS);
    }
    return code;
}

void eb_watchdog_before_run(eb_session_t *s, bool *by_watchdog)
{
    const eb_chip_row_t *row = s->row;
    const bool otg = s->port.kind == EB_PORT_USB_OTG;
    const bool deaf =
        otg && !s->stub; /* the lines are USB requests there, and the ROM reads none */
    uint32_t strap = 0, force = 0;

    *by_watchdog = false;
    if (row == NULL || s->secure_download) {
        return;
    }
    if (!otg && !(s->port.kind == EB_PORT_USB_JTAG && row->download.clear_force)) {
        return;
    }
    if (row->download.force_reg != 0 &&
        eb_dev_read_reg(s, row->download.force_reg, &force, NULL) != EB_OK) {
        return;
    }
    if ((row->download.clear_force || deaf) && (force & row->download.force_on) != 0 &&
        eb_dev_write_reg(s, row->download.force_reg, force & ~row->download.force_on, NULL) ==
            EB_OK) {
        force &= ~row->download.force_on;
    }
    if (!otg || !row->watchdog.can_reset) {
        return;
    }
    if (row->download.strap_reg != 0 &&
        eb_dev_read_reg(s, row->download.strap_reg, &strap, NULL) != EB_OK) {
        return;
    }
    /* A reset by RTS samples GPIO0 again as it was held. The watchdog does not sample it. */
    *by_watchdog =
        row->download.strap_reg == 0 ||
        ((deaf || (strap & row->download.strap_run) == 0) && (force & row->download.force_on) == 0);
}
