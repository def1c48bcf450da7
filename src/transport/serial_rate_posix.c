/* serial_rate_posix.c: the rate of a port on macOS and the BSDs, where the speeds of termios are
 * numbers. */
#include "serial_platform.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>

/* From IOKit/serial/ioss.h, which compilers of other systems do not have. The next tcsetattr ends
 * such a rate. */
#if defined(__APPLE__) && !defined(IOSSIOSPEED)
#define IOSSIOSPEED _IOW('T', 2, speed_t)
#endif
#define TERMIOS_BAUD_MAX 230400

static int set_rate(int fd, uint32_t baud)
{
    struct termios tio;

#ifdef __APPLE__
    if (baud > TERMIOS_BAUD_MAX) {
        speed_t speed = baud;

        return ioctl(fd, IOSSIOSPEED, &speed);
    }
#endif
    return tcgetattr(fd, &tio) == 0 && cfsetspeed(&tio, (speed_t)baud) == 0
               ? tcsetattr(fd, TCSANOW, &tio)
               : -1;
}

eb_code_t eb_serial_plain_baud(int fd, uint32_t baud, uint32_t *now, int *os_errno)
{
    *now = 0;
    if (set_rate(fd, baud) == 0) {
        return EB_OK;
    }
    *os_errno = errno;
    return EB_ERR_UNSUPPORTED;
}
