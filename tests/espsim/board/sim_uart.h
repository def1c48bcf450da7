/*
 * sim_uart.h: the UART as the code of the simulated chip sees it.
 *
 * The chip's code runs on a thread of its own, written as a real ROM is: it waits for a byte,
 * works, sends bytes. Everything that is not the chip (links, adapter latency, line rate, faults,
 * modem lines) lies behind these calls. Every call that can wait returns SIM_RESET when the board
 * was reset or unplugged meanwhile; the chip's code then unwinds at once and sim_chip_run returns.
 *
 * Time: with `--wire real` these calls take the time that they say; with `--wire instant` they take
 * none. The chip has a 128-byte receive FIFO: bytes that arrive while it is full are lost (ROM code
 * polls it; stubs empty it by interrupt into a frame buffer, so for them sim_uart_set_rx_capacity
 * makes it larger).
 */
#ifndef ESPSIM_SIM_UART_H
#define ESPSIM_SIM_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_uart sim_uart_t;

typedef enum sim_wake { SIM_OK, SIM_RESET, SIM_TIMEOUT } sim_wake_t;

/* Next byte received; timeout_us < 0 waits for ever, 0 only looks. */
sim_wake_t sim_uart_getc(sim_uart_t *u, int64_t timeout_us, uint8_t *byte);
/* Send bytes; returns when the last but 128 (the transmit FIFO) have left. */
sim_wake_t sim_uart_write(sim_uart_t *u, const uint8_t *bytes, size_t count);
/* Wait until everything sent has left the chip. */
sim_wake_t sim_uart_drain(sim_uart_t *u);
/* The chip is busy (flash, digest, delay) and looks at nothing. Bytes still arrive in the FIFO. */
sim_wake_t sim_uart_spend(sim_uart_t *u, uint64_t us);
/* The chip's own divider. Host and chip more than 3 % apart see garbage in both directions. */
void sim_uart_set_baud(sim_uart_t *u, uint32_t baud);
uint32_t sim_uart_get_baud(sim_uart_t *u);
/* While on, the chip's rate becomes that of each byte the host sends, before it is received. */
void sim_uart_set_autobaud(sim_uart_t *u, bool on);
/* Size of what can be received and not yet read: 128 in ROM, more under a stub. */
void sim_uart_set_rx_capacity(sim_uart_t *u, size_t bytes);
/* The strapping pin as it is now; a chip that resets itself (watchdog, crash) boots by it. */
bool sim_uart_download_strap(sim_uart_t *u);
/* How code that runs takes a fall of RTS on a USB-OTG port; NONE again after each reset. */
typedef enum sim_heed {
    SIM_HEED_NONE,  /* not at all: the ROM */
    SIM_HEED_LATER, /* a stub that is busy */
    SIM_HEED_STUB,
    SIM_HEED_APP
} sim_heed_t;
void sim_uart_heed_rts(sim_uart_t *u, sim_heed_t heed);
/* USB-OTG: the download was asked for by a bit of the chip, not by the strapping pin. */
bool sim_uart_forced_download(sim_uart_t *u);
void sim_uart_set_forced_download(sim_uart_t *u, bool forced);
/* The clock outside the chip: monotonic microseconds (sim_world.c). */
uint64_t sim_world_us(void);
/* One line for the simulator's own log (stderr with --log). */
void sim_uart_log(sim_uart_t *u, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
