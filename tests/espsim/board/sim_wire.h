/*
 * sim_wire.h: the two serial lines between the chip's UART and the adapter, inside the board.
 *
 * Chip side: sim_uart.h, on the chip's thread. This header is the other side: the board's I/O
 * thread puts in what the host sent and takes out what is due for the host. `lock` guards all.
 *
 * The model of time with `--wire real`: the chip has a clock of its own, `now_ns`, moved on by what
 * it does and not by how long this machine took to compute it; the thread sleeps until the real
 * clock has come as far. Lateness of the machine is thereby caught up and never adds up.
 *   chip -> host: a byte leaves the line 10 bit times after the one before it, and is due at the
 *   host latency_ns later, always the same (a real adapter lets bytes wait for each other).
 *   host -> chip: a byte arrives 10 bit times after the one before it; if the FIFO is full when it
 *   arrives it is lost and counted.
 * With `--wire instant` bytes have no times. Then a full FIFO makes the host wait instead: losing
 * bytes by how threads happen to be scheduled would not be repeatable. Only a chip that for a
 * second has done other things and taken nothing counts as hung (one whose thread this machine does
 * not run does nothing at all), and then bytes are lost as on hardware: a host must not be held up
 * for ever, least of all when the reset that helps is queued behind the data.
 */
#ifndef ESPSIM_SIM_WIRE_H
#define ESPSIM_SIM_WIRE_H

#include "sim_rng.h"
#include "sim_uart.h"

#include <pthread.h>
#include <stdbool.h>

#define SIM_NS_PER_MS  INT64_C(1000000)
#define SIM_NS_PER_S   INT64_C(1000000000)
#define SIM_FIFO_BYTES 128
#define SIM_NEVER      INT64_MAX

typedef struct sim_timed_byte {
    int64_t at_ns;
    uint8_t byte;
} sim_timed_byte_t;

/* Ring of bytes with times; size is a power of two. */
typedef struct sim_ring {
    sim_timed_byte_t *items;
    size_t size, head, count;
} sim_ring_t;

typedef struct sim_wire_counts {
    uint64_t to_host, to_chip; /* bytes that the chip sent / that the host sent */
    uint64_t garbled;          /* of them, sent at another rate than the receiver had */
    uint64_t rx_lost;          /* the chip's FIFO was full */
    uint64_t rx_ignored;       /* sent while the chip was held in reset */
    uint64_t unheard;          /* the chip spoke and nobody was connected */
    uint64_t chip_baud_changes, host_baud_changes;
} sim_wire_counts_t;

struct sim_uart {
    pthread_mutex_t lock;
    pthread_cond_t chip_wake; /* CLOCK_MONOTONIC */
    int io_wake_fd;           /* eventfd: something for the I/O thread */
    bool real;                /* --wire real */
    bool log;
    int64_t latency_ns;
    bool reset;     /* the chip's thread must unwind */
    bool io0_low;   /* the strapping pin as it is now */
    bool boot_held; /* USB-OTG: the strapping pin was low when power came */
    bool forced_download;
    sim_heed_t heed;
    bool rts, rts_known;         /* as it is; as the code that heeds it saw it last */
    bool rts_fell, rts_fell_dtr; /* not dealt with yet; DTR then */
    bool deaf;                   /* EN is low: what the host sends is not seen */
    bool io_wants_tx;            /* the I/O thread sleeps until the chip sends */
    bool io_wants_room;          /* the I/O thread sleeps until the chip has read */
    bool chip_waits;             /* the chip's thread sleeps until a byte or room comes */
    int64_t now_ns;              /* the chip's own time */
    uint32_t chip_baud;
    uint32_t host_baud; /* 0: always the same as the chip's */
    uint32_t usb_baud;  /* of a USB unit, which has no divider; 0: a UART */
    bool autobaud;      /* the chip's rate follows what the host sends at */
    sim_ring_t rx;      /* host -> chip, on the wire; at_ns = arrival */
    sim_ring_t fifo;    /* arrived and not read yet, at most rx_capacity */
    size_t rx_capacity;
    uint64_t rx_taken, turns;          /* bytes read by the chip; what else it has done */
    uint64_t stuck_taken, stuck_turns; /* when the FIFO was found full */
    int64_t stuck_since_ns;
    int64_t rx_line_free_ns;
    sim_ring_t tx; /* chip -> host, at_ns = due at the host */
    int64_t tx_line_free_ns;
    sim_rng_t garbage_rng[2];
    double garbage_carry[2];
    sim_wire_counts_t counts;
};

typedef struct sim_wire_options {
    bool real;
    bool log;
    int64_t latency_ns;
    uint64_t seed;
    int io_wake_fd;
} sim_wire_options_t;

bool sim_wire_init(sim_uart_t *u, const sim_wire_options_t *options);
void sim_wire_free(sim_uart_t *u);

/* I/O thread. Bytes that may be put in now without overflowing anything. */
size_t sim_wire_host_room(sim_uart_t *u);
/* Bytes that the host's adapter sends now; count <= room. */
void sim_wire_host_send(sim_uart_t *u, const uint8_t *bytes, size_t count);
/* The line towards the chip stands still for this long (fault). */
void sim_wire_host_stall(sim_uart_t *u, int64_t ns);
/* Bytes due for the host at `now`; returns how many were taken. */
size_t sim_wire_host_take(sim_uart_t *u, int64_t now, uint8_t *bytes, size_t max);
/* When to take next; SIM_NEVER asks the chip's thread to wake us when it sends. */
int64_t sim_wire_host_due(sim_uart_t *u);
void sim_wire_set_host_baud(sim_uart_t *u, uint32_t baud);
/* Forget what has arrived for the host, or what waits for the chip (RFC 2217 PURGE-DATA). */
void sim_wire_purge(sim_uart_t *u, bool to_host, bool to_chip);
/* EN low: the chip stops; bytes that had not left it are lost. `all`: power is gone as well. */
void sim_wire_chip_off(sim_uart_t *u, bool all);

/*
 * With the lock held: what has arrived by the chip's now goes into the FIFO, or is lost. The chip's
 * now may lie ahead, at the end of what it is busy with: until then it reads nothing.
 */
void sim_wire_settle(sim_uart_t *u);
/* sim_wait.c. The next three with the lock held: sleep until `until`, a byte, room or a reset; wake
 * the chip's thread; wake the I/O thread. */
int64_t sim_clock_ns(void);
void sim_wire_sleep_chip(sim_uart_t *u, int64_t until);
void sim_wire_wake_chip(sim_uart_t *u);
void sim_wire_kick_io(sim_uart_t *u);
void sim_ring_push(sim_ring_t *ring, int64_t at_ns, uint8_t byte);
sim_timed_byte_t *sim_ring_at(sim_ring_t *ring, size_t index);
void sim_ring_pop(sim_ring_t *ring, size_t count);
/* How many of the first bytes have their time at or before `at_ns`; times never go back. */
size_t sim_ring_due(sim_ring_t *ring, int64_t at_ns);
/* When the last of the bytes comes that come within a millisecond of the first; count > 0. */
int64_t sim_ring_batch_end(sim_ring_t *ring);
/* More than 3 % apart: the receiver samples the wrong bits. */
bool sim_wire_baud_differs(const sim_uart_t *u);
int64_t sim_wire_byte_ns(uint32_t baud, uint64_t count);
/* How many bytes the receiver believes to see for one sent at the wrong rate. */
size_t sim_wire_garbage(sim_uart_t *u, int dir, uint32_t from_baud, uint32_t to_baud, uint8_t *out);

#endif
