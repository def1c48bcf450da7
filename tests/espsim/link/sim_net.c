/* sim_net.c: the socket under the raw TCP and the RFC 2217 link; see sim_link.h. */
#include "sim_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void sim_outbuf_add(sim_outbuf_t *out, const uint8_t *bytes, size_t count)
{
    if (out->start > 0 && out->start + out->count + count > SIM_OUTBUF_BYTES) {
        memmove(out->bytes, out->bytes + out->start, out->count);
        out->start = 0;
    }
    if (out->start + out->count + count <= SIM_OUTBUF_BYTES) {
        memcpy(out->bytes + out->start + out->count, bytes, count);
        out->count += count;
    }
}

bool sim_outbuf_flush(sim_outbuf_t *out, int fd)
{
    while (out->count > 0) {
        ssize_t n = write(fd, out->bytes + out->start, out->count);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        out->start += (size_t)n;
        out->count -= (size_t)n;
    }
    out->start = 0;
    return true;
}

static int listen_on(const struct addrinfo *info)
{
    int one = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, 4) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool sim_net_listen(sim_net_t *net, const char *host, uint16_t port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *info = NULL;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } addr;
    socklen_t size = sizeof(addr);
    char service[8];

    memset(&addr, 0, sizeof(addr));
    net->listen_fd = net->client_fd = -1;
    snprintf(service, sizeof(service), "%u", port);
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if (getaddrinfo(host, service, &hints, &info) != 0) {
        fprintf(stderr, "espsim: cannot resolve '%s'\n", host);
        return false;
    }
    net->listen_fd = listen_on(info);
    freeaddrinfo(info);
    if (net->listen_fd < 0 || getsockname(net->listen_fd, &addr.any, &size) != 0) {
        fprintf(stderr, "espsim: cannot listen on %s:%u: %s\n", host, port, strerror(errno));
        sim_net_close(net);
        return false;
    }
    net->port = ntohs(addr.any.sa_family == AF_INET6 ? addr.v6.sin6_port : addr.v4.sin_port);
    return true;
}

size_t sim_net_poll_fds(const sim_net_t *net, struct pollfd *fds, bool can_read)
{
    int events = (can_read ? POLLIN : 0) | (net->out.count > 0 ? POLLOUT : 0) |
                 (net->client_ending ? 0 : POLLRDHUP);
    bool may_accept = net->client_fd < 0 || net->client_ending;

    fds[0] = (struct pollfd){net->client_fd, (short)events, 0};
    fds[1] = (struct pollfd){may_accept ? net->listen_fd : -1, POLLIN, 0};
    return SIM_NET_FDS;
}

static bool accept_client(sim_net_t *net)
{
    int one = 1;
    int fd = accept4(net->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return false;
    }
    /* A serial line does not wait for more bytes before it sends one. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    net->client_fd = fd;
    net->client_ending = false;
    net->out.start = net->out.count = 0;
    return true;
}

sim_net_event_t sim_net_service(sim_net_t *net, const struct pollfd *fds, bool can_read)
{
    short got = fds[0].revents;

    if (net->client_fd >= 0) {
        bool dead = (got & POLLERR) != 0 || ((got & POLLHUP) != 0 && !can_read);
        net->client_ending = net->client_ending || (got & POLLRDHUP) != 0;
        /* It went away with bytes that the chip never takes, and somebody else wants the board. */
        dead = dead || (net->client_ending && !can_read && (fds[1].revents & POLLIN) != 0);
        if (dead || ((got & POLLOUT) != 0 && !sim_outbuf_flush(&net->out, net->client_fd))) {
            sim_net_drop_client(net);
            return SIM_NET_LOST_CLIENT;
        }
        return SIM_NET_NONE;
    }
    if ((fds[1].revents & POLLIN) != 0 && accept_client(net)) {
        return SIM_NET_NEW_CLIENT;
    }
    return SIM_NET_NONE;
}

ssize_t sim_net_read(sim_net_t *net, uint8_t *bytes, size_t max)
{
    ssize_t n = read(net->client_fd, bytes, max);

    if (n > 0) {
        return n;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

void sim_net_drop_client(sim_net_t *net)
{
    if (net->client_fd >= 0) {
        close(net->client_fd);
    }
    net->client_fd = -1;
    net->client_ending = false;
    net->out.start = net->out.count = 0;
}

void sim_net_close(sim_net_t *net)
{
    /* First of all, or a client that comes back at once is let in and thrown out again. */
    if (net->listen_fd >= 0) {
        close(net->listen_fd);
    }
    net->listen_fd = -1;
    sim_net_drop_client(net);
}
