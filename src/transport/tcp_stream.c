#include "tcp_stream.h"

#include "clock.h"
#include "transport_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MAX_MS 5000

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* there SO_NOSIGPIPE does it */
#endif

/* Keepalive probes find a lost peer even while we only listen. */
static void set_options(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
    const int seconds = 5, probes = 3;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
#endif
#ifdef SO_NOSIGPIPE
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
}

/* 0 when ready, ETIMEDOUT after the slice, else errno. A signal ends the slice early. */
static int wait_for(int fd, short events, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    const int n = poll(&p, 1, wait_ms);

    if (n > 0) {
        return 0;
    }
    return n == 0 || errno == EINTR ? ETIMEDOUT : errno;
}

static int finish_connect(int fd, int64_t deadline_ms, const eb_events_t *ev)
{
    int failure = ETIMEDOUT;
    socklen_t size = sizeof(failure);

    while (wait_for(fd, POLLOUT, EB_SLICE_MS) == ETIMEDOUT) {
        if (eb_event_cancelled(ev)) {
            return ECANCELED;
        }
        if (eb_clock_left_ms(deadline_ms) == 0) {
            return ETIMEDOUT;
        }
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno;
}

/* 0 and *out, or errno. */
static int connect_one(const struct addrinfo *ai, int64_t deadline_ms, const eb_events_t *ev,
                       int *out)
{
    int failure = 0;
    const int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);

    if (fd < 0) {
        return errno;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        failure = errno;
    } else if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
        failure = errno == EINPROGRESS ? finish_connect(fd, deadline_ms, ev) : errno;
    }
    if (failure != 0) {
        (void)close(fd);
        return failure;
    }
    set_options(fd);
    *out = fd;
    return 0;
}

eb_code_t eb_tcp_connect(eb_tcp_t *tcp, const char *host, const char *port, const eb_events_t *ev,
                         eb_err_t *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    const int64_t deadline_ms = eb_clock_ms() + CONNECT_MAX_MS;
    int failure = EHOSTUNREACH;
    int rc;

    tcp->fd = -1;
    (void)snprintf(tcp->peer, sizeof(tcp->peer), "%s port %s", host, port);
    rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) {
        eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "cannot find the host %s: %s", host,
                   gai_strerror(rc));
        eb_err_hint(err, "check the name of the host, and the network");
        return EB_ERR_PORT_NOT_FOUND;
    }
    for (const struct addrinfo *ai = found; ai != NULL && failure != ECANCELED; ai = ai->ai_next) {
        failure = connect_one(ai, deadline_ms, ev, &tcp->fd);
        if (failure == 0) {
            break;
        }
    }
    freeaddrinfo(found);
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
        (void)close(tcp->fd);
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
    for (int look = 0; look < 2; look++) {
        const ssize_t n = recv(tcp->fd, buf, cap, 0);
        int failure;

        if (n > 0) {
            *got = (size_t)n;
            return EB_OK;
        }
        if (n == 0) {
            return lost(tcp, 0, err);
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return lost(tcp, errno, err);
        }
        if (look == 1 || wait_ms == 0) {
            break;
        }
        failure = wait_for(tcp->fd, POLLIN, wait_ms);
        if (failure == ETIMEDOUT) {
            break;
        }
        if (failure != 0) {
            return lost(tcp, failure, err);
        }
    }
    return EB_OK;
}

eb_code_t eb_tcp_write(eb_tcp_t *tcp, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                       eb_err_t *err)
{
    *put = 0;
    if (len == 0) {
        return EB_OK;
    }
    for (int look = 0; look < 2; look++) {
        const ssize_t n = send(tcp->fd, buf, len, MSG_NOSIGNAL);
        int failure;

        if (n >= 0) {
            *put = (size_t)n;
            return EB_OK;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return lost(tcp, errno, err);
        }
        if (look == 1 || wait_ms == 0) {
            break;
        }
        failure = wait_for(tcp->fd, POLLOUT, wait_ms);
        if (failure == ETIMEDOUT) {
            break;
        }
        if (failure != 0) {
            return lost(tcp, failure, err);
        }
    }
    return EB_OK;
}
