/* net_posix.c: net.h by the sockets of POSIX. */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* there SO_NOSIGPIPE does it */
#endif

const char *eb_net_find(const char *host, const char *port, eb_net_address_t **first)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    const int rc = getaddrinfo(host, port, &hints, first);

    return rc == 0 ? NULL : gai_strerror(rc);
}

const eb_net_address_t *eb_net_next(const eb_net_address_t *address)
{
    return address->ai_next;
}

void eb_net_free(eb_net_address_t *first)
{
    freeaddrinfo(first);
}

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

int eb_net_connect(const eb_net_address_t *address, int *fd)
{
    int failure = 0;

    *fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (*fd < 0) {
        return errno;
    }
    (void)fcntl(*fd, F_SETFD, FD_CLOEXEC);
    set_options(*fd);
    if (fcntl(*fd, F_SETFL, O_NONBLOCK) != 0 ||
        connect(*fd, address->ai_addr, address->ai_addrlen) != 0) {
        failure = errno;
    }
    if (failure != 0 && failure != EINPROGRESS) {
        eb_net_close(*fd);
        *fd = -1;
    }
    return failure;
}

int eb_net_connected(int fd)
{
    int failure = 0;
    socklen_t size = sizeof(failure);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno;
}

void eb_net_close(int fd)
{
    (void)close(fd);
}

int eb_net_wait(int fd, bool to_write, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = to_write ? POLLOUT : POLLIN};
    const int n = poll(&p, 1, wait_ms);

    if (n > 0) {
        return 0;
    }
    return n == 0 || errno == EINTR ? ETIMEDOUT : errno;
}

/* 0, EAGAIN, or what ended the connection. */
static int outcome(ssize_t n, size_t *moved)
{
    *moved = n > 0 ? (size_t)n : 0;
    if (n >= 0) {
        return 0;
    }
    return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
}

int eb_net_receive(int fd, uint8_t *buf, size_t cap, size_t *got)
{
    return outcome(recv(fd, buf, cap, 0), got);
}

int eb_net_send(int fd, const uint8_t *buf, size_t len, size_t *put)
{
    return outcome(send(fd, buf, len, MSG_NOSIGNAL), put);
}
