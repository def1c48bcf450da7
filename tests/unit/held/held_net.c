/* held_net.c: see held_net.h. */
#include "held_net.h"

#include "tcp_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPT_US    INT64_C(5000000)
#define CONNECT_US   INT64_C(5000000)
#define WINDOW_BYTES 3000u /* on their way to the server; so that clients send in pieces */

/* Bytes on their way in one direction. */
typedef struct pipe_bytes {
    uint8_t *bytes;
    size_t start, count, room;
} pipe_bytes_t;

static struct {
    bool listens, client, server; /* which side is open */
    pipe_bytes_t to_client, to_server;
    held_fiber_t *client_fiber, *server_fiber; /* wait for something here */
    held_fiber_t *own_server;
    void (*serve)(void *user);
    void *user;
} net;

static void put(pipe_bytes_t *p, const void *bytes, size_t len)
{
    if (p->start > 0) {
        memmove(p->bytes, p->bytes + p->start, p->count);
        p->start = 0;
    }
    if (p->count + len > p->room) {
        p->room = 2 * (p->count + len);
        p->bytes = realloc(p->bytes, p->room);
        if (p->bytes == NULL) {
            abort();
        }
    }
    if (len > 0) {
        memcpy(p->bytes + p->count, bytes, len);
        p->count += len;
    }
}

static size_t take(pipe_bytes_t *p, void *bytes, size_t cap)
{
    const size_t len = p->count < cap ? p->count : cap;

    if (len > 0) {
        memcpy(bytes, p->bytes + p->start, len);
    }
    p->start += len;
    p->count -= len;
    return len;
}

static void forget(pipe_bytes_t *p)
{
    free(p->bytes);
    *p = (pipe_bytes_t){.bytes = NULL};
}

/* -- the server's side ------------------------------------------------------------------------ */

static void server_wait(int64_t until_us)
{
    net.server_fiber = held_fiber_running();
    held_wait(until_us);
    net.server_fiber = NULL;
}

void held_listen(bool on)
{
    net.listens = on;
}

void held_net_reset(void)
{
    held_fiber_drop(net.own_server);
    net.own_server = net.client_fiber = net.server_fiber = NULL;
    net.listens = net.client = net.server = false;
    forget(&net.to_client);
    forget(&net.to_server);
}

bool held_accept(int64_t until_us)
{
    if (!net.server) {
        server_wait(until_us);
    }
    return net.server;
}

int held_recv(void *bytes, size_t cap, int64_t until_us)
{
    if (net.to_server.count == 0 && net.client && net.server) {
        server_wait(until_us);
    }
    if (net.to_server.count == 0 && (!net.client || !net.server)) {
        held_hang_up();
        return -1;
    }
    const size_t len = take(&net.to_server, bytes, cap);
    held_fiber_wake(len > 0 ? net.client_fiber : NULL);
    return (int)len;
}

void held_send(const void *bytes, size_t len)
{
    if (net.client && net.server) {
        put(&net.to_client, bytes, len);
        held_fiber_wake(net.client_fiber);
    }
}

void held_hang_up(void)
{
    net.server = false;
    forget(&net.to_server);
    held_fiber_wake(net.client_fiber);
    held_fiber_wake(net.server_fiber);
}

static void serve_one(void *user)
{
    const int64_t until_us = held_now_us() + ACCEPT_US;

    (void)user;
    while (held_now_us() < until_us && !held_accept(until_us)) {
    }
    if (net.server) {
        net.serve(net.user);
    }
    held_listen(false);
    held_hang_up();
}

void held_server_start(void (*serve)(void *user), void *user)
{
    held_net_reset();
    net.serve = serve;
    net.user = user;
    held_listen(true);
    net.own_server = held_fiber_start(serve_one, NULL);
}

void held_server_join(void)
{
    held_fiber_join(net.own_server);
    net.own_server = NULL;
}

/* -- tcp_stream.h ----------------------------------------------------------------------------- */

static void client_wait(int64_t until_us)
{
    net.client_fiber = held_fiber_running();
    held_wait(until_us);
    net.client_fiber = NULL;
}

eb_code_t eb_tcp_connect(eb_tcp_t *tcp, const char *host, const char *port, const eb_events_t *ev,
                         eb_err_t *err)
{
    const int64_t until_us = held_now_us() + CONNECT_US;

    (void)ev;
    tcp->fd = -1;
    (void)snprintf(tcp->peer, sizeof(tcp->peer), "%s port %s", host, port);
    client_wait(held_now_us()); /* the server may have its port closed or opened just now */
    while (net.listens && net.server && held_now_us() < until_us) {
        client_wait(held_now_us() + 1000);
    }
    if (!net.listens || net.server) {
        return eb_err_set_errno(err, EB_ERR_PORT_NOT_FOUND, net.listens ? ETIMEDOUT : ECONNREFUSED,
                                "cannot connect to %s", tcp->peer);
    }
    tcp->fd = 0;
    net.client = net.server = true;
    forget(&net.to_client);
    held_fiber_wake(net.server_fiber);
    return EB_OK;
}

void eb_tcp_close(eb_tcp_t *tcp)
{
    if (tcp->fd < 0) {
        return;
    }
    tcp->fd = -1;
    net.client = false;
    forget(&net.to_client);
    held_fiber_wake(net.server_fiber);
}

static eb_code_t lost(const eb_tcp_t *tcp, eb_err_t *err)
{
    (void)eb_err_set(err, EB_ERR_PORT_LOST, "%s closed the connection", tcp->peer);
    eb_err_hint(err, EB_TCP_LOST_HINT);
    return EB_ERR_PORT_LOST;
}

/* A look without waiting is after what the others could do at once: they are infinitely fast. */
eb_code_t eb_tcp_read(eb_tcp_t *tcp, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                      eb_err_t *err)
{
    const int64_t until_us = held_now_us() + (int64_t)wait_ms * 1000;

    *got = 0;
    if (cap == 0) {
        return EB_OK;
    }
    do {
        if (net.to_client.count == 0 && net.server) {
            client_wait(until_us);
        }
        *got = take(&net.to_client, buf, cap);
    } while (*got == 0 && net.server && held_now_us() < until_us);
    return *got == 0 && !net.server ? lost(tcp, err) : EB_OK;
}

eb_code_t eb_tcp_write(eb_tcp_t *tcp, const uint8_t *buf, size_t len, int wait_ms, size_t *sent,
                       eb_err_t *err)
{
    const int64_t until_us = held_now_us() + (int64_t)wait_ms * 1000;

    while (net.server && net.to_server.count == WINDOW_BYTES && held_now_us() < until_us) {
        client_wait(until_us);
    }
    const size_t room = WINDOW_BYTES - net.to_server.count;
    *sent = len < room ? len : room;
    if (!net.server) {
        *sent = 0;
        return lost(tcp, err);
    }
    put(&net.to_server, buf, *sent);
    held_fiber_wake(net.server_fiber);
    return EB_OK;
}
