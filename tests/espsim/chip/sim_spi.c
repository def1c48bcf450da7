/*
 * sim_spi.c: the SPI controller in front of the flash: user-mode transactions that a host composes
 * in registers, and the routines that ROM code and stubs share.
 *
 * Register facts (technical reference manuals): CMD bit 18 starts; USR bits 31..27 say which phases
 * there are (command, address, dummy, read, write); USR1 bits 31..26 hold address bits - 1 and
 * bits 7..0 dummy clocks - 1; USR2 bits 31..28 hold command bits - 1 and 15..0 the command; the
 * DLEN registers hold data bits - 1, on ESP8266 bits 25..17 (out) and 16..8 (in) of USR1.
 */
#include "sim_chip_internal.h"
#include "sim_digest.h"

#include <string.h>

enum { SPI_BUFFER_BYTES = 64, SPI_STUCK_US = 1000000 };
#define USR_COMMAND (1u << 31)
#define USR_ADDR    (1u << 30)
#define USR_DUMMY   (1u << 29)
#define USR_MISO    (1u << 28)
#define USR_MOSI    (1u << 27)

static bool spi_has_power(sim_chip_t *chip)
{
    uint32_t reg = chip->row->flash_power_reg;
    return !chip->efuses->flash_off || (sim_bus_read(chip, reg) & 3u) == 3u;
}

static void spi_do(sim_chip_t *chip, const sim_flash_io_t *io)
{
    /* Not attached: the pins are not the controller's yet. */
    if (!chip->flash_attached || !spi_has_power(chip)) {
        if (io->in_count != 0) {
            memset(io->in, 0xFF, io->in_count);
        }
        return;
    }
    sim_flash_transact(chip->flash, io, sim_now_us(chip));
}

static uint32_t spi_reg(sim_chip_t *chip, uint16_t offset)
{
    return sim_bus_read(chip, chip->row->spi.base + offset);
}

static size_t spi_data_bytes(uint32_t dlen)
{
    size_t bits = (size_t)(dlen & 0x3FFu) + 1u;
    size_t bytes = (bits + 7u) / 8u;
    return bytes < SPI_BUFFER_BYTES ? bytes : SPI_BUFFER_BYTES;
}

static size_t spi_data_length(sim_chip_t *chip, bool out)
{
    const sim_spi_layout_t *regs = &chip->row->spi;
    if (regs->mosi_dlen == 0) {
        return spi_data_bytes(spi_reg(chip, regs->usr1) >> (out ? 17 : 8) & 0x1FFu);
    }
    return spi_data_bytes(spi_reg(chip, out ? regs->mosi_dlen : regs->miso_dlen));
}

void sim_spi_user_command(sim_chip_t *chip)
{
    const sim_spi_layout_t *regs = &chip->row->spi;
    uint32_t usr = spi_reg(chip, regs->usr);
    uint32_t usr1 = spi_reg(chip, regs->usr1);
    uint8_t out[SPI_BUFFER_BYTES], in[SPI_BUFFER_BYTES];
    sim_flash_io_t io = {.out = out, .in = in};
    if ((usr & USR_COMMAND) == 0) {
        return;
    }
    io.opcode = (uint8_t)spi_reg(chip, regs->usr2);
    if ((usr & USR_ADDR) != 0) {
        io.addr_bits = (usr1 >> 26) + 1u;
        io.addr = spi_reg(chip, regs->addr);
        if (regs->addr_msb && io.addr_bits < 32) {
            io.addr >>= 32u - io.addr_bits;
        }
    }
    if ((usr & USR_DUMMY) != 0) {
        io.dummy_bits = (usr1 & 0xFFu) + 1u;
    }
    if ((usr & USR_MOSI) != 0) {
        io.out_count = spi_data_length(chip, true);
        sim_bus_load(chip, regs->base + regs->w0, out, io.out_count);
    }
    if ((usr & USR_MISO) != 0) {
        io.in_count = spi_data_length(chip, false);
    }
    spi_do(chip, &io);
    sim_bus_store(chip, regs->base + regs->w0, in, io.in_count);
}

static uint8_t spi_status(sim_chip_t *chip)
{
    uint8_t status = 0;
    spi_do(chip, &(sim_flash_io_t){.opcode = SIM_FLASH_RDSR, .in = &status, .in_count = 1});
    return status;
}

void sim_spi_attach(sim_chip_t *chip, uint32_t pins)
{
    chip->flash_attached = pins == chip->flash_pins;
}

uint32_t sim_spi_read_id(sim_chip_t *chip)
{
    uint8_t id[3] = {0};
    spi_do(chip, &(sim_flash_io_t){.opcode = SIM_FLASH_RDID, .in = id, .in_count = sizeof(id)});
    return (uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | id[2];
}

bool sim_spi_is_idle(sim_chip_t *chip)
{
    return (spi_status(chip) & SIM_SR_WIP) == 0;
}

static void spi_wait_time(sim_chip_t *chip)
{
    uint64_t until_us = sim_flash_busy_until_us(chip->flash);
    uint64_t now_us = sim_now_us(chip);
    if (until_us > now_us) {
        sim_spend(chip, until_us - now_us);
    }
}

bool sim_spi_wait_idle(sim_chip_t *chip)
{
    spi_wait_time(chip);
    if (sim_spi_is_idle(chip)) {
        return true;
    }
    sim_spend(chip, SPI_STUCK_US); /* mute or unattached: FF reads as busy for ever */
    return false;
}

static void spi_simple(sim_chip_t *chip, uint8_t opcode)
{
    spi_do(chip, &(sim_flash_io_t){.opcode = opcode});
}

bool sim_spi_in_range(const sim_chip_t *chip, uint32_t addr, uint32_t count)
{
    return (uint64_t)addr + count <= chip->flash_limit;
}

/* As the ROMs do: clear all bits but QE. */
bool sim_spi_unlock(sim_chip_t *chip)
{
    if (!sim_spi_wait_idle(chip)) {
        return false;
    }
    uint8_t high = 0;
    spi_do(chip, &(sim_flash_io_t){.opcode = 0x35, .in = &high, .in_count = 1});
    if ((spi_status(chip) & ~(unsigned)SIM_SR_WEL) != 0 || (high & ~(unsigned)SIM_SR2_QE) != 0) {
        const uint8_t open[2] = {0, high & SIM_SR2_QE};
        spi_simple(chip, SIM_FLASH_WREN);
        spi_do(chip, &(sim_flash_io_t){.opcode = SIM_FLASH_WRSR, .out = open, .out_count = 2});
        return sim_spi_wait_idle(chip);
    }
    return true;
}

sim_speed_t sim_speed_measured(sim_speed_t row, uint32_t both_us)
{
    if (both_us != 0) {
        row.spi_us = (uint32_t)((uint64_t)both_us * row.spi_us / (row.spi_us + row.md5_us));
        row.md5_us = both_us - row.spi_us;
    }
    return row;
}

void sim_spend_for(sim_chip_t *chip, uint32_t us_per_4k, uint32_t bytes)
{
    sim_spend(chip, (uint64_t)us_per_4k * bytes / 4096u);
}

bool sim_spi_read(sim_chip_t *chip, uint32_t addr, uint8_t *bytes, uint32_t count)
{
    if (!sim_spi_in_range(chip, addr, count)) {
        return false;
    }
    spi_wait_time(chip); /* an unattached or mute flash reads as FF; nobody notices */
    bool far = chip->four_byte;
    spi_do(chip, &(sim_flash_io_t){.opcode = far ? SIM_FLASH_READ_4B : SIM_FLASH_READ,
                                   .addr = addr,
                                   .addr_bits = far ? 32 : 24,
                                   .in = bytes,
                                   .in_count = count});
    sim_spend_for(chip, chip->speed.spi_us, count);
    return true;
}

bool sim_spi_program(sim_chip_t *chip, uint32_t addr, const uint8_t *bytes, uint32_t count)
{
    if (!sim_spi_in_range(chip, addr, count) || !sim_spi_wait_idle(chip)) {
        return false;
    }
    bool far = chip->four_byte;
    while (count != 0 && sim_running(chip)) {
        uint32_t room = SIM_FLASH_PAGE - addr % SIM_FLASH_PAGE;
        uint32_t part = count < room ? count : room;
        spi_simple(chip, SIM_FLASH_WREN);
        spi_do(chip, &(sim_flash_io_t){.opcode = far ? SIM_FLASH_PP_4B : SIM_FLASH_PP,
                                       .addr = addr,
                                       .addr_bits = far ? 32 : 24,
                                       .out = bytes,
                                       .out_count = part});
        if (!sim_spi_wait_idle(chip)) {
            return false;
        }
        addr += part;
        bytes += part;
        count -= part;
    }
    return true;
}

bool sim_spi_start_erase(sim_chip_t *chip, uint32_t addr, uint32_t count)
{
    if (!sim_spi_wait_idle(chip)) {
        return false;
    }
    bool far = chip->four_byte;
    bool block = count == SIM_FLASH_BLOCK;
    uint8_t opcode =
        block ? (far ? SIM_FLASH_BE64_4B : SIM_FLASH_BE64) : (far ? SIM_FLASH_SE_4B : SIM_FLASH_SE);
    spi_simple(chip, SIM_FLASH_WREN);
    spi_do(chip, &(sim_flash_io_t){.opcode = opcode, .addr = addr, .addr_bits = far ? 32 : 24});
    return true;
}

bool sim_spi_erase_chip(sim_chip_t *chip)
{
    if (!sim_spi_unlock(chip)) {
        return false;
    }
    spi_simple(chip, SIM_FLASH_WREN);
    spi_simple(chip, SIM_FLASH_CE_ALT);
    return sim_spi_wait_idle(chip);
}

bool sim_spi_digest(sim_chip_t *chip, uint32_t addr, uint32_t count, uint8_t md5[16])
{
    uint8_t part[4096];
    bool ok = true;
    struct md5_ctx digest;
    md5_init(&digest);
    while (count != 0 && ok && sim_running(chip)) {
        uint32_t bytes = count < sizeof(part) ? count : (uint32_t)sizeof(part);
        ok = sim_spi_read(chip, addr, part, bytes);
        md5_update(&digest, bytes, part);
        sim_spend_for(chip, chip->speed.md5_us, bytes);
        sim_count(&chip->bytes_digested, bytes);
        addr += bytes;
        count -= bytes;
    }
    sim_md5_result(&digest, md5);
    return ok;
}
