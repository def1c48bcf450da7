/*
 * echo_chip.c: in place of the chip, for tests of the board alone (program espsim_echo). After each
 * reset it says "boot:DOWNLOAD" or "boot:RUN" and a line end, and then sends back what comes,
 * except after two ESC (so that garbage is hardly ever a command), of which the first comes back
 * too: S n       n * 4096 bytes, 00 01 02 ... FF again and again B <le32>  "K", and from then on
 * this baud rate W n       nothing for n milliseconds, then "w" C         "c", and from then on
 * room for 16 KiB in the receive FIFO R         resets itself
 */
#include "sim_chip.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sim_chip {
    sim_chip_counters_t counters;
};

sim_chip_t *sim_chip_new(const sim_chip_options_t *options)
{
    (void)options;
    return calloc(1, sizeof(sim_chip_t));
}

uint16_t sim_chip_usb_id(const sim_chip_t *chip)
{
    (void)chip;
    return 2;
}

void sim_chip_free(sim_chip_t *chip)
{
    free(chip);
}

void sim_chip_cut_power(sim_chip_t *chip)
{
    (void)chip;
}

bool sim_chip_reset_ordered(sim_chip_t *chip)
{
    (void)chip;
    return false;
}

void sim_chip_get_counters(sim_chip_t *chip, sim_chip_counters_t *out)
{
    *out = chip->counters;
}

static sim_wake_t say(sim_uart_t *uart, const char *text)
{
    return sim_uart_write(uart, (const uint8_t *)text, strlen(text));
}

static sim_wake_t stream(sim_uart_t *uart)
{
    uint8_t block[1024], count;
    sim_wake_t wake = sim_uart_getc(uart, -1, &count);

    for (unsigned i = 0; i < sizeof(block); i++) {
        block[i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < 4U * count && wake == SIM_OK; i++) {
        wake = sim_uart_write(uart, block, sizeof(block));
    }
    return wake;
}

static sim_wake_t change_baud(sim_uart_t *uart)
{
    uint32_t baud = 0;
    uint8_t byte;

    for (unsigned i = 0; i < 4; i++) {
        if (sim_uart_getc(uart, -1, &byte) != SIM_OK) {
            return SIM_RESET;
        }
        baud |= (uint32_t)byte << (8 * i);
    }
    if (say(uart, "K") != SIM_OK || sim_uart_drain(uart) != SIM_OK) {
        return SIM_RESET;
    }
    sim_uart_set_baud(uart, baud);
    return SIM_OK;
}

static sim_wake_t work(sim_uart_t *uart)
{
    uint8_t ms;

    if (sim_uart_getc(uart, -1, &ms) != SIM_OK || sim_uart_spend(uart, ms * 1000ULL) != SIM_OK) {
        return SIM_RESET;
    }
    return say(uart, "w");
}

void sim_chip_run(sim_chip_t *chip, sim_uart_t *uart, bool download_mode)
{
    sim_wake_t wake = say(uart, download_mode ? "boot:DOWNLOAD\r\n" : "boot:RUN\r\n");
    unsigned escapes = 0;
    uint8_t byte;

    chip->counters.resets++;
    while (wake == SIM_OK && sim_uart_getc(uart, -1, &byte) == SIM_OK) {
        escapes = byte == 0x1B ? escapes + 1 : 0;
        if (escapes < 2) {
            wake = sim_uart_write(uart, &byte, 1);
            continue;
        }
        escapes = 0;
        if (sim_uart_getc(uart, -1, &byte) != SIM_OK) {
            return;
        }
        switch (byte) {
        case 'S':
            wake = stream(uart);
            break;
        case 'B':
            wake = change_baud(uart);
            break;
        case 'W':
            wake = work(uart);
            break;
        case 'C':
            sim_uart_set_rx_capacity(uart, 16384);
            wake = say(uart, "c");
            break;
        case 'H':
            while (wake == SIM_OK) {
                usleep(1000);
                wake = sim_uart_spend(uart, 1000);
            }
            break;
        case 'R':
            return;
        default:
            break;
        }
    }
}
