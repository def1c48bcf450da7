/*
 * sim_link_pty.c: the board behind a pseudo terminal. The line rate is what the program has set on
 * it (the master can read the slave's settings); modem lines, which a pty does not have, come over
 * a socket from the preload. A pty says to its master only that *nobody* has it open any more
 * (POLLHUP), and says so all the time: while nobody has, it is looked at every few milliseconds.
 */
#include "sim_fake_tty.h"
#include "sim_link.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_AGAIN_NS (5 * SIM_NS_PER_MS)
#define BOTH_LINES    (TIOCM_DTR | TIOCM_RTS)
#define MODEM_FIXED   (TIOCM_CTS | TIOCM_DSR | TIOCM_CAR)

typedef struct pty_link {
    sim_link_t base;
    sim_fake_tty_t tty;
    int master_fd;
    bool open;    /* some program has it open */
    bool hang_up; /* the lines fall when it is closed (HUPCL) */
    bool pulled;  /* --pulled-in-open has happened */
    int64_t look_at;
    int taker_fd; /* --taken: our own, as another program's */
    char slave[64];
    char link_path[SIM_ADDRESS_BYTES];
    sim_outbuf_t out;
} pty_link_t;

/* What comes out of a serial line comes out of this: no echo, no line editing, no CR-NL. */
static void make_raw(int fd)
{
    struct termios2 t;

    if (ioctl(fd, TCGETS2, &t) == 0) {
        t.c_iflag = 0;
        t.c_oflag = 0;
        t.c_lflag = 0;
        t.c_cflag = (t.c_cflag & ~(tcflag_t)(CBAUD | CSIZE | PARENB)) | CS8 | CREAD | CLOCAL;
        t.c_cflag |= B115200 | HUPCL;
        t.c_ispeed = t.c_ospeed = 115200;
        ioctl(fd, TCSETS2, &t);
    }
}

static bool make_pty(pty_link_t *link)
{
    int slave, unlock = 0;
    unsigned number;

    link->master_fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (link->master_fd < 0 || ioctl(link->master_fd, TIOCSPTLCK, &unlock) != 0 ||
        ioctl(link->master_fd, TIOCGPTN, &number) != 0) {
        fprintf(stderr, "espsim: cannot make a pty: %s\n", strerror(errno));
        return false;
    }
    snprintf(link->slave, sizeof(link->slave), "/dev/pts/%u", number);
    /* Opened and closed once: from then on the master sees whether anybody has it open. */
    slave = open(link->slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave >= 0) {
        make_raw(slave);
        close(slave);
    }
    return slave >= 0;
}

static bool show_pty(pty_link_t *link)
{
    unlink(link->link_path);
    if (symlink(link->slave, link->link_path) != 0) {
        fprintf(stderr, "espsim: cannot make %s: %s\n", link->link_path, strerror(errno));
        return false;
    }
    link->open = false;
    link->look_at = 0;
    return sim_fake_tty_show(&link->tty, true);
}

static void set_open(pty_link_t *link, bool open)
{
    if (link->open == open) {
        return;
    }
    link->open = open;
    link->out.start = link->out.count = 0;
    if (!open) {
        ioctl(link->master_fd, TCFLSH, TCIOFLUSH);
        if (link->hang_up) {
            sim_board_set_lines(link->base.board, false, false);
        }
    }
    sim_board_set_connected(link->base.board, open);
}

static void answer_lines(pty_link_t *link, int fd)
{
    sim_tty_request_t request;
    bool dtr, rts, changed;
    uint32_t bits;

    if (recv(fd, &request, sizeof(request), 0) != (ssize_t)sizeof(request)) {
        return;
    }
    sim_board_get_lines(link->base.board, &dtr, &rts);
    bits = (dtr ? TIOCM_DTR : 0U) | (rts ? TIOCM_RTS : 0U);
    switch ((sim_tty_op_t)request.op) {
    case SIM_TTY_GET:
        break;
    case SIM_TTY_SET:
        if (!link->base.options->one_line_a_request ||
            ((bits ^ request.bits) & BOTH_LINES) != BOTH_LINES) {
            bits = request.bits;
        }
        break;
    case SIM_TTY_BIS:
        bits |= request.bits;
        break;
    case SIM_TTY_BIC:
        bits &= ~request.bits;
        break;
    case SIM_TTY_OPEN:
        bits |= TIOCM_DTR | TIOCM_RTS;
        set_open(link, true);
        link->look_at = 0;
        break;
    }
    if (request.op != SIM_TTY_GET) {
        sim_board_set_lines_at(link->base.board, request.at_ns, (bits & TIOCM_DTR) != 0,
                               (bits & TIOCM_RTS) != 0);
    }
    changed = dtr != ((bits & TIOCM_DTR) != 0) || rts != ((bits & TIOCM_RTS) != 0);
    if (link->base.options->pulled_in_open && changed && request.op != SIM_TTY_OPEN &&
        !link->pulled) {
        link->pulled = true;
        sim_board_log(link->base.board, "the plug is pulled while a program opens the port");
        sim_board_unplug(link->base.board);
    }
    bits = (bits & (TIOCM_DTR | TIOCM_RTS)) | MODEM_FIXED;
    /* The program goes on only when it has the answer, and by then the line has changed. */
    if (send(fd, &bits, sizeof(bits), MSG_NOSIGNAL) < 0) {
        sim_board_log(link->base.board, "modem lines: %s", strerror(errno));
    }
}

/* The preload connects, sends and waits: blocking here is a matter of microseconds, or of the time
 * that a busy machine takes to let the program send. */
static void serve_lines(pty_link_t *link)
{
    struct timeval limit = {30, 0};
    int fd;

    while ((fd = accept4(link->tty.lines_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        answer_lines(link, fd);
        close(fd);
    }
}

static size_t pty_poll_fds(sim_link_t *base, struct pollfd *fds, bool can_read)
{
    pty_link_t *link = (pty_link_t *)base;
    int events = (can_read ? POLLIN : 0) | (link->out.count > 0 ? POLLOUT : 0);

    fds[0] = (struct pollfd){link->open ? link->master_fd : -1, (short)events, 0};
    fds[1] = (struct pollfd){link->tty.lines_fd, POLLIN, 0};
    return 2;
}

static void read_pty(pty_link_t *link)
{
    uint8_t bytes[4096];
    size_t room = sim_board_room(link->base.board);
    ssize_t n;

    if (room == 0) {
        return;
    }
    n = read(link->master_fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
    if (n > 0) {
        sim_board_from_host(link->base.board, bytes, (size_t)n);
    } else if (n < 0 && errno == EIO) { /* nobody has it open, and all is read */
        set_open(link, false);
    }
}

static void look_if_open(pty_link_t *link)
{
    struct pollfd fd = {link->master_fd, POLLIN, 0};

    if (poll(&fd, 1, 0) >= 0 && (fd.revents & POLLHUP) == 0) {
        set_open(link, true);
    }
}

static void pty_service(sim_link_t *base, const struct pollfd *fds, size_t count, bool can_read)
{
    pty_link_t *link = (pty_link_t *)base;

    (void)count;
    if ((fds[0].revents & POLLOUT) != 0) {
        sim_outbuf_flush(&link->out, link->master_fd);
    }
    /* Data first: what a program wrote before it touched the lines goes before that. */
    if (link->open && fds[0].revents != 0 && can_read) {
        read_pty(link);
    } else if ((fds[0].revents & POLLHUP) != 0) {
        set_open(link, false);
    }
    if ((fds[1].revents & POLLIN) != 0) {
        serve_lines(link);
    }
}

static int64_t pty_due(sim_link_t *base, int64_t now)
{
    pty_link_t *link = (pty_link_t *)base;

    if (link->open || link->master_fd < 0) {
        return SIM_NEVER;
    }
    if (now >= link->look_at) {
        look_if_open(link);
        link->look_at = now + LOOK_AGAIN_NS;
    }
    return link->open ? now : link->look_at;
}

static void pty_refresh(sim_link_t *base)
{
    pty_link_t *link = (pty_link_t *)base;
    struct termios2 t;

    if (link->master_fd >= 0 && ioctl(link->master_fd, TCGETS2, &t) == 0 && t.c_ospeed > 0) {
        sim_board_set_host_baud(base->board, t.c_ospeed);
        link->hang_up = (t.c_cflag & HUPCL) != 0;
    }
}

static size_t pty_room(sim_link_t *base)
{
    return ((pty_link_t *)base)->out.count == 0 ? SIM_OUTBUF_BYTES : 0;
}

static void pty_send(sim_link_t *base, const uint8_t *bytes, size_t count)
{
    pty_link_t *link = (pty_link_t *)base;

    sim_outbuf_add(&link->out, bytes, count);
    sim_outbuf_flush(&link->out, link->master_fd);
}

static void pty_unplug(sim_link_t *base)
{
    pty_link_t *link = (pty_link_t *)base;

    sim_fake_tty_show(&link->tty, false);
    /* Linux takes the lowest name, and the one of an open port is taken until it is closed. */
    link->tty.number = link->open ? link->tty.number ^ 1u : 0;
    unlink(link->link_path);
    if (link->master_fd >= 0) {
        close(link->master_fd);
    }
    link->master_fd = -1;
    link->open = false;
    link->out.start = link->out.count = 0;
}

static bool pty_replug(sim_link_t *base)
{
    pty_link_t *link = (pty_link_t *)base;

    if (!make_pty(link)) {
        return false;
    }
    if (base->options->taken) { /* before anybody else can see it */
        link->taker_fd = open(link->slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
        flock(link->taker_fd, LOCK_EX);
    }
    return show_pty(link);
}

/* A serial adapter cannot hang up alone: gone and back at once, with the chip running on. */
static void pty_hangup(sim_link_t *base)
{
    pty_unplug(base);
    if (!make_pty((pty_link_t *)base) || !show_pty((pty_link_t *)base)) {
        sim_board_log(base->board, "the pty did not come back");
    }
}

static void pty_environment(const sim_link_t *base)
{
    const pty_link_t *link = (const pty_link_t *)base;

    sim_fake_tty_environment(&link->tty, link->link_path);
}

static void pty_close(sim_link_t *base)
{
    pty_link_t *link = (pty_link_t *)base;

    pty_unplug(base);
    if (link->taker_fd >= 0) {
        close(link->taker_fd);
    }
    sim_fake_tty_close(&link->tty);
    free(link);
}

static const sim_link_ops_t pty_ops = {pty_poll_fds, pty_service,     pty_room,   pty_send,
                                       pty_hangup,   pty_unplug,      pty_replug, pty_due,
                                       pty_refresh,  pty_environment, pty_close};

sim_link_t *sim_link_pty_open(sim_board_t *board, const sim_board_options_t *options)
{
    pty_link_t *link = calloc(1, sizeof(*link));
    const char *path = options->pty_path;

    if (link == NULL) {
        return NULL;
    }
    link->base.ops = &pty_ops;
    link->base.board = board;
    link->base.options = options;
    link->master_fd = link->taker_fd = -1;
    if (!sim_fake_tty_open(&link->tty, options)) {
        free(link);
        return NULL;
    }
    snprintf(link->link_path, sizeof(link->link_path), "%s",
             path != NULL ? path : link->tty.default_link);
    if (!make_pty(link) || !show_pty(link)) {
        pty_close(&link->base);
        return NULL;
    }
    snprintf(link->base.address, sizeof(link->base.address), "%s", link->link_path);
    pty_refresh(&link->base);
    return &link->base;
}
