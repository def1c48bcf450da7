/* sim_wire.c: the host's side of the serial lines; see sim_wire.h. */
#include "sim_wire.h"

#include "sim_fault.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING_BYTES          65536U
/* What an adapter and its driver hold for a host that sends faster than the line. */
#define HOST_AHEAD_NS       (50 * SIM_NS_PER_MS)
#define INSTANT_AHEAD_BYTES 4096U
#define BATCH_NS            SIM_NS_PER_MS
#define GARBAGE_MAX         16U
#define HUNG_NS             SIM_NS_PER_S
#define HUNG_TURNS          3U

static bool ring_init(sim_ring_t *ring, size_t size)
{
    ring->items = calloc(size, sizeof(*ring->items));
    ring->size = size;
    ring->head = ring->count = 0;
    return ring->items != NULL;
}

/* A full ring loses the byte: it is far larger than what flow control ever lets in. */
void sim_ring_push(sim_ring_t *ring, int64_t at_ns, uint8_t byte)
{
    if (ring->count < ring->size) {
        sim_timed_byte_t *item = sim_ring_at(ring, ring->count++);
        item->at_ns = at_ns;
        item->byte = byte;
    }
}

sim_timed_byte_t *sim_ring_at(sim_ring_t *ring, size_t index)
{
    return &ring->items[(ring->head + index) & (ring->size - 1)];
}

void sim_ring_pop(sim_ring_t *ring, size_t count)
{
    ring->head = (ring->head + count) & (ring->size - 1);
    ring->count -= count;
}

size_t sim_ring_due(sim_ring_t *ring, int64_t at_ns)
{
    size_t low = 0, high = ring->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (sim_ring_at(ring, mid)->at_ns <= at_ns) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

/*
 * A long stream is handled once a millisecond, and the last byte of a short message exactly when it
 * comes: the sleeper waits for the last of the bytes that come within a millisecond of the first.
 */
int64_t sim_ring_batch_end(sim_ring_t *ring)
{
    size_t batch = sim_ring_due(ring, sim_ring_at(ring, 0)->at_ns + BATCH_NS);

    return sim_ring_at(ring, batch - 1)->at_ns;
}

bool sim_wire_init(sim_uart_t *u, const sim_wire_options_t *options)
{
    pthread_condattr_t attr;

    memset(u, 0, sizeof(*u));
    pthread_mutex_init(&u->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&u->chip_wake, &attr);
    pthread_condattr_destroy(&attr);
    u->io_wake_fd = options->io_wake_fd;
    u->real = options->real;
    u->log = options->log;
    u->latency_ns = options->real ? options->latency_ns : 0;
    u->deaf = true;
    u->chip_baud = 115200;
    u->rx_capacity = SIM_FIFO_BYTES;
    for (unsigned dir = 0; dir < SIM_DIR_COUNT; dir++) {
        sim_rng_seed(&u->garbage_rng[dir], options->seed, 0x200 + dir);
    }
    return ring_init(&u->rx, RING_BYTES) && ring_init(&u->fifo, RING_BYTES) &&
           ring_init(&u->tx, RING_BYTES);
}

void sim_wire_free(sim_uart_t *u)
{
    free(u->rx.items);
    free(u->fifo.items);
    free(u->tx.items);
    pthread_cond_destroy(&u->chip_wake);
    pthread_mutex_destroy(&u->lock);
}

int64_t sim_wire_byte_ns(uint32_t baud, uint64_t count)
{
    return (int64_t)(count * 10U * (uint64_t)SIM_NS_PER_S / (baud > 0 ? baud : 1));
}

bool sim_wire_baud_differs(const sim_uart_t *u)
{
    double ratio;

    if (u->host_baud == 0 || u->host_baud == u->chip_baud) {
        return false;
    }
    ratio = (double)u->host_baud / (double)u->chip_baud;
    return ratio > 1.03 || ratio < 0.97;
}

size_t sim_wire_garbage(sim_uart_t *u, int dir, uint32_t from_baud, uint32_t to_baud, uint8_t *out)
{
    double *carry = &u->garbage_carry[dir];
    size_t count = 0;

    *carry += (double)to_baud / (double)from_baud;
    while (*carry >= 1.0 && count < GARBAGE_MAX) {
        out[count++] = (uint8_t)sim_rng_next(&u->garbage_rng[dir]);
        *carry -= 1.0;
    }
    if (count == GARBAGE_MAX) {
        *carry = 0.0;
    }
    u->counts.garbled++;
    return count;
}

void sim_wire_settle(sim_uart_t *u)
{
    while (u->rx.count > 0 && sim_ring_at(&u->rx, 0)->at_ns <= u->now_ns) {
        if (u->fifo.count < u->rx_capacity) {
            sim_ring_push(&u->fifo, 0, sim_ring_at(&u->rx, 0)->byte);
        } else {
            u->counts.rx_lost++;
        }
        sim_ring_pop(&u->rx, 1);
    }
}

/* The FIFO is full: has the chip taken anything since we first saw that? */
static bool chip_is_hung(sim_uart_t *u)
{
    int64_t now = sim_clock_ns();

    if (u->stuck_since_ns == 0 || u->rx_taken != u->stuck_taken) {
        u->stuck_taken = u->rx_taken;
        u->stuck_turns = u->turns;
        u->stuck_since_ns = now;
    }
    return now - u->stuck_since_ns > HUNG_NS && u->turns - u->stuck_turns > HUNG_TURNS;
}

size_t sim_wire_host_room(sim_uart_t *u)
{
    size_t room = 0, limit;
    int64_t ahead_ns;

    pthread_mutex_lock(&u->lock);
    if (u->deaf) {
        room = RING_BYTES; /* it goes nowhere */
    } else if (u->real) {
        ahead_ns = sim_clock_ns() + HOST_AHEAD_NS - u->rx_line_free_ns;
        if (ahead_ns > HOST_AHEAD_NS) {
            ahead_ns = HOST_AHEAD_NS;
        }
        limit = (u->rx.size - u->rx.count) / 4;
        if (ahead_ns > 0) {
            room = (size_t)(ahead_ns /
                            sim_wire_byte_ns(u->host_baud ? u->host_baud : u->chip_baud, 1)) +
                   1;
        }
        room = room < limit ? room : limit;
    } else {
        limit = u->rx_capacity + INSTANT_AHEAD_BYTES;
        room = u->fifo.count < limit ? limit - u->fifo.count : 0;
        u->io_wants_room = room == 0;
        if (room == 0 && chip_is_hung(u)) {
            room = limit;
        }
    }
    pthread_mutex_unlock(&u->lock);
    return room;
}

static void receive(sim_uart_t *u, int64_t at_ns, uint8_t byte)
{
    if (u->real) {
        sim_ring_push(&u->rx, at_ns, byte);
    } else if (u->fifo.count < u->rx_capacity + 2 * INSTANT_AHEAD_BYTES) {
        sim_ring_push(&u->fifo, 0, byte);
    } else {
        u->counts.rx_lost++;
    }
}

void sim_wire_host_send(sim_uart_t *u, const uint8_t *bytes, size_t count)
{
    uint8_t garbage[GARBAGE_MAX];
    int64_t byte_ns, now = u->real ? sim_clock_ns() : 0;
    bool differs;

    pthread_mutex_lock(&u->lock);
    u->counts.to_chip += count;
    if (u->autobaud && count > 0) {
        u->chip_baud = u->host_baud > 0 ? u->host_baud : 115200;
    }
    differs = sim_wire_baud_differs(u);
    byte_ns = sim_wire_byte_ns(u->host_baud ? u->host_baud : u->chip_baud, 1);
    if (u->deaf) {
        u->counts.rx_ignored += count;
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (u->rx_line_free_ns < now) {
            u->rx_line_free_ns = now;
        }
        u->rx_line_free_ns += u->real ? byte_ns : 0;
        if (!differs) {
            receive(u, u->rx_line_free_ns, bytes[i]);
            continue;
        }
        size_t n = sim_wire_garbage(u, SIM_TO_CHIP, u->host_baud, u->chip_baud, garbage);
        for (size_t k = 0; k < n; k++) {
            receive(u, u->rx_line_free_ns, garbage[k]);
        }
    }
    sim_wire_settle(u);
    if (u->chip_waits && count > 0) {
        sim_wire_wake_chip(u);
    }
    pthread_mutex_unlock(&u->lock);
}

void sim_wire_host_stall(sim_uart_t *u, int64_t ns)
{
    int64_t now = sim_clock_ns();

    pthread_mutex_lock(&u->lock);
    if (u->rx_line_free_ns < now) {
        u->rx_line_free_ns = now;
    }
    u->rx_line_free_ns += ns;
    pthread_mutex_unlock(&u->lock);
}

size_t sim_wire_host_take(sim_uart_t *u, int64_t now, uint8_t *bytes, size_t max)
{
    size_t count;

    pthread_mutex_lock(&u->lock);
    count = u->real ? sim_ring_due(&u->tx, now) : u->tx.count;
    count = count < max ? count : max;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = sim_ring_at(&u->tx, i)->byte;
    }
    sim_ring_pop(&u->tx, count);
    if (u->chip_waits && count > 0) {
        sim_wire_wake_chip(u);
    }
    pthread_mutex_unlock(&u->lock);
    return count;
}

int64_t sim_wire_host_due(sim_uart_t *u)
{
    int64_t due = SIM_NEVER;

    pthread_mutex_lock(&u->lock);
    if (u->tx.count == 0) {
        u->io_wants_tx = true;
    } else {
        due = u->real ? sim_ring_batch_end(&u->tx) : 0;
    }
    pthread_mutex_unlock(&u->lock);
    return due;
}

void sim_wire_set_host_baud(sim_uart_t *u, uint32_t baud)
{
    pthread_mutex_lock(&u->lock);
    if (u->host_baud != baud) {
        u->counts.host_baud_changes += u->host_baud != 0; /* the first one is no change */
        u->host_baud = baud;
    }
    pthread_mutex_unlock(&u->lock);
}

void sim_wire_purge(sim_uart_t *u, bool to_host, bool to_chip)
{
    pthread_mutex_lock(&u->lock);
    if (to_host) {
        sim_ring_pop(&u->tx, u->real ? sim_ring_due(&u->tx, sim_clock_ns()) : u->tx.count);
    }
    if (to_chip) {
        sim_ring_pop(&u->rx, u->rx.count);
        u->rx_line_free_ns = 0;
    }
    if (u->chip_waits) {
        sim_wire_wake_chip(u);
    }
    pthread_mutex_unlock(&u->lock);
}

void sim_wire_chip_off(sim_uart_t *u, bool all)
{
    int64_t now = sim_clock_ns();

    pthread_mutex_lock(&u->lock);
    u->reset = true;
    u->deaf = true;
    u->autobaud = false;
    u->heed = SIM_HEED_NONE;
    u->rts_fell = false;
    sim_ring_pop(&u->rx, u->rx.count);
    sim_ring_pop(&u->fifo, u->fifo.count);
    u->rx_line_free_ns = u->stuck_since_ns = 0;
    if (all) {
        sim_ring_pop(&u->tx, u->tx.count);
    } else if (u->real) {
        /* What has left the chip is in the adapter and still comes. */
        u->tx.count = sim_ring_due(&u->tx, now + u->latency_ns);
    }
    u->tx_line_free_ns = 0;
    sim_wire_wake_chip(u);
    pthread_mutex_unlock(&u->lock);
}
