/*
 * sim_slip.c: SLIP framing on the way out (RFC 1055: C0 ends a frame, DB DC and DB DD stand for C0
 * and DB). ROM and stubs send a C0 at both ends of every frame.
 */
#include "sim_chip_internal.h"

#include <string.h>

enum { USB_PACKET = 64 };

void sim_slip_flush(sim_chip_t *chip)
{
    size_t count = chip->out.count;
    chip->out.count = 0;
    sim_write(chip, chip->out.bytes, count);
}

static void slip_raw(sim_chip_t *chip, uint8_t byte)
{
    if (chip->out.count == sizeof(chip->out.bytes)) {
        sim_slip_flush(chip);
    }
    chip->out.bytes[chip->out.count++] = byte;
    chip->out.framed++;
}

void sim_slip_delimiter(sim_chip_t *chip)
{
    slip_raw(chip, 0xC0);
}

void sim_slip_bytes(sim_chip_t *chip, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < count; i++) {
        if (p[i] == 0xC0 || p[i] == 0xDB) {
            slip_raw(chip, 0xDB);
            slip_raw(chip, p[i] == 0xC0 ? 0xDC : 0xDD);
        } else {
            slip_raw(chip, p[i]);
        }
    }
}

/* Over USB a host may wait for more after a full packet: a stub that sends nothing behind one, not
 * even a packet without data, leaves it there until its next frame. */
void sim_slip_frame(sim_chip_t *chip, const void *bytes, size_t count)
{
    chip->out.framed = chip->out.count;
    sim_slip_delimiter(chip);
    sim_slip_bytes(chip, bytes, count);
    sim_slip_delimiter(chip);
    if (chip->holds_full_packets && chip->out.framed % USB_PACKET == 0) {
        size_t rest = chip->out.count - USB_PACKET;
        sim_write(chip, chip->out.bytes, rest);
        memmove(chip->out.bytes, chip->out.bytes + rest, USB_PACKET);
        chip->out.count = USB_PACKET;
        return;
    }
    sim_slip_flush(chip);
}
