/* measure.c: single steps of the way to a board, and their times (espbackup/measure.h). */
#include "espbackup/measure.h"

#include "clock.h"
#include "session_impl.h"

#define LEFT_LISTEN_MS 400 /* boot texts of all chips are through by then */
#define LEFT_LOUD_MS   1000
#define LEFT_SYNC_MS   150
#define LEFT_SYNCS     3
#define ROM_WORD       0x40001000u /* readable on every chip */

const eb_port_info_t *eb_session_port(const eb_session_t *s)
{
    return &s->port;
}

/* On USB-OTG only a program can obey a reset into download mode, and the board may be gone. */
static bool can_restart(const eb_session_t *s)
{
    return eb_connect_may_reset(s) && s->port.kind != EB_PORT_USB_OTG;
}

eb_code_t eb_session_restart(eb_session_t *s, bool no_stub, uint32_t baud, eb_err_t *err)
{
    if (!can_restart(s)) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s cannot reset the board", s->port_name);
    }
    s->options.no_stub = no_stub;
    s->baud_target = baud;
    s->out_of_step = false;
    const eb_code_t code = eb_recover_by_reset(s, err);
    if (code == EB_OK) { /* resets that were asked for are no faults */
        s->stats.retries = s->stats.reconnects = s->stats.slowdowns = 0;
    }
    return code;
}

size_t eb_session_reset_count(const eb_session_t *s)
{
    size_t count = 0;

    if (can_restart(s)) {
        (void)eb_connect_sequences(s, &count);
    }
    return count;
}

/* Whether nobody answers any more, and what the boot text says. */
static eb_code_t check_left(eb_session_t *s, eb_reset_trial_t *out, eb_err_t *err)
{
    char quote[EB_BOOT_QUOTE_BYTES];
    eb_sync_info_t info;
    eb_code_t code = eb_link_drain(s->link, LEFT_LISTEN_MS, LEFT_LOUD_MS, err);

    if (code == EB_ERR_GARBAGE) { /* a program that talks without end */
        code = EB_OK;
    }
    out->says_it_starts = eb_link_talk(s->link, quote) == EB_TALK_BOOT;
    out->leaves = true;
    for (int i = 0; code == EB_OK && out->leaves && i < LEFT_SYNCS; i++) {
        code = eb_link_sync_any_step(s->link, LEFT_SYNC_MS, &info, err);
        out->leaves = code != EB_OK;
        if (code == EB_ERR_TIMEOUT || code == EB_ERR_GARBAGE || code == EB_ERR_LINE) {
            code = EB_OK;
        }
    }
    return code;
}

/* A USB unit in the chip goes away with the reset, and the program decides whether it returns. */
static eb_code_t run_program(eb_session_t *s, eb_reset_trial_t *out, eb_err_t *err)
{
    eb_code_t code = eb_link_flush(s->link, err);

    if (code == EB_OK) {
        code = eb_leave_by_reset(s, err);
    }
    s->connected = s->stub = false;
    if (code == EB_OK && eb_transport_can_baud(s->transport)) {
        code = eb_transport_set_baud(s->transport, EB_ROM_BAUD, err);
    }
    if (code == EB_OK) {
        code = check_left(s, out, err);
        s->connected = !out->leaves;
    }
    if (code == EB_ERR_PORT_LOST && eb_port_traits(s->port.kind)->in_chip) {
        eb_connect_close(s);
        out->leaves = true;
        code = EB_OK;
    }
    return code;
}

eb_code_t eb_session_try_reset(eb_session_t *s, size_t index, eb_reset_trial_t *out, eb_err_t *err)
{
    const size_t variant = s->variant;
    eb_reset_trial_t before;
    size_t count = 0;
    const eb_reset_sequence_t *sequences = eb_connect_sequences(s, &count);
    eb_code_t code;

    *out = (eb_reset_trial_t){.name = ""};
    if (!can_restart(s) || index >= count) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "no reset sequence %zu", index);
    }
    out->name = sequences[index].name;
    /* If the program runs already, it may have taken the port away; the attempt waits for it. */
    code = s->connected ? run_program(s, &before, err) : EB_OK;
    if (code == EB_OK) {
        s->variant = index;
        code = eb_connect_try(s, err);
        s->variant = variant;
        out->enters = code == EB_OK;
        if (eb_code_row(code)->transient) {
            code = EB_OK;
        }
    }
    return code == EB_OK && out->enters ? run_program(s, out, err) : code;
}

uint32_t eb_session_rate_at(const eb_session_t *s, size_t index)
{
    uint32_t baud = EB_AUTO_BAUD;

    if (s->transport == NULL || !eb_transport_can_baud(s->transport) ||
        !eb_port_traits(s->port.kind)->has_rate) {
        return 0;
    }
    while (index-- > 0 && baud != 0) {
        baud = eb_baud_below(baud);
    }
    return baud;
}

eb_code_t eb_session_set_baud(eb_session_t *s, uint32_t baud, eb_err_t *err)
{
    if (s->link == NULL) {
        return eb_err_set(err, EB_ERR_PORT_LOST, "%s is gone", s->port_name);
    }
    if (eb_baud_now(s) == baud) {
        return EB_OK;
    }
    return eb_baud_change(s, baud, err);
}

static uint64_t wire_bytes(const eb_session_t *s)
{
    return eb_transport_bytes_in(s->transport) + eb_transport_bytes_out(s->transport);
}

eb_code_t eb_session_round_trip(eb_session_t *s, int64_t *us, int64_t *wire_us, eb_err_t *err)
{
    const uint32_t baud = eb_baud_now(s);
    uint32_t value;

    *us = *wire_us = 0;
    if (s->link == NULL) {
        return eb_err_set(err, EB_ERR_PORT_LOST, "%s is gone", s->port_name);
    }
    const uint64_t bytes = wire_bytes(s);
    const int64_t started_us = eb_clock_us();
    const eb_code_t code = eb_dev_read_reg(s, ROM_WORD, &value, err);
    *us = eb_clock_us() - started_us;
    if (baud != 0) {
        *wire_us = (int64_t)((wire_bytes(s) - bytes) * 10000000u / baud);
    }
    return code;
}
