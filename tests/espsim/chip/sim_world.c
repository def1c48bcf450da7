/* sim_world.c: the world's clock, alone here because tests of the chip may link one of their own.
 */
#include "sim_uart.h"

#include <time.h>

uint64_t sim_world_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}
