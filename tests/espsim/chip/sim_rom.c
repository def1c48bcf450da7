/*
 * sim_rom.c: the loader in the mask ROM.
 *
 * Facts: the serial protocol documentation, and tests/data/captures for what it does not say: the
 * value field of a reply is the last register that was read (at first, the first word of SYNC); a
 * command that the ROM does not know is refused under the number of the command before it, as often
 * as that one is answered; a reply carries 4 status bytes; READ_FLASH_SLOW always sends 64 bytes.
 */
#include "sim_rom.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROM_HEADER = 8,
    ROM_DATA_HEADER = 16,
    ROM_SYNC_REPLIES = 8,
    ROM_COMMAND_US = 100,
    OP_SYNC = 0x08
};

enum sim_rom_error sim_rom_check_data(const sim_rom_t *rom, const uint8_t **data, size_t *count)
{
    *data = rom->args + ROM_DATA_HEADER;
    *count = rom->arg_count - ROM_DATA_HEADER;
    if (sim_rom_arg(rom, 0) != *count) {
        return SIM_ROM_INVALID_MESSAGE;
    }
    uint8_t sum = 0xEF;
    for (size_t i = 0; i < *count; i++) {
        sum ^= (*data)[i];
    }
    return sum == (uint8_t)rom->checksum ? SIM_ROM_OK : SIM_ROM_INVALID_CRC;
}

static enum sim_rom_error rom_sync(sim_rom_t *rom)
{
    rom->value = sim_rom_arg(rom, 0);
    sim_learn_baud(rom->chip);
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_read_reg(sim_rom_t *rom)
{
    rom->value = sim_bus_read(rom->chip, sim_rom_arg(rom, 0));
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_write_reg(sim_rom_t *rom)
{
    for (size_t at = 0; at + 16 <= rom->arg_count; at += 16) {
        sim_bus_write_entry(rom->chip, rom->args + at);
    }
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_mem_begin(sim_rom_t *rom)
{
    rom->left = sim_rom_arg(rom, 0);
    rom->blocks = sim_rom_arg(rom, 1);
    rom->block_bytes = sim_rom_arg(rom, 2);
    rom->addr = sim_rom_arg(rom, 3);
    rom->next_block = 0;
    rom->mem_open = true;
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_mem_data(sim_rom_t *rom)
{
    const uint8_t *data;
    size_t count;
    if (!rom->mem_open) {
        return SIM_ROM_FAILED_TO_ACT;
    }
    enum sim_rom_error error = sim_rom_check_data(rom, &data, &count);
    if (error != SIM_ROM_OK) {
        return error;
    }
    if (sim_rom_arg(rom, 1) != rom->next_block || rom->next_block >= rom->blocks ||
        count > rom->left || count > rom->block_bytes) {
        return SIM_ROM_FAILED_TO_ACT;
    }
    sim_bus_store(rom->chip, rom->addr, data, count);
    rom->addr += (uint32_t)count;
    rom->left -= (uint32_t)count;
    rom->next_block++;
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_mem_end(sim_rom_t *rom)
{
    rom->mem_open = false;
    if (sim_rom_arg(rom, 0) == 0) { /* 1 = stay in the loader */
        rom->leave = true;
        rom->entry = sim_rom_arg(rom, 1);
    }
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_change_baud(sim_rom_t *rom)
{
    rom->new_baud = sim_rom_arg(rom, 0);
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_security_info(sim_rom_t *rom)
{
    uint8_t info[20];
    rom->reply_count = sim_security_info(rom->chip, info);
    memcpy(rom->reply, info, rom->reply_count);
    return SIM_ROM_OK;
}

typedef struct rom_command {
    uint8_t op;
    uint16_t arg_min, arg_max;
    bool in_secure_download; /* what that mode leaves; rates too, says the manual of ESP-IDF */
    enum sim_rom_error (*run)(sim_rom_t *rom);
} rom_command_t;

static const rom_command_t rom_commands[] = {
    {0x02, 16, 20, true, sim_rom_flash_begin},
    {0x03, 16, UINT16_MAX, true, sim_rom_flash_data},
    {0x04, 4, 4, true, sim_rom_flash_end},
    {0x05, 16, 16, false, rom_mem_begin},
    {0x06, 8, 8, false, rom_mem_end},
    {0x07, 16, UINT16_MAX, false, rom_mem_data},
    {OP_SYNC, 36, 36, true, rom_sync},
    {0x09, 16, UINT16_MAX, false, rom_write_reg},
    {0x0A, 4, 4, false, rom_read_reg},
    {0x0B, 24, 24, true, sim_rom_spi_set_params},
    {0x0D, 4, 8, true, sim_rom_spi_attach},
    {0x0E, 8, 8, false, sim_rom_read_slow},
    {0x0F, 8, 8, true, rom_change_baud},
    {0x10, 16, 20, true, sim_rom_defl_begin},
    {0x11, 16, UINT16_MAX, true, sim_rom_defl_data},
    {0x12, 4, 4, true, sim_rom_defl_end},
    {0x13, 16, 16, false, sim_rom_flash_md5},
    {0x14, 0, 0, true, rom_security_info},
};

/* Commands that came with later ROMs. */
static bool rom_knows(const sim_chip_t *chip, uint8_t op)
{
    const sim_rom_row_t *row = &chip->row->rom;
    switch (op) {
    case 0x0B:
    case 0x0D:
    case 0x0E:
        return row->has_flash_params;
    case 0x0F:
        return row->has_baud_change && !chip->refuses_baud;
    case 0x10:
    case 0x11:
    case 0x12:
        return row->has_deflate;
    case 0x13:
        return row->has_digest;
    case 0x14:
        return row->security_info_bytes != 0;
    default:
        return true;
    }
}

static const rom_command_t *rom_find(const sim_rom_t *rom, uint8_t op)
{
    for (size_t i = 0; i < sizeof(rom_commands) / sizeof(rom_commands[0]); i++) {
        const rom_command_t *command = &rom_commands[i];
        if (command->op == op) {
            bool allowed = command->in_secure_download || !rom->chip->efuses->secure_download;
            return allowed && rom_knows(rom->chip, op) ? command : NULL;
        }
    }
    return NULL;
}

static void rom_reply(sim_rom_t *rom, enum sim_rom_error error)
{
    uint8_t frame[ROM_HEADER + SIM_ROM_REPLY_MAX + 4];
    size_t status_bytes = rom->chip->row->rom.status_bytes;
    size_t length = rom->reply_count + status_bytes;
    memset(frame, 0, sizeof(frame));
    sim_put_reply_header(frame, rom->op, length, rom->value);
    memcpy(frame + ROM_HEADER, rom->reply, rom->reply_count);
    frame[ROM_HEADER + rom->reply_count] = error != SIM_ROM_OK;
    frame[ROM_HEADER + rom->reply_count + 1] = (uint8_t)error;
    int times = rom->op == OP_SYNC ? ROM_SYNC_REPLIES : 1;
    for (int i = 0; i < times; i++) {
        sim_slip_frame(rom->chip, frame, ROM_HEADER + length);
    }
}

static void rom_handle_frame(sim_rom_t *rom)
{
    const rom_command_t *command = NULL;
    if (rom->frame_count < ROM_HEADER || rom->frame[0] != 0) {
        return; /* not addressed to the chip */
    }
    size_t length = (size_t)rom->frame[2] | (size_t)rom->frame[3] << 8;
    rom->args = rom->frame + ROM_HEADER;
    rom->arg_count = rom->frame_count - ROM_HEADER;
    rom->checksum = sim_le32(rom->frame + 4);
    rom->reply_count = 0;
    sim_count(&rom->chip->commands, 1);
    const uint32_t measured_us = rom->chip->timing.rom_command;
    sim_spend(rom->chip, measured_us != 0 ? measured_us : ROM_COMMAND_US);
    if (length == rom->arg_count) {
        command = rom_find(rom, rom->frame[1]);
    }
    enum sim_rom_error error = SIM_ROM_INVALID_MESSAGE;
    if (command != NULL && length >= command->arg_min && length <= command->arg_max) {
        rom->op = command->op;
        memset(rom->reply, 0, sizeof(rom->reply));
        error = command->run(rom);
    }
    if (rom->called != 0) {
        rom->leave = true;
        rom->entry = rom->called;
        return;
    }
    if (error != SIM_ROM_OK) {
        rom->reply_count = 0;
        sim_count(&rom->chip->refused_commands, 1);
    }
    rom_reply(rom, error);
    if (rom->new_baud != 0) {
        sim_drain(rom->chip);
        sim_set_baud_by(rom->chip, rom->chip->rom_uart_clock_hz, rom->new_baud);
        rom->new_baud = 0;
    }
}

/* The next frame that is not empty; false when the board was reset. */
static bool rom_receive(sim_rom_t *rom)
{
    bool inside = false, escaped = false;
    const size_t frame_max = rom->chip->otg ? SIM_OTG_FRAME_MAX : sizeof(rom->frame);
    uint8_t byte;
    rom->frame_count = 0;
    while (sim_getc(rom->chip, -1, &byte) == SIM_OK) {
        if (byte == 0xC0) {
            if (inside && rom->frame_count != 0) {
                return true;
            }
            inside = true;
            escaped = false;
        } else if (inside && byte == 0xDB && !escaped) {
            escaped = true;
        } else if (inside) {
            if (escaped) {
                byte = byte == 0xDC ? 0xC0 : byte == 0xDD ? 0xDB : byte;
                escaped = false;
            }
            if (rom->frame_count == frame_max) {
                inside = false; /* longer than any command: wait for the next frame */
                rom->frame_count = 0;
            } else {
                rom->frame[rom->frame_count++] = byte;
            }
        }
    }
    return false;
}

void sim_rom_run(sim_chip_t *chip)
{
    sim_rom_t *rom = calloc(1, sizeof(*rom));
    if (rom == NULL) {
        abort();
    }
    rom->chip = chip;
    while (!rom->leave && rom_receive(rom)) {
        rom_handle_frame(rom);
    }
    bool leave = rom->leave && sim_running(chip);
    uint32_t entry = rom->entry;
    bool kept = rom->called == 0 && entry != 0 && chip->row->rom.no_jump_securely &&
                (chip->efuses->security.flags & SIM_SECURITY_SECURE_BOOT) != 0;
    sim_inflate_end(&rom->inflate);
    free(rom);
    if (!leave) {
        return;
    }
    sim_drain(chip);
    if (kept) { /* what it does instead is not known: nothing that helps */
        sim_hang(chip);
    } else if (entry != 0) {
        sim_jump(chip, entry);
    } else {
        sim_reset_self(chip, SIM_RESET_SOFTWARE);
    }
}
