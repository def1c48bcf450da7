/*
 * sim_board.c: power, the reset circuit and the threads of the simulated board.
 *
 * The circuit is the one of Espressif's development boards: two transistors, each with the one line
 * at its base and the other at its emitter, so that both lines asserted (as an operating system
 * does when it opens a port) or both released leave the chip alone: EN  is low when RTS is asserted
 * and DTR is not IO0 is low when DTR is asserted and RTS is not EN rises slowly because of a
 * capacitor, and the chip samples IO0 when EN is up. Hosts that set one line after the other rely
 * on that: RTS is released with DTR already asserted, which passes through "both asserted".
 * (ESP32-DevKitC schematic; esptool documentation, "boot mode selection".)
 */
#include "sim_board.h"

#include "sim_board_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* 10 kOhm and 0.1 uF to 1 uF on boards: a few milliseconds. */
#define EN_RISE_DEFAULT_MS 5
/*
 * Over a network two line changes are a round trip apart, or 50 ms with pyserial, which looks for
 * the answer no more often; a program of its own may be done with the whole sequence in that time.
 * Servers made for these chips therefore play the sequence themselves when they see it begin. Here
 * EN just waits long enough to see whether IO0 goes low, and no longer.
 */
#define EN_RISE_NETWORK_MS 90

#define IDLE_LIMIT_NS (5 * SIM_NS_PER_S)

/* 145 kB/s, measured on an ESP32-S3: ten bits a byte. */
#define USB_BAUD 1450000

void sim_board_options_init(sim_board_options_t *options)
{
    memset(options, 0, sizeof(*options));
    options->host = "127.0.0.1";
    options->latency_us = 2000;
    options->en_rise_ms = -1;
    options->replug_ms = -1;
    options->usb_back_ms = 200; /* Linux waits 100 ms, then resets and enumerates the device */
    options->boot_download = true;
    sim_fault_init(&options->faults);
}

void sim_board_log(const sim_board_t *board, const char *format, ...)
{
    char line[512];
    va_list args;

    if (!board->options.log) {
        return;
    }
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "espsim: %s\n", line);
}

void sim_board_run_en(sim_board_t *board, int64_t at_ns)
{
    if (at_ns >= board->en_rise_at) {
        sim_board_boot(board);
    }
}

/* EN is up: the strap is sampled and the chip starts. */
void sim_board_boot(sim_board_t *board)
{
    sim_uart_t *u = &board->uart;
    int64_t now = sim_clock_ns();

    board->en_low = false;
    board->en_rise_at = SIM_NEVER;
    pthread_mutex_lock(&u->lock);
    u->deaf = false;
    u->now_ns = now;
    u->chip_baud = u->usb_baud > 0 ? u->usb_baud : 115200;
    u->rx_capacity = SIM_FIFO_BYTES;
    board->boot_pending = true;
    board->boot_download = board->uart.io0_low;
    pthread_cond_broadcast(&u->chip_wake);
    pthread_mutex_unlock(&u->lock);
    sim_board_log(board, "EN up, IO0 %s", board->uart.io0_low ? "low: download" : "high: run");
}

void sim_board_update_en(sim_board_t *board, int64_t at_ns)
{
    bool usb = sim_board_own_usb(board);
    bool rts = board->rts || board->flow_until != SIM_NEVER;
    bool en_low = !board->powered || (!usb && rts && !board->dtr);
    bool io0_low = board->options.boot_download || (usb ? board->usb_download : board->dtr && !rts);

    pthread_mutex_lock(&board->uart.lock);
    if (board->options.usb_otg) { /* a button that was held, or a bit in the chip */
        io0_low = board->uart.boot_held || board->uart.forced_download;
    }
    board->uart.io0_low = io0_low;
    if (en_low) {
        board->boot_pending = false;
    }
    pthread_mutex_unlock(&board->uart.lock);
    if (en_low) {
        board->en_rise_at = SIM_NEVER;
        if (!board->en_low) {
            board->en_low = true;
            sim_wire_chip_off(&board->uart, !board->powered);
            sim_board_log(board, board->powered ? "EN low" : "power off");
        }
    } else if (board->en_low && board->en_rise_at == SIM_NEVER) {
        board->en_rise_at = at_ns + board->options.en_rise_ms * SIM_NS_PER_MS;
    }
    if (board->en_rise_at != SIM_NEVER && board->en_is_patient && io0_low) {
        int64_t soon = at_ns + EN_RISE_DEFAULT_MS * SIM_NS_PER_MS;
        board->en_rise_at = soon < board->en_rise_at ? soon : board->en_rise_at;
    }
}

void sim_board_power(sim_board_t *board, bool on)
{
    board->powered = on;
    if (!on) {
        sim_chip_cut_power(board->chip);
    }
    board->otg_reset_at = SIM_NEVER;
    pthread_mutex_lock(&board->uart.lock);
    board->uart.forced_download = false;
    pthread_mutex_unlock(&board->uart.lock);
    board->dtr = board->rts = board->was_open = false;
    board->flow_until = SIM_NEVER;
    board->raw_count = 0;
    board->hold_send_until = board->hold_read_until = 0;
    sim_board_update_en(board, sim_clock_ns());
}

/* As a brown-out detector or a watchdog does: at once, and with what had not left the chip lost. */
void sim_board_pulse_reset(sim_board_t *board)
{
    board->raw_count = 0;
    sim_wire_chip_off(&board->uart, true);
    board->en_low = true;
    board->en_rise_at = SIM_NEVER;
    sim_board_update_en(board, sim_clock_ns());
    if (board->en_rise_at != SIM_NEVER) {
        sim_board_boot(board);
    }
}

/*
 * The USB-Serial/JTAG unit has no pins: it remembers a lone DTR as "download at the next reset", a
 * lone RTS is that reset, at once, and both released forget it. Both asserted mean nothing.
 */
static void usb_lines(sim_board_t *board, int64_t at_ns)
{
    if (board->dtr && !board->rts) {
        board->usb_download = true;
    } else if (!board->dtr && !board->rts) {
        board->usb_download = false;
    }
    if (board->dtr || !board->rts) {
        sim_board_update_en(board, at_ns);
        return;
    }
    sim_board_pulse_reset(board);
    pthread_mutex_lock(&board->uart.lock);
    board->usb_vanish = board->options.usb_vanishes;
    pthread_mutex_unlock(&board->uart.lock);
}

void sim_board_set_lines(sim_board_t *board, bool dtr, bool rts)
{
    sim_board_set_lines_at(board, sim_clock_ns(), dtr, rts);
}

void sim_board_set_lines_at(sim_board_t *board, int64_t at_ns, bool dtr, bool rts)
{
    bool changed;

    if (board->options.lines_swapped) {
        bool swap = dtr;
        dtr = rts;
        rts = swap;
    }
    changed = board->dtr != dtr || board->rts != rts;
    sim_board_run_en(board, at_ns);
    if (changed) {
        sim_board_log(board, "DTR %d RTS %d", dtr, rts);
    }
    board->dtr = dtr;
    board->rts = rts;
    if (board->options.usb_otg) {
        sim_otg_lines(board);
    } else if (!board->options.usb_jtag) {
        sim_board_update_en(board, at_ns);
    } else if (changed) {
        usb_lines(board, at_ns);
    }
}

void sim_board_get_lines(const sim_board_t *board, bool *dtr, bool *rts)
{
    *dtr = board->options.lines_swapped ? board->rts : board->dtr;
    *rts = board->options.lines_swapped ? board->dtr : board->rts;
}

/* sim_chip_run came back although nobody reset it: the chip reset itself (watchdog, reboot). */
static void self_reset(sim_board_t *board)
{
    sim_uart_t *u = &board->uart;

    if (sim_board_own_usb(board)) { /* the unit is reset too: the port goes, DTR is forgotten */
        u->boot_held = false;       /* the button was let go long ago */
        u->io0_low = board->options.usb_otg ? u->forced_download : board->options.boot_download;
        board->usb_vanish = board->vanish_by_chip = true;
        sim_wire_kick_io(u);
        /* The chip is silent until the port is gone, however late that is here. */
        while (board->usb_vanish && !board->stop) {
            pthread_cond_wait(&u->chip_wake, &u->lock);
        }
    }
    board->boot_pending = true;
    board->boot_download = board->uart.io0_low;
    board->report.self_resets++;
    u->chip_baud = u->usb_baud > 0 ? u->usb_baud : 115200;
    u->rx_capacity = SIM_FIFO_BYTES;
    pthread_mutex_unlock(&u->lock);
    sim_board_log(board, "the chip reset itself");
    sim_uart_spend(u, 1000);
    usleep(1000); /* a chip that does nothing else must not eat this machine */
    pthread_mutex_lock(&u->lock);
}

static void *chip_thread(void *arg)
{
    sim_board_t *board = arg;
    sim_uart_t *u = &board->uart;

    prctl(PR_SET_TIMERSLACK, 1UL);
    pthread_mutex_lock(&u->lock);
    for (;;) {
        while (!board->boot_pending && !board->stop) {
            pthread_cond_wait(&u->chip_wake, &u->lock);
        }
        if (board->stop) {
            break;
        }
        bool download = board->boot_download;
        board->boot_pending = false;
        u->reset = false;
        board->report.boots_download += download;
        board->report.boots_run += !download;
        board->report.in_download = download;
        pthread_mutex_unlock(&u->lock);
        sim_chip_run(board->chip, u, download);
        pthread_mutex_lock(&u->lock);
        if (!u->reset && !board->stop) {
            self_reset(board);
        }
    }
    pthread_mutex_unlock(&u->lock);
    return NULL;
}

static bool open_link(sim_board_t *board)
{
    switch (board->options.link) {
    case SIM_LINK_TCP:
        board->link = sim_link_tcp_open(board, &board->options);
        break;
    case SIM_LINK_RFC2217:
        board->link = sim_link_rfc2217_open(board, &board->options);
        break;
    case SIM_LINK_PTY:
        board->link = sim_link_pty_open(board, &board->options);
        break;
    }
    return board->link != NULL;
}

static bool start_threads(sim_board_t *board)
{
    board->chip_started = pthread_create(&board->chip_thread, NULL, chip_thread, board) == 0;
    board->io_started = board->chip_started &&
                        pthread_create(&board->io_thread, NULL, sim_board_io_thread, board) == 0;
    if (!board->io_started) {
        fprintf(stderr, "espsim: cannot start a thread\n");
    }
    return board->io_started;
}

sim_board_t *sim_board_start(const sim_board_options_t *options, sim_chip_t *chip)
{
    sim_board_t *board = calloc(1, sizeof(*board));
    sim_wire_options_t wire;

    if (board == NULL) {
        fprintf(stderr, "espsim: no memory\n");
        return NULL;
    }
    board->options = *options;
    board->chip = chip;
    board->en_is_patient = options->link == SIM_LINK_RFC2217;
    if (board->options.en_rise_ms < 0) {
        board->options.en_rise_ms = board->en_is_patient ? EN_RISE_NETWORK_MS : EN_RISE_DEFAULT_MS;
    }
    board->faults = options->faults;
    board->faults.seed = options->seed;
    sim_fault_start(&board->faults);
    board->en_low = true;
    board->en_rise_at = board->replug_at = board->otg_reset_at = SIM_NEVER;
    board->flow_until = SIM_NEVER;
    board->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wire = (sim_wire_options_t){options->wire_real, options->log,
                                (int64_t)options->latency_us * 1000, options->seed, board->wake_fd};
    if (!sim_wire_init(&board->uart, &wire)) {
        sim_board_stop(board);
        return NULL;
    }
    if (sim_board_own_usb(board)) {
        board->uart.usb_baud = board->uart.chip_baud = USB_BAUD;
    }
    board->uart.boot_held = options->boot_download;
    if (!open_link(board)) {
        sim_board_stop(board);
        return NULL;
    }
    sim_board_power(board, true);
    sim_board_boot(board);
    if (!start_threads(board)) {
        sim_board_stop(board);
        return NULL;
    }
    return board;
}

const char *sim_board_address(const sim_board_t *board)
{
    return board->link->address;
}

void sim_board_set_environment(const sim_board_t *board)
{
    board->link->ops->environment(board->link);
}

static bool is_busy(sim_board_t *board)
{
    bool busy;

    pthread_mutex_lock(&board->uart.lock);
    busy = board->busy || !board->uart.chip_waits || board->uart.tx.count > 0;
    pthread_mutex_unlock(&board->uart.lock);
    return busy || sim_chip_reset_ordered(board->chip);
}

void sim_board_wait_idle(sim_board_t *board)
{
    int64_t end = sim_clock_ns() + IDLE_LIMIT_NS;

    while (is_busy(board)) {
        if (sim_clock_ns() > end) {
            sim_board_log(board, "still busy");
            return;
        }
        usleep(1000);
    }
}

void sim_board_get_report(sim_board_t *board, sim_board_report_t *report)
{
    sim_uart_t *u = &board->uart;

    pthread_mutex_lock(&u->lock);
    *report = board->report;
    report->wire = u->counts;
    report->chip_baud = u->chip_baud;
    report->host_baud = u->host_baud;
    pthread_mutex_unlock(&u->lock);
}

void sim_board_stop(sim_board_t *board)
{
    sim_uart_t *u;

    if (board == NULL) {
        return;
    }
    u = &board->uart;
    pthread_mutex_lock(&u->lock);
    board->stop = true;
    u->reset = true;
    pthread_cond_broadcast(&u->chip_wake);
    sim_wire_kick_io(u);
    pthread_mutex_unlock(&u->lock);
    if (board->chip_started) {
        pthread_join(board->chip_thread, NULL);
    }
    if (board->io_started) {
        pthread_join(board->io_thread, NULL);
    }
    if (board->link != NULL) {
        board->link->ops->close(board->link);
    }
    sim_wire_free(u);
    close(board->wake_fd);
    free(board);
}
