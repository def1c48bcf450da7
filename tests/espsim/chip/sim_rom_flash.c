/*
 * sim_rom_flash.c: the ROM loader's flash commands. Facts: the serial protocol documentation, the
 * recorded mask ROMs, and public failure reports (reading past 2 MB without SPI_SET_PARAMS is
 * refused with 01 09).
 */
#include "sim_rom.h"

#include <stdio.h>
#include <string.h>

enum { READ_SLOW_MAX = 64 };

/*
 * The ROM erases everything at FLASH_BEGIN, a sector at a time, and answers when it is done.
 * ESP8266's erases the sectors up to the first 64 KB boundary and then as many as it was asked for,
 * without taking off the ones it already did.
 */
static enum sim_rom_error rom_erase(sim_rom_t *rom, uint32_t addr, uint32_t bytes)
{
    sim_chip_t *chip = rom->chip;
    if (!sim_spi_unlock(chip)) {
        return SIM_ROM_FAILED_TO_ACT;
    }
    uint64_t end = (uint64_t)addr + bytes;
    if (chip->row->rom.erases_head_twice) {
        uint32_t head =
            SIM_FLASH_BLOCK - (addr & ~(uint32_t)(SIM_FLASH_SECTOR - 1)) % SIM_FLASH_BLOCK;
        end += bytes < head ? bytes : head;
    }
    uint64_t at = addr & ~(uint32_t)(SIM_FLASH_SECTOR - 1);
    for (; at < end && sim_running(chip); at += SIM_FLASH_SECTOR) {
        if (!sim_spi_in_range(chip, (uint32_t)at, SIM_FLASH_SECTOR) ||
            !sim_spi_start_erase(chip, (uint32_t)at, SIM_FLASH_SECTOR) ||
            !sim_spi_wait_idle(chip)) {
            return SIM_ROM_FAILED_TO_ACT;
        }
    }
    return SIM_ROM_OK;
}

static enum sim_rom_error rom_begin(sim_rom_t *rom)
{
    rom->flash_open = false;
    rom->deflate_open = false;
    rom->chip->flash_attached = rom->chip->flash_attached || rom->chip->row->rom.begin_attaches;
    enum sim_rom_error error = rom_erase(rom, sim_rom_arg(rom, 3), sim_rom_arg(rom, 0));
    if (error != SIM_ROM_OK) {
        return error;
    }
    rom->left = sim_rom_arg(rom, 0);
    rom->blocks = sim_rom_arg(rom, 1);
    rom->block_bytes = sim_rom_arg(rom, 2);
    rom->addr = sim_rom_arg(rom, 3);
    rom->next_block = 0;
    return SIM_ROM_OK;
}

enum sim_rom_error sim_rom_flash_begin(sim_rom_t *rom)
{
    enum sim_rom_error error = rom_begin(rom);
    rom->flash_open = error == SIM_ROM_OK;
    return error;
}

enum sim_rom_error sim_rom_defl_begin(sim_rom_t *rom)
{
    enum sim_rom_error error = rom_begin(rom);
    rom->deflate_open = error == SIM_ROM_OK;
    if (rom->deflate_open) {
        sim_inflate_begin(&rom->inflate);
    }
    return error;
}

static enum sim_rom_error rom_check_block(sim_rom_t *rom, const uint8_t **data, size_t *count)
{
    enum sim_rom_error error = sim_rom_check_data(rom, data, count);
    if (error != SIM_ROM_OK) {
        return error;
    }
    uint32_t sequence = sim_rom_arg(rom, 1);
    if (sequence != rom->next_block || sequence >= rom->blocks || *count > rom->block_bytes) {
        return SIM_ROM_FAILED_TO_ACT;
    }
    rom->next_block++;
    return SIM_ROM_OK;
}

enum sim_rom_error sim_rom_flash_data(sim_rom_t *rom)
{
    const uint8_t *data;
    size_t count;
    if (!rom->flash_open) {
        return SIM_ROM_FAILED_TO_ACT;
    }
    enum sim_rom_error error = rom_check_block(rom, &data, &count);
    if (error != SIM_ROM_OK) {
        return error;
    }
    if (!sim_spi_program(rom->chip, rom->addr, data, (uint32_t)count)) {
        return SIM_ROM_FLASH_WRITE;
    }
    rom->addr += (uint32_t)count;
    return SIM_ROM_OK;
}

static bool rom_write_window(void *context, const uint8_t *bytes, size_t count)
{
    sim_rom_t *rom = context;
    uint32_t part = count < rom->left ? (uint32_t)count : rom->left;
    if (!sim_spi_program(rom->chip, rom->addr, bytes, part)) {
        return false;
    }
    rom->addr += part;
    rom->left -= part;
    return true;
}

enum sim_rom_error sim_rom_defl_data(sim_rom_t *rom)
{
    const uint8_t *data;
    size_t count;
    if (!rom->deflate_open) {
        return SIM_ROM_FAILED_TO_ACT;
    }
    enum sim_rom_error error = rom_check_block(rom, &data, &count);
    if (error != SIM_ROM_OK) {
        return error;
    }
    while (count != 0 && !rom->inflate.done && sim_running(rom->chip)) {
        bool sink_failed;
        if (!sim_inflate_step(&rom->inflate, &data, &count, rom_write_window, rom, &sink_failed)) {
            return sink_failed ? SIM_ROM_FLASH_WRITE : SIM_ROM_DEFLATE;
        }
    }
    return SIM_ROM_OK;
}

/* The argument says "stay in the loader"; 0 boots the chip. */
static enum sim_rom_error rom_end(sim_rom_t *rom)
{
    if (sim_rom_arg(rom, 0) == 0) {
        rom->leave = true;
        rom->entry = 0;
    }
    return SIM_ROM_OK;
}

enum sim_rom_error sim_rom_flash_end(sim_rom_t *rom)
{
    rom->flash_open = false;
    return rom_end(rom);
}

enum sim_rom_error sim_rom_defl_end(sim_rom_t *rom)
{
    rom->deflate_open = false;
    sim_inflate_end(&rom->inflate);
    return rom_end(rom);
}

enum sim_rom_error sim_rom_spi_set_params(sim_rom_t *rom)
{
    rom->chip->flash_limit = sim_rom_arg(rom, 1);
    return SIM_ROM_OK;
}

enum sim_rom_error sim_rom_spi_attach(sim_rom_t *rom)
{
    sim_spi_attach(rom->chip, sim_rom_arg(rom, 0));
    return SIM_ROM_OK;
}

enum sim_rom_error sim_rom_flash_md5(sim_rom_t *rom)
{
    uint8_t md5[16];
    if (!sim_spi_digest(rom->chip, sim_rom_arg(rom, 0), sim_rom_arg(rom, 1), md5)) {
        return SIM_ROM_FLASH_READ;
    }
    for (size_t i = 0; i < sizeof(md5); i++) {
        char hex[3];
        snprintf(hex, sizeof(hex), "%02x", md5[i]);
        memcpy(rom->reply + 2 * i, hex, 2);
    }
    rom->reply_count = 32;
    return SIM_ROM_OK;
}

/* The reply is always the whole 64-byte buffer, however little was asked for. */
enum sim_rom_error sim_rom_read_slow(sim_rom_t *rom)
{
    uint32_t count = sim_rom_arg(rom, 1), hook = rom->chip->row->rom.read_hook;
    if (hook != 0 && sim_bus_read(rom->chip, hook) != SIM_ROM_READ_CODE) {
        rom->called = sim_bus_read(rom->chip, hook);
        return SIM_ROM_OK;
    }
    if (count > READ_SLOW_MAX) {
        return SIM_ROM_FLASH_READ_LENGTH;
    }
    if (!sim_spi_read(rom->chip, sim_rom_arg(rom, 0), rom->reply, count)) {
        return SIM_ROM_FLASH_READ;
    }
    sim_count(&rom->chip->bytes_read, count);
    rom->reply_count = READ_SLOW_MAX;
    return SIM_ROM_OK;
}
