/*
 * sim_uart.c: the chip's side of the serial lines (sim_uart.h). How time runs is in sim_wire.h.
 *
 * The chip may be ahead of the real clock by up to a millisecond: every byte it sends carries its
 * own time, so nobody can tell, and the thread sleeps a thousand times a second and not for every
 * byte. Before it concludes that nothing was received it always lets the real clock catch up.
 */
#include "sim_uart.h"

#include "sim_fault.h"
#include "sim_wire.h"

#include <stdarg.h>
#include <stdio.h>

#define AHEAD_NS        SIM_NS_PER_MS
#define CHUNK_BYTES     128U
#define GARBAGE_MAX     16U
#define TX_INSTANT_MAX  16384U /* the chip waits for the host beyond this; fits the ring 4 times */
#define TX_INSTANT_KICK 1024U
#define TX_REAL_MAX     32768U

static void chip_sleep(sim_uart_t *u, int64_t until)
{
    if (!u->real && u->tx.count > 0 && u->io_wants_tx) {
        sim_wire_kick_io(u);
    }
    sim_wire_sleep_chip(u, until);
}

/* Let the real clock come to the chip's own, or nearly. */
static sim_wake_t catch_up(sim_uart_t *u, int64_t tolerance_ns)
{
    if (u->real && !u->reset && u->now_ns - sim_clock_ns() > tolerance_ns) {
        while (!u->reset && sim_clock_ns() < u->now_ns) {
            chip_sleep(u, u->now_ns);
        }
    }
    return u->reset ? SIM_RESET : SIM_OK;
}

static uint8_t take_byte(sim_uart_t *u)
{
    uint8_t byte = sim_ring_at(&u->fifo, 0)->byte;

    sim_ring_pop(&u->fifo, 1);
    u->rx_taken++;
    if (u->io_wants_room && u->fifo.count < u->rx_capacity) {
        sim_wire_kick_io(u);
    }
    return byte;
}

/*
 * Nothing is there at the chip's now. Move the chip's time on to the next arrival or the deadline,
 * whichever comes first, once the real clock has got there; false when it was the deadline.
 */
static bool wait_arrival(sim_uart_t *u, int64_t deadline, bool only_look)
{
    int64_t clock = sim_clock_ns();
    int64_t next = u->rx.count > 0 ? sim_ring_at(&u->rx, 0)->at_ns : SIM_NEVER;
    int64_t target = next < deadline ? next : deadline;

    if (clock < target) {
        int64_t until = next < deadline ? sim_ring_batch_end(&u->rx) : deadline;
        chip_sleep(u, until < deadline ? until : deadline);
        return true;
    }
    /* A chip that only looks, again and again, spends no time by its own account: give it some. */
    if (only_look && u->now_ns < clock) {
        u->now_ns = clock;
        sim_wire_settle(u);
        return u->fifo.count > 0;
    }
    if (u->now_ns < target) {
        u->now_ns = target;
    }
    return next <= deadline;
}

sim_wake_t sim_uart_getc(sim_uart_t *u, int64_t timeout_us, uint8_t *byte)
{
    sim_wake_t wake = SIM_TIMEOUT;
    int64_t deadline = SIM_NEVER;

    pthread_mutex_lock(&u->lock);
    if (timeout_us >= 0) {
        deadline = (u->real ? u->now_ns : sim_clock_ns()) + timeout_us * 1000;
    }
    u->chip_waits = true;
    for (;;) {
        if (u->reset) {
            wake = SIM_RESET;
            break;
        }
        sim_wire_settle(u);
        if (u->fifo.count > 0) {
            *byte = take_byte(u);
            wake = SIM_OK;
            break;
        }
        if (!u->real && timeout_us == 0) {
            break;
        }
        if (!wait_arrival(u, deadline, timeout_us == 0)) {
            break;
        }
    }
    u->chip_waits = false;
    pthread_mutex_unlock(&u->lock);
    return wake;
}

static void send_byte(sim_uart_t *u, uint8_t byte)
{
    uint8_t garbage[GARBAGE_MAX];
    size_t count;

    u->counts.to_host++;
    if (u->real) {
        if (u->tx_line_free_ns < u->now_ns) {
            u->tx_line_free_ns = u->now_ns;
        }
        u->tx_line_free_ns += sim_wire_byte_ns(u->chip_baud, 1);
    }
    if (!sim_wire_baud_differs(u)) {
        sim_ring_push(&u->tx, u->tx_line_free_ns + u->latency_ns, byte);
        return;
    }
    count = sim_wire_garbage(u, SIM_TO_HOST, u->chip_baud, u->host_baud, garbage);
    for (size_t i = 0; i < count; i++) {
        sim_ring_push(&u->tx, u->tx_line_free_ns + u->latency_ns, garbage[i]);
    }
}

/* A host that does not read holds the chip up; a real adapter would lose bytes instead. */
static void wait_tx_room(sim_uart_t *u)
{
    size_t limit = u->real ? TX_REAL_MAX : TX_INSTANT_MAX;

    u->chip_waits = true;
    while (!u->reset && u->tx.count >= limit) {
        u->turns++;
        chip_sleep(u, sim_clock_ns() + 100 * SIM_NS_PER_MS);
    }
    u->chip_waits = false;
}

sim_wake_t sim_uart_write(sim_uart_t *u, const uint8_t *bytes, size_t count)
{
    sim_wake_t wake = SIM_OK;

    pthread_mutex_lock(&u->lock);
    while (count > 0 && wake == SIM_OK) {
        size_t chunk = count < CHUNK_BYTES ? count : CHUNK_BYTES;
        int64_t fifo_ns = sim_wire_byte_ns(u->chip_baud, SIM_FIFO_BYTES);
        wait_tx_room(u);
        if (u->reset) {
            break;
        }
        for (size_t i = 0; i < chunk; i++) {
            send_byte(u, bytes[i]);
        }
        bytes += chunk;
        count -= chunk;
        if (u->real && u->now_ns < u->tx_line_free_ns - fifo_ns) {
            u->now_ns = u->tx_line_free_ns - fifo_ns;
        }
        if (u->io_wants_tx && (u->real || u->tx.count >= TX_INSTANT_KICK)) {
            sim_wire_kick_io(u);
        }
        sim_wire_settle(u);
        wake = catch_up(u, AHEAD_NS);
    }
    wake = u->reset ? SIM_RESET : wake;
    pthread_mutex_unlock(&u->lock);
    return wake;
}

sim_wake_t sim_uart_drain(sim_uart_t *u)
{
    sim_wake_t wake;

    pthread_mutex_lock(&u->lock);
    if (u->now_ns < u->tx_line_free_ns) {
        u->now_ns = u->tx_line_free_ns;
    }
    if (u->tx.count > 0 && u->io_wants_tx) {
        sim_wire_kick_io(u);
    }
    sim_wire_settle(u);
    wake = catch_up(u, 0);
    pthread_mutex_unlock(&u->lock);
    return wake;
}

sim_wake_t sim_uart_spend(sim_uart_t *u, uint64_t us)
{
    sim_wake_t wake;

    pthread_mutex_lock(&u->lock);
    if (u->tx.count > 0 && u->io_wants_tx) {
        sim_wire_kick_io(u);
    }
    u->turns++;
    if (u->real) {
        u->now_ns += (int64_t)(us * 1000);
    }
    sim_wire_settle(u);
    wake = catch_up(u, AHEAD_NS);
    pthread_mutex_unlock(&u->lock);
    return wake;
}

void sim_uart_set_baud(sim_uart_t *u, uint32_t baud)
{
    pthread_mutex_lock(&u->lock);
    if (baud > 0 && u->chip_baud != baud && u->usb_baud == 0 && !u->reset) {
        u->chip_baud = baud;
        u->counts.chip_baud_changes++;
    }
    pthread_mutex_unlock(&u->lock);
}

uint32_t sim_uart_get_baud(sim_uart_t *u)
{
    uint32_t baud;

    pthread_mutex_lock(&u->lock);
    baud = u->chip_baud;
    pthread_mutex_unlock(&u->lock);
    return baud;
}

void sim_uart_set_autobaud(sim_uart_t *u, bool on)
{
    pthread_mutex_lock(&u->lock);
    if (!u->reset && u->usb_baud == 0) {
        u->autobaud = on;
    }
    pthread_mutex_unlock(&u->lock);
}

void sim_uart_set_rx_capacity(sim_uart_t *u, size_t bytes)
{
    pthread_mutex_lock(&u->lock);
    if (!u->reset) {
        u->rx_capacity = bytes < u->fifo.size / 2 ? bytes : u->fifo.size / 2;
    }
    pthread_mutex_unlock(&u->lock);
}

bool sim_uart_download_strap(sim_uart_t *u)
{
    bool low;

    pthread_mutex_lock(&u->lock);
    low = u->io0_low;
    pthread_mutex_unlock(&u->lock);
    return low;
}

void sim_uart_heed_rts(sim_uart_t *u, sim_heed_t heed)
{
    pthread_mutex_lock(&u->lock);
    if (!u->reset) {
        if (u->heed ==
            SIM_HEED_NONE) { /* a stub asks how RTS is, a program takes it for released */
            u->rts_known = u->rts && heed != SIM_HEED_APP;
        }
        u->heed = heed;
        if (u->rts_fell) {
            sim_wire_kick_io(u);
        }
    }
    pthread_mutex_unlock(&u->lock);
}

bool sim_uart_forced_download(sim_uart_t *u)
{
    bool forced;

    pthread_mutex_lock(&u->lock);
    forced = u->forced_download;
    pthread_mutex_unlock(&u->lock);
    return forced;
}

void sim_uart_set_forced_download(sim_uart_t *u, bool forced)
{
    pthread_mutex_lock(&u->lock);
    u->forced_download = forced;
    pthread_mutex_unlock(&u->lock);
}

void sim_uart_log(sim_uart_t *u, const char *format, ...)
{
    char line[512];
    va_list args;

    if (!u->log) {
        return;
    }
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "espsim: chip: %s\n", line);
}
