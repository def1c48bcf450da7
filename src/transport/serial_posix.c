/* serial_posix.c: serial_platform.h for Linux, macOS and the BSDs. */
#include "clock.h"
#include "port_holder.h"
#include "serial_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#ifdef __linux__
#include <grp.h>
#include <linux/serial.h>
#endif

/* Reads of nothing after select promised something, until the port counts as gone. */
#define EMPTY_READS_MAX 3

/* -- before and at the open -------------------------------------------------------------------- */

static eb_code_t busy(const char *device, const char *holder, eb_err_t *err)
{
    if (holder[0] == '\0') {
        return eb_err_set(err, EB_ERR_PORT_BUSY, "%s is in use by another program", device);
    }
    eb_err_set(err, EB_ERR_PORT_BUSY, "%s is in use by %s", device, holder);
#ifdef __linux__
    /* Each of these two opens every new port, to look for a modem or a Braille display. */
    if (strncmp(holder, "ModemManager", 12) == 0) {
        eb_err_hint(err, "wait ten seconds and try again, or: sudo systemctl stop ModemManager");
        return EB_ERR_PORT_BUSY;
    }
    if (strncmp(holder, "brltty", 6) == 0) {
        eb_err_hint(err, "brltty takes CH340 adapters for a Braille display: sudo apt remove "
                         "brltty, then plug the board in again");
        return EB_ERR_PORT_BUSY;
    }
#endif
    eb_err_hint(err, "close %s and try again", holder);
    return EB_ERR_PORT_BUSY;
}

#ifdef __linux__
static void hint_denied(const char *device, eb_err_t *err)
{
    struct stat st;
    const struct group *group = NULL;

    if (stat(device, &st) == 0 && (st.st_mode & S_IRGRP) != 0 && (st.st_mode & S_IWGRP) != 0 &&
        st.st_gid != 0) {
        group = getgrgid(st.st_gid);
    }
    if (group != NULL) {
        eb_err_hint(err, "join the group %s: sudo usermod -a -G %s $USER, then log in again",
                    group->gr_name, group->gr_name);
    } else {
        eb_err_hint(err, "its owner lets nobody else use it: run with sudo, or add a udev rule");
    }
}

/* The kernel keeps names for UARTs that are not there. */
static bool has_uart(const char *device)
{
    const int fd = open(device, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct serial_struct serial;
    bool has = false;

    if (fd >= 0) {
        has = ioctl(fd, TIOCGSERIAL, &serial) == 0 && serial.type != PORT_UNKNOWN;
        (void)close(fd);
    }
    return has;
}

bool eb_serial_next_name(DIR *folder, char *out, size_t cap)
{
    char path[PATH_MAX], target[PATH_MAX];
    const struct dirent *entry;

    while ((entry = readdir(folder)) != NULL) {
        ssize_t n;

        (void)snprintf(path, sizeof(path), "/sys/class/tty/%s", entry->d_name);
        n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        if (n <= 0 || strstr(target, "virtual") != NULL || strlen(entry->d_name) + 6 > cap) {
            continue;
        }
        (void)snprintf(out, cap, "/dev/%s", entry->d_name);
        if (strstr(target, "serial8250") == NULL || has_uart(out)) {
            return true;
        }
    }
    return false;
}
#else
static void hint_denied(const char *device, eb_err_t *err)
{
    (void)device;
    eb_err_hint(err, "its owner lets nobody else use it: run with sudo");
}
#endif

eb_code_t eb_serial_open_error(const char *device, int os_errno, eb_err_t *err)
{
    char holder[EB_HOLDER_TEXT_BYTES];

    switch (os_errno) {
    case EBUSY:
    case EWOULDBLOCK:
        (void)eb_port_holder_find(device, true, holder, sizeof(holder));
        return busy(device, holder, err);
    case EACCES:
    case EPERM:
        eb_err_set_errno(err, EB_ERR_PORT_DENIED, EACCES, "cannot open %s", device);
        hint_denied(device, err);
        return EB_ERR_PORT_DENIED;
    case ENXIO:
    case ENODEV:
    case EIO: /* the kernel keeps names for UARTs that are not there */
        eb_err_set_errno(err, EB_ERR_PORT_NOT_FOUND, os_errno, "nothing is connected at %s",
                         device);
        return EB_ERR_PORT_NOT_FOUND;
    case ENOTTY:
    case EINVAL:
        return eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "%s is not a serial port", device);
    default:
        return eb_err_set_errno(err, EB_ERR_PORT_NOT_FOUND, os_errno, "cannot open %s", device);
    }
}

/* Where a link of udev leads (/dev/serial/by-id/...), else the path itself. 0 or errno. */
static int follow(const char *path, char *out, size_t cap)
{
    char found[PATH_MAX];
    const char *use = path;
    struct stat st;

    if (lstat(path, &st) != 0) {
        return errno;
    }
    if (S_ISLNK(st.st_mode)) {
        if (realpath(path, found) == NULL) {
            return errno;
        }
        use = found;
    }
    if (strlen(use) >= cap) {
        return ENAMETOOLONG;
    }
    memcpy(out, use, strlen(use) + 1);
    return 0;
}

eb_code_t eb_serial_resolve(const char *name, char *device, size_t cap, eb_err_t *err)
{
    char path[PATH_MAX];
    char holder[EB_HOLDER_TEXT_BYTES];
    struct stat st;
    int failure;

    (void)snprintf(path, sizeof(path), "%s%s", strchr(name, '/') == NULL ? "/dev/" : "", name);
    failure = follow(path, device, cap);
    if (failure == 0 && stat(device, &st) != 0) {
        failure = errno;
    }
    if (failure == ENOENT || failure == ENOTDIR) {
        return eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "there is no port %s", name);
    }
    if (failure == 0 && !S_ISCHR(st.st_mode)) {
        failure = ENOTTY;
    }
    if (failure == 0 && access(device, R_OK | W_OK) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        return eb_serial_open_error(path, failure, err);
    }
    /* Most monitors do not lock the port. Opening it would change the other program's settings, and
     * each program would get half of the bytes. */
    if (eb_port_holder_find(device, false, holder, sizeof(holder))) {
        return busy(path, holder, err);
    }
    return EB_OK;
}

/* On Linux the device is a folder below its USB interface: .../usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0. */
/* What a link in the description of a port leads to; false: the system has none. */
static bool described(const char *name, const char *what, char path[PATH_MAX])
{
    const char *base = strrchr(name, '/');
    char link[PATH_MAX];

    (void)snprintf(link, sizeof(link), "/sys/class/tty/%s/%s", base != NULL ? base + 1 : name,
                   what);
    return realpath(link, path) != NULL;
}

void eb_serial_driver(const char *name, char *out, size_t cap)
{
    char path[PATH_MAX];

    out[0] = '\0';
    if (described(name, "device/driver", path)) {
        (void)snprintf(out, cap, "%s", strrchr(path, '/') + 1);
    }
}

void eb_serial_usb_path(const char *name, char *out, size_t cap)
{
    char path[PATH_MAX];
    char *rest = path, *word;

    out[0] = '\0';
    if (!described(name, "device", path)) {
        return;
    }
    while ((word = strsep(&rest, "/")) != NULL) {
        const size_t bus = strspn(word, "0123456789");

        if (bus > 0 && word[bus] == '-' && strchr(word, ':') != NULL && strlen(word) < cap) {
            (void)snprintf(out, cap, "%s", word);
        }
    }
}

/* libserialport 0.1.1 looks for CRTSCTS in the wrong word, and so leaves it on. */
static eb_code_t no_flow_control(int fd, const char *device, eb_err_t *err)
{
    struct termios tio;

    if (tcgetattr(fd, &tio) != 0) {
        return eb_serial_open_error(device, errno, err);
    }
    if ((tio.c_cflag & CRTSCTS) == 0) {
        return EB_OK;
    }
    tio.c_cflag &= ~(tcflag_t)CRTSCTS;
    return tcsetattr(fd, TCSANOW, &tio) == 0 ? EB_OK : eb_serial_open_error(device, errno, err);
}

/* Without it USB adapters hold short packets back for up to 16 ms. */
static void ask_low_latency(int fd)
{
#ifdef __linux__
    struct serial_struct serial;

    const int low_latency = (int)ASYNC_LOW_LATENCY;

    if (ioctl(fd, TIOCGSERIAL, &serial) == 0 && (serial.flags & low_latency) == 0) {
        serial.flags |= low_latency;
        (void)ioctl(fd, TIOCSSERIAL, &serial);
    }
#else
    (void)fd;
#endif
}

eb_code_t eb_serial_claim(int fd, const char *device, eb_err_t *err)
{
    /* Two locks: TIOCEXCL refuses later opens (but not of root), flock tells programs that ask. */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return eb_serial_open_error(device, EBUSY, err);
    }
    (void)ioctl(fd, TIOCEXCL);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    ask_low_latency(fd);
    return no_flow_control(fd, device, err);
}

void eb_serial_keep_lines(int fd)
{
    struct termios tio;

    if (tcgetattr(fd, &tio) == 0) {
#ifdef __APPLE__
        (void)cfsetspeed(&tio, B115200); /* one beyond those of termios may be refused */
#endif
        tio.c_cflag &= ~(tcflag_t)HUPCL;
        (void)tcsetattr(fd, TCSANOW, &tio);
    }
}

void eb_serial_release(int fd)
{
    /* The program at the other end of a pty may have it open too, and would keep it exclusive. */
    (void)ioctl(fd, TIOCNXCL);
}

/* -- while it is open -------------------------------------------------------------------------- */

static eb_code_t lost(const char *device, int os_errno, eb_err_t *err)
{
    if (os_errno == 0) {
        return eb_err_set(err, EB_ERR_PORT_LOST, "%s is gone", device);
    }
    return eb_err_set_errno(err, EB_ERR_PORT_LOST, os_errno, "%s is gone", device);
}

/* After a hang-up every request to the port fails, also those that touch no hardware. */
static bool is_gone(int fd)
{
    struct termios tio;

    return tcgetattr(fd, &tio) != 0;
}

/* Wait until the port has bytes, or takes some: *ready. EB_ERR_PORT_LOST when it is gone. With
 * select, because poll of macOS does not know terminals. */
static eb_code_t wait_for(int fd, const char *device, bool to_write, int wait_ms, bool *ready,
                          eb_err_t *err)
{
    struct timeval left = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    fd_set set;
    int n;

    *ready = false;
    if (fd >= FD_SETSIZE) {
        return eb_err_set_errno(err, EB_ERR_INTERNAL, EMFILE, "cannot wait for %s", device);
    }
    FD_ZERO(&set);
    FD_SET(fd, &set);
    n = select(fd + 1, to_write ? NULL : &set, to_write ? &set : NULL, NULL, &left);
    if (n < 0) {
        return errno == EINTR ? EB_OK : lost(device, errno, err);
    }
    *ready = n > 0;
    /* A driver may not report the hang-up, so ask after each slice without a byte. */
    return n == 0 && is_gone(fd) ? lost(device, 0, err) : EB_OK;
}

eb_code_t eb_serial_set_lines(int fd, const char *device, bool dtr, bool rts, eb_err_t *err)
{
    int bits;

    if (ioctl(fd, TIOCMGET, &bits) != 0) {
        return lost(device, errno, err);
    }
    bits &= ~(TIOCM_DTR | TIOCM_RTS);
    bits |= (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
    return ioctl(fd, TIOCMSET, &bits) == 0 ? EB_OK : lost(device, errno, err);
}

eb_code_t eb_serial_read(int fd, const char *device, uint8_t *buf, size_t cap, int wait_ms,
                         size_t *got, eb_err_t *err)
{
    const int64_t deadline_ms = eb_clock_ms() + wait_ms;
    int empty_reads = 0;
    bool promised = false;

    *got = 0;
    if (cap == 0) {
        return EB_OK;
    }
    for (;;) {
        const ssize_t n = read(fd, buf, cap);
        const int left_ms = (int)eb_clock_left_ms(deadline_ms);
        eb_code_t code;

        if (n > 0) {
            *got = (size_t)n;
            return EB_OK;
        }
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return lost(device, errno, err);
        }
        /* First, no bytes are usual. After select promised bytes, none mean a pulled plug. */
        if (n == 0 && promised && (is_gone(fd) || ++empty_reads == EMPTY_READS_MAX)) {
            return lost(device, 0, err);
        }
        /* Another program that reads the port too takes what select promised, each time. */
        if (n < 0 && promised && left_ms == 0) {
            return EB_OK;
        }
        code = wait_for(fd, device, false, left_ms, &promised, err);
        if (code != EB_OK || (!promised && left_ms == 0)) {
            return code;
        }
    }
}

eb_code_t eb_serial_write(int fd, const char *device, const uint8_t *buf, size_t len, int wait_ms,
                          size_t *put, eb_err_t *err)
{
    *put = 0;
    for (int look = 0; look < 2 && len > 0; look++) {
        const ssize_t n = write(fd, buf, len);
        bool ready;
        eb_code_t code;

        if (n > 0) {
            *put = (size_t)n;
            return EB_OK;
        }
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return lost(device, errno, err);
        }
        if (look == 1) {
            break;
        }
        code = wait_for(fd, device, true, wait_ms, &ready, err);
        if (code != EB_OK || !ready) {
            return code;
        }
    }
    return EB_OK;
}

eb_code_t eb_serial_drain(int fd, const char *device, int wait_ms, bool *done, eb_err_t *err)
{
    const int64_t deadline_ms = eb_clock_ms() + wait_ms;
    int waiting = 0;

    *done = false;
    /* Ask for the queue first, because tcdrain alone waits for ever when the adapter stops. */
    for (;;) {
        if (ioctl(fd, TIOCOUTQ, &waiting) != 0) {
            return lost(device, errno, err);
        }
        if (waiting == 0) {
            break;
        }
        if (eb_clock_left_ms(deadline_ms) == 0) {
            return EB_OK;
        }
        eb_sleep_ms(1);
    }
    /* The driver's queue is empty. Wait for the few bytes in the hardware. */
    if (tcdrain(fd) != 0 && errno != EINTR) {
        return lost(device, errno, err);
    }
    *done = true;
    return EB_OK;
}

eb_code_t eb_serial_flush_input(int fd, const char *device, eb_err_t *err)
{
    return tcflush(fd, TCIFLUSH) == 0 ? EB_OK : lost(device, errno, err);
}

void eb_serial_discard_output(int fd)
{
    (void)tcflush(fd, TCOFLUSH);
}
