/*
 * serial_plain.c: a port by termios alone, for what libserialport refuses: pseudo terminals,
 * drivers without modem lines, and device nodes that the system does not list under their name.
 * Without libserialport it opens every port.
 */
#include "serial_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

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

bool eb_serial_is_pty(const char *device)
{
    static const char *const ptys[] = {"/dev/pts/", "/dev/ttys"}; /* Linux, macOS */

    for (size_t i = 0; i < sizeof(ptys) / sizeof(ptys[0]); i++) {
        const size_t len = strlen(ptys[i]);

        if (strncmp(device, ptys[i], len) == 0 && device[len] >= '0' && device[len] <= '9') {
            return true;
        }
    }
    return false;
}

bool eb_serial_has_lines(int fd)
{
    int bits;

    return ioctl(fd, TIOCMGET, &bits) == 0;
}
