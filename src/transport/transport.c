#include "espbackup/transport.h"

#include "clock.h"
#include "port_address.h"
#include "transport_backend.h"

#include <stdio.h>
#include <stdlib.h>

struct eb_transport {
    eb_backend_t backend;
    const eb_events_t *ev;
    uint32_t baud;
    bool lost;
    uint64_t bytes_in, bytes_out;
};

static eb_code_t open_backend(const eb_port_address_t *parsed, const eb_events_t *ev,
                              eb_backend_t *out, eb_err_t *err)
{
    if (parsed->kind == EB_PORT_TCP) {
        return eb_tcp_open(parsed->host, parsed->port, ev, out, err);
    }
    if (parsed->kind == EB_PORT_RFC2217) {
        return eb_rfc2217_open(parsed->host, parsed->port, ev, out, err);
    }
    return eb_serial_open(parsed->host, ev, out, err);
}

eb_code_t eb_transport_open(const char *address, const eb_events_t *ev, eb_transport_t **out,
                            eb_err_t *err)
{
    eb_port_address_t parsed;
    eb_transport_t *t;
    eb_code_t code;

    *out = NULL;
    code = eb_port_address_parse(address, &parsed, err);
    if (code != EB_OK) {
        return code;
    }
    t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to open %s", address);
    }
    code = open_backend(&parsed, ev, &t->backend, err);
    if (code != EB_OK) {
        free(t);
        return code;
    }
    /* Keep the name as given, because a name from /dev/serial/by-id finds the board after a reset.
     */
    (void)snprintf(t->backend.info.name, sizeof(t->backend.info.name), "%s", address);
    t->ev = ev;
    t->baud = EB_INITIAL_BAUD;
    eb_event_note(ev, EB_LEVEL_DETAIL, "opened %s", address);
    *out = t;
    return EB_OK;
}

void eb_transport_close(eb_transport_t *t)
{
    if (t == NULL) {
        return;
    }
    t->backend.ops->close(t->backend.self);
    free(t);
}

static eb_code_t not_lost(const eb_transport_t *t, eb_err_t *err)
{
    if (t->lost) {
        return eb_err_set(err, EB_ERR_PORT_LOST, "the connection to %s is lost",
                          t->backend.info.name);
    }
    return EB_OK;
}

/* After each call of the backend: remember that the link is gone. */
static eb_code_t noted(eb_transport_t *t, eb_code_t code)
{
    if (code == EB_ERR_PORT_LOST) {
        t->lost = true;
    }
    return code;
}

static int slice_ms(int64_t deadline_ms)
{
    const int64_t left = eb_clock_left_ms(deadline_ms);

    return left < EB_SLICE_MS ? (int)left : EB_SLICE_MS;
}

eb_code_t eb_transport_read(eb_transport_t *t, uint8_t *buf, size_t cap, int64_t deadline_ms,
                            size_t *got, eb_err_t *err)
{
    *got = 0;
    for (;;) {
        const int wait_ms = slice_ms(deadline_ms);
        eb_code_t code = not_lost(t, err);

        if (code == EB_OK) {
            code = eb_event_check(t->ev, err);
        }
        if (code == EB_OK) {
            code = noted(t, t->backend.ops->read(t->backend.self, buf, cap, wait_ms, got, err));
        }
        if (code != EB_OK) {
            return code;
        }
        t->bytes_in += *got;
        /* After the deadline there was one last look without waiting. */
        if (*got > 0 || wait_ms == 0) {
            return EB_OK;
        }
    }
}

eb_code_t eb_transport_write(eb_transport_t *t, const uint8_t *buf, size_t len, int64_t deadline_ms,
                             eb_err_t *err)
{
    while (len > 0) {
        const int wait_ms = slice_ms(deadline_ms);
        size_t put = 0;
        eb_code_t code = not_lost(t, err);

        if (code == EB_OK) {
            code = noted(t, t->backend.ops->write(t->backend.self, buf, len, wait_ms, &put, err));
        }
        if (code != EB_OK) {
            return code;
        }
        t->bytes_out += put;
        buf += put;
        len -= put;
        if (put > 0) {
            continue;
        }
        /* Only a wait ends at a cancel, so that the last commands can still be sent. */
        code = eb_event_check(t->ev, err);
        if (code != EB_OK) {
            return code;
        }
        if (wait_ms == 0) {
            return eb_err_set(err, EB_ERR_TIMEOUT, "%s takes no more bytes, %zu left to send",
                              t->backend.info.name, len);
        }
    }
    return EB_OK;
}

eb_code_t eb_transport_flush_input(eb_transport_t *t, eb_err_t *err)
{
    const eb_code_t code = not_lost(t, err);

    return code != EB_OK ? code : noted(t, t->backend.ops->flush_input(t->backend.self, err));
}

eb_code_t eb_transport_set_baud(eb_transport_t *t, uint32_t baud, eb_err_t *err)
{
    eb_code_t code = not_lost(t, err);

    if (code != EB_OK) {
        return code;
    }
    if (!eb_transport_can_baud(t)) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s has no baud rate to set",
                          t->backend.info.name);
    }
    code = noted(t, t->backend.ops->set_baud(t->backend.self, baud, err));
    if (code == EB_OK) {
        t->baud = baud;
    } else if (code == EB_ERR_UNSUPPORTED) { /* it may have taken another rate instead */
        (void)noted(t, t->backend.ops->set_baud(t->backend.self, t->baud, NULL));
    }
    eb_event_note(t->ev, EB_LEVEL_TRACE, "baud %u: %s", (unsigned)baud, eb_code_row(code)->name);
    return code;
}

eb_code_t eb_transport_set_lines(eb_transport_t *t, bool dtr, bool rts, eb_err_t *err)
{
    eb_code_t code = not_lost(t, err);

    if (code != EB_OK) {
        return code;
    }
    if (!eb_transport_can_lines(t)) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s has no DTR and RTS lines",
                          t->backend.info.name);
    }
    code = noted(t, t->backend.ops->set_lines(t->backend.self, dtr, rts, err));
    eb_event_note(t->ev, EB_LEVEL_TRACE, "lines DTR=%d RTS=%d: %s", dtr, rts,
                  eb_code_row(code)->name);
    return code;
}

bool eb_transport_can_baud(const eb_transport_t *t)
{
    return t->backend.ops->set_baud != NULL;
}

bool eb_transport_can_lines(const eb_transport_t *t)
{
    return t->backend.ops->set_lines != NULL;
}

const eb_port_info_t *eb_transport_info(const eb_transport_t *t)
{
    return &t->backend.info;
}

uint32_t eb_transport_baud(const eb_transport_t *t)
{
    return t->baud;
}

uint64_t eb_transport_bytes_in(const eb_transport_t *t)
{
    return t->bytes_in;
}

uint64_t eb_transport_bytes_out(const eb_transport_t *t)
{
    return t->bytes_out;
}
