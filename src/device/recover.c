/* recover.c: bringing a board back after a failure, and slowing the line down. */
#include "session_impl.h"

#include <string.h>

#define ATTEMPTS_A_TRY 2
#define RESYNC_TRIES   3
#define SLOW_TRIES     2

/* Another board may be behind the same name of the port. */
static eb_code_t check_board(eb_session_t *s, eb_err_t *err)
{
    char mac[EB_MAC_TEXT_BYTES];
    eb_code_t code = eb_detect_chip(s, err);

    if (code == EB_OK) {
        code = eb_watchdog_stop(s, err);
    }
    if (code == EB_OK) {
        code = eb_detect_mac(s, mac, err);
    }
    /* The line may have damaged the MAC, so another MAC counts the second time only. */
    if (code == EB_OK && strcmp(mac, s->chip.macs[0].text) != 0) {
        code = eb_detect_mac(s, mac, err);
    }
    if (code != EB_OK) {
        return code;
    }
    if (!s->secure_download && strcmp(mac, s->chip.macs[0].text) != 0) {
        return eb_err_set(err, EB_ERR_CHIP_MISMATCH,
                          "another board answers now: MAC %s instead of %s", mac,
                          s->chip.macs[0].text);
    }
    return EB_OK;
}

static eb_code_t bring_back(eb_session_t *s, eb_err_t *err)
{
    const eb_security_t security = s->chip.security;
    eb_code_t code = eb_connect_sync(s, ATTEMPTS_A_TRY, 0, ATTEMPTS_A_TRY, err);

    if (code == EB_OK) {
        code = check_board(s, err);
        s->chip.security = security; /* eb_detect_chip fills only a part of it */
    }
    if (code == EB_OK) {
        code = eb_session_prepare(s, err);
    }
    if (code == EB_OK) {
        code = eb_flash_attach_again(s, true, err);
    }
    return code;
}

/* After a USB stall the drivers of many adapters read nothing until the port is opened again. If
 * the open fails, the next connect waits for the port. */
static void open_again(eb_session_t *s)
{
    eb_event_note(s->ev, EB_LEVEL_DETAIL, "nothing comes from %s: opening it again", s->port_name);
    eb_connect_close(s);
    (void)eb_connect_open(s, NULL);
}

eb_code_t eb_recover_by_reset(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code = EB_ERR_PORT_LOST;

    for (int i = 0; i < EB_RECONNECT_TRIES; i++) {
        s->stats.reconnects++;
        code = bring_back(s, err);
        if (code == EB_OK || eb_code_row(code)->ends_recovery || s->transport == NULL) {
            return code;
        }
        if (code == EB_ERR_PORT_LOST) {
            eb_connect_close(s);
        } else if (code == EB_ERR_NO_ANSWER && !eb_port_traits(s->port.kind)->network) {
            open_again(s);
        }
    }
    return code;
}

/* Whether the same stub or ROM bootloader answers and is in step. */
static eb_code_t in_step(eb_session_t *s, eb_err_t *err)
{
    const eb_dialect_t before = s->stub ? EB_DIALECT_STUB : eb_link_dialect(s->link);
    eb_sync_info_t info;
    eb_code_t code = eb_link_resync(s->link, RESYNC_TRIES, &info, err);

    if (code != EB_OK) {
        return code;
    }
    if (info.dialect != before) {
        return eb_err_set(err, EB_ERR_CHIP_RESET, "the board restarted: %s answers now",
                          info.dialect == EB_DIALECT_STUB ? "a stub" : "the ROM bootloader");
    }
    /* A ROM bootloader that restarted answers the same, but has lost the flash. */
    if (!s->stub) {
        return eb_flash_attach_again(s, false, err);
    }
    return EB_OK;
}

eb_code_t eb_session_recover(eb_session_t *s, eb_err_t *err)
{
    eb_err_t quiet = {.code = EB_OK};
    eb_code_t code = eb_event_check(s->ev, err);

    if (code != EB_OK) {
        return code;
    }
    code = EB_ERR_PORT_LOST;
    /* Skip the SYNC where a reset is possible and known to be needed. */
    if (s->transport != NULL && !(s->out_of_step && eb_transport_can_lines(s->transport))) {
        code = in_step(s, &quiet);
    }
    s->out_of_step = false;
    if (code == EB_OK) {
        return EB_OK;
    }
    if (code == EB_ERR_CANCELLED) {
        if (err != NULL) {
            *err = quiet;
        }
        return code;
    }
    if (code == EB_ERR_PORT_LOST && quiet.code == EB_ERR_PORT_LOST) {
        eb_connect_close(s);
    }
    code = eb_recover_by_reset(s, err);
    /* Without a port the error says all already. */
    if (code != EB_OK && code != EB_ERR_PORT_LOST && s->transport != NULL) {
        (void)eb_err_wrap(err, "the board could not be brought back");
    }
    return code;
}

eb_code_t eb_session_slow_down(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code = EB_ERR_LINE;
    uint32_t lower;

    if (s->transport == NULL) { /* lost: the next recovery uses the lower rate */
        lower = eb_baud_below(s->baud_target);
    } else if (!eb_transport_can_baud(s->transport) || eb_port_traits(s->port.kind)->in_chip) {
        lower = 0;
    } else {
        lower = eb_baud_below(eb_transport_baud(s->transport));
    }
    if (lower == 0) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "the line cannot be made slower");
    }
    s->baud_target = lower;
    s->stats.slowdowns++;
    if (s->transport == NULL) {
        return EB_OK;
    }
    for (int i = 0; i < SLOW_TRIES && code != EB_OK; i++) {
        code = eb_baud_change(s, lower, err);
        if (code == EB_ERR_CANCELLED) {
            return code;
        }
        if (code == EB_ERR_PORT_LOST || code == EB_ERR_CHIP_RESET) {
            break;
        }
    }
    if (code == EB_OK) {
        return EB_OK;
    }
    if (code == EB_ERR_PORT_LOST) {
        eb_connect_close(s);
    }
    return eb_recover_by_reset(s, err);
}
