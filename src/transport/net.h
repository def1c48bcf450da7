/*
 * net.h: TCP sockets of the operating system, without policy. Calls return 0 or an errno value, and
 * do not wait unless they say so.
 */
#ifndef EB_TRANSPORT_NET_H
#define EB_TRANSPORT_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The addresses of a host. */
typedef struct addrinfo eb_net_address_t;

/* Blocks while the name is looked up. NULL: found; else why not, in words that live on. Free
 * *first. */
const char *eb_net_find(const char *host, const char *port, eb_net_address_t **first);
const eb_net_address_t *eb_net_next(const eb_net_address_t *address); /* NULL: it was the last */
void eb_net_free(eb_net_address_t *first);

/* EINPROGRESS: wait until the socket can be written, then ask eb_net_connected. Each other failure
 * leaves *fd -1. */
int eb_net_connect(const eb_net_address_t *address, int *fd);
int eb_net_connected(int fd); /* how the connect ended */
void eb_net_close(int fd);

/* Wait at most wait_ms: 0 when ready, ETIMEDOUT. A signal ends the wait early. */
int eb_net_wait(int fd, bool to_write, int wait_ms);

/* EAGAIN: nothing moved. *got 0 with 0: the peer closed. */
int eb_net_receive(int fd, uint8_t *buf, size_t cap, size_t *got);
int eb_net_send(int fd, const uint8_t *buf, size_t len, size_t *put);

#endif
