/*
 * sim_stub_legacy.c: commands of the stub that esptool carried up to 5.2.
 *
 * Facts: the public stub's behaviour and tests/data/captures. Things a host can trip over: the
 * reply's header leaves before the work; failures of nested checks come out as error 1; FLASH_DATA
 * is acknowledged before it is programmed and its failure is reported with the next block; the
 * in-flight limit of READ_FLASH counts bytes; a READ_FLASH packet size above 4096 is acknowledged,
 * then nothing comes and nothing is heard again.
 */
#include "sim_digest.h"
#include "sim_stub.h"

#include <string.h>

enum legacy_error {
    LEGACY_OK = 0,
    LEGACY_NESTED = 1,
    LEGACY_BAD_DATA_LEN = 0xC0,
    LEGACY_BAD_CHECKSUM = 0xC1,
    LEGACY_BAD_BLOCKSIZE = 0xC2,
    LEGACY_FAILED_SPI_OP = 0xC4,
    LEGACY_FAILED_SPI_UNLOCK = 0xC5,
    LEGACY_NOT_IN_FLASH_MODE = 0xC6,
    LEGACY_INFLATE_ERROR = 0xC7,
    LEGACY_NOT_ENOUGH_DATA = 0xC8,
    LEGACY_TOO_MUCH_DATA = 0xC9,
    LEGACY_NOT_IMPLEMENTED = 0xFF
};

enum { LEGACY_DATA_HEADER = 16, LEGACY_COMMAND_US = 50 };

static uint8_t legacy_nested(bool ok)
{
    return ok ? LEGACY_OK : LEGACY_NESTED;
}

static void legacy_header(sim_stub_t *stub, uint8_t op, size_t length, uint32_t value)
{
    uint8_t header[8];
    sim_put_reply_header(header, op, length, value);
    sim_slip_delimiter(stub->chip);
    sim_slip_bytes(stub->chip, header, sizeof(header));
}

static void legacy_finish(sim_stub_t *stub, uint8_t error)
{
    uint8_t status[2] = {error, 0};
    sim_slip_bytes(stub->chip, status, sizeof(status));
    sim_slip_delimiter(stub->chip);
    sim_slip_flush(stub->chip);
    if (error != LEGACY_OK) {
        sim_count(&stub->chip->refused_commands, 1);
    }
}

static uint8_t legacy_sync(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length != 36) {
        return LEGACY_BAD_DATA_LEN;
    }
    for (int i = 0; i < 7; i++) {
        legacy_finish(stub, LEGACY_OK);
        legacy_header(stub, command->op, 2, 0);
    }
    return LEGACY_OK;
}

static bool legacy_erase_step(sim_chip_t *chip, uint32_t addr, uint32_t count)
{
    return sim_running(chip) && sim_spi_in_range(chip, addr, count) &&
           sim_spi_start_erase(chip, addr, count) && sim_spi_wait_idle(chip);
}

/* Sectors up to a 64 KB boundary, blocks while more than one block is left, then sectors. */
static bool legacy_erase_region(sim_chip_t *chip, uint32_t addr, uint32_t count)
{
    if (addr % SIM_FLASH_SECTOR != 0 || count % SIM_FLASH_SECTOR != 0 || !sim_spi_unlock(chip)) {
        return false;
    }
    while (count != 0) {
        bool block = addr % SIM_FLASH_BLOCK == 0 && count > SIM_FLASH_BLOCK;
        uint32_t step = block ? SIM_FLASH_BLOCK : SIM_FLASH_SECTOR;
        if (!legacy_erase_step(chip, addr, step)) {
            return false;
        }
        addr += step;
        count -= step;
    }
    return true;
}

static uint8_t legacy_begin(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length != 16 && command->length != 20) {
        return LEGACY_BAD_DATA_LEN;
    }
    if (sim_stub_arg(command, 2) > SIM_STUB_WRITE_MAX) {
        return LEGACY_BAD_BLOCKSIZE;
    }
    sim_stub_write_begin(stub, command, command->op == 0x10);
    return sim_spi_unlock(stub->chip) ? LEGACY_OK : LEGACY_FAILED_SPI_UNLOCK;
}

static uint8_t legacy_data(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (!stub->write.open) {
        return LEGACY_NOT_IN_FLASH_MODE;
    }
    size_t count = (size_t)command->length - LEGACY_DATA_HEADER;
    if (command->length < LEGACY_DATA_HEADER || sim_stub_arg(command, 0) != count) {
        return LEGACY_BAD_DATA_LEN;
    }
    if (sim_stub_checksum(command->data + LEGACY_DATA_HEADER, count) !=
        (uint8_t)command->checksum) {
        return LEGACY_BAD_CHECKSUM;
    }
    return (uint8_t)stub->write.error;
}

static uint8_t legacy_end(sim_stub_t *stub)
{
    if (!stub->write.open) {
        return LEGACY_NOT_IN_FLASH_MODE;
    }
    if (stub->write.left != 0) {
        return LEGACY_NOT_ENOUGH_DATA;
    }
    stub->write.open = false;
    return (uint8_t)stub->write.error;
}

static uint8_t legacy_mem_data(sim_stub_t *stub, const sim_stub_command_t *command)
{
    uint32_t count = (uint32_t)command->length - LEGACY_DATA_HEADER;
    if (command->length < LEGACY_DATA_HEADER) {
        return LEGACY_BAD_DATA_LEN;
    }
    if (!stub->mem_open && count != 0) {
        return LEGACY_NOT_IN_FLASH_MODE;
    }
    if (count > stub->mem_left) {
        return LEGACY_TOO_MUCH_DATA;
    }
    if (count % 4u != 0) {
        return LEGACY_BAD_DATA_LEN;
    }
    sim_bus_store(stub->chip, stub->mem_addr, command->data + LEGACY_DATA_HEADER, count);
    stub->mem_addr += count;
    stub->mem_left -= count;
    return LEGACY_OK;
}

static uint8_t legacy_mem(sim_stub_t *stub, const sim_stub_command_t *command)
{
    switch (command->op) {
    case 0x05:
        if (command->length != 16) {
            return LEGACY_NESTED;
        }
        stub->mem_left = sim_stub_arg(command, 0);
        stub->mem_addr = sim_stub_arg(command, 3);
        stub->mem_open = true;
        return LEGACY_OK;
    case 0x07:
        return legacy_mem_data(stub, command);
    default: {
        bool ok = command->length == 8 && stub->mem_left == 0;
        stub->mem_left = 0;
        stub->mem_open = false;
        return legacy_nested(ok);
    }
    }
}

static uint8_t legacy_write_reg(sim_stub_t *stub, const sim_stub_command_t *command)
{
    if (command->length % 16 != 0) {
        return LEGACY_BAD_DATA_LEN;
    }
    for (size_t at = 0; at < command->length; at += 16) {
        sim_bus_write_entry(stub->chip, command->data + at);
    }
    return LEGACY_OK;
}

static uint8_t legacy_md5(sim_stub_t *stub, const sim_stub_command_t *command)
{
    uint8_t md5[16];
    sim_slip_flush(stub->chip); /* the header is on its way while the digest is made */
    if (command->length != 16 ||
        !sim_spi_digest(stub->chip, sim_stub_arg(command, 0), sim_stub_arg(command, 1), md5)) {
        return LEGACY_NESTED;
    }
    sim_slip_bytes(stub->chip, md5, sizeof(md5));
    return LEGACY_OK;
}

static uint8_t legacy_security_info(sim_stub_t *stub, const sim_stub_command_t *command)
{
    uint8_t info[20];
    size_t count = sim_security_info(stub->chip, info);
    if (count == 0) {
        return LEGACY_NOT_IMPLEMENTED;
    }
    if (command->length != 0) {
        return LEGACY_NESTED;
    }
    sim_slip_bytes(stub->chip, info, count);
    return LEGACY_OK;
}

static uint8_t legacy_execute(sim_stub_t *stub, const sim_stub_command_t *command)
{
    sim_chip_t *chip = stub->chip;
    switch (command->op) {
    case SIM_STUB_OP_SYNC:
        return legacy_sync(stub, command);
    case 0x02:
    case 0x10:
        return legacy_begin(stub, command);
    case 0x03:
    case 0x11:
    case 0xD4:
        return legacy_data(stub, command);
    case 0x04:
    case 0x12:
        return legacy_end(stub);
    case 0x05:
    case 0x06:
    case 0x07:
        return legacy_mem(stub, command);
    case 0x09:
        return legacy_write_reg(stub, command);
    case 0x0A:
        return legacy_nested(command->length == 4) != LEGACY_OK ? LEGACY_BAD_DATA_LEN : LEGACY_OK;
    case 0x0B:
        if (command->length == 24) {
            chip->flash_limit = sim_stub_arg(command, 1);
        }
        return legacy_nested(command->length == 24);
    case 0x0D:
        if (command->length == 4) {
            sim_spi_attach(chip, sim_stub_arg(command, 0));
        }
        return legacy_nested(command->length == 4);
    case 0x0F:
        return command->length == 8 ? LEGACY_OK : LEGACY_BAD_DATA_LEN;
    case 0x13:
        return legacy_md5(stub, command);
    case 0x14:
        return legacy_security_info(stub, command);
    case 0xD0:
        sim_slip_flush(chip);
        return legacy_nested(command->length == 0 && sim_spi_erase_chip(chip));
    case 0xD1:
        sim_slip_flush(chip);
        return legacy_nested(
            command->length == 8 &&
            legacy_erase_region(chip, sim_stub_arg(command, 0), sim_stub_arg(command, 1)));
    case 0xD2:
        return command->length == 16 ? LEGACY_OK : LEGACY_BAD_DATA_LEN;
    default:
        return LEGACY_NOT_IMPLEMENTED;
    }
}

/* ---- after the reply ---- */

static void legacy_program(sim_stub_t *stub, const uint8_t *bytes, size_t count)
{
    size_t part = count < stub->write.left ? count : stub->write.left;
    if (part != 0 && !sim_stub_write_bytes(stub, bytes, part)) {
        stub->write.error = LEGACY_FAILED_SPI_OP;
    }
}

static bool legacy_window(void *context, const uint8_t *bytes, size_t count)
{
    legacy_program(context, bytes, count);
    return true;
}

static void legacy_unpack(sim_stub_t *stub, const uint8_t *bytes, size_t count)
{
    sim_stub_write_t *write = &stub->write;
    if (write->left == 0 && count > 4) { /* only the checksum may follow the data */
        write->error = LEGACY_TOO_MUCH_DATA;
        return;
    }
    while (count != 0 && write->left != 0 && !write->inflate.done && sim_running(stub->chip)) {
        bool sink_failed;
        (void)sim_stub_erase_next(stub);
        if (!sim_inflate_step(&write->inflate, &bytes, &count, legacy_window, stub, &sink_failed)) {
            write->error = LEGACY_INFLATE_ERROR;
            return;
        }
    }
    if (write->inflate.done && write->left != 0) {
        write->error = LEGACY_NOT_ENOUGH_DATA;
    }
}

static void legacy_read_flash(sim_stub_t *stub, const sim_stub_command_t *command)
{
    sim_chip_t *chip = stub->chip;
    uint8_t part[SIM_STUB_READ_PACKET_MAX], digest[16], ack[4] = {0};
    uint32_t addr = sim_stub_arg(command, 0), length = sim_stub_arg(command, 1);
    uint32_t packet = sim_stub_arg(command, 2), in_flight = sim_stub_arg(command, 3);
    uint32_t sent = 0, acked = 0;
    size_t ack_count = sizeof(ack);
    sim_uart_set_rx_capacity(chip->uart, 128); /* the interrupt is off: only the FIFO is left */
    if (packet > SIM_STUB_READ_PACKET_MAX) {
        sim_hang(chip);
        return;
    }
    struct md5_ctx md5;
    md5_init(&md5);
    while (acked < length && acked <= sent && ack_count == sizeof(ack)) {
        while (sent < length && sent - acked < in_flight && sim_running(chip)) {
            uint32_t bytes = length - sent < packet ? length - sent : packet;
            if (!sim_spi_read(chip, addr, part, bytes)) {
                break;
            }
            sim_slip_frame(chip, part, bytes);
            md5_update(&md5, bytes, part);
            sim_spend_for(chip, chip->speed.md5_us, bytes);
            sim_count(&chip->bytes_read, bytes);
            addr += bytes;
            sent += bytes;
        }
        if (!sim_stub_rx_polled_frame(stub, ack, sizeof(ack), &ack_count)) {
            break;
        }
        acked = sim_le32(ack); /* a short frame overwrites only what it has */
    }
    sim_md5_result(&md5, digest);
    sim_slip_frame(chip, digest, sizeof(digest));
    sim_stub_rx_init(stub);
}

/* The new divider is worked out from the old rate that the host names. */
static void legacy_set_baud(sim_stub_t *stub, const sim_stub_command_t *command)
{
    uint64_t wanted = sim_stub_arg(command, 0), named = sim_stub_arg(command, 1);
    uint64_t rate = named != 0 ? stub->chip->baud * wanted / named : UINT32_MAX;
    sim_drain(stub->chip);
    if (stub->chip->row->uart.whole_divider) {
        sim_scale_divider(stub->chip, (uint32_t)named, (uint32_t)wanted);
        return;
    }
    sim_set_baud(stub->chip, rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX);
}

static void legacy_after(sim_stub_t *stub, const sim_stub_command_t *command)
{
    const uint8_t *data = command->data + LEGACY_DATA_HEADER;
    switch (command->op) {
    case 0x0F:
        legacy_set_baud(stub, command);
        break;
    case 0xD2:
        legacy_read_flash(stub, command);
        break;
    case 0x03:
    case 0xD4:
        legacy_program(stub, data, (size_t)command->length - LEGACY_DATA_HEADER);
        break;
    case 0x11:
        legacy_unpack(stub, data, (size_t)command->length - LEGACY_DATA_HEADER);
        break;
    case 0x04:
    case 0x12:
        stub->leave = sim_stub_arg(command, 0) == 0;
        break;
    case 0x06:
        stub->entry = sim_stub_arg(command, 1);
        stub->leave = stub->entry != 0;
        break;
    default:
        break;
    }
}

static void legacy_handle(sim_stub_t *stub, const sim_stub_command_t *command)
{
    uint32_t value = 0;
    size_t length = 2;
    sim_spend(stub->chip, LEGACY_COMMAND_US);
    if (command->op == 0x0A && command->length == 4) {
        value = sim_bus_read(stub->chip, sim_stub_arg(command, 0));
    } else if (command->op == 0x13) {
        length = 18;
    } else if (command->op == 0x14 && stub->chip->row->rom.security_info_bytes != 0) {
        length = stub->chip->row->rom.security_info_bytes; /* the status bytes are not counted */
    }
    legacy_header(stub, command->op, length, value);
    if (command->length > SIM_STUB_WRITE_MAX + LEGACY_DATA_HEADER) {
        uint8_t status[2] = {LEGACY_BAD_DATA_LEN, 0xEE};
        sim_slip_bytes(stub->chip, status, sizeof(status));
        sim_slip_delimiter(stub->chip);
        sim_slip_flush(stub->chip);
        return;
    }
    if (command->op == 0xD3) { /* leaves at once, in the middle of the reply */
        sim_slip_flush(stub->chip);
        stub->leave = true;
        return;
    }
    uint8_t error = legacy_execute(stub, command);
    legacy_finish(stub, error);
    if (error == LEGACY_OK) {
        legacy_after(stub, command);
    }
}

void sim_stub_legacy_run(sim_stub_t *stub)
{
    sim_stub_command_t command;
    while (!stub->leave && sim_stub_rx_frame(stub, &command)) {
        legacy_handle(stub, &command);
    }
    sim_drain(stub->chip);
}
