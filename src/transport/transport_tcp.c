/* transport_tcp.c: raw TCP, bytes and nothing else. No line resets the board, so it must be in
 * download mode already. */
#include "tcp_stream.h"
#include "transport_backend.h"

#include <stdlib.h>

#define DISCARD_MAX_BYTES (1u << 20)

static void tcp_close(void *self)
{
    eb_tcp_close(self);
    free(self);
}

static eb_code_t tcp_read(void *self, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                          eb_err_t *err)
{
    return eb_tcp_read(self, buf, cap, wait_ms, got, err);
}

static eb_code_t tcp_write(void *self, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                           eb_err_t *err)
{
    return eb_tcp_write(self, buf, len, wait_ms, put, err);
}

static eb_code_t tcp_flush_input(void *self, eb_err_t *err)
{
    uint8_t scrap[4096];
    size_t got = 1;

    /* Bounded, because a peer may never stop sending. */
    for (size_t total = 0; got > 0 && total < DISCARD_MAX_BYTES; total += got) {
        const eb_code_t code = eb_tcp_read(self, scrap, sizeof(scrap), 0, &got, err);

        if (code != EB_OK) {
            return code;
        }
    }
    return EB_OK;
}

static const eb_backend_ops_t tcp_ops = {
    .close = tcp_close,
    .read = tcp_read,
    .write = tcp_write,
    .flush_input = tcp_flush_input,
};

eb_code_t eb_tcp_open(const char *host, const char *port, const eb_events_t *ev, eb_backend_t *out,
                      eb_err_t *err)
{
    eb_tcp_t *tcp = calloc(1, sizeof(*tcp));
    eb_code_t code;

    if (tcp == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    code = eb_tcp_connect(tcp, host, port, ev, err);
    if (code != EB_OK) {
        free(tcp);
        return code;
    }
    *out = (eb_backend_t){.ops = &tcp_ops, .self = tcp, .info.kind = EB_PORT_TCP};
    return EB_OK;
}
