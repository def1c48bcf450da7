#include "tcp_stream.h"

#include "clock.h"
#include "net.h"
#include "transport_backend.h"

#include <errno.h>
#include <stdio.h>

#define CONNECT_MAX_MS 5000

/* 0 and *out, or errno. */
static int connect_one(const eb_net_address_t *address, int64_t deadline_ms, const eb_events_t *ev,
                       int *out)
{
    int fd;
    int failure = eb_net_connect(address, &fd);

    if (failure == EINPROGRESS) {
        while ((failure = eb_net_wait(fd, true, EB_SLICE_MS)) == ETIMEDOUT &&
               eb_clock_left_ms(deadline_ms) > 0) {
            if (eb_event_cancelled(ev)) {
                failure = ECANCELED;
                break;
            }
        }
        if (failure != ETIMEDOUT && failure != ECANCELED) {
            failure = eb_net_connected(fd);
        }
    }
    if (failure != 0 && fd >= 0) {
        eb_net_close(fd);
    } else if (failure == 0) {
        *out = fd;
    }
    return failure;
}

eb_code_t eb_tcp_connect(eb_tcp_t *tcp, const char *host, const char *port, const eb_events_t *ev,
                         eb_err_t *err)
{
    eb_net_address_t *found = NULL;
    const int64_t deadline_ms = eb_clock_ms() + CONNECT_MAX_MS;
    int failure = EHOSTUNREACH;

    tcp->fd = -1;
    (void)snprintf(tcp->peer, sizeof(tcp->peer), "%s port %s", host, port);
    const char *why = eb_net_find(host, port, &found);
    if (why != NULL) {
        eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "cannot find the host %s: %s", host, why);
        eb_err_hint(err, "check the name of the host, and the network");
        return EB_ERR_PORT_NOT_FOUND;
    }
    for (const eb_net_address_t *a = found; a != NULL && failure != ECANCELED; a = eb_net_next(a)) {
        failure = connect_one(a, deadline_ms, ev, &tcp->fd);
        if (failure == 0) {
            break;
        }
    }
    eb_net_free(found);
    if (failure == 0) {
        return EB_OK;
    }
    if (failure == ECANCELED) {
        return eb_err_set(err, EB_ERR_CANCELLED, "cancelled while connecting to %s", tcp->peer);
    }
    eb_err_set_errno(err, EB_ERR_PORT_NOT_FOUND, failure, "cannot connect to %s", tcp->peer);
    eb_err_hint(err, "check that the server runs there and that no firewall is in between");
    return EB_ERR_PORT_NOT_FOUND;
}

void eb_tcp_close(eb_tcp_t *tcp)
{
    if (tcp->fd >= 0) {
        eb_net_close(tcp->fd);
    }
    tcp->fd = -1;
}

static eb_code_t lost(const eb_tcp_t *tcp, int os_errno, eb_err_t *err)
{
    if (os_errno == 0) {
        (void)eb_err_set(err, EB_ERR_PORT_LOST, "%s closed the connection", tcp->peer);
    } else {
        (void)eb_err_set_errno(err, EB_ERR_PORT_LOST, os_errno, "the connection to %s is lost",
                               tcp->peer);
    }
    eb_err_hint(err, EB_TCP_LOST_HINT);
    return EB_ERR_PORT_LOST;
}

eb_code_t eb_tcp_read(eb_tcp_t *tcp, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                      eb_err_t *err)
{
    *got = 0;
    if (cap == 0) {
        return EB_OK;
    }
    /* First without waiting, which saves every second system call while bytes stream in. */
    int failure = eb_net_receive(tcp->fd, buf, cap, got);
    if (failure == EAGAIN && wait_ms != 0) {
        failure = eb_net_wait(tcp->fd, false, wait_ms);
        if (failure == ETIMEDOUT) {
            return EB_OK;
        }
        failure = failure == 0 ? eb_net_receive(tcp->fd, buf, cap, got) : failure;
    }
    if (failure == EAGAIN) {
        return EB_OK;
    }
    return failure == 0 && *got > 0 ? EB_OK : lost(tcp, failure, err);
}

eb_code_t eb_tcp_write(eb_tcp_t *tcp, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                       eb_err_t *err)
{
    *put = 0;
    if (len == 0) {
        return EB_OK;
    }
    int failure = eb_net_send(tcp->fd, buf, len, put);
    if (failure == EAGAIN && wait_ms != 0) {
        failure = eb_net_wait(tcp->fd, true, wait_ms);
        if (failure == ETIMEDOUT) {
            return EB_OK;
        }
        failure = failure == 0 ? eb_net_send(tcp->fd, buf, len, put) : failure;
    }
    return failure == 0 || failure == EAGAIN ? EB_OK : lost(tcp, failure, err);
}
