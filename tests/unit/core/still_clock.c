/* still_clock.c: stands in for base/clock_system.c. Time does not pass on the fake board, so that
 * what the core measures, and does about it, never depends on how busy this machine is. */
#include "clock.h"

int64_t eb_clock_us(void)
{
    return INT64_C(1000000000);
}

void eb_sleep_ms(int64_t ms)
{
    (void)ms;
}
