/*
 * held_net.h: one TCP connection on the held clock, linked in place of tcp_stream.c.
 *
 * Whatever address the code under test connects to, it finds the server of this program, if there
 * is one. One client at a time; the next waits until the server has noticed that the last is gone.
 */
#ifndef EB_TEST_HELD_NET_H
#define EB_TEST_HELD_NET_H

#include "held_clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For a server's fiber. Both may come back early with nothing. */
bool held_accept(int64_t until_us);
/* How many bytes came; -1: the client has gone. */
int held_recv(void *bytes, size_t cap, int64_t until_us);
void held_send(const void *bytes, size_t len);
/* The server ends the connection. What it has sent is still received. */
void held_hang_up(void);
/* While nobody listens a connection is refused. */
void held_listen(bool on);
/* Nobody listens and nothing is connected, whatever a test that failed has left. */
void held_net_reset(void);

/* A server for one connection. */
void held_server_start(void (*serve)(void *user), void *user);
void held_server_join(void);

#endif
