/*
 * serial_plain.c: a port by termios alone, for what libserialport refuses: pseudo terminals,
 * drivers without modem lines, and device nodes that sysfs does not have under their name.
 */
#include "serial_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    uint32_t baud;
    speed_t speed;
} rates[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},
    {57600, B57600},     {115200, B115200},   {230400, B230400},
#ifdef B460800
    {460800, B460800},
#endif
#ifdef B921600
    {921600, B921600},   {1000000, B1000000}, {1500000, B1500000},
    {2000000, B2000000}, {3000000, B3000000}, {4000000, B4000000},
#endif
};

static eb_code_t make_raw(int fd, const char *device, eb_err_t *err)
{
    struct termios tio;

    if (tcgetattr(fd, &tio) != 0) {
        return eb_serial_open_error(device, errno, err);
    }
    cfmakeraw(&tio);
    tio.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    tio.c_cflag |= CS8 | CREAD | CLOCAL;
    tio.c_cc[VMIN] = 0;
    tio.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &tio) == 0 ? EB_OK : eb_serial_open_error(device, errno, err);
}

eb_code_t eb_serial_plain_open(const char *device, int *fd, eb_err_t *err)
{
    eb_code_t code;

    *fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        return eb_serial_open_error(device, errno, err);
    }
    code = isatty(*fd) ? make_raw(*fd, device, err) : eb_serial_open_error(device, ENOTTY, err);
    if (code != EB_OK) {
        (void)close(*fd);
        *fd = -1;
    }
    return code;
}

eb_code_t eb_serial_plain_baud(int fd, uint32_t baud, int *os_errno)
{
    struct termios tio;

    *os_errno = EINVAL;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        if (rates[i].baud != baud) {
            continue;
        }
        if (tcgetattr(fd, &tio) == 0 && cfsetispeed(&tio, rates[i].speed) == 0 &&
            cfsetospeed(&tio, rates[i].speed) == 0 && tcsetattr(fd, TCSANOW, &tio) == 0 &&
            tcgetattr(fd, &tio) == 0) {
            return cfgetospeed(&tio) == rates[i].speed ? EB_OK : EB_ERR_UNSUPPORTED;
        }
        *os_errno = errno;
    }
    return EB_ERR_UNSUPPORTED;
}

bool eb_serial_is_pty(const char *device)
{
    return strncmp(device, "/dev/pts/", 9) == 0;
}

bool eb_serial_has_lines(int fd)
{
    int bits;

    return ioctl(fd, TIOCMGET, &bits) == 0;
}
