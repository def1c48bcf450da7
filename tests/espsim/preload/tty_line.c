/* tty_line.c: the modem lines and the rate of the port, for tty_preload.c. */
#undef _FORTIFY_SOURCE
#include "tty_preload.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int sim_tty_ask(uint8_t op, uint32_t bits, uint32_t *now)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct timeval limit = {60, 0}; /* espsim is slow on a busy machine, and not gone */
    struct timespec t;
    sim_tty_request_t request = {op, {0, 0, 0}, bits, 0};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int ok;

    if (fd < 0) {
        return -1;
    }
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", sim_tty_setting("ESPSIM_TTY_LINES"));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    clock_gettime(CLOCK_MONOTONIC, &t);
    request.at_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    ok = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 &&
         send(fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request) &&
         recv(fd, now, sizeof(*now), 0) == (ssize_t)sizeof(*now);
    close(fd);
    if (!ok) {
        errno = EIO; /* as when the adapter is gone */
    }
    return ok ? 0 : -1;
}

/* By device number, so that descriptors that were inherited or duplicated are known too. */
static int is_port_fd(int fd)
{
    struct stat here, port;
    int saved = errno;
    int same = fstat(fd, &here) == 0 && S_ISCHR(here.st_mode) &&
               NEXT(stat)(sim_tty_setting("ESPSIM_TTY_PTS"), &port) == 0 && S_ISCHR(port.st_mode) &&
               here.st_rdev == port.st_rdev;

    errno = saved;
    return same;
}

static int modem_ioctl(unsigned long request, void *arg)
{
    uint32_t bits, now;
    uint8_t op = SIM_TTY_GET;

    if (*sim_tty_setting("ESPSIM_TTY_NO_LINES") != '\0') {
        errno = ENOTTY;
        return -1;
    }
    memcpy(&bits, arg, sizeof(bits));
    if (request == TIOCMSET) {
        op = SIM_TTY_SET;
    } else if (request == TIOCMBIS) {
        op = SIM_TTY_BIS;
    } else if (request == TIOCMBIC) {
        op = SIM_TTY_BIC;
    }
    if (sim_tty_ask(op, bits, &now) != 0) {
        return -1;
    }
    if (request == TIOCMGET) {
        memcpy(arg, &now, sizeof(now));
    }
    return 0;
}

/* A driver that cannot set a rate sets the nearest and says so. */
static int limit_rate(int fd, int result)
{
    const unsigned max = (unsigned)strtoul(sim_tty_setting("ESPSIM_TTY_MAX_BAUD"), NULL, 10);
    struct termios2 t;

    if (result == 0 && max != 0 && is_port_fd(fd) && NEXT(ioctl)(fd, TCGETS2, &t) == 0 &&
        t.c_ospeed > max) {
        t.c_cflag = (t.c_cflag & ~(tcflag_t)CBAUD) | BOTHER;
        t.c_ispeed = t.c_ospeed = max;
        return NEXT(ioctl)(fd, TCSETS2, &t);
    }
    return result;
}

int tcsetattr(int fd, int when, const void *settings);

EXPORT int tcsetattr(int fd, int when, const void *settings)
{
    return limit_rate(fd, NEXT(tcsetattr)(fd, when, settings));
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    switch (request) {
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return limit_rate(fd, NEXT(ioctl)(fd, request, arg));
    case TIOCMGET:
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
        if (is_port_fd(fd)) {
            return modem_ioctl(request, arg);
        }
        break;
    case TIOCGSERIAL:
        if (is_port_fd(fd)) {
            memset(arg, 0, sizeof(struct serial_struct));
            ((struct serial_struct *)arg)->type = PORT_16550A;
            return 0;
        }
        break;
    case TIOCSSERIAL:
        if (is_port_fd(fd)) {
            return 0;
        }
        break;
    case TIOCGICOUNT:
        if (is_port_fd(fd)) {
            memset(arg, 0, sizeof(struct serial_icounter_struct));
            return 0;
        }
        break;
    default:
        break;
    }
    return NEXT(ioctl)(fd, request, arg);
}
