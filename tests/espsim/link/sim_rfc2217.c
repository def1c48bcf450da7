/*
 * sim_rfc2217.c: see sim_rfc2217.h. Facts: RFC 854 (telnet commands, 0xFF doubled in data), RFC 855
 * (negotiation, subnegotiation), RFC 856 (binary), RFC 2217 (COM-PORT-OPTION, chapter 3).
 *
 * Settings are applied in the order in which they come between the data, before their answer is
 * sent: a client that waits for the answer knows that the line has changed.
 */
#include "sim_rfc2217.h"

#include <string.h>

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { OPTION_BINARY = 0, OPTION_ECHO = 1, OPTION_SGA = 3, OPTION_COM_PORT = 44 };

enum {
    SIGNATURE = 0,
    SET_BAUDRATE = 1,
    SET_DATASIZE = 2,
    SET_PARITY = 3,
    SET_STOPSIZE = 4,
    SET_CONTROL = 5,
    FLOW_SUSPEND = 8,
    FLOW_RESUME = 9,
    SET_LINESTATE_MASK = 10,
    SET_MODEMSTATE_MASK = 11,
    PURGE_DATA = 12,
    SERVER_OFFSET = 100, /* the answer to command N is N + 100 */
    NOTIFY_MODEMSTATE = 107
};

enum {
    CONTROL_FLOW_QUERY = 0,
    CONTROL_FLOW_NONE = 1,
    CONTROL_FLOW_HARDWARE = 3,
    CONTROL_BREAK_QUERY = 4,
    CONTROL_BREAK_OFF = 6,
    CONTROL_DTR_QUERY = 7,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_RTS_QUERY = 10,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
    CONTROL_INFLOW_QUERY = 13,
    CONTROL_INFLOW_NONE = 14
};

/* CTS and DSR are tied to nothing on these boards; adapters then read them as asserted. */
#define MODEM_STATE 0x30U

void sim_rfc2217_start(sim_rfc2217_t *t, const sim_rfc2217_ops_t *ops, void *user)
{
    memset(t, 0, sizeof(*t));
    t->ops = ops;
    t->user = user;
    t->baud = 115200;
    t->datasize = 8;
    t->parity = 1;   /* none */
    t->stopsize = 1; /* one bit */
    t->flow = CONTROL_FLOW_NONE;
    t->modem_mask = 0xFF;
}

size_t sim_rfc2217_escape(const uint8_t *bytes, size_t count, uint8_t *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        out[n++] = bytes[i];
        if (bytes[i] == IAC) {
            out[n++] = IAC;
        }
    }
    return n;
}

static void answer(sim_rfc2217_t *t, uint8_t code, const uint8_t *value, size_t size)
{
    uint8_t out[4 + 2 * SIM_TELNET_SUB_MAX + 2] = {IAC, SB, OPTION_COM_PORT, code};
    size_t n = 4 + sim_rfc2217_escape(value, size, out + 4);

    out[n++] = IAC;
    out[n++] = SE;
    t->ops->reply(t->user, out, n);
}

static void answer_byte(sim_rfc2217_t *t, uint8_t command, uint8_t value)
{
    answer(t, (uint8_t)(command + SERVER_OFFSET), &value, 1);
}

static void notify_modem(sim_rfc2217_t *t)
{
    static const uint8_t modem_state = MODEM_STATE;

    if ((MODEM_STATE & t->modem_mask) != 0) {
        answer(t, NOTIFY_MODEMSTATE, &modem_state, 1);
    }
}

/* WILL or WONT in answer to DO and DONT, and the reverse; only when something changes. */
static void negotiate(sim_rfc2217_t *t, uint8_t command, uint8_t option)
{
    bool about_us = command == DO || command == DONT;
    bool wanted = command == DO || command == WILL;
    bool known = option == OPTION_BINARY || option == OPTION_SGA || option == OPTION_COM_PORT ||
                 (option == OPTION_ECHO && about_us);
    bool *state = about_us ? &t->ours[option] : &t->theirs[option];
    uint8_t out[3] = {IAC, 0, option};

    if (wanted && !known) {
        out[1] = about_us ? WONT : DONT;
    } else if (wanted != *state) {
        *state = wanted;
        if (about_us) {
            out[1] = wanted ? WILL : WONT;
        } else {
            out[1] = wanted ? DO : DONT;
        }
    }
    if (out[1] != 0) {
        t->ops->reply(t->user, out, sizeof(out));
    }
    if (option == OPTION_COM_PORT && out[1] == DO) {
        notify_modem(t); /* the mask is 255 until the client sets it; clients wait for the first */
    }
}

static void set_baud(sim_rfc2217_t *t, const uint8_t *value, size_t size)
{
    uint32_t baud = 0;
    uint8_t out[4];

    for (size_t i = 0; i < 4 && size >= 4; i++) {
        baud = baud << 8 | value[i];
    }
    if (baud > 0) { /* 0 asks for what is set */
        t->baud = t->ops->baud(t->user, baud);
    }
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(t->baud >> (24 - 8 * i));
    }
    answer(t, SET_BAUDRATE + SERVER_OFFSET, out, sizeof(out));
}

static uint8_t set_line(sim_rfc2217_t *t, uint8_t value)
{
    bool dtr, rts;

    t->ops->get_lines(t->user, &dtr, &rts);
    if (value == CONTROL_DTR_ON || value == CONTROL_DTR_OFF) {
        dtr = value == CONTROL_DTR_ON;
        t->ops->lines(t->user, dtr, rts);
    } else if (value == CONTROL_RTS_ON || value == CONTROL_RTS_OFF) {
        rts = value == CONTROL_RTS_ON;
        t->ops->lines(t->user, dtr, rts);
    }
    if (value >= CONTROL_RTS_QUERY) {
        return rts ? CONTROL_RTS_ON : CONTROL_RTS_OFF;
    }
    return dtr ? CONTROL_DTR_ON : CONTROL_DTR_OFF;
}

static void set_control(sim_rfc2217_t *t, uint8_t value)
{
    uint8_t now;

    if (value <= CONTROL_FLOW_HARDWARE) {
        t->flow = value == CONTROL_FLOW_QUERY ? t->flow : value;
        now = t->flow;
    } else if (value >= CONTROL_BREAK_QUERY && value <= CONTROL_BREAK_OFF) {
        now = value == CONTROL_BREAK_QUERY ? CONTROL_BREAK_OFF : value;
    } else if (value >= CONTROL_DTR_QUERY && value <= CONTROL_RTS_OFF) {
        now = set_line(t, value);
    } else {
        now = value == CONTROL_INFLOW_QUERY ? CONTROL_INFLOW_NONE : value;
    }
    answer_byte(t, SET_CONTROL, now);
}

/* Data size, parity and stop bits are remembered and change nothing: the chip knows only 8N1. */
static void set_format(sim_rfc2217_t *t, uint8_t command, uint8_t value)
{
    uint8_t *setting = command == SET_DATASIZE ? &t->datasize
                       : command == SET_PARITY ? &t->parity
                                               : &t->stopsize;

    if (value != 0) { /* 0 asks for what is set */
        *setting = value;
    }
    answer_byte(t, command, *setting);
}

static void com_port_command(sim_rfc2217_t *t, uint8_t command, const uint8_t *value, size_t size)
{
    static const char signature[] = "espsim";
    uint8_t first = size > 0 ? value[0] : 0;

    switch (command) {
    case SIGNATURE:
        if (size == 0) { /* with text it is the client's own, and needs no answer */
            answer(t, SIGNATURE + SERVER_OFFSET, (const uint8_t *)signature, strlen(signature));
        }
        break;
    case SET_BAUDRATE:
        set_baud(t, value, size);
        break;
    case SET_DATASIZE:
    case SET_PARITY:
    case SET_STOPSIZE:
        set_format(t, command, first);
        break;
    case SET_CONTROL:
        set_control(t, first);
        break;
    case FLOW_SUSPEND:
    case FLOW_RESUME:
        break; /* TCP's own flow control does */
    case SET_LINESTATE_MASK:
        t->line_mask = first;
        answer_byte(t, command, first);
        break;
    case SET_MODEMSTATE_MASK:
        t->modem_mask = first;
        answer_byte(t, command, first);
        notify_modem(t);
        break;
    case PURGE_DATA:
        t->ops->purge(t->user, (first & 1) != 0, (first & 2) != 0);
        answer_byte(t, command, first);
        break;
    default:
        break;
    }
}

static void end_sub(sim_rfc2217_t *t)
{
    if (t->sub_size >= 2 && t->sub[0] == OPTION_COM_PORT) {
        com_port_command(t, t->sub[1], t->sub + 2, t->sub_size - 2);
    }
}

/* A byte that is not plain data. */
static void feed_telnet(sim_rfc2217_t *t, uint8_t byte)
{
    switch (t->state) {
    case SIM_TELNET_DATA:
        t->state = SIM_TELNET_IAC;
        break;
    case SIM_TELNET_IAC:
        t->state = SIM_TELNET_DATA;
        if (byte == IAC) {
            t->ops->data(t->user, &byte, 1);
        } else if (byte == SB) {
            t->state = SIM_TELNET_SUB;
            t->sub_size = 0;
        } else if (byte >= WILL && byte <= DONT) {
            t->command = byte;
            t->state = SIM_TELNET_OPTION;
        }
        break;
    case SIM_TELNET_OPTION:
        negotiate(t, t->command, byte);
        t->state = SIM_TELNET_DATA;
        break;
    case SIM_TELNET_SUB:
    case SIM_TELNET_SUB_IAC:
        if (byte == IAC && t->state == SIM_TELNET_SUB) {
            t->state = SIM_TELNET_SUB_IAC;
        } else if (byte == SE && t->state == SIM_TELNET_SUB_IAC) {
            end_sub(t);
            t->state = SIM_TELNET_DATA;
        } else {
            t->state = SIM_TELNET_SUB;
            if (t->sub_size < SIM_TELNET_SUB_MAX) {
                t->sub[t->sub_size++] = byte;
            }
        }
        break;
    }
}

void sim_rfc2217_feed(sim_rfc2217_t *t, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        if (t->state == SIM_TELNET_DATA && *bytes != IAC) {
            const uint8_t *iac = memchr(bytes, IAC, count);
            size_t plain = iac != NULL ? (size_t)(iac - bytes) : count;
            t->ops->data(t->user, bytes, plain);
            bytes += plain;
            count -= plain;
        } else {
            feed_telnet(t, *bytes++);
            count--;
        }
    }
}
