/*
 * sim_stub_v2.c: commands of esp-flasher-stub.
 *
 * Facts: the public stub's behaviour (Apache-2.0 or MIT) and tests/data/captures. Things a host can
 * trip over: a failure after the reply (programming, reading) is reported instead of the next
 * command, which is not carried out; READ_FLASH has one packet in flight whatever is asked, counts
 * acknowledgements without a sign, so one too many stops it for ever, and ends on any frame that is
 * not 4 bytes with the digest of what was sent; MEM_DATA has no checksum.
 */
#include "sim_digest.h"
#include "sim_stub.h"

#include <string.h>

enum v2_error {
    V2_OK = 0,
    V2_BAD_DATA_LEN = 0xC000,
    V2_BAD_CHECKSUM = 0xC100,
    V2_INVALID_COMMAND = 0xC300,
    V2_FAILED_SPI_OP = 0xC400,
    V2_NOT_IN_FLASH_MODE = 0xC600,
    V2_INFLATE_ERROR = 0xC700,
    V2_NOT_ENOUGH_DATA = 0xC800,
    V2_TOO_MUCH_DATA = 0xC900,
    V2_NOT_IMPLEMENTED = 0xFF00
};

enum { V2_DATA_HEADER = 16, V2_COMMAND_US = 50, V2_REPLY_MAX = 32 };

typedef struct v2_reply {
    uint32_t value;
    uint8_t data[V2_REPLY_MAX];
    size_t count;
} v2_reply_t;

static void v2_send(sim_stub_t *stub, uint8_t op, uint16_t error, const v2_reply_t *reply)
{
    uint8_t frame[8 + V2_REPLY_MAX + 2];
    size_t count = reply != NULL ? reply->count : 0;
    sim_put_reply_header(frame, op, count + 2, reply != NULL ? reply->value : 0);
    if (count != 0) {
        memcpy(frame + 8, reply->data, count);
    }
    frame[8 + count] = (uint8_t)(error >> 8);
    frame[9 + count] = (uint8_t)error;
    sim_slip_frame(stub->chip, frame, 10 + count);
    if (error != V2_OK) {
        sim_count(&stub->chip->refused_commands, 1);
    }
}

static uint16_t v2_sync(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length != 36) {
        return V2_BAD_DATA_LEN;
    }
    for (int i = 0; i < 7; i++) {
        v2_send(stub, command->op, V2_OK, NULL);
    }
    return V2_OK;
}

static uint16_t v2_begin(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length != 16 && command->length != 20) {
        return V2_BAD_DATA_LEN;
    }
    sim_stub_write_begin(stub, command, command->op == 0x10);
    return sim_stub_erase_next(stub) ? V2_OK : V2_FAILED_SPI_OP;
}

static uint16_t v2_data(sim_stub_t *stub, const sim_stub_command_t *command)
{
    bool deflate = command->op == 0x11;
    if (command->length < V2_DATA_HEADER) {
        return deflate ? V2_BAD_DATA_LEN : V2_NOT_ENOUGH_DATA;
    }
    if (!stub->write.open) {
        return V2_NOT_IN_FLASH_MODE;
    }
    size_t count = (size_t)command->length - V2_DATA_HEADER;
    if (sim_stub_arg(command, 0) != count) {
        return deflate ? V2_BAD_CHECKSUM : V2_TOO_MUCH_DATA;
    }
    if (sim_stub_checksum(command->data + V2_DATA_HEADER, count) != command->checksum) {
        return V2_BAD_CHECKSUM;
    }
    return V2_OK;
}

static uint16_t v2_end(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length != 4) {
        return V2_BAD_DATA_LEN;
    }
    if (!stub->write.open) {
        return V2_NOT_IN_FLASH_MODE;
    }
    if (stub->write.left != 0) {
        return V2_BAD_DATA_LEN;
    }
    stub->write.open = false;
    return V2_OK;
}

static uint16_t v2_mem(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->op == 0x05) {
        if (command->length != 16) {
            return V2_BAD_DATA_LEN;
        }
        stub->mem_left = sim_stub_arg(command, 0);
        stub->mem_addr = sim_stub_arg(command, 3);
        stub->mem_open = true;
        return V2_OK;
    }
    if (command->op == 0x06 && command->length != 8) {
        return V2_BAD_DATA_LEN;
    }
    if (command->op == 0x07 && command->length < V2_DATA_HEADER) {
        return V2_NOT_ENOUGH_DATA;
    }
    if (!stub->mem_open) {
        return V2_NOT_IN_FLASH_MODE;
    }
    if (command->op == 0x06) {
        stub->mem_open = false;
        return V2_OK;
    }
    uint32_t count = (uint32_t)command->length - V2_DATA_HEADER;
    if (sim_stub_arg(command, 0) != count || count > stub->mem_left) {
        return V2_TOO_MUCH_DATA;
    }
    sim_bus_store(stub->chip, stub->mem_addr, command->data + V2_DATA_HEADER, count);
    stub->mem_addr += count;
    stub->mem_left -= count;
    return V2_OK;
}

static uint16_t v2_write_reg(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length == 0 || command->length % 16 != 0) {
        return V2_NOT_ENOUGH_DATA;
    }
    for (size_t at = 0; at < command->length; at += 16) {
        sim_bus_write_entry(stub->chip, command->data + at);
    }
    return V2_OK;
}

static uint16_t v2_md5(sim_stub_t *stub, const sim_stub_command_t *command, v2_reply_t *reply)
{
    if (command->length != 16) {
        return V2_BAD_DATA_LEN;
    }
    reply->count = 16;
    bool ok =
        sim_spi_digest(stub->chip, sim_stub_arg(command, 0), sim_stub_arg(command, 1), reply->data);
    return ok ? V2_OK : V2_FAILED_SPI_OP;
}

static uint16_t v2_security_info(sim_stub_t *stub, const sim_stub_command_t *command,
                                 v2_reply_t *reply)
{
    if (command->length != 0) {
        return V2_BAD_DATA_LEN;
    }
    reply->count = sim_security_info(stub->chip, reply->data);
    return reply->count != 0 ? V2_OK : V2_NOT_IMPLEMENTED;
}

static uint16_t v2_erase_region(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length != 8) {
        return V2_BAD_DATA_LEN;
    }
    uint32_t addr = sim_stub_arg(command, 0);
    uint32_t left = sim_stub_arg(command, 1);
    if (addr % SIM_FLASH_SECTOR != 0 || left % SIM_FLASH_SECTOR != 0) {
        return V2_BAD_DATA_LEN;
    }
    while (left != 0 && sim_running(stub->chip)) {
        bool block = left >= SIM_FLASH_BLOCK && addr % SIM_FLASH_BLOCK == 0;
        uint32_t step = block ? SIM_FLASH_BLOCK : SIM_FLASH_SECTOR;
        if (!sim_spi_start_erase(stub->chip, addr, step)) {
            return V2_FAILED_SPI_OP;
        }
        addr += step;
        left -= step;
    }
    return sim_spi_wait_idle(stub->chip) ? V2_OK : V2_FAILED_SPI_OP;
}

static uint16_t v2_execute(sim_stub_t *stub, const sim_stub_command_t *command, v2_reply_t *reply)
{
    sim_chip_t *chip = stub->chip;
    switch (command->op) {
    case SIM_STUB_OP_SYNC:
        return v2_sync(stub, command);
    case 0x02:
    case 0x10:
        return v2_begin(stub, command);
    case 0x03:
    case 0x11:
        return v2_data(stub, command);
    case 0x04:
    case 0x12:
        return v2_end(stub, command);
    case 0x05:
    case 0x06:
    case 0x07:
        return v2_mem(stub, command);
    case 0x09:
        return v2_write_reg(stub, command);
    case 0x0A:
        if (command->length == 4) {
            reply->value = sim_bus_read(chip, sim_stub_arg(command, 0));
        }
        return command->length == 4 ? V2_OK : V2_BAD_DATA_LEN;
    case 0x0B:
        if (command->length == 24) {
            chip->flash_limit = sim_stub_arg(command, 1);
        }
        return command->length == 24 ? V2_OK : V2_BAD_DATA_LEN;
    case 0x0D:
        if (command->length == 4) {
            sim_spi_attach(chip, sim_stub_arg(command, 0));
        }
        return command->length == 4 ? V2_OK : V2_BAD_DATA_LEN;
    case 0x0F:
        return command->length == 8 ? V2_OK : V2_BAD_DATA_LEN;
    case 0x13:
        return v2_md5(stub, command, reply);
    case 0x14:
        return v2_security_info(stub, command, reply);
    case 0xD0:
        return sim_spi_erase_chip(chip) ? V2_OK : V2_FAILED_SPI_OP;
    case 0xD1:
        return v2_erase_region(stub, command);
    case 0xD2:
        return command->length == 16 ? V2_OK : V2_BAD_DATA_LEN;
    default: /* D5..EF are plugin slots, empty here */
        return command->op >= 0xD5 && command->op <= 0xEF ? V2_NOT_IMPLEMENTED : V2_INVALID_COMMAND;
    }
}

/* ---- after the reply ---- */

static uint16_t v2_program(sim_stub_t *stub, const uint8_t *bytes, size_t count)
{
    size_t part = count < stub->write.left ? count : stub->write.left;
    if (part == 0) {
        return V2_OK;
    }
    return sim_stub_write_bytes(stub, bytes, part) ? V2_OK : V2_FAILED_SPI_OP;
}

/* Unlike plain data, unpacked data is not cut to the announced size. */
static bool v2_window(void *context, const uint8_t *bytes, size_t count)
{
    return count == 0 || sim_stub_write_bytes(context, bytes, count);
}

static uint16_t v2_unpack(sim_stub_t *stub, const uint8_t *bytes, size_t count)
{
    sim_stub_write_t *write = &stub->write;
    while (count != 0 && !write->inflate.done && sim_running(stub->chip)) {
        bool sink_failed;
        size_t before = count;
        bool more_follows = write->packed_left > count;
        if (!sim_stub_erase_next(stub)) {
            return V2_FAILED_SPI_OP;
        }
        if (!sim_inflate_step(&write->inflate, &bytes, &count, v2_window, stub, &sink_failed)) {
            return sink_failed ? V2_FAILED_SPI_OP : V2_INFLATE_ERROR;
        }
        write->packed_left -= (uint32_t)(before - count);
        if (count == 0 && !write->inflate.done && !more_follows) {
            return V2_INFLATE_ERROR;
        }
    }
    return V2_OK;
}

typedef struct v2_read {
    uint32_t addr, left, packet;
    uint32_t sent_packets, acked_packets, acked_bytes;
    struct md5_ctx md5;
} v2_read_t;

static bool v2_read_packet(sim_stub_t *stub, v2_read_t *read)
{
    uint8_t part[SIM_STUB_READ_PACKET_MAX];
    uint32_t bytes = read->left < read->packet ? read->left : read->packet;
    sim_chip_t *chip = stub->chip;
    if (!sim_spi_read(chip, read->addr, part, bytes)) {
        return false;
    }
    md5_update(&read->md5, bytes, part);
    sim_spend_for(chip, chip->speed.md5_us, bytes);
    sim_slip_frame(chip, part, bytes);
    sim_count(&chip->bytes_read, bytes);
    read->addr += bytes;
    read->left -= bytes;
    read->sent_packets++;
    return true;
}

/* False when the host ended the read. */
static bool v2_read_ack(sim_stub_t *stub, v2_read_t *read, bool *heard)
{
    const uint8_t *bytes;
    size_t count;
    *heard = true;
    switch (sim_stub_rx_poll(stub, &bytes, &count)) {
    case SIM_STUB_NOTHING:
        *heard = false;
        return true;
    case SIM_STUB_BAD_FRAME:
        sim_stub_rx_release(stub);
        return true;
    case SIM_STUB_FRAME:
        break;
    }
    if (count != 4) {
        return false; /* whatever it was, it is not carried out */
    }
    read->acked_bytes = sim_le32(bytes);
    read->acked_packets++;
    sim_stub_rx_release(stub);
    return true;
}

static bool v2_read_loop(sim_stub_t *stub, v2_read_t *read, uint32_t length)
{
    bool heard;
    while ((read->left != 0 || read->acked_bytes < length) && sim_running(stub->chip)) {
        if (!v2_read_ack(stub, read, &heard)) {
            break;
        }
        if (read->left != 0 && read->sent_packets - read->acked_packets < 1u) {
            if (!v2_read_packet(stub, read)) {
                return false;
            }
        } else if (!heard && !sim_stub_rx_wait(stub)) {
            break;
        }
    }
    return true;
}

static uint16_t v2_read_flash(sim_stub_t *stub, const sim_stub_command_t *command)
{
    uint8_t digest[16];
    uint32_t length = sim_stub_arg(command, 1);
    v2_read_t read = {.addr = sim_stub_arg(command, 0),
                      .left = length,
                      .packet = sim_stub_arg(command, 2)};
    if (read.packet > SIM_STUB_READ_PACKET_MAX) {
        return V2_BAD_DATA_LEN;
    }
    sim_stub_rx_release(stub);
    md5_init(&read.md5);
    bool ok = v2_read_loop(stub, &read, length);
    sim_md5_result(&read.md5, digest);
    if (!ok) {
        return V2_FAILED_SPI_OP;
    }
    sim_slip_frame(stub->chip, digest, sizeof(digest));
    return V2_OK;
}

/* ESP8266's takes whatever divider there is for that of 115200 baud: right once after a reset. */
static void v2_set_baud(sim_chip_t *chip, uint32_t baud)
{
    sim_drain(chip);
    if (chip->row->uart.whole_divider) {
        sim_scale_divider(chip, 115200, baud);
    } else {
        sim_set_baud(chip, baud);
    }
}

static uint16_t v2_after(sim_stub_t *stub, const sim_stub_command_t *command)
{
    const uint8_t *data = command->data + V2_DATA_HEADER;
    switch (command->op) {
    case 0x03:
        return v2_program(stub, data, (size_t)command->length - V2_DATA_HEADER);
    case 0x11:
        return v2_unpack(stub, data, (size_t)command->length - V2_DATA_HEADER);
    case 0x06:
        if (sim_stub_arg(command, 0) == 0) {
            stub->leave = true;
            stub->entry = sim_stub_arg(command, 1);
        }
        return V2_OK;
    case 0x0F:
        v2_set_baud(stub->chip, sim_stub_arg(command, 0));
        return V2_OK;
    case 0xD2:
        return v2_read_flash(stub, command);
    default:
        return V2_OK;
    }
}

static void v2_handle(sim_stub_t *stub, const sim_stub_command_t *command)
{
    v2_reply_t reply = {0};
    sim_spend(stub->chip, V2_COMMAND_US);
    if (command->direction != 0) {
        v2_send(stub, command->op, V2_INVALID_COMMAND, NULL);
        return;
    }
    if (command->frame_bytes != (size_t)command->length + 8u) {
        v2_send(stub, command->op, V2_BAD_DATA_LEN, NULL);
        return;
    }
    if (stub->late_error != V2_OK) {
        v2_send(stub, command->op, stub->late_error, NULL);
        stub->late_error = V2_OK;
        return;
    }
    if (command->op == 0xD3) { /* neither answered nor done */
        return;
    }
    uint16_t error = v2_execute(stub, command, &reply);
    v2_send(stub, command->op, error, error == V2_OK ? &reply : NULL);
    if (error == V2_OK) {
        stub->late_error = v2_after(stub, command);
    }
}

void sim_stub_v2_run(sim_stub_t *stub)
{
    sim_stub_command_t command;
    while (!stub->leave && sim_stub_rx_frame(stub, &command)) {
        v2_handle(stub, &command);
        sim_stub_rx_release(stub);
    }
    sim_drain(stub->chip);
}
