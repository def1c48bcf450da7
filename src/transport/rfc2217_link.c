#include "rfc2217_link.h"

#include "clock.h"
#include "transport_backend.h"

#include <string.h>

enum { OPTION_BINARY = 0, OPTION_SGA = 3, OPTION_COM_PORT = 44 };

#define NEGOTIATE_MAX_MS 3000
#define ACK_MAX_MS       2000
/* Acknowledgements of one batch come close together: after one, the missing ones have this long. */
#define ACK_AFTER_ONE_MS 300
#define SEND_MAX_MS      2000

static const uint8_t option_numbers[EB_RFC2217_OPTION_COUNT] = {
    [EB_RFC2217_INDEX_BINARY] = OPTION_BINARY,
    [EB_RFC2217_INDEX_SGA] = OPTION_SGA,
    [EB_RFC2217_INDEX_COM_PORT] = OPTION_COM_PORT};

/* -- what comes in ----------------------------------------------------------------------------- */

static void answer(eb_rfc2217_t *r, uint8_t verb, uint8_t option)
{
    const uint8_t bytes[] = {EB_TELNET_IAC, verb, option};

    /* A peer that sends this many options at once does not wait for answers: drop the rest. */
    if (r->reply_len + sizeof(bytes) > sizeof(r->reply)) {
        return;
    }
    memcpy(r->reply + r->reply_len, bytes, sizeof(bytes));
    r->reply_len += sizeof(bytes);
}

/* The peer asks for our side of an option (`mine`), or offers its own, on (`yes`) or off. Answer
 * only changes, as RFC 854 demands, because two sides that answer everything never end. */
static void agree_option(eb_rfc2217_t *r, bool *state, bool known, bool yes, bool mine,
                         uint8_t option)
{
    if (yes && !known) {
        answer(r, mine ? EB_TELNET_WONT : EB_TELNET_DONT, option);
    } else if (known && *state != yes) {
        *state = yes;
        if (mine) {
            answer(r, yes ? EB_TELNET_WILL : EB_TELNET_WONT, option);
        } else {
            answer(r, yes ? EB_TELNET_DO : EB_TELNET_DONT, option);
        }
    }
}

static void on_option(void *user, uint8_t verb, uint8_t option)
{
    eb_rfc2217_t *r = user;
    const bool yes = verb == EB_TELNET_DO || verb == EB_TELNET_WILL;
    const bool mine = verb == EB_TELNET_DO || verb == EB_TELNET_DONT;
    size_t i = 0;

    while (i < EB_RFC2217_OPTION_COUNT && option_numbers[i] != option) {
        i++;
    }
    if (option == OPTION_COM_PORT && mine) {
        r->com_port_agreed = yes;
        r->com_port_refused = !yes;
    }
    if (i == EB_RFC2217_OPTION_COUNT) {
        agree_option(r, NULL, false, yes, mine, option);
    } else {
        agree_option(r, mine ? &r->we_will[i] : &r->they_will[i], true, yes, mine, option);
    }
}

static unsigned control_ack(uint8_t value)
{
    if (value <= 3) {
        return EB_RFC2217_ACK_FLOW;
    }
    if (value >= 7 && value <= 9) {
        return EB_RFC2217_ACK_DTR;
    }
    if (value >= 10 && value <= 12) {
        return EB_RFC2217_ACK_RTS;
    }
    return 0;
}

/* A late acknowledgement shows that the server is slow, not silent. */
static void acknowledge(eb_rfc2217_t *r, unsigned ack)
{
    r->acks |= ack;
    r->silent &= ~ack;
}

static void on_sub(void *user, const uint8_t *bytes, size_t len)
{
    eb_rfc2217_t *r = user;

    if (len < 3 || bytes[0] != OPTION_COM_PORT || bytes[1] < EB_RFC2217_FROM_SERVER) {
        return;
    }
    switch (bytes[1] - EB_RFC2217_FROM_SERVER) {
    case EB_RFC2217_SET_BAUDRATE:
        if (len < 6) {
            return;
        }
        r->server_baud = (uint32_t)bytes[2] << 24 | (uint32_t)bytes[3] << 16 |
                         (uint32_t)bytes[4] << 8 | bytes[5];
        acknowledge(r, EB_RFC2217_ACK_BAUD);
        break;
    case EB_RFC2217_SET_DATASIZE:
        acknowledge(r, EB_RFC2217_ACK_DATASIZE);
        break;
    case EB_RFC2217_SET_PARITY:
        acknowledge(r, EB_RFC2217_ACK_PARITY);
        break;
    case EB_RFC2217_SET_STOPSIZE:
        acknowledge(r, EB_RFC2217_ACK_STOPSIZE);
        break;
    case EB_RFC2217_SET_CONTROL:
        acknowledge(r, control_ack(bytes[2]));
        break;
    case EB_RFC2217_PURGE_DATA:
        acknowledge(r, EB_RFC2217_ACK_PURGE);
        break;
    default: /* notifications of line and modem state */
        break;
    }
}

static void hold(eb_rfc2217_t *r, const uint8_t *bytes, size_t len)
{
    if (r->held_start > 0) {
        memmove(r->held, r->held + r->held_start, r->held_len);
        r->held_start = 0;
    }
    if (len > sizeof(r->held) - r->held_len) {
        r->overflow = true;
        len = sizeof(r->held) - r->held_len;
    }
    memcpy(r->held + r->held_len, bytes, len);
    r->held_len += len;
}

/* -- what goes out ----------------------------------------------------------------------------- */

eb_code_t eb_rfc2217_push(eb_rfc2217_t *r, int wait_ms, bool *done, eb_err_t *err)
{
    const int64_t deadline_ms = eb_clock_ms() + wait_ms;

    *done = false;
    while (r->tx_len > 0) {
        const int left_ms = (int)eb_clock_left_ms(deadline_ms);
        size_t put;
        const eb_code_t code =
            eb_tcp_write(&r->tcp, r->tx + r->tx_start, r->tx_len, left_ms, &put, err);

        if (code != EB_OK) {
            return code;
        }
        r->tx_start += put;
        r->tx_len -= put;
        if (put == 0 && left_ms == 0) {
            return EB_OK;
        }
    }
    r->tx_start = 0;
    *done = true;
    return EB_OK;
}

/* Send a command whole, because a part of one leaves the connection useless. */
static eb_code_t send_now(eb_rfc2217_t *r, const uint8_t *bytes, size_t len, eb_err_t *err)
{
    const int64_t deadline_ms = eb_clock_ms() + SEND_MAX_MS;
    eb_code_t code = EB_OK;
    bool done = false;

    while (code == EB_OK && (!done || len > 0)) {
        size_t put = 0;

        code = eb_rfc2217_push(r, EB_SLICE_MS, &done, err);
        if (code == EB_OK && done && len > 0) {
            code = eb_tcp_write(&r->tcp, bytes, len, EB_SLICE_MS, &put, err);
        }
        bytes += put;
        len -= put;
        if (code == EB_OK && len > 0 && put == 0 && eb_event_cancelled(r->ev)) {
            code = eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
        }
        if (code == EB_OK && len > 0 && eb_clock_left_ms(deadline_ms) == 0) {
            code = eb_err_set(err, EB_ERR_PORT_LOST, "%s takes no more bytes", r->tcp.peer);
        }
    }
    return code;
}

eb_code_t eb_rfc2217_pump(eb_rfc2217_t *r, int wait_ms, eb_err_t *err)
{
    const eb_telnet_handler_t handler = {.user = r, .option = on_option, .sub = on_sub};
    size_t got, len;
    eb_code_t code = eb_tcp_read(&r->tcp, r->raw, sizeof(r->raw), wait_ms, &got, err);

    if (code != EB_OK || got == 0) {
        return code;
    }
    len = eb_telnet_decode(&r->telnet, r->raw, got, r->decoded, &handler);
    hold(r, r->decoded, len);
    if (r->reply_len > 0) {
        const size_t reply_len = r->reply_len;

        r->reply_len = 0;
        code = send_now(r, r->reply, reply_len, err);
    }
    return code;
}

/* Put IAC SB COM-PORT command value IAC SE behind out; returns its end. */
static uint8_t *put_command(uint8_t *out, uint8_t command, const uint8_t *value, size_t len)
{
    *out++ = EB_TELNET_IAC;
    *out++ = EB_TELNET_SB;
    *out++ = OPTION_COM_PORT;
    *out++ = command;
    out += eb_telnet_escape(value, len, out);
    *out++ = EB_TELNET_IAC;
    *out++ = EB_TELNET_SE;
    return out;
}

uint8_t *eb_rfc2217_put_byte(uint8_t *out, uint8_t command, uint8_t value)
{
    return put_command(out, command, &value, 1);
}

uint8_t *eb_rfc2217_put_baud(uint8_t *out, uint32_t baud)
{
    const uint8_t value[] = {(uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8),
                             (uint8_t)baud};

    return put_command(out, EB_RFC2217_SET_BAUDRATE, value, sizeof(value));
}

/*
 * DTR and RTS are two commands, so there is a state in between. On the usual circuit DTR released
 * with RTS asserted is reset; the other three let the chip run. Asserting DTR before, and releasing
 * it after RTS keeps out of reset on the way, unless reset is where we go.
 */
uint8_t *eb_rfc2217_put_lines(uint8_t *out, bool dtr, bool rts, bool send_dtr, bool send_rts)
{
    if (send_dtr && dtr) {
        out = eb_rfc2217_put_byte(out, EB_RFC2217_SET_CONTROL, EB_RFC2217_CONTROL_DTR_ON);
    }
    if (send_rts) {
        out = eb_rfc2217_put_byte(out, EB_RFC2217_SET_CONTROL,
                                  rts ? EB_RFC2217_CONTROL_RTS_ON : EB_RFC2217_CONTROL_RTS_OFF);
    }
    if (send_dtr && !dtr) {
        out = eb_rfc2217_put_byte(out, EB_RFC2217_SET_CONTROL, EB_RFC2217_CONTROL_DTR_OFF);
    }
    return out;
}

eb_code_t eb_rfc2217_request(eb_rfc2217_t *r, const uint8_t *bytes, const uint8_t *end,
                             unsigned want, eb_err_t *err)
{
    int64_t deadline_ms = eb_clock_ms() + ACK_MAX_MS;
    unsigned seen = 0;
    eb_code_t code;

    r->acks = 0;
    code = send_now(r, bytes, (size_t)(end - bytes), err);
    want &= ~r->silent;
    /* After a cancel the board must still be reset: send the commands, but wait less. */
    if (eb_event_cancelled(r->ev)) {
        deadline_ms = eb_clock_ms() + ACK_AFTER_ONE_MS;
    }
    while (code == EB_OK && (r->acks & want) != want && eb_clock_left_ms(deadline_ms) > 0) {
        const int64_t left_ms = eb_clock_left_ms(deadline_ms);

        code = eb_rfc2217_pump(r, left_ms < EB_SLICE_MS ? (int)left_ms : EB_SLICE_MS, err);
        if ((r->acks & want) != seen) {
            seen = r->acks & want;
            deadline_ms = eb_clock_ms() + ACK_AFTER_ONE_MS;
        }
    }
    if (code == EB_OK && (r->acks & want) != want && !eb_event_cancelled(r->ev)) {
        r->silent |= want & ~r->acks;
        eb_event_note(r->ev, EB_LEVEL_DETAIL,
                      "the RFC 2217 server does not acknowledge all settings (0x%02x)", r->silent);
    }
    if (code == EB_OK && r->overflow) {
        r->overflow = false;
        code = eb_err_set(err, EB_ERR_LINE, "too many bytes came while %s changed its settings",
                          r->tcp.peer);
    }
    return code;
}

/* -- getting to know each other ---------------------------------------------------------------- */

eb_code_t eb_rfc2217_negotiate(eb_rfc2217_t *r, eb_err_t *err)
{
    const int64_t deadline_ms = eb_clock_ms() + NEGOTIATE_MAX_MS;
    eb_code_t code;

    for (size_t i = 0; i < EB_RFC2217_OPTION_COUNT; i++) {
        r->we_will[i] = true;
        answer(r, EB_TELNET_WILL, option_numbers[i]);
    }
    /* The server's side of BINARY and SGA; its side of COM-PORT means nothing to us. */
    for (size_t i = EB_RFC2217_INDEX_BINARY; i <= EB_RFC2217_INDEX_SGA; i++) {
        r->they_will[i] = true;
        answer(r, EB_TELNET_DO, option_numbers[i]);
    }
    code = send_now(r, r->reply, r->reply_len, err);
    r->reply_len = 0;
    while (code == EB_OK && !r->com_port_agreed && !r->com_port_refused &&
           eb_clock_left_ms(deadline_ms) > 0) {
        if (eb_event_cancelled(r->ev)) {
            return eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
        }
        code = eb_rfc2217_pump(r, EB_SLICE_MS, err);
    }
    if (code == EB_OK && !r->com_port_agreed) {
        code = eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "%s does not speak RFC 2217", r->tcp.peer);
        eb_err_hint(err, "for a plain TCP server write socket:// instead of rfc2217://");
    }
    return code;
}
