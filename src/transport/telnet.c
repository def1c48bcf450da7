#include "telnet.h"

#include <string.h>

static void add_to_sub(eb_telnet_t *t, uint8_t byte)
{
    if (t->sub_len < EB_TELNET_SUB_MAX) {
        t->sub[t->sub_len] = byte;
    }
    if (t->sub_len <= EB_TELNET_SUB_MAX) {
        t->sub_len++;
    }
}

static void after_iac(eb_telnet_t *t, uint8_t byte)
{
    switch (byte) {
    case EB_TELNET_SB:
        t->sub_len = 0;
        t->state = EB_TELNET_IN_SUB;
        break;
    case EB_TELNET_WILL:
    case EB_TELNET_WONT:
    case EB_TELNET_DO:
    case EB_TELNET_DONT:
        t->verb = byte;
        t->state = EB_TELNET_OPTION;
        break;
    default: /* NOP, break and the like: one byte, nothing to do */
        t->state = EB_TELNET_DATA;
        break;
    }
}

static void after_iac_in_sub(eb_telnet_t *t, uint8_t byte, const eb_telnet_handler_t *handler)
{
    if (byte == EB_TELNET_IAC) {
        add_to_sub(t, byte);
        t->state = EB_TELNET_IN_SUB;
        return;
    }
    /* SE ends a subnegotiation. Any other byte is a fault of the peer, and ends it as well. */
    if (byte == EB_TELNET_SE && t->sub_len <= EB_TELNET_SUB_MAX) {
        handler->sub(handler->user, t->sub, t->sub_len);
    }
    t->state = EB_TELNET_DATA;
}

size_t eb_telnet_decode(eb_telnet_t *t, const uint8_t *raw, size_t len, uint8_t *out,
                        const eb_telnet_handler_t *handler)
{
    size_t used = 0, i = 0;

    while (i < len) {
        if (t->state == EB_TELNET_DATA) {
            /* In bulk up to the next IAC, because nearly all bytes are data. */
            const uint8_t *iac = memchr(raw + i, EB_TELNET_IAC, len - i);
            const size_t run = iac != NULL ? (size_t)(iac - raw) - i : len - i;

            memcpy(out + used, raw + i, run);
            used += run;
            i += run;
            if (iac != NULL) {
                t->state = EB_TELNET_COMMAND;
                i++;
            }
            continue;
        }
        const uint8_t byte = raw[i++];

        switch (t->state) {
        case EB_TELNET_DATA:
            break;
        case EB_TELNET_COMMAND:
            if (byte == EB_TELNET_IAC) {
                out[used++] = byte;
                t->state = EB_TELNET_DATA;
            } else {
                after_iac(t, byte);
            }
            break;
        case EB_TELNET_OPTION:
            t->state = EB_TELNET_DATA;
            handler->option(handler->user, t->verb, byte);
            break;
        case EB_TELNET_IN_SUB:
            if (byte == EB_TELNET_IAC) {
                t->state = EB_TELNET_SUB_COMMAND;
            } else {
                add_to_sub(t, byte);
            }
            break;
        case EB_TELNET_SUB_COMMAND:
            after_iac_in_sub(t, byte, handler);
            break;
        }
    }
    return used;
}

size_t eb_telnet_escape(const uint8_t *data, size_t len, uint8_t *out)
{
    size_t used = 0, i = 0;

    while (i < len) {
        const uint8_t *iac = memchr(data + i, EB_TELNET_IAC, len - i);
        const size_t run = iac != NULL ? (size_t)(iac - data) - i : len - i;

        memcpy(out + used, data + i, run);
        used += run;
        i += run;
        if (iac != NULL) {
            out[used++] = EB_TELNET_IAC;
            out[used++] = EB_TELNET_IAC;
            i++;
        }
    }
    return used;
}
