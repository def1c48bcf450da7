/* sim_wait.c: how the two threads of a board wait for each other and for the clock. Alone here,
 * because tests link a held clock instead. */
#include "sim_wire.h"

#include <time.h>
#include <unistd.h>

int64_t sim_clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * SIM_NS_PER_S + ts.tv_nsec;
}

void sim_wire_sleep_chip(sim_uart_t *u, int64_t until)
{
    struct timespec ts;

    if (until == SIM_NEVER) {
        pthread_cond_wait(&u->chip_wake, &u->lock);
        return;
    }
    ts.tv_sec = (time_t)(until / SIM_NS_PER_S);
    ts.tv_nsec = (long)(until % SIM_NS_PER_S);
    pthread_cond_timedwait(&u->chip_wake, &u->lock, &ts);
}

void sim_wire_wake_chip(sim_uart_t *u)
{
    pthread_cond_broadcast(&u->chip_wake);
}

void sim_wire_kick_io(sim_uart_t *u)
{
    uint64_t one = 1;

    u->io_wants_tx = u->io_wants_room = false;
    if (write(u->io_wake_fd, &one, sizeof(one)) < 0) {
        /* The counter is already above zero: the I/O thread will wake anyway. */
    }
}
