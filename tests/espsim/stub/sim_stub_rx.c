/*
 * sim_stub_rx.c: how stubs receive.
 *
 * Both have two frame buffers and an interrupt that unwraps SLIP into one while the main loop works
 * on the other. Legacy: a finished frame makes the interrupt change buffers at once, so the newest
 * frame wins and older unread ones are lost; an empty frame (two delimiters) runs whatever the
 * buffer held. v2: after a frame the interrupt has no buffer until the main loop asks for it; what
 * arrives meanwhile is lost, as is a third frame. Bytes that arrived while the stub was busy are
 * still in the UART's queue here; they go through the same rules before the main loop looks. Where
 * work takes no time nothing arrives during it, and no frame is lost.
 */
#include "sim_stub.h"

#include <string.h>

void sim_stub_rx_init(sim_stub_t *stub)
{
    stub->rx.armed = true;
    stub->rx.pending = -1;
    stub->rx.frame_max = stub->chip->otg ? SIM_OTG_FRAME_MAX : SIM_STUB_BUFFER_BYTES;
    /* The interrupt empties the hardware FIFO; room for two frames with every byte escaped. */
    sim_uart_set_rx_capacity(stub->chip->uart, (size_t)4 * SIM_STUB_BUFFER_BYTES);
}

/* ---- v2 ---- */

static void v2_frame_end(sim_stub_rx_t *rx)
{
    if (rx->count != 0) {
        rx->buffer[rx->filling].count = rx->count;
        rx->buffer[rx->filling].complete = true;
        rx->armed = false;
    }
    rx->count = 0;
    rx->inside = false;
}

static void v2_put(sim_stub_rx_t *rx, uint8_t byte)
{
    if (rx->count < rx->frame_max) {
        rx->buffer[rx->filling].bytes[rx->count++] = byte;
        return;
    }
    rx->buffer[rx->filling].bad = true;
    rx->armed = false;
    rx->inside = false;
}

static void v2_byte(sim_stub_rx_t *rx, uint8_t byte)
{
    if (!rx->inside) {
        if (byte == 0xC0 && rx->armed) {
            rx->count = 0;
            rx->inside = true;
        }
    } else if (rx->escaped) {
        rx->escaped = false;
        if (byte == 0xDC || byte == 0xDD) {
            v2_put(rx, byte == 0xDC ? 0xC0 : 0xDB);
        } else {
            rx->buffer[rx->filling].bad = true;
            rx->armed = false;
            rx->inside = false;
        }
    } else if (byte == 0xC0) {
        v2_frame_end(rx);
    } else if (byte == 0xDB) {
        rx->escaped = true;
    } else {
        v2_put(rx, byte);
    }
}

static bool v2_used(const sim_stub_rx_t *rx, unsigned index)
{
    return rx->buffer[index].complete || rx->buffer[index].bad;
}

static void v2_arm(sim_stub_rx_t *rx)
{
    if (v2_used(rx, rx->filling)) {
        if (v2_used(rx, 1u - rx->filling)) {
            return;
        }
        rx->filling = 1u - rx->filling;
    }
    rx->armed = true;
}

static void rx_pump(sim_stub_t *stub)
{
    uint8_t byte;
    while ((stub->rx.armed || !sim_time_is_instant(stub->chip)) &&
           sim_getc(stub->chip, 0, &byte) == SIM_OK) {
        v2_byte(&stub->rx, byte);
    }
}

enum sim_stub_polled sim_stub_rx_poll(sim_stub_t *stub, const uint8_t **bytes, size_t *count)
{
    sim_stub_rx_t *rx = &stub->rx;
    rx_pump(stub);
    unsigned other = 1u - rx->filling;
    if (rx->buffer[other].bad || rx->buffer[other].complete) {
        rx->handed = other;
    } else if (v2_used(rx, rx->filling)) {
        rx->handed = rx->filling;
    } else {
        return SIM_STUB_NOTHING;
    }
    v2_arm(rx);
    if (rx->buffer[rx->handed].bad) {
        return SIM_STUB_BAD_FRAME;
    }
    *bytes = rx->buffer[rx->handed].bytes;
    *count = rx->buffer[rx->handed].count;
    return SIM_STUB_FRAME;
}

void sim_stub_rx_release(sim_stub_t *stub)
{
    sim_stub_rx_t *rx = &stub->rx;
    rx->buffer[rx->handed].complete = false;
    rx->buffer[rx->handed].bad = false;
}

bool sim_stub_rx_wait(sim_stub_t *stub)
{
    uint8_t byte;
    if (sim_getc(stub->chip, -1, &byte) != SIM_OK) {
        return false;
    }
    v2_byte(&stub->rx, byte);
    return true;
}

/* ---- legacy ---- */

static void legacy_frame_end(sim_stub_rx_t *rx)
{
    rx->buffer[rx->filling].count = rx->count;
    rx->pending = (int)rx->filling;
    rx->filling = 1u - rx->filling;
    rx->count = 0;
}

enum { LEGACY_BUFFER_BYTES = SIM_STUB_WRITE_MAX + 64 };

/* True when `byte` ended a frame; -1 in *out when it is no data. */
static bool legacy_unwrap(sim_stub_rx_t *rx, uint8_t byte, int *out)
{
    *out = -1;
    if (byte == 0xC0) {
        bool ended = rx->inside;
        rx->inside = !rx->inside;
        rx->escaped = false;
        return ended;
    }
    if (!rx->inside) {
        return false;
    }
    if (byte == 0xDB && !rx->escaped) {
        rx->escaped = true;
        return false;
    }
    *out = byte;
    if (rx->escaped) {
        rx->escaped = false;
        *out = byte == 0xDC ? 0xC0 : byte == 0xDD ? 0xDB : -1;
    }
    return false;
}

static void legacy_byte(sim_stub_rx_t *rx, uint8_t byte)
{
    int data;
    bool ended = legacy_unwrap(rx, byte, &data);
    if (data >= 0) {
        rx->buffer[rx->filling].bytes[rx->count++] = (uint8_t)data;
        ended = rx->count ==
                (rx->frame_max < LEGACY_BUFFER_BYTES ? rx->frame_max : LEGACY_BUFFER_BYTES);
    }
    if (ended) {
        legacy_frame_end(rx);
    }
}

bool sim_stub_rx_polled_frame(sim_stub_t *stub, uint8_t *bytes, size_t size, size_t *count)
{
    sim_stub_rx_t *rx = &stub->rx;
    uint8_t byte;
    *count = 0;
    rx->inside = false;
    rx->escaped = false;
    while (sim_getc(stub->chip, -1, &byte) == SIM_OK) {
        int data;
        if (legacy_unwrap(rx, byte, &data)) {
            return true;
        }
        if (data >= 0 && *count < size) {
            bytes[(*count)++] = (uint8_t)data;
        }
    }
    return false;
}

/* ---- both ---- */

static bool legacy_wait(sim_stub_t *stub, unsigned *index)
{
    sim_stub_rx_t *rx = &stub->rx;
    uint8_t byte;
    bool backlog = true; /* first all that came while the stub was busy */
    while (rx->pending < 0 || (backlog && !sim_time_is_instant(stub->chip))) {
        switch (sim_getc(stub->chip, backlog ? 0 : -1, &byte)) {
        case SIM_OK:
            legacy_byte(rx, byte);
            break;
        case SIM_TIMEOUT:
            backlog = false;
            break;
        case SIM_RESET:
            return false;
        }
    }
    *index = (unsigned)rx->pending;
    rx->pending = -1;
    return true;
}

static bool v2_wait(sim_stub_t *stub, unsigned *index)
{
    const uint8_t *bytes;
    size_t count;
    for (;;) {
        switch (sim_stub_rx_poll(stub, &bytes, &count)) {
        case SIM_STUB_FRAME:
            *index = stub->rx.handed;
            return true;
        case SIM_STUB_BAD_FRAME:
            sim_stub_rx_release(stub);
            break;
        case SIM_STUB_NOTHING:
            if (!sim_stub_rx_wait(stub)) {
                return false;
            }
            break;
        }
    }
}

bool sim_stub_rx_frame(sim_stub_t *stub, sim_stub_command_t *command)
{
    unsigned index = 0;
    bool legacy = stub->row->generation == SIM_STUB_LEGACY;
    if (stub->chip->otg) {
        sim_uart_heed_rts(stub->chip->uart, SIM_HEED_STUB);
    }
    if (!(legacy ? legacy_wait(stub, &index) : v2_wait(stub, &index))) {
        return false;
    }
    if (stub->chip->otg) {
        sim_uart_heed_rts(stub->chip->uart, SIM_HEED_LATER);
    }
    const uint8_t *bytes = stub->rx.buffer[index].bytes;
    command->direction = bytes[0];
    command->op = bytes[1];
    command->length = (uint16_t)(bytes[2] | bytes[3] << 8);
    command->checksum = sim_le32(bytes + 4);
    command->data = bytes + 8;
    command->frame_bytes = stub->rx.buffer[index].count;
    sim_count(&stub->chip->commands, 1);
    return true;
}
