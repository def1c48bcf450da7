/*
 * held_board.c: the simulated board without threads, sockets or time of its own, linked in place of
 * sim_board.c and sim_wait.c: its chip runs on a fiber of the held clock, its link is a server of
 * held_net.h.
 *
 * It has what sessions over a network need: reset circuit, line rates, RFC 2217, faults. Here
 * nobody is late: with `--wire real` everything takes as long as its model of time says.
 */
#include "held_net.h"
#include "sim_board.h"
#include "sim_rfc2217.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EN_RISE_US    5000
#define SELF_RESET_US 1000
#define ROM_BAUD      115200u
#define ROOM_RETRY_US 1000

struct sim_board {
    sim_uart_t uart; /* first: the chip's code knows only this */
    sim_board_options_t options;
    sim_fault_t faults;
    sim_chip_t *chip;
    sim_rfc2217_t telnet;
    sim_board_report_t report;
    held_fiber_t *chip_fiber, *link_fiber;
    bool stop, connected, powered, dtr, rts, en_low, boot_pending, boot_download;
    int64_t en_rise_at, replug_at;
};

static sim_board_t *plugged_in; /* there is one link, so one board at a time */

/* -- reset circuit; see sim_board.c ----------------------------------------------------------- */

static void chip_off(sim_board_t *b)
{
    sim_wire_chip_off(&b->uart, !b->options.wire_real || !b->powered);
    b->boot_pending = false;
    held_fiber_wake(b->chip_fiber);
}

static void boot(sim_board_t *b)
{
    b->en_low = false;
    b->en_rise_at = HELD_NEVER;
    b->uart.deaf = false;
    b->uart.chip_baud = ROM_BAUD;
    b->boot_pending = true;
    b->boot_download = b->uart.io0_low;
    held_fiber_wake(b->chip_fiber);
}

static void update_en(sim_board_t *b)
{
    const bool low = !b->powered || (b->rts && !b->dtr);

    b->uart.io0_low = b->options.boot_download || (b->dtr && !b->rts);
    if (low) {
        b->en_rise_at = HELD_NEVER;
        if (!b->en_low) {
            chip_off(b);
        }
        b->en_low = true;
    } else if (b->en_low && b->en_rise_at == HELD_NEVER) {
        b->en_rise_at = held_now_us() + EN_RISE_US;
        held_fiber_wake(b->link_fiber);
    }
}

static void set_lines(sim_board_t *b, bool dtr, bool rts)
{
    b->dtr = dtr;
    b->rts = rts;
    update_en(b);
}

static void power(sim_board_t *b, bool on)
{
    b->powered = on;
    if (!on) {
        sim_chip_cut_power(b->chip);
    }
    set_lines(b, false, false);
}

/* As a brown-out detector does: at once. */
static void pulse_reset(sim_board_t *b)
{
    chip_off(b);
    b->en_low = true;
    b->en_rise_at = HELD_NEVER;
    update_en(b);
    if (b->en_rise_at != HELD_NEVER) {
        boot(b);
    }
}

/* -- bytes, through the faults ---------------------------------------------------------------- */

static void lose_client(sim_board_t *b)
{
    b->connected = false;
    held_hang_up();
    if (b->options.link == SIM_LINK_RFC2217) {
        set_lines(b, false, false);
    }
}

static void happen(sim_board_t *b, sim_event_t event)
{
    if (event == SIM_EVENT_RESET) {
        pulse_reset(b);
    } else if (event != SIM_EVENT_NONE) {
        lose_client(b);
    }
    if (event == SIM_EVENT_UNPLUG) {
        b->report.unplugs++;
        held_listen(false);
        power(b, false);
        b->replug_at =
            b->options.replug_ms >= 0 ? held_now_us() + b->options.replug_ms * 1000 : HELD_NEVER;
        held_fiber_wake(b->link_fiber);
    }
}

static void to_chip(sim_board_t *b, const uint8_t *bytes, size_t count)
{
    sim_wire_host_send(&b->uart, bytes, count);
    held_fiber_wake(b->chip_fiber);
}

static void to_host(sim_board_t *b, const uint8_t *bytes, size_t count)
{
    uint8_t escaped[2 * SIM_FAULT_OUT_MAX];

    if (b->options.link == SIM_LINK_RFC2217) {
        count = sim_rfc2217_escape(bytes, count, escaped);
        bytes = escaped;
    }
    held_send(bytes, count);
}

/* Whoever calls stands still, and what comes meanwhile waits. */
static void stall(const sim_fault_result_t *r)
{
    if (r->stall_ms > 0) {
        held_wait(held_now_us() + (int64_t)r->stall_ms * 1000);
    }
}

static void from_host(void *user, const uint8_t *bytes, size_t count)
{
    sim_board_t *b = user;
    sim_fault_result_t r;

    for (size_t i = 0; i < count && b->connected; i++) {
        sim_fault_byte(&b->faults, SIM_TO_CHIP, bytes[i], &r);
        stall(&r);
        to_chip(b, r.out, r.count);
        happen(b, r.event);
    }
}

/* What has left the chip by now. */
static void deliver(sim_board_t *b)
{
    sim_fault_result_t r;
    uint8_t byte;

    while (sim_wire_host_take(&b->uart, sim_clock_ns(), &byte, 1) == 1) {
        if (!b->connected) {
            continue;
        }
        sim_fault_byte(&b->faults, SIM_TO_HOST, byte, &r);
        stall(&r);
        to_host(b, r.out, r.count);
        happen(b, r.event);
    }
}

/* -- the link --------------------------------------------------------------------------------- */

static void on_reply(void *user, const uint8_t *bytes, size_t count)
{
    (void)user;
    held_send(bytes, count);
}

static uint32_t on_baud(void *user, uint32_t baud)
{
    sim_board_t *b = user;
    const uint32_t max = b->options.max_baud;

    return b->uart.host_baud = max != 0 && baud > max ? max : baud;
}

static void on_lines(void *user, bool dtr, bool rts)
{
    set_lines(user, dtr, rts);
}

static void on_get_lines(void *user, bool *dtr, bool *rts)
{
    const sim_board_t *b = user;

    *dtr = b->dtr;
    *rts = b->rts;
}

/* What was sent to the host has left already. */
static void on_purge(void *user, bool purge_host, bool purge_chip)
{
    (void)user, (void)purge_host, (void)purge_chip;
}

static const sim_rfc2217_ops_t telnet_ops = {from_host, on_reply,     on_baud,
                                             on_lines,  on_get_lines, on_purge};

static void new_client(sim_board_t *b)
{
    b->connected = true;
    b->report.connections++;
    if (b->options.link == SIM_LINK_RFC2217) {
        sim_rfc2217_start(&b->telnet, &telnet_ops, b);
        b->uart.host_baud = b->telnet.baud;
    }
    if (b->options.reset_on_connect) {
        pulse_reset(b);
    }
}

static void serve_client(sim_board_t *b, int64_t until_us)
{
    uint8_t bytes[1024];
    const size_t room = b->options.wire_real ? sim_wire_host_room(&b->uart) : sizeof(bytes);

    if (room == 0) { /* the line is slower than the host */
        held_wait(held_now_us() + ROOM_RETRY_US);
        return;
    }
    const int n = held_recv(bytes, room < sizeof(bytes) ? room : sizeof(bytes), until_us);

    if (n < 0) {
        lose_client(b);
    } else if (b->options.link == SIM_LINK_RFC2217) {
        sim_rfc2217_feed(&b->telnet, bytes, (size_t)n);
    } else {
        from_host(b, bytes, (size_t)n);
    }
    held_wait(held_now_us()); /* so that the chip reads before its FIFO overflows */
}

static void link_main(void *user)
{
    sim_board_t *b = user;

    while (!b->stop) {
        const int64_t due_ns = sim_wire_host_due(&b->uart);
        int64_t until_us = b->en_rise_at < b->replug_at ? b->en_rise_at : b->replug_at;

        if (due_ns != SIM_NEVER && due_ns / 1000 < until_us) {
            until_us = (due_ns + 999) / 1000;
        }
        if (b->connected) {
            serve_client(b, until_us);
        } else if (held_accept(until_us)) {
            new_client(b);
        }
        deliver(b);
        if (held_now_us() >= b->en_rise_at) {
            boot(b);
        }
        if (held_now_us() >= b->replug_at) {
            b->replug_at = HELD_NEVER;
            held_listen(true);
            power(b, true);
        }
    }
    held_listen(false);
    lose_client(b);
}

/* -- the chip --------------------------------------------------------------------------------- */

static void chip_main(void *user)
{
    sim_board_t *b = user;

    while (!b->stop) {
        if (!b->boot_pending) {
            held_wait(HELD_NEVER);
            continue;
        }
        b->boot_pending = b->uart.reset = false;
        b->report.boots_download += b->boot_download;
        b->report.boots_run += !b->boot_download;
        b->report.in_download = b->boot_download;
        sim_chip_run(b->chip, &b->uart, b->boot_download);
        if (!b->uart.reset) { /* it reset itself */
            held_wait(held_now_us() + SELF_RESET_US);
            if (!b->en_low && !b->stop) {
                boot(b);
            }
        }
    }
}

/* -- sim_wait.c and sim_world.c --------------------------------------------------------------- */

int64_t sim_clock_ns(void)
{
    return held_now_us() * 1000;
}

void sim_wire_sleep_chip(sim_uart_t *u, int64_t until)
{
    pthread_mutex_unlock(&u->lock);
    held_wait(until == SIM_NEVER ? HELD_NEVER : (until + 999) / 1000);
    pthread_mutex_lock(&u->lock);
}

void sim_wire_wake_chip(sim_uart_t *u)
{
    held_fiber_wake(((sim_board_t *)u)->chip_fiber);
}

void sim_wire_kick_io(sim_uart_t *u)
{
    u->io_wants_tx = u->io_wants_room = false;
    held_fiber_wake(((sim_board_t *)u)->link_fiber);
}

uint64_t sim_world_us(void)
{
    return (uint64_t)held_now_us();
}

/* -- sim_board.h ------------------------------------------------------------------------------ */

void sim_board_options_init(sim_board_options_t *options)
{
    memset(options, 0, sizeof(*options));
    options->replug_ms = -1;
    options->boot_download = true;
    sim_fault_init(&options->faults);
}

static bool can_be(const sim_board_options_t *options)
{
    return options->link != SIM_LINK_PTY && !options->usb_jtag && !options->usb_otg &&
           options->tcp_baud == 0;
}

sim_board_t *sim_board_start(const sim_board_options_t *options, sim_chip_t *chip)
{
    const sim_wire_options_t wire = {.real = options->wire_real,
                                     .latency_ns = options->latency_us * INT64_C(1000),
                                     .seed = options->seed,
                                     .io_wake_fd = -1};
    sim_board_t *b = can_be(options) ? calloc(1, sizeof(*b)) : NULL;

    if (b == NULL || !sim_wire_init(&b->uart, &wire)) {
        fprintf(stderr, "held board: no memory, or an option that it does not have\n");
        return NULL;
    }
    if (plugged_in != NULL) { /* the test before this one has failed */
        held_fiber_drop(plugged_in->chip_fiber);
        held_fiber_drop(plugged_in->link_fiber);
    }
    plugged_in = b;
    held_net_reset();
    b->options = *options;
    b->chip = chip;
    b->faults = options->faults;
    b->faults.seed = options->seed;
    sim_fault_start(&b->faults);
    b->en_low = true;
    b->en_rise_at = b->replug_at = HELD_NEVER;
    power(b, true);
    boot(b);
    held_listen(true);
    b->chip_fiber = held_fiber_start(chip_main, b);
    b->link_fiber = held_fiber_start(link_main, b);
    return b;
}

const char *sim_board_address(const sim_board_t *board)
{
    return board->options.link == SIM_LINK_RFC2217 ? "rfc2217://held:1" : "socket://held:1";
}

void sim_board_get_report(sim_board_t *board, sim_board_report_t *report)
{
    *report = board->report;
    report->wire = board->uart.counts;
    memcpy(report->faults, board->faults.counts, sizeof(report->faults));
    report->chip_baud = board->uart.chip_baud;
    report->host_baud = board->uart.host_baud;
}

void sim_board_stop(sim_board_t *board)
{
    if (board == NULL) {
        return;
    }
    board->stop = board->uart.reset = true;
    held_fiber_wake(board->chip_fiber);
    held_fiber_wake(board->link_fiber);
    held_fiber_join(board->chip_fiber);
    held_fiber_join(board->link_fiber);
    plugged_in = NULL;
    sim_wire_free(&board->uart);
    free(board);
}
