/*
 * sim_chip_io.c: the chip's UART and clock.
 *
 * Code that runs on the chip spends its time in small pieces (a page is programmed in 0.7 ms); they
 * are added up and told to the UART in one call, so that a host's clock granularity does not make
 * the chip slower than it says. Under `--wire instant` the UART takes no time: then the chip's own
 * clock runs ahead of the world's by what was spent.
 */
#include "sim_chip_internal.h"

enum { DEBT_LIMIT_US = 4000, INSTANT_US = 10000, USB_BYTE_US = 7 };

uint64_t sim_now_us(sim_chip_t *chip)
{
    return sim_world_us() + chip->clock_ahead_us + chip->debt_us;
}

/* The first thing a chip does is to spend 20 ms on booting; real time has passed by then. */
bool sim_time_is_instant(const sim_chip_t *chip)
{
    return chip->clock_ahead_us >= INSTANT_US;
}

static void io_note(sim_chip_t *chip, sim_wake_t wake)
{
    if (wake == SIM_RESET) {
        chip->stopped = true;
    }
}

static void io_pay(sim_chip_t *chip)
{
    uint64_t us = chip->debt_us;
    chip->debt_us = 0;
    if (us == 0 || chip->stopped) {
        return;
    }
    uint64_t before = sim_world_us();
    sim_wake_t wake = sim_uart_spend(chip->uart, us);
    uint64_t passed = sim_world_us() - before;
    io_note(chip, wake);
    if (wake == SIM_OK && passed < us) {
        chip->clock_ahead_us += us - passed;
    }
}

void sim_spend(sim_chip_t *chip, uint64_t us)
{
    chip->debt_us += us;
    if (chip->debt_us >= DEBT_LIMIT_US) {
        io_pay(chip);
    }
}

void sim_reset_self(sim_chip_t *chip, enum sim_reset_cause cause)
{
    if (!chip->stopped) {
        chip->stopped = true;
        chip->self_reset = true;
        chip->cause = cause;
    }
}

sim_wake_t sim_getc(sim_chip_t *chip, int64_t timeout_us, uint8_t *byte)
{
    io_pay(chip);
    if (chip->stopped) {
        return SIM_RESET;
    }
    int64_t wait_us = timeout_us;
    bool by_watchdog = false;
    if (chip->watchdog_at_us != 0) {
        uint64_t now_us = sim_now_us(chip);
        int64_t left_us =
            chip->watchdog_at_us > now_us ? (int64_t)(chip->watchdog_at_us - now_us) : 0;
        if (wait_us < 0 || left_us <= wait_us) {
            wait_us = left_us;
            by_watchdog = true;
        }
    }
    sim_wake_t wake = sim_uart_getc(chip->uart, wait_us, byte);
    io_note(chip, wake);
    if (wake == SIM_TIMEOUT && by_watchdog) {
        sim_reset_self(chip, SIM_RESET_WATCHDOG);
        return SIM_RESET;
    }
    return wake;
}

void sim_write(sim_chip_t *chip, const void *bytes, size_t count)
{
    io_pay(chip);
    if (chip->usb && sim_time_is_instant(chip)) { /* a watchdog's time must pass there too */
        chip->clock_ahead_us += count * USB_BYTE_US;
    }
    if (!chip->stopped && count != 0) {
        io_note(chip, sim_uart_write(chip->uart, bytes, count));
    }
}

void sim_drain(sim_chip_t *chip)
{
    io_pay(chip);
    if (!chip->stopped) {
        io_note(chip, sim_uart_drain(chip->uart));
    }
}

/* The divider register has 4 fraction bits at bit 20 on every chip since the ESP32. */
static void io_put_divider(sim_chip_t *chip, uint64_t sixteenths)
{
    uint32_t divider = (uint32_t)(sixteenths >> 4) & 0xFFFFFu;
    sim_bus_write(chip, chip->row->uart.clkdiv_reg, divider | (uint32_t)(sixteenths & 15u) << 20);
}

void sim_set_baud_by(sim_chip_t *chip, uint32_t clock_hz, uint32_t baud)
{
    uint64_t wanted = baud != 0 ? baud : 1;
    uint64_t sixteenths = (uint64_t)clock_hz * 16u / wanted;
    uint64_t rate = wanted * chip->uart_clock_hz / clock_hz;
    if (chip->row->uart.whole_divider) {
        sixteenths = sixteenths < 16 ? 16 : sixteenths & ~UINT64_C(15);
        rate = (uint64_t)chip->uart_clock_hz * 16u / sixteenths;
    }
    io_put_divider(chip, sixteenths);
    chip->baud = rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
    sim_uart_set_baud(chip->uart, chip->baud);
}

void sim_set_baud(sim_chip_t *chip, uint32_t baud)
{
    sim_set_baud_by(chip, chip->uart_clock_hz, baud);
}

void sim_scale_divider(sim_chip_t *chip, uint32_t from_baud, uint32_t to_baud)
{
    uint64_t divider = sim_bus_read(chip, chip->row->uart.clkdiv_reg) & 0xFFFFFu;
    divider = to_baud != 0 ? divider * from_baud / to_baud : UINT32_MAX;
    sim_set_baud(chip, chip->uart_clock_hz / (uint32_t)(divider != 0 ? divider : 1));
}

void sim_learn_baud(sim_chip_t *chip)
{
    if (!chip->autobaud) {
        return;
    }
    chip->autobaud = false;
    sim_uart_set_autobaud(chip->uart, false);
    chip->baud = sim_uart_get_baud(chip->uart);
    uint32_t divider = chip->baud != 0 ? chip->uart_clock_hz / chip->baud : 0;
    io_put_divider(chip, (uint64_t)(divider - chip->row->uart.autobaud_less) << 4);
}

void sim_hang(sim_chip_t *chip)
{
    uint8_t byte;
    while (sim_getc(chip, -1, &byte) != SIM_RESET) {
    }
}
