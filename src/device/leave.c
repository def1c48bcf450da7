/* leave.c: how a board is left: its program runs again, unless asked otherwise. */
#include "reset.h"
#include "session_impl.h"

#define RESYNC_TRIES   3
#define PORT_RETURN_MS 2000 /* after a Ctrl-C; a second one ends the program after 3 s */

/* A port inside the chip goes away in the reset into download mode. Only when it is there again the
 * board can be left. */
static bool port_is_there(eb_session_t *s)
{
    const bool lost =
        s->transport == NULL || eb_transport_flush_input(s->transport, NULL) == EB_ERR_PORT_LOST;

    if (!lost || !eb_port_traits(s->port.kind)->in_chip || !eb_event_cancelled(s->outer)) {
        return s->transport != NULL;
    }
    if (eb_connect_reopen(s, PORT_RETURN_MS, NULL) != EB_OK) {
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "the board may be in download mode until it is unplugged");
        return false;
    }
    return true;
}

eb_code_t eb_leave_by_reset(eb_session_t *s, eb_err_t *err)
{
    bool by_watchdog = false;
    eb_err_t now = {.code = EB_OK};
    eb_code_t code;

    /* There the ROM bootloader obeys commands only, and those of its chip. */
    if (s->port.kind == EB_PORT_USB_OTG && (!s->connected || s->row == NULL) &&
        eb_connect_listen(s, NULL) == EB_OK && s->row == NULL) {
        (void)eb_detect_chip(s, NULL);
    }
    /* A board that was reset and has not answered yet hears no commands. */
    if (s->connected) {
        eb_watchdog_before_run(s, &by_watchdog);
    }
    if (by_watchdog && eb_watchdog_reset(s, NULL) == EB_OK) {
        return EB_OK;
    }
    if (s->connected && s->port.kind == EB_PORT_USB_OTG && !s->stub) {
        eb_event_note(
            s->ev, EB_LEVEL_NOTE,
            "the ROM bootloader takes no reset over USB here: the board stays in download "
            "mode until it is unplugged or reset by hand");
        return EB_OK;
    }
    if (!eb_transport_can_lines(s->transport)) {
        eb_event_note(s->ev, EB_LEVEL_NOTE,
                      "%s has no reset line: the board stays in download mode until it is reset by "
                      "hand",
                      s->port_name);
        return EB_OK;
    }
    /* Also after a cancel, because the program must run again. A port inside the chip may vanish
     * when the reset begins, which means success. */
    code = eb_reset_play(s->transport,
                         s->custom_leave.count > 0 ? &s->custom_leave : eb_reset_run(&s->port),
                         NULL, &now);
    if (code == EB_ERR_PORT_LOST && eb_port_traits(s->port.kind)->in_chip) {
        return EB_OK;
    }
    if (code != EB_OK && err != NULL) {
        *err = now;
    }
    return code;
}

static eb_code_t rom_run_user_code(eb_session_t *s, eb_err_t *err)
{
    uint8_t begin[20] = {0}; /* nothing to erase, nothing to write */
    const uint8_t end[4] = {1, 0, 0, 0};
    eb_request_t request = {.op = EB_CMD_FLASH_BEGIN,
                            .data = begin,
                            .len = s->row->efuse_security ? 16 : 20,
                            .timeout_ms = s->reply_ms};
    eb_reply_t reply;
    eb_code_t code;

    if (s->stub) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED,
                          "the stub cannot start the program by a command");
    }
    begin[9] = 0x04; /* block size 0x400 */
    code = eb_link_command(s->link, &request, &reply, err);
    if (code != EB_OK) {
        return code;
    }
    request = (eb_request_t){
        .op = EB_CMD_FLASH_END, .data = end, .len = sizeof(end), .timeout_ms = s->reply_ms};
    return eb_link_command(s->link, &request, &reply, err);
}

/* The next program starts at the rate of the ROM bootloader. */
static void go_back_to_rom_rate(eb_session_t *s)
{
    const uint32_t now = eb_baud_now(s);
    eb_sync_info_t info;

    if (!s->connected || s->row == NULL || now == 0 || now == EB_ROM_BAUD) {
        return;
    }
    if (eb_link_resync(s->link, RESYNC_TRIES, &info, NULL) != EB_OK ||
        eb_baud_change(s, EB_ROM_BAUD, NULL) != EB_OK) {
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "the board stays at %u baud, because it no longer "
                      "answers",
                      (unsigned)now);
    }
}

/* Only the lines start the program of a chip that is unknown, or that does not answer. */
static eb_code_t leave(eb_session_t *s, eb_err_t *err)
{
    const bool commands = s->connected && s->row != NULL;

    switch (s->options.after) {
    case EB_AFTER_HARD_RESET:
        return eb_leave_by_reset(s, err);
    case EB_AFTER_SOFT_RESET:
        return commands ? rom_run_user_code(s, err) : eb_leave_by_reset(s, err);
    case EB_AFTER_WATCHDOG_RESET:
        return commands ? eb_watchdog_reset(s, err) : eb_leave_by_reset(s, err);
    case EB_AFTER_NO_RESET:
    case EB_AFTER_NO_RESET_STUB:
        go_back_to_rom_rate(s);
        return EB_OK;
    }
    return EB_OK;
}

eb_code_t eb_leave_board(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code;

    if (!s->touched) {
        return EB_OK;
    }
    /* Where the lines are not enough, send commands even after a cancel. */
    s->leaving = eb_port_traits(s->port.kind)->in_chip || s->options.after != EB_AFTER_HARD_RESET;
    code = port_is_there(s) ? leave(s, err) : EB_OK;
    s->leaving = s->touched = false;
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "the board may still be in download mode");
    }
    return code;
}
