/*
 * sim_link_rfc2217.c: the board behind an RFC 2217 server, as ser2net or esp_rfc2217_server make
 * one: line rate, DTR and RTS belong to the client. When it goes away both lines are released at
 * once, as a serial port does when it is closed, which leaves the chip alone unless it was in
 * reset.
 */
#include "sim_link.h"
#include "sim_rfc2217.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct rfc2217_link {
    sim_link_t base;
    sim_net_t net;
    sim_rfc2217_t telnet;
    bool broken; /* a reply did not get through */
} rfc2217_link_t;

static void on_data(void *user, const uint8_t *bytes, size_t count)
{
    rfc2217_link_t *link = user;

    sim_board_from_host(link->base.board, bytes, count);
}

static void on_reply(void *user, const uint8_t *bytes, size_t count)
{
    rfc2217_link_t *link = user;

    sim_outbuf_add(&link->net.out, bytes, count);
    link->broken = link->broken || !sim_outbuf_flush(&link->net.out, link->net.client_fd);
}

static uint32_t on_baud(void *user, uint32_t baud)
{
    return sim_board_set_host_baud(((rfc2217_link_t *)user)->base.board, baud);
}

static void on_lines(void *user, bool dtr, bool rts)
{
    sim_board_set_lines(((rfc2217_link_t *)user)->base.board, dtr, rts);
}

static void on_get_lines(void *user, bool *dtr, bool *rts)
{
    sim_board_get_lines(((rfc2217_link_t *)user)->base.board, dtr, rts);
}

static void on_purge(void *user, bool to_host, bool to_chip)
{
    sim_board_purge(((rfc2217_link_t *)user)->base.board, to_host, to_chip);
}

static const sim_rfc2217_ops_t telnet_ops = {on_data,  on_reply,     on_baud,
                                             on_lines, on_get_lines, on_purge};

static void lose_client(rfc2217_link_t *link)
{
    sim_net_drop_client(&link->net);
    sim_board_set_lines(link->base.board, false, false);
    sim_board_set_connected(link->base.board, false);
}

static void new_client(rfc2217_link_t *link)
{
    link->broken = false;
    sim_rfc2217_start(&link->telnet, &telnet_ops, link);
    sim_board_set_host_baud(link->base.board, link->telnet.baud);
    sim_board_set_connected(link->base.board, true);
}

/* Also while the serial line takes no data: its commands (reset!) are mixed with the data, so the
 * client's bytes can only be taken while there is room for data. */
static void read_client(rfc2217_link_t *link)
{
    uint8_t bytes[4096];
    size_t room = sim_board_room(link->base.board);
    ssize_t n;

    if (room == 0) {
        return;
    }
    n = sim_net_read(&link->net, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
    if (n > 0) {
        sim_rfc2217_feed(&link->telnet, bytes, (size_t)n);
    }
    if (n < 0 || link->broken) {
        lose_client(link);
    }
}

static void rfc2217_service(sim_link_t *base, const struct pollfd *fds, size_t count, bool can_read)
{
    rfc2217_link_t *link = (rfc2217_link_t *)base;

    (void)count;
    switch (sim_net_service(&link->net, fds, can_read)) {
    case SIM_NET_NEW_CLIENT:
        new_client(link);
        break;
    case SIM_NET_LOST_CLIENT:
        lose_client(link);
        break;
    case SIM_NET_NONE:
        if (can_read && link->net.client_fd >= 0 && fds[0].revents != 0) {
            read_client(link);
        }
        break;
    }
}

static size_t rfc2217_poll_fds(sim_link_t *link, struct pollfd *fds, bool can_read)
{
    return sim_net_poll_fds(&((rfc2217_link_t *)link)->net, fds, can_read);
}

static size_t rfc2217_room(sim_link_t *link)
{
    /* Half of it: every byte may have to be doubled. */
    return ((rfc2217_link_t *)link)->net.out.count == 0 ? SIM_OUTBUF_BYTES / 2 : 0;
}

static void rfc2217_send(sim_link_t *base, const uint8_t *bytes, size_t count)
{
    rfc2217_link_t *link = (rfc2217_link_t *)base;
    uint8_t out[SIM_OUTBUF_BYTES];
    size_t n = sim_rfc2217_escape(bytes, count, out);

    sim_outbuf_add(&link->net.out, out, n);
    if (!sim_outbuf_flush(&link->net.out, link->net.client_fd)) {
        lose_client(link);
    }
}

static void rfc2217_hangup(sim_link_t *link)
{
    lose_client((rfc2217_link_t *)link);
}

static void rfc2217_unplug(sim_link_t *link)
{
    sim_net_close(&((rfc2217_link_t *)link)->net);
}

static bool rfc2217_replug(sim_link_t *link)
{
    sim_net_t *net = &((rfc2217_link_t *)link)->net;

    return sim_net_listen(net, link->options->host, net->port);
}

static int64_t rfc2217_due(sim_link_t *link, int64_t now)
{
    (void)link, (void)now;
    return SIM_NEVER;
}

static void rfc2217_refresh(sim_link_t *link)
{
    (void)link;
}

static void rfc2217_environment(const sim_link_t *link)
{
    (void)link;
}

static void rfc2217_close(sim_link_t *link)
{
    sim_net_close(&((rfc2217_link_t *)link)->net);
    free(link);
}

static const sim_link_ops_t rfc2217_ops = {rfc2217_poll_fds,    rfc2217_service, rfc2217_room,
                                           rfc2217_send,        rfc2217_hangup,  rfc2217_unplug,
                                           rfc2217_replug,      rfc2217_due,     rfc2217_refresh,
                                           rfc2217_environment, rfc2217_close};

sim_link_t *sim_link_rfc2217_open(sim_board_t *board, const sim_board_options_t *options)
{
    rfc2217_link_t *link = calloc(1, sizeof(*link));

    if (link == NULL || !sim_net_listen(&link->net, options->host, options->port)) {
        free(link);
        return NULL;
    }
    link->base.ops = &rfc2217_ops;
    link->base.board = board;
    link->base.options = options;
    snprintf(link->base.address, sizeof(link->base.address), "rfc2217://%s:%u", options->host,
             link->net.port);
    return &link->base;
}
