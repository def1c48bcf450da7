/*
 * net_server.h: a server for one connection, on a thread, for the tests of the network transports.
 * It knows nothing of the code under test: its telnet is written out by hand.
 */
#ifndef EB_TEST_NET_SERVER_H
#define EB_TEST_NET_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NET_ACCEPT_MS 20000

typedef struct net_server {
    int listen_fd;
    uint16_t port;
    pthread_t thread;
    void (*serve)(int fd, void *user); /* fd is closed afterwards */
    void *user;
} net_server_t;

static inline void *net_server_main(void *arg)
{
    net_server_t *s = arg;
    struct pollfd p = {.fd = s->listen_fd, .events = POLLIN};
    int fd;

    if (poll(&p, 1, NET_ACCEPT_MS) != 1) {
        return NULL;
    }
    fd = accept(s->listen_fd, NULL, NULL);
    if (fd >= 0) {
        s->serve(fd, s->user);
        (void)close(fd);
    }
    return NULL;
}

/* A listening socket on a free port of 127.0.0.1; -1 on failure. */
static inline int net_listen(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static inline bool net_server_start(net_server_t *s, void (*serve)(int, void *), void *user)
{
    s->serve = serve;
    s->user = user;
    s->listen_fd = net_listen(&s->port);
    return s->listen_fd >= 0 && pthread_create(&s->thread, NULL, net_server_main, s) == 0;
}

static inline void net_server_join(net_server_t *s)
{
    (void)pthread_join(s->thread, NULL);
    (void)close(s->listen_fd);
}

static inline void net_send(int fd, const void *bytes, size_t len)
{
    const char *from = bytes;

    while (len > 0) {
        const ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return;
        }
        from += n;
        len -= (size_t)n;
    }
}

#endif
