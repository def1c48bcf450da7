/* connect.c: opening the port, resetting the board into download mode, and the first SYNC. */
#include "clock.h"
#include "reset.h"
#include "session_impl.h"
#include "tcp_stream.h"

#include <stdio.h>
#include <string.h>

#define SYNCS_PER_ATTEMPT   5
#define SYNC_UART_MS        120
#define SYNC_NET_MS         300
#define REPLY_UART_MS       1500
#define REPLY_NET_MS        3000
/* Limits once we know how long replies take on this link. */
#define REPLY_LEAST_UART_MS 500
#define REPLY_LEAST_NET_MS  1000
#define REPLY_TIMES         8
#define REPLIES_TO_LEARN    8
/* The port of a chip that restarts again and again is there for less than 100 ms. */
#define LOOK_STEP_MS        20
/* A connection, or a look at what holds the port, costs more. */
#define LOOK_STEP_SLOW_MS   200

static bool is_net(const eb_session_t *s)
{
    return eb_port_traits(s->port.kind)->network;
}

/* Wait far longer than for the slowest reply so far, because a reply missed costs a SYNC. */
void eb_connect_learn_patience(eb_session_t *s, int64_t took_ms)
{
    const int64_t least_ms = is_net(s) ? REPLY_LEAST_NET_MS : REPLY_LEAST_UART_MS;
    const int64_t most_ms = is_net(s) ? REPLY_NET_MS : REPLY_UART_MS;

    s->answered++;
    if (took_ms > s->slowest_ms) {
        s->slowest_ms = took_ms;
    }
    if (s->answered < REPLIES_TO_LEARN) {
        return;
    }
    s->reply_ms = least_ms + REPLY_TIMES * s->slowest_ms;
    if (s->reply_ms > most_ms) {
        s->reply_ms = most_ms;
    }
}

eb_code_t eb_connect_open(eb_session_t *s, eb_err_t *err)
{
    eb_port_list_t list = {0};
    eb_code_t code;

    code = eb_transport_open(s->port_name, s->ev, &s->transport, err);
    if (code != EB_OK) {
        return code;
    }
    code = eb_link_new(s->transport, s->ev, &s->link, err);
    if (code != EB_OK) {
        eb_transport_close(s->transport);
        s->transport = NULL;
        return code;
    }
    s->port = *eb_transport_info(s->transport);
    s->port_unique = s->port.vid != 0 && eb_port_list_get(&list, NULL) == EB_OK &&
                     eb_port_is_unique(&s->port, &list);
    eb_port_list_free(&list);
    s->reply_ms = is_net(s) ? REPLY_NET_MS : REPLY_UART_MS;
    s->slowest_ms = 0;
    s->answered = 0;
    return EB_OK;
}

void eb_connect_close(eb_session_t *s)
{
    if (s->transport != NULL) {
        s->bytes_in_before += eb_transport_bytes_in(s->transport);
        s->bytes_out_before += eb_transport_bytes_out(s->transport);
    }
    eb_link_free(s->link);
    eb_transport_close(s->transport);
    s->link = NULL;
    s->transport = NULL;
    s->connected = false;
}

/* Find the present name of the same USB device. false: it is away, and the old name belongs to
 * another one, or may at any moment, which must not be reset. */
static bool follow_device(eb_session_t *s)
{
    const eb_port_info_t *found;
    eb_port_list_t list;

    if (s->port.vid == 0 || eb_port_list_get(&list, NULL) != EB_OK) {
        return true;
    }
    found = eb_port_find_again(&s->port, s->port_name, s->port_unique, &list);
    if (found != NULL) {
        (void)snprintf(s->port_name, sizeof(s->port_name), "%s", found->name);
    }
    eb_port_list_free(&list);
    return found != NULL;
}

eb_code_t eb_connect_wait(eb_session_t *s, int64_t limit_ms, eb_err_t *err)
{
    const int64_t deadline = eb_clock_ms() + limit_ms;
    eb_code_t code = EB_ERR_PORT_NOT_FOUND;

    do {
        eb_sleep_ms(is_net(s) || code == EB_ERR_PORT_BUSY ? LOOK_STEP_SLOW_MS : LOOK_STEP_MS);
        code = eb_event_check(s->ev, err);
        if (code == EB_OK) {
            code = follow_device(s) ? eb_connect_open(s, err) : EB_ERR_PORT_LOST;
        }
    } while (code != EB_OK && code != EB_ERR_CANCELLED && eb_clock_left_ms(deadline) > 0);
    return code;
}

eb_code_t eb_connect_reopen(eb_session_t *s, int64_t limit_ms, eb_err_t *err)
{
    eb_code_t code;

    eb_connect_close(s);
    eb_event_note(s->ev, EB_LEVEL_NOTE, "%s went away; waiting for it to come back", s->port_name);
    code = eb_connect_wait(s, limit_ms, err);
    if (code == EB_OK || code == EB_ERR_CANCELLED) {
        return code;
    }
    if (code == EB_ERR_PORT_BUSY || code == EB_ERR_PORT_DENIED) {
        (void)eb_err_wrap(err, "%s came back, but cannot be opened", s->port_name);
        return code;
    }
    (void)eb_err_set(err, EB_ERR_PORT_LOST, "%s went away and did not come back within %d s",
                     s->port_name, (int)(limit_ms / 1000));
    if (is_net(s)) {
        eb_err_hint(err, EB_TCP_LOST_HINT);
    }
    return EB_ERR_PORT_LOST;
}

/* Tell the cause by the silence, the text or the noise of the board. */
static eb_code_t diagnose(const eb_session_t *s, eb_err_t *err)
{
    char quote[EB_BOOT_QUOTE_BYTES];

    switch (eb_link_talk(s->link, quote)) {
    case EB_TALK_NOTHING:
        return eb_err_set(err, EB_ERR_NO_ANSWER, "nothing answers on %s", s->port_name);
    case EB_TALK_DOWNLOAD:
        (void)eb_err_set(err, EB_ERR_NO_ANSWER,
                         "the board on %s waits for download (%s), but does not hear us",
                         s->port_name, quote);
        eb_err_hint(err, "the line from this computer to the board (TX to RX) seems to be broken; "
                         "check the wiring or the adapter");
        return EB_ERR_NO_ANSWER;
    case EB_TALK_BOOT:
        return eb_err_set(err, EB_ERR_WRONG_BOOT_MODE,
                          "the board on %s started its program instead of download mode: %s",
                          s->port_name, quote);
    case EB_TALK_TEXT:
        return eb_err_set(
            err, EB_ERR_WRONG_BOOT_MODE,
            "the board on %s runs its program and is not in download mode; it says: %s",
            s->port_name, quote);
    case EB_TALK_GARBAGE:
        break;
    }
    return eb_err_set(err, EB_ERR_GARBAGE, "bytes come from %s, but they make no sense",
                      s->port_name);
}

bool eb_connect_may_reset(const eb_session_t *s)
{
    return (s->transport == NULL || eb_transport_can_lines(s->transport)) &&
           (s->options.before == EB_BEFORE_DEFAULT_RESET ||
            s->options.before == EB_BEFORE_USB_RESET);
}

const eb_reset_sequence_t *eb_connect_sequences(const eb_session_t *s, size_t *count)
{
    if (s->custom_reset.count > 0) {
        *count = 1;
        return &s->custom_reset;
    }
    return eb_reset_into_download(&s->port, s->options.before == EB_BEFORE_USB_RESET, count);
}

/* Without a reset a stub may still run at the rate of an earlier session. */
static eb_code_t choose_rate(eb_session_t *s, int number, eb_err_t *err)
{
    static const uint32_t bauds[] = {EB_ROM_BAUD, 921600, 460800, 230400};
    uint32_t baud = EB_ROM_BAUD;
    eb_code_t code = EB_OK;

    if (!eb_connect_may_reset(s)) {
        baud = bauds[(size_t)number % (sizeof(bauds) / sizeof(bauds[0]))];
    }
    if (eb_transport_can_baud(s->transport) && eb_transport_baud(s->transport) != baud) {
        code = eb_transport_set_baud(s->transport, baud, err);
    }
    /* No session ran at a rate that the port does not have. */
    if (code == EB_ERR_UNSUPPORTED && baud != EB_ROM_BAUD) {
        code = eb_transport_set_baud(s->transport, EB_ROM_BAUD, err);
    }
    return code;
}

/* One attempt: reset, if wanted, then a few SYNCs. */
static eb_code_t attempt(eb_session_t *s, int number, bool reset, eb_sync_info_t *info,
                         eb_err_t *err)
{
    eb_code_t code = choose_rate(s, number, err);

    /* An answer to an earlier SYNC may be on its way, and would count behind the reset. */
    if (code == EB_OK && eb_link_late_ms(s->link) > 0) {
        code = eb_link_drain(s->link, 0, 0, err);
        code = code == EB_ERR_GARBAGE ? EB_OK : code;
    }
    if (code == EB_OK) {
        code = eb_link_flush(s->link, err);
    }
    if (code == EB_OK && reset) {
        size_t count;
        const eb_reset_sequence_t *variants = eb_connect_sequences(s, &count);

        s->connected = false;
        s->touched = true;
        s->trying = (s->variant + (size_t)number) % count;
        code = eb_reset_play(s->transport, &variants[s->trying], s->ev, err);
    }
    for (int i = 0; code == EB_OK && i < SYNCS_PER_ATTEMPT; i++) {
        const int64_t timeout_ms = is_net(s) ? SYNC_NET_MS : SYNC_UART_MS;

        /* Without a reset a stub may run, busy or out of step. */
        code = reset && i == 0 ? eb_link_sync(s->link, timeout_ms, info, err)
                               : eb_link_sync_any_step(s->link, timeout_ms, info, err);
        if (code == EB_OK) {
            return EB_OK;
        }
        if (code == EB_ERR_TIMEOUT || code == EB_ERR_GARBAGE) {
            code = EB_OK;
        }
    }
    return code != EB_OK ? code : diagnose(s, err);
}

/* The port of a USB unit in the chip may vanish in the reset and come back, perhaps under another
 * name. Then the chip is in download mode already, and another reset would take the port away. */
static eb_code_t attempt_through_reset(eb_session_t *s, int number, eb_sync_info_t *info,
                                       eb_err_t *err)
{
    eb_code_t code = attempt(s, number, eb_connect_may_reset(s), info, err);

    if (code != EB_ERR_PORT_LOST || s->port.vid == 0) {
        return code;
    }
    code = eb_connect_reopen(s, EB_PORT_RETURN_MS, err);
    return code == EB_OK ? attempt(s, number, false, info, err) : code;
}

void eb_connect_expect_late(eb_session_t *s)
{
    const int64_t window_ms = SYNCS_PER_ATTEMPT * (is_net(s) ? SYNC_NET_MS : SYNC_UART_MS);
    const int64_t late_ms = 2 * eb_link_late_ms(s->link);

    /* The port of a chip that restarts goes away soon: no time to wait for quiet. */
    if (!eb_port_traits(s->port.kind)->in_chip) {
        eb_link_expect_late(s->link, late_ms > window_ms ? late_ms : window_ms);
    }
}

static void take_answer(eb_session_t *s, const eb_sync_info_t *info)
{
    s->stub = info->dialect == EB_DIALECT_STUB;
    s->connected = s->touched = true;
}

eb_code_t eb_connect_try(eb_session_t *s, eb_err_t *err)
{
    eb_sync_info_t info;
    eb_code_t code = s->transport == NULL ? eb_connect_reopen(s, EB_PORT_RETURN_MS, err) : EB_OK;

    if (code == EB_OK) {
        code = attempt_through_reset(s, 0, &info, err);
    }
    if (code == EB_OK) {
        take_answer(s, &info);
    }
    return code;
}

eb_code_t eb_connect_listen(eb_session_t *s, eb_err_t *err)
{
    eb_sync_info_t info;
    const eb_code_t code = attempt(s, 0, false, &info, err);

    if (code == EB_OK) {
        take_answer(s, &info);
    }
    return code;
}

/* It came back once, in the same attempt. */
static void came_and_went(const eb_session_t *s, eb_err_t *err)
{
    if (!eb_port_traits(s->port.kind)->in_chip) {
        return;
    }
    (void)eb_err_set(err, EB_ERR_PORT_LOST, "%s came back and went away again", s->port_name);
    eb_err_hint(err, "if the chip restarts again and again, as it does with an empty flash: hold "
                     "its BOOT button while you plug it in; else check the cable");
}

static eb_code_t no_sync(eb_session_t *s, eb_err_t *err)
{
    const eb_code_t code =
        s->transport == NULL ? eb_connect_reopen(s, EB_PORT_RETURN_MS, err) : EB_OK;

    if (code != EB_OK) {
        return code;
    }
    /* The user says that the ROM bootloader listens: use its dialect. */
    eb_link_set_dialect(s->link, EB_DIALECT_ROM);
    s->stub = false;
    s->connected = s->touched = true;
    return EB_OK;
}

eb_code_t eb_connect_sync(eb_session_t *s, int attempts, int first, int total, eb_err_t *err)
{
    eb_err_t best = {.code = EB_OK};
    eb_sync_info_t info;

    if (s->options.before == EB_BEFORE_NO_RESET_NO_SYNC) {
        return no_sync(s, err);
    }
    for (int i = 0; attempts == 0 || i < attempts; i++) {
        eb_err_t now = {.code = EB_OK};
        eb_code_t code =
            s->transport == NULL ? eb_connect_reopen(s, EB_PORT_RETURN_MS, &now) : EB_OK;

        if (code == EB_OK) {
            eb_event_progress(s->ev, EB_PHASE_CONNECT, (uint64_t)first + (uint64_t)i,
                              attempts == 0 ? 0 : (uint64_t)total);
            code = attempt_through_reset(s, i, &info, &now);
        }
        if (code == EB_OK) {
            take_answer(s, &info);
            s->variant = s->trying;
            if (!s->stub) {
                s->baud_told = 0; /* the board may have been reset */
            }
            return EB_OK;
        }
        if (code == EB_ERR_PORT_LOST && s->transport != NULL) {
            came_and_went(s, &now);
        }
        if (best.code == EB_OK ||
            eb_code_row(code)->attempt_rank >= eb_code_row(best.code)->attempt_rank) {

            best = now;
        }
        if (code == EB_ERR_PORT_LOST && s->transport != NULL) {
            eb_connect_close(s); /* the next attempt opens it again */
        } else if (!eb_code_row(code)->transient) {
            break; /* cancelled, or the port stays away: another attempt cannot help */
        }
    }
    if (err != NULL) {
        *err = best;
    }
    return best.code;
}
