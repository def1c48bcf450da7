/*
 * sim_link.h: between the board and its link to the host (raw TCP, RFC 2217, pty). All of it runs
 * on the board's I/O thread, except open, close and environment, which run while there is none.
 */
#ifndef ESPSIM_SIM_LINK_H
#define ESPSIM_SIM_LINK_H

#include "sim_board.h"

#include <poll.h>
#include <sys/types.h>

#define SIM_LINK_FDS_MAX 8
#define SIM_OUTBUF_BYTES 32768U

/* What waits to be written to a descriptor. */
typedef struct sim_outbuf {
    size_t start, count;
    uint8_t bytes[SIM_OUTBUF_BYTES];
} sim_outbuf_t;

typedef struct sim_link sim_link_t;

typedef struct sim_link_ops {
    /* Fill `fds`, return how many; the board polls them. */
    size_t (*poll_fds)(sim_link_t *link, struct pollfd *fds, bool can_read);
    void (*service)(sim_link_t *link, const struct pollfd *fds, size_t count, bool can_read);
    /* How many bytes `send` takes now, all of them. */
    size_t (*room)(sim_link_t *link);
    void (*send)(sim_link_t *link, const uint8_t *bytes, size_t count);
    void (*hangup)(sim_link_t *link);              /* drop the client, if any */
    void (*unplug)(sim_link_t *link);              /* vanish */
    bool (*replug)(sim_link_t *link);              /* and come back */
    int64_t (*due)(sim_link_t *link, int64_t now); /* look in again then; SIM_NEVER */
    void (*refresh)(sim_link_t *link);             /* before bytes move: read the host's rate */
    void (*environment)(const sim_link_t *link);
    void (*close)(sim_link_t *link);
} sim_link_ops_t;

struct sim_link {
    const sim_link_ops_t *ops;
    sim_board_t *board;
    const sim_board_options_t *options;
    char address[SIM_ADDRESS_BYTES];
};

/* NULL and a line on stderr on failure. */
sim_link_t *sim_link_tcp_open(sim_board_t *board, const sim_board_options_t *options);
sim_link_t *sim_link_rfc2217_open(sim_board_t *board, const sim_board_options_t *options);
sim_link_t *sim_link_pty_open(sim_board_t *board, const sim_board_options_t *options);

/* From the link to the board. */
size_t sim_board_room(sim_board_t *board);
void sim_board_from_host(sim_board_t *board, const uint8_t *bytes, size_t count);
void sim_board_set_lines(sim_board_t *board, bool dtr, bool rts);
/* The host changed them at `at_ns`, which may be a while ago on a busy machine. */
void sim_board_set_lines_at(sim_board_t *board, int64_t at_ns, bool dtr, bool rts);
void sim_board_get_lines(const sim_board_t *board, bool *dtr, bool *rts);
/* The rate that the adapter has then: --max-baud. */
uint32_t sim_board_set_host_baud(sim_board_t *board, uint32_t baud);
void sim_board_purge(sim_board_t *board, bool to_host, bool to_chip);
void sim_board_set_connected(sim_board_t *board, bool connected);
/* The plug is pulled: the link vanishes, and the chip has no power. */
void sim_board_unplug(sim_board_t *board);
void sim_board_log(const sim_board_t *board, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What does not fit is lost: senders look at the room first. */
void sim_outbuf_add(sim_outbuf_t *out, const uint8_t *bytes, size_t count);
/* false when the descriptor is dead. */
bool sim_outbuf_flush(sim_outbuf_t *out, int fd);

/* One listening socket with one client at a time; the next one waits in the backlog. */
typedef struct sim_net {
    int listen_fd, client_fd;
    bool client_ending; /* it has closed its side; what it sent may still wait to be read */
    uint16_t port;
    sim_outbuf_t out;
} sim_net_t;

#define SIM_NET_FDS 2

typedef enum sim_net_event {
    SIM_NET_NONE,
    SIM_NET_NEW_CLIENT,
    SIM_NET_LOST_CLIENT
} sim_net_event_t;

bool sim_net_listen(sim_net_t *net, const char *host, uint16_t port);
size_t sim_net_poll_fds(const sim_net_t *net, struct pollfd *fds, bool can_read);
/* Accept, flush, notice the end. At most one event a call. */
sim_net_event_t sim_net_service(sim_net_t *net, const struct pollfd *fds, bool can_read);
/* > 0 bytes read, 0 nothing now, < 0 the client is gone. */
ssize_t sim_net_read(sim_net_t *net, uint8_t *bytes, size_t max);
void sim_net_drop_client(sim_net_t *net);
void sim_net_close(sim_net_t *net);

#endif
