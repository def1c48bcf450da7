/* serial_rate_linux.c: any rate of a port on Linux. Its own file, because the header of the kernel,
 * which alone has all rates, does not go together with termios.h. */
#include "serial_platform.h"

#include <asm/ioctls.h> /* sys/ioctl.h of musl lacks TCGETS2 */
#include <asm/termbits.h>
#include <errno.h>
#include <sys/ioctl.h>

#ifdef __GLIBC__
typedef unsigned long eb_ioctl_t;
#else
typedef int eb_ioctl_t; /* musl */
#endif

/* A rate that has a name gets it, because other programs ask for the name. */
static tcflag_t name_of(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        tcflag_t name;
    } rates[] = {
        {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
        {115200, B115200},   {230400, B230400},   {460800, B460800},   {921600, B921600},
        {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
        {4000000, B4000000},
    };

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        if (rates[i].baud == baud) {
            return rates[i].name;
        }
    }
    return BOTHER;
}

eb_code_t eb_serial_plain_baud(int fd, uint32_t baud, uint32_t *now, int *os_errno)
{
    const tcflag_t name = name_of(baud);
    struct termios2 tio;

    *now = 0;
    if (ioctl(fd, (eb_ioctl_t)TCGETS2, &tio) == 0) {
        tio.c_cflag &= ~(tcflag_t)(CBAUD | CBAUD << IBSHIFT);
        tio.c_cflag |= name | name << IBSHIFT;
        tio.c_ispeed = baud;
        tio.c_ospeed = baud;
        if (ioctl(fd, (eb_ioctl_t)TCSETS2, &tio) == 0 &&
            ioctl(fd, (eb_ioctl_t)TCGETS2, &tio) == 0) {
            *now = tio.c_ospeed;
            return EB_OK;
        }
    }
    *os_errno = errno;
    return EB_ERR_UNSUPPORTED;
}
