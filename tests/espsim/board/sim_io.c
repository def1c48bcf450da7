/* sim_io.c: the board's I/O thread: moves bytes between the wires and the link, through faults. */
#include "sim_board_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* With --wire real the host may send again after a while, and nothing wakes us then. */
#define ROOM_RETRY_NS (5 * SIM_NS_PER_MS)
/* The CP2102C holds RTS a little longer than it receives. */
#define FLOW_NS       SIM_NS_PER_MS

size_t sim_board_room(sim_board_t *board)
{
    if (board->hold_read_until > 0 && sim_clock_ns() < board->hold_read_until) {
        return 0;
    }
    return sim_wire_host_room(&board->uart);
}

uint32_t sim_board_set_host_baud(sim_board_t *board, uint32_t baud)
{
    if (sim_board_own_usb(board)) {
        return baud; /* whatever it is set to */
    }
    if (board->options.max_baud != 0 && baud > board->options.max_baud) {
        baud = board->options.max_baud;
    }
    if (board->uart.host_baud != baud) { /* only this thread writes it */
        sim_board_log(board, "host at %u baud", baud);
        sim_wire_set_host_baud(&board->uart, baud);
    }
    return baud;
}

void sim_board_purge(sim_board_t *board, bool to_host, bool to_chip)
{
    if (to_host) {
        board->raw_count = 0;
    }
    sim_wire_purge(&board->uart, to_host, to_chip);
}

void sim_board_set_connected(sim_board_t *board, bool connected)
{
    if (board->connected == connected) {
        return;
    }
    board->connected = connected;
    board->was_open = board->was_open || connected;
    board->deaf = false;
    sim_board_log(board, connected ? "host connected" : "host gone");
    if (connected) {
        pthread_mutex_lock(&board->uart.lock);
        board->report.connections++;
        pthread_mutex_unlock(&board->uart.lock);
        if (board->options.reset_on_connect) {
            sim_board_pulse_reset(board);
        }
    }
}

/* The link is in the middle of its own work: remember, and do it when that is done. */
static void note_event(sim_board_t *board, sim_event_t event)
{
    if (event == SIM_EVENT_RESET) {
        sim_board_log(board, "fault: reset");
        sim_board_pulse_reset(board);
    } else if (event == SIM_EVENT_DEAF) {
        sim_board_log(board, "fault: deaf");
        board->deaf = true;
    } else if (event == SIM_EVENT_INTERRUPT) {
        kill(getpid(), SIGINT); /* passed on to the command; see sim_main.c */
    } else if (event != SIM_EVENT_NONE) {
        board->pending_event = event;
    }
}

static bool link_is_cut(const sim_board_t *board)
{
    return board->pending_event != SIM_EVENT_NONE || !board->powered;
}

static void stall_to_chip(sim_board_t *board, uint64_t ms)
{
    if (board->options.wire_real) {
        sim_wire_host_stall(&board->uart, (int64_t)ms * SIM_NS_PER_MS);
    } else {
        board->hold_read_until = sim_clock_ns() + (int64_t)ms * SIM_NS_PER_MS;
    }
}

/* Where the link has no rate, that of the chip. */
static void tell_faults_the_rate(sim_board_t *board)
{
    sim_uart_t *u = &board->uart;

    pthread_mutex_lock(&u->lock);
    board->faults.baud = u->host_baud != 0 ? u->host_baud : u->chip_baud;
    pthread_mutex_unlock(&u->lock);
}

void sim_board_from_host(sim_board_t *board, const uint8_t *bytes, size_t count)
{
    uint8_t out[512];
    size_t n = 0;
    sim_fault_result_t r;

    sim_board_run_en(board, sim_clock_ns());
    if (!sim_fault_active(&board->faults)) {
        sim_wire_host_send(&board->uart, bytes, count);
        return;
    }
    tell_faults_the_rate(board);
    for (size_t i = 0; i < count && !link_is_cut(board); i++) {
        sim_fault_byte(&board->faults, SIM_TO_CHIP, bytes[i], &r);
        if (r.stall_ms > 0 || n + SIM_FAULT_OUT_MAX > sizeof(out)) {
            sim_wire_host_send(&board->uart, out, n);
            n = 0;
        }
        if (r.stall_ms > 0) {
            stall_to_chip(board, r.stall_ms);
        }
        memcpy(out + n, r.out, r.count);
        n += r.count;
        if (r.event != SIM_EVENT_NONE) {
            sim_wire_host_send(&board->uart, out, n);
            n = 0;
            note_event(board, r.event);
        }
    }
    sim_wire_host_send(&board->uart, out, n);
}

/* Send raw[] through the faults; leaves the rest there when a stall begins. */
static void send_raw(sim_board_t *board)
{
    uint8_t out[SIM_RAW_BYTES * SIM_FAULT_OUT_MAX];
    size_t n = 0;
    sim_fault_result_t r = {.event = SIM_EVENT_NONE};

    if (!sim_fault_active(&board->faults)) {
        board->link->ops->send(board->link, board->raw + board->raw_start, board->raw_count);
        board->raw_count = 0;
        return;
    }
    tell_faults_the_rate(board);
    while (board->raw_count > 0 && r.event == SIM_EVENT_NONE && r.stall_ms == 0) {
        uint8_t byte = board->raw[board->raw_start++];
        board->raw_count--;
        sim_fault_byte(&board->faults, SIM_TO_HOST, byte, &r);
        if (r.stall_ms > 0) {
            board->hold_send_until = sim_clock_ns() + (int64_t)r.stall_ms * SIM_NS_PER_MS;
        }
        memcpy(out + n, r.out, r.count);
        n += r.count;
    }
    if (n > 0) {
        board->link->ops->send(board->link, out, n);
    }
    note_event(board, r.event);
}

/*
 * The hardware flow control of the CP2102C cannot be switched off: with DTR released it asserts RTS
 * while it receives, also when the port is closed. (esptool, pull request 1157, with measurements.)
 */
static void flow_control(sim_board_t *board, int64_t now)
{
    if (board->options.cp2102c && board->was_open && board->raw_count > 0 && !board->dtr) {
        board->flow_until = now + FLOW_NS;
        sim_board_update_en(board, now);
    } else if (now >= board->flow_until) {
        board->flow_until = SIM_NEVER;
        sim_board_update_en(board, now);
    }
}

static void take_from_chip(sim_board_t *board, int64_t now)
{
    board->raw_start = 0;
    board->raw_count = sim_wire_host_take(&board->uart, now, board->raw, SIM_RAW_BYTES);
    flow_control(board, now);
}

static void deliver(sim_board_t *board, int64_t now)
{
    if (!board->connected || board->deaf) {
        take_from_chip(board, now);
        pthread_mutex_lock(&board->uart.lock);
        board->uart.counts.unheard += board->raw_count;
        pthread_mutex_unlock(&board->uart.lock);
        board->raw_count = 0;
        return;
    }
    while (board->connected && !board->deaf && !link_is_cut(board) &&
           now >= board->hold_send_until &&
           board->link->ops->room(board->link) >= SIM_RAW_BYTES * SIM_FAULT_OUT_MAX) {
        if (board->raw_count == 0) {
            take_from_chip(board, now);
        }
        if (board->raw_count == 0) {
            break;
        }
        send_raw(board);
    }
}

void sim_board_unplug(sim_board_t *board)
{
    board->link->ops->unplug(board->link);
    sim_board_set_connected(board, false);
    sim_board_power(board, false);
    pthread_mutex_lock(&board->uart.lock);
    board->uart.boot_held = false; /* nobody holds the button when it is plugged in again */
    board->report.unplugs++;
    pthread_mutex_unlock(&board->uart.lock);
    if (board->options.replug_ms >= 0) {
        board->replug_at = sim_clock_ns() + board->options.replug_ms * SIM_NS_PER_MS;
    }
}

static void handle_event(sim_board_t *board)
{
    sim_event_t event = board->pending_event;

    board->pending_event = SIM_EVENT_NONE;
    if (event == SIM_EVENT_NONE) {
        return;
    }
    sim_board_log(board, "fault: %s", sim_event_name(event));
    if (event == SIM_EVENT_HANGUP) {
        board->link->ops->hangup(board->link);
        sim_board_set_connected(board, false);
        return;
    }
    sim_board_unplug(board);
}

static void vanish(sim_board_t *board)
{
    sim_uart_t *u = &board->uart;
    bool vanishes, by_chip;

    pthread_mutex_lock(&u->lock);
    vanishes = board->usb_vanish;
    by_chip = board->vanish_by_chip;
    pthread_mutex_unlock(&u->lock);
    if (!vanishes) {
        return;
    }
    if (by_chip) { /* bytes from before the reset still arrive */
        deliver(board, sim_clock_ns());
    }
    if (board->replug_at == SIM_NEVER) {
        sim_board_log(board, "the USB port goes away");
        board->link->ops->unplug(board->link);
        sim_board_set_connected(board, false);
        board->usb_download = board->dtr = board->rts = false;
    }
    /* A reset before the host has found the port makes the host begin again. */
    board->replug_at = sim_clock_ns() + board->options.usb_back_ms * SIM_NS_PER_MS;
    pthread_mutex_lock(&u->lock);
    board->report.unplugs++;
    board->usb_vanish = board->vanish_by_chip = false;
    pthread_cond_broadcast(&u->chip_wake);
    pthread_mutex_unlock(&u->lock);
}

static void run_timers(sim_board_t *board, int64_t now)
{
    sim_board_run_en(board, now);
    sim_otg_service(board, now);
    if (now >= board->replug_at) {
        board->replug_at = SIM_NEVER;
        if (board->link->ops->replug(board->link)) {
            sim_board_log(board, "plugged in again");
            sim_board_power(board, true);
        } else {
            board->replug_at = now + 100 * SIM_NS_PER_MS;
        }
    }
}

static int64_t min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When something happens by itself next. */
static int64_t next_deadline(sim_board_t *board, int64_t now, bool can_read)
{
    int64_t due = min_ns(min_ns(board->en_rise_at, board->replug_at), board->otg_reset_at);

    due = min_ns(due, board->flow_until);
    due = min_ns(due, board->link->ops->due(board->link, now));
    if (!can_read) {
        due = min_ns(due, now + ROOM_RETRY_NS);
    }
    if (!board->connected || board->deaf) {
        return min_ns(due, sim_wire_host_due(&board->uart));
    }
    if (now < board->hold_send_until) {
        return min_ns(due, board->hold_send_until);
    }
    if (board->link->ops->room(board->link) == 0) {
        return due; /* the link polls for room itself */
    }
    return min_ns(due, sim_wire_host_due(&board->uart));
}

static void wait_for_work(sim_board_t *board, bool can_read)
{
    struct pollfd fds[1 + SIM_LINK_FDS_MAX];
    struct timespec ts, *timeout = NULL;
    int64_t now = sim_clock_ns();
    int64_t due = next_deadline(board, now, can_read);
    uint64_t kicks;
    size_t count;

    if (due != SIM_NEVER) {
        int64_t wait_ns = due > now ? due - now : 0;
        ts.tv_sec = (time_t)(wait_ns / SIM_NS_PER_S);
        ts.tv_nsec = (long)(wait_ns % SIM_NS_PER_S);
        timeout = &ts;
    }
    fds[0] = (struct pollfd){board->wake_fd, POLLIN, 0};
    count = board->powered ? board->link->ops->poll_fds(board->link, fds + 1, can_read) : 0;
    if (ppoll(fds, count + 1, timeout, NULL) <= 0) {
        return;
    }
    if ((fds[0].revents & POLLIN) != 0 && read(board->wake_fd, &kicks, sizeof(kicks)) < 0) {
        sim_board_log(board, "eventfd: %s", strerror(errno));
    }
    if (count > 0) {
        board->link->ops->refresh(board->link);
        board->link->ops->service(board->link, fds + 1, count, can_read);
    }
}

void *sim_board_io_thread(void *arg)
{
    sim_board_t *board = arg;
    bool stop = false;

    /* The kernel's default lets sleeps be late by 50 us, half a byte at 115200 baud. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    while (!stop) {
        wait_for_work(board, sim_board_room(board) > 0);
        run_timers(board, sim_clock_ns());
        vanish(board); /* before anything that the chip says after the reset */
        deliver(board, sim_clock_ns());
        handle_event(board);
        pthread_mutex_lock(&board->uart.lock);
        stop = board->stop;
        board->busy = board->connected || board->boot_pending || board->usb_vanish ||
                      board->uart.rts_fell || board->en_rise_at != SIM_NEVER ||
                      board->otg_reset_at != SIM_NEVER;
        memcpy(board->report.faults, board->faults.counts, sizeof(board->report.faults));
        pthread_mutex_unlock(&board->uart.lock);
    }
    return NULL;
}
