/*
 * fake_uart.h: a sim_uart without threads or time, for tests of the chip alone.
 *
 * A test queues what the host sends, runs the chip, and reads what the chip sent. The chip is
 * "reset" (its code unwinds) when it waits for ever for a byte and the queue is empty; `on_empty`
 * may queue more first. One run is therefore one session from boot to the end of the script.
 */
#ifndef ESPSIM_FAKE_UART_H
#define ESPSIM_FAKE_UART_H

#include "sim_uart.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fake_bytes {
    uint8_t *bytes;
    size_t count, room;
} fake_bytes_t;

struct sim_uart {
    fake_bytes_t to_chip, from_chip;
    size_t taken;      /* of to_chip */
    size_t pauses[16]; /* where to_chip stops until the chip waits */
    size_t pause_count, pauses_over;
    uint64_t spent_us;
    uint32_t baud;
    uint32_t host_baud; /* heard by autobaud; 0: the host is at the rate of the ROM's start */
    size_t rx_capacity;
    bool download_strap;
    unsigned timeouts; /* waits that ended with nothing; the third ends the session */
    bool (*on_empty)(sim_uart_t *u, void *context); /* false: end of the session */
    void *context;
};

void fake_uart_free(sim_uart_t *u);
void fake_uart_clear(sim_uart_t *u);
void fake_uart_put(fake_bytes_t *to, const void *bytes, size_t count);
/* What is queued from now on arrives only when the chip waits for it. */
void fake_uart_pause(sim_uart_t *u);
/* Queue one SLIP frame for the chip. */
void fake_uart_send_frame(sim_uart_t *u, const void *bytes, size_t count);
/* Queue one command: header and arguments. */
void fake_uart_send_command(sim_uart_t *u, uint8_t op, uint32_t checksum, const void *args,
                            size_t count);
/* The same with words as arguments. */
void fake_uart_send_words(sim_uart_t *u, uint8_t op, const uint32_t *words, size_t count);
void fake_uart_send_sync(sim_uart_t *u);
/* One block of MEM_DATA, FLASH_DATA or FLASH_DEFL_DATA with its checksum. */
void fake_uart_send_data(sim_uart_t *u, uint8_t op, uint32_t sequence, const uint8_t *bytes,
                         size_t count);
/* The next frame the chip sent at or after *at, unescaped; SIZE_MAX when there is none. Bytes
 * outside frames are skipped. */
size_t fake_uart_next_frame(const sim_uart_t *u, size_t *at, uint8_t *frame, size_t size);

#endif
