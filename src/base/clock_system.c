/* clock_system.c: the machine's clock, alone here because test programs link one of their own. */
#include "clock.h"

#include <errno.h>
#include <time.h>

int64_t eb_clock_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void eb_sleep_ms(int64_t ms)
{
    struct timespec left;

    if (ms <= 0) {
        return;
    }
    left.tv_sec = (time_t)(ms / 1000);
    left.tv_nsec = (long)(ms % 1000) * 1000000;
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ; /* a signal cuts the sleep short; `left` shrinks each time */
}
