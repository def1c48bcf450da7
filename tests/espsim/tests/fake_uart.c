/*
 * fake_uart.c: see fake_uart.h.
 */
#include "fake_uart.h"

#include "sim_chip_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMEOUTS_MAX = 2 };

void fake_uart_free(sim_uart_t *u)
{
    free(u->to_chip.bytes);
    free(u->from_chip.bytes);
    memset(u, 0, sizeof(*u));
}

void fake_uart_clear(sim_uart_t *u)
{
    u->to_chip.count = 0;
    u->from_chip.count = 0;
    u->taken = 0;
}

void fake_uart_put(fake_bytes_t *to, const void *bytes, size_t count)
{
    if (to->count + count > to->room) {
        to->room = 2 * (to->count + count);
        to->bytes = realloc(to->bytes, to->room);
        if (to->bytes == NULL) {
            abort();
        }
    }
    if (count != 0) {
        memcpy(to->bytes + to->count, bytes, count);
        to->count += count;
    }
}

void fake_uart_pause(sim_uart_t *u)
{
    if (u->pause_count == sizeof(u->pauses) / sizeof(u->pauses[0])) {
        abort();
    }
    u->pauses[u->pause_count++] = u->to_chip.count;
}

void fake_uart_send_frame(sim_uart_t *u, const void *bytes, size_t count)
{
    static const uint8_t end = 0xC0, esc_end[2] = {0xDB, 0xDC}, esc_esc[2] = {0xDB, 0xDD};
    const uint8_t *p = bytes;
    fake_uart_put(&u->to_chip, &end, 1);
    for (size_t i = 0; i < count; i++) {
        if (p[i] == 0xC0) {
            fake_uart_put(&u->to_chip, esc_end, 2);
        } else if (p[i] == 0xDB) {
            fake_uart_put(&u->to_chip, esc_esc, 2);
        } else {
            fake_uart_put(&u->to_chip, p + i, 1);
        }
    }
    fake_uart_put(&u->to_chip, &end, 1);
}

void fake_uart_send_command(sim_uart_t *u, uint8_t op, uint32_t checksum, const void *args,
                            size_t count)
{
    uint8_t *frame = malloc(8 + count);
    if (frame == NULL) {
        abort();
    }
    frame[0] = 0;
    frame[1] = op;
    frame[2] = (uint8_t)count;
    frame[3] = (uint8_t)(count >> 8);
    for (unsigned i = 0; i < 4; i++) {
        frame[4 + i] = (uint8_t)(checksum >> (8u * i));
    }
    if (count != 0) {
        memcpy(frame + 8, args, count);
    }
    fake_uart_send_frame(u, frame, 8 + count);
    free(frame);
}

void fake_uart_send_words(sim_uart_t *u, uint8_t op, const uint32_t *words, size_t count)
{
    uint8_t args[64];
    for (size_t i = 0; i < count && i < sizeof(args) / 4; i++) {
        sim_put_le32(args + 4 * i, words[i]);
    }
    fake_uart_send_command(u, op, 0, args, 4 * count);
}

void fake_uart_send_sync(sim_uart_t *u)
{
    uint8_t args[36];
    memset(args, 0x55, sizeof(args));
    memcpy(args, "\x07\x07\x12\x20", 4);
    fake_uart_send_command(u, 0x08, 0, args, sizeof(args));
}

void fake_uart_send_data(sim_uart_t *u, uint8_t op, uint32_t sequence, const uint8_t *bytes,
                         size_t count)
{
    uint8_t *args = calloc(1, 16 + count);
    uint8_t sum = 0xEF;
    if (args == NULL) {
        abort();
    }
    sim_put_le32(args, (uint32_t)count);
    sim_put_le32(args + 4, sequence);
    memcpy(args + 16, bytes, count);
    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
    }
    fake_uart_send_command(u, op, sum, args, 16 + count);
    free(args);
}

size_t fake_uart_next_frame(const sim_uart_t *u, size_t *at, uint8_t *frame, size_t size)
{
    const fake_bytes_t *sent = &u->from_chip;
    size_t count = 0;
    bool inside = false, escaped = false;
    while (*at < sent->count) {
        uint8_t byte = sent->bytes[(*at)++];
        if (byte == 0xC0) {
            if (inside && count != 0) {
                return count;
            }
            inside = true;
        } else if (!inside) {
            continue;
        } else if (byte == 0xDB) {
            escaped = true;
        } else {
            if (escaped) {
                byte = byte == 0xDC ? 0xC0 : 0xDB;
                escaped = false;
            }
            if (count < size) {
                frame[count++] = byte;
            }
        }
    }
    return SIZE_MAX;
}

/* ---- sim_uart.h ---- */

sim_wake_t sim_uart_getc(sim_uart_t *u, int64_t timeout_us, uint8_t *byte)
{
    if (u->taken == u->to_chip.count && timeout_us != 0 && u->on_empty != NULL &&
        !u->on_empty(u, u->context)) {
        return SIM_RESET;
    }
    bool paused = u->pauses_over < u->pause_count && u->taken == u->pauses[u->pauses_over];
    if (paused && timeout_us != 0) {
        u->pauses_over++;
        paused = false;
    }
    if (!paused && u->taken < u->to_chip.count) {
        *byte = u->to_chip.bytes[u->taken++];
        return SIM_OK;
    }
    if (timeout_us == 0) {
        return SIM_TIMEOUT;
    }
    if (timeout_us < 0 || u->timeouts++ == TIMEOUTS_MAX) {
        return SIM_RESET;
    }
    struct timespec wait = {.tv_sec = timeout_us / 1000000,
                            .tv_nsec = (timeout_us % 1000000) * 1000};
    nanosleep(&wait, NULL);
    return SIM_TIMEOUT;
}

sim_wake_t sim_uart_write(sim_uart_t *u, const uint8_t *bytes, size_t count)
{
    fake_uart_put(&u->from_chip, bytes, count);
    return SIM_OK;
}

sim_wake_t sim_uart_drain(sim_uart_t *u)
{
    (void)u;
    return SIM_OK;
}

sim_wake_t sim_uart_spend(sim_uart_t *u, uint64_t us)
{
    u->spent_us += us;
    return SIM_OK;
}

void sim_uart_set_baud(sim_uart_t *u, uint32_t baud)
{
    u->baud = baud;
}

uint32_t sim_uart_get_baud(sim_uart_t *u)
{
    return u->baud;
}

void sim_uart_set_autobaud(sim_uart_t *u, bool on)
{
    if (on && u->host_baud != 0) {
        u->baud = u->host_baud;
    }
}

void sim_uart_set_rx_capacity(sim_uart_t *u, size_t bytes)
{
    u->rx_capacity = bytes;
}

bool sim_uart_download_strap(sim_uart_t *u)
{
    return u->download_strap;
}

void sim_uart_log(sim_uart_t *u, const char *format, ...)
{
    (void)u;
    (void)format;
}

void sim_uart_heed_rts(sim_uart_t *u, sim_heed_t heed)
{
    (void)u, (void)heed;
}

bool sim_uart_forced_download(sim_uart_t *u)
{
    (void)u;
    return false;
}

void sim_uart_set_forced_download(sim_uart_t *u, bool forced)
{
    (void)u, (void)forced;
}
