/* transport_rfc2217.c: a serial port of another machine, over telnet. The protocol is in
 * rfc2217_link.c. */
#include "clock.h"
#include "rfc2217_link.h"
#include "transport_backend.h"

#include <stdlib.h>
#include <string.h>

/* -- the backend ------------------------------------------------------------------------------- */

static void rfc2217_close(void *self)
{
    eb_rfc2217_t *r = self;

    eb_tcp_close(&r->tcp);
    free(r);
}

static eb_code_t rfc2217_read(void *self, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                              eb_err_t *err)
{
    eb_rfc2217_t *r = self;
    const int64_t deadline_ms = eb_clock_ms() + wait_ms;

    *got = 0;
    /* Commands may come without data. Then wait for data during the rest of the slice. */
    for (bool last = false; r->held_len == 0 && !last;) {
        const int left_ms = (int)eb_clock_left_ms(deadline_ms);
        bool sent;
        eb_code_t code = eb_rfc2217_push(r, 0, &sent, err);

        if (code == EB_OK) {
            code = eb_rfc2217_pump(r, left_ms, err);
        }
        if (code != EB_OK) {
            return code;
        }
        last = left_ms == 0;
    }
    *got = r->held_len < cap ? r->held_len : cap;
    memcpy(buf, r->held + r->held_start, *got);
    r->held_start += *got;
    r->held_len -= *got;
    return EB_OK;
}

/* Takes bytes as soon as tx is empty, and waits until they have left: a read sends the rest of tx
 * only now and then. The next call of any kind sends the rest of tx first, so that no command comes
 * between a byte and its escape. */
static eb_code_t rfc2217_write(void *self, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                               eb_err_t *err)
{
    eb_rfc2217_t *r = self;
    const int64_t deadline_ms = eb_clock_ms() + wait_ms;
    bool done;
    eb_code_t code = eb_rfc2217_push(r, wait_ms, &done, err);

    *put = 0;
    if (code != EB_OK || !done) {
        return code;
    }
    *put = len < EB_RFC2217_CHUNK_BYTES ? len : EB_RFC2217_CHUNK_BYTES;
    r->tx_len = eb_telnet_escape(buf, *put, r->tx);
    return eb_rfc2217_push(r, (int)eb_clock_left_ms(deadline_ms), &done, err);
}

/* The purge empties the server's buffer. Its acknowledgement marks the point up to which we discard
 * bytes too. */
static eb_code_t rfc2217_flush_input(void *self, eb_err_t *err)
{
    eb_rfc2217_t *r = self;
    uint8_t bytes[16];
    const uint8_t *end =
        eb_rfc2217_put_byte(bytes, EB_RFC2217_PURGE_DATA, EB_RFC2217_PURGE_RECEIVED);
    eb_code_t code;

    r->held_len = 0;
    code = eb_rfc2217_request(r, bytes, end, EB_RFC2217_ACK_PURGE, err);
    if (code == EB_OK) {
        code = eb_rfc2217_pump(r, 0, err);
    }
    r->held_len = 0;
    return code == EB_ERR_LINE ? EB_OK : code; /* too many bytes came, and all are discarded */
}

static eb_code_t check_server_baud(const eb_rfc2217_t *r, uint32_t baud, eb_err_t *err)
{
    /* Over 3 % off, two UARTs do not understand each other. Without an acknowledgement assume that
     * the server did as told. */
    if ((r->acks & EB_RFC2217_ACK_BAUD) == 0 ||
        (uint64_t)(r->server_baud > baud ? r->server_baud - baud : baud - r->server_baud) * 100 <=
            (uint64_t)baud * 3) {
        return EB_OK;
    }
    return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s does not take %u baud (it says %u)", r->tcp.peer,
                      (unsigned)baud, (unsigned)r->server_baud);
}

static eb_code_t rfc2217_set_baud(void *self, uint32_t baud, eb_err_t *err)
{
    eb_rfc2217_t *r = self;
    uint8_t bytes[24];
    eb_code_t code;

    if (baud == r->baud) {
        return EB_OK;
    }
    code = eb_rfc2217_request(r, bytes, eb_rfc2217_put_baud(bytes, baud), EB_RFC2217_ACK_BAUD, err);
    if (code == EB_OK) {
        code = check_server_baud(r, baud, err);
    }
    r->baud = code == EB_OK ? baud : 0; /* 0: not known, so the next one is sent in any case */
    return code;
}

static eb_code_t rfc2217_set_lines(void *self, bool dtr, bool rts, eb_err_t *err)
{
    eb_rfc2217_t *r = self;
    const bool send_dtr = !r->lines_known || dtr != r->dtr;
    const bool send_rts = !r->lines_known || rts != r->rts;
    uint8_t bytes[32];
    eb_code_t code;

    if (!send_dtr && !send_rts) {
        return EB_OK;
    }
    code = eb_rfc2217_request(r, bytes, eb_rfc2217_put_lines(bytes, dtr, rts, send_dtr, send_rts),
                              (send_dtr ? EB_RFC2217_ACK_DTR : 0u) |
                                  (send_rts ? EB_RFC2217_ACK_RTS : 0u),
                              err);
    r->dtr = dtr;
    r->rts = rts;
    r->lines_known = code == EB_OK;
    return code;
}

static const eb_backend_ops_t rfc2217_ops = {
    .close = rfc2217_close,
    .read = rfc2217_read,
    .write = rfc2217_write,
    .flush_input = rfc2217_flush_input,
    .set_baud = rfc2217_set_baud,
    .set_lines = rfc2217_set_lines,
};

/* -- opening ----------------------------------------------------------------------------------- */

/* Everything that a port needs, in one write. The lines stay as they are until the first change,
 * because esp_rfc2217_server resets the board when RTS is released. */
static eb_code_t configure(eb_rfc2217_t *r, eb_err_t *err)
{
    uint8_t bytes[128];
    uint8_t *end = bytes;
    eb_code_t code;

    end = eb_rfc2217_put_byte(end, EB_RFC2217_SET_CONTROL, EB_RFC2217_CONTROL_NO_FLOW);
    end = eb_rfc2217_put_byte(end, EB_RFC2217_SET_DATASIZE, 8);
    end = eb_rfc2217_put_byte(end, EB_RFC2217_SET_PARITY, EB_RFC2217_PARITY_NONE);
    end = eb_rfc2217_put_byte(end, EB_RFC2217_SET_STOPSIZE, EB_RFC2217_STOP_ONE);
    end = eb_rfc2217_put_baud(end, EB_INITIAL_BAUD);
    code =
        eb_rfc2217_request(r, bytes, end,
                           EB_RFC2217_ACK_FLOW | EB_RFC2217_ACK_DATASIZE | EB_RFC2217_ACK_PARITY |
                               EB_RFC2217_ACK_STOPSIZE | EB_RFC2217_ACK_BAUD,
                           err);
    if (code == EB_OK) {
        code = check_server_baud(r, EB_INITIAL_BAUD, err);
    }
    r->baud = EB_INITIAL_BAUD;
    return code;
}

eb_code_t eb_rfc2217_open(const char *host, const char *port, const eb_events_t *ev,
                          eb_backend_t *out, eb_err_t *err)
{
    eb_rfc2217_t *r = calloc(1, sizeof(*r));
    eb_code_t code;

    if (r == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    r->ev = ev;
    code = eb_tcp_connect(&r->tcp, host, port, ev, err);
    if (code == EB_OK) {
        code = eb_rfc2217_negotiate(r, err);
    }
    if (code == EB_OK) {
        code = configure(r, err);
    }
    /* A server with one port accepts one client, and closes the connection of the next. */
    if (code == EB_ERR_PORT_LOST) {
        code = eb_err_set(err, EB_ERR_PORT_BUSY, "%s hung up at once", r->tcp.peer);
        eb_err_hint(err, "another program may be connected to this server: close it there");
    }
    if (code != EB_OK) {
        rfc2217_close(r);
        return code;
    }
    *out = (eb_backend_t){.ops = &rfc2217_ops, .self = r, .info.kind = EB_PORT_RFC2217};
    return EB_OK;
}
