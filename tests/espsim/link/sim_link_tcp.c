/*
 * sim_link_tcp.c: raw TCP, as a serial port behind a plain network bridge: bytes and nothing else.
 * There are no modem lines, so nothing resets the board when a client comes or goes, unless
 * --reset-on-connect asks for it.
 */
#include "sim_link.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct tcp_link {
    sim_link_t base;
    sim_net_t net;
} tcp_link_t;

static size_t tcp_poll_fds(sim_link_t *link, struct pollfd *fds, bool can_read)
{
    tcp_link_t *tcp = (tcp_link_t *)link;

    return sim_net_poll_fds(&tcp->net, fds, can_read);
}

static void read_client(tcp_link_t *tcp)
{
    uint8_t bytes[4096];
    size_t room = sim_board_room(tcp->base.board);
    ssize_t n;

    if (room == 0) {
        return;
    }
    n = sim_net_read(&tcp->net, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
    if (n > 0) {
        sim_board_from_host(tcp->base.board, bytes, (size_t)n);
    } else if (n < 0) {
        sim_net_drop_client(&tcp->net);
        sim_board_set_connected(tcp->base.board, false);
    }
}

static void tcp_service(sim_link_t *link, const struct pollfd *fds, size_t count, bool can_read)
{
    tcp_link_t *tcp = (tcp_link_t *)link;
    sim_net_event_t event = sim_net_service(&tcp->net, fds, can_read);

    (void)count;
    if (event != SIM_NET_NONE) {
        sim_board_set_connected(link->board, event == SIM_NET_NEW_CLIENT);
    } else if (can_read && tcp->net.client_fd >= 0 && fds[0].revents != 0) {
        read_client(tcp);
    }
}

static size_t tcp_room(sim_link_t *link)
{
    tcp_link_t *tcp = (tcp_link_t *)link;

    return tcp->net.out.count == 0 ? SIM_OUTBUF_BYTES : 0;
}

static void tcp_send(sim_link_t *link, const uint8_t *bytes, size_t count)
{
    tcp_link_t *tcp = (tcp_link_t *)link;

    sim_outbuf_add(&tcp->net.out, bytes, count);
    if (!sim_outbuf_flush(&tcp->net.out, tcp->net.client_fd)) {
        sim_net_drop_client(&tcp->net);
        sim_board_set_connected(link->board, false);
    }
}

static void tcp_hangup(sim_link_t *link)
{
    sim_net_drop_client(&((tcp_link_t *)link)->net);
}

static void tcp_unplug(sim_link_t *link)
{
    sim_net_close(&((tcp_link_t *)link)->net);
}

static bool tcp_replug(sim_link_t *link)
{
    sim_net_t *net = &((tcp_link_t *)link)->net;

    return sim_net_listen(net, link->options->host, net->port);
}

static int64_t tcp_due(sim_link_t *link, int64_t now)
{
    (void)link, (void)now;
    return SIM_NEVER;
}

static void tcp_refresh(sim_link_t *link)
{
    (void)link;
}

static void tcp_environment(const sim_link_t *link)
{
    (void)link;
}

static void tcp_close(sim_link_t *link)
{
    sim_net_close(&((tcp_link_t *)link)->net);
    free(link);
}

static const sim_link_ops_t tcp_ops = {tcp_poll_fds, tcp_service,     tcp_room,   tcp_send,
                                       tcp_hangup,   tcp_unplug,      tcp_replug, tcp_due,
                                       tcp_refresh,  tcp_environment, tcp_close};

sim_link_t *sim_link_tcp_open(sim_board_t *board, const sim_board_options_t *options)
{
    tcp_link_t *tcp = calloc(1, sizeof(*tcp));

    if (tcp == NULL || !sim_net_listen(&tcp->net, options->host, options->port)) {
        free(tcp);
        return NULL;
    }
    tcp->base.ops = &tcp_ops;
    tcp->base.board = board;
    tcp->base.options = options;
    snprintf(tcp->base.address, sizeof(tcp->base.address), "socket://%s:%u", options->host,
             tcp->net.port);
    sim_board_set_host_baud(board, options->tcp_baud);
    return &tcp->base;
}
