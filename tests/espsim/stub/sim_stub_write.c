/*
 * sim_stub_write.c: writing flash as stubs do it: erase ahead of the data, a block of 64 KB where
 * one fits, without waiting; then program.
 *
 * v2 from 1.1.0 reads a sector before erasing it and leaves it alone while everything so far was
 * blank; the first dirty sector ends that.
 */
#include "sim_stub.h"

#include <string.h>

void sim_stub_write_begin(sim_stub_t *stub, const sim_stub_command_t *command, bool deflate)
{
    sim_stub_write_t *write = &stub->write;
    write->open = true;
    write->deflate = deflate;
    write->left = sim_stub_arg(command, 0);
    write->block_bytes = sim_stub_arg(command, 2);
    write->packed_left = sim_stub_arg(command, 1) * write->block_bytes;
    write->addr = sim_stub_arg(command, 3);
    write->error = 0;
    uint64_t end = (uint64_t)write->addr + write->left + SIM_FLASH_SECTOR - 1u;
    write->erase_at = write->addr & ~(uint32_t)(SIM_FLASH_SECTOR - 1);
    write->erase_left = (uint32_t)((end & ~UINT64_C(0xFFF)) - write->erase_at);
    write->dirty_seen =
        stub->row->generation == SIM_STUB_LEGACY || !sim_stub_at_least(stub->row, 1, 1);
    if (deflate) {
        sim_inflate_begin(&write->inflate);
    }
}

static bool write_sector_is_blank(sim_stub_t *stub, uint32_t addr, bool *blank)
{
    uint8_t sector[SIM_FLASH_SECTOR];
    if (!sim_spi_read(stub->chip, addr, sector, sizeof(sector))) {
        return false;
    }
    *blank = true;
    for (size_t i = 0; i < sizeof(sector) && *blank; i++) {
        *blank = sector[i] == 0xFF;
    }
    return true;
}

bool sim_stub_erase_next(sim_stub_t *stub)
{
    sim_stub_write_t *write = &stub->write;
    uint32_t step = SIM_FLASH_SECTOR;
    if (write->erase_left == 0) {
        return true;
    }
    if (!write->dirty_seen) {
        bool blank;
        if (!write_sector_is_blank(stub, (uint32_t)write->erase_at, &blank)) {
            return false;
        }
        if (blank) {
            write->erase_at += step;
            write->erase_left -= step;
            return true;
        }
        write->dirty_seen = true;
    }
    if (!sim_spi_is_idle(stub->chip)) {
        return true; /* asked again later */
    }
    if (write->erase_left >= SIM_FLASH_BLOCK && write->erase_at % SIM_FLASH_BLOCK == 0) {
        step = SIM_FLASH_BLOCK;
    }
    if (!sim_spi_start_erase(stub->chip, (uint32_t)write->erase_at, step)) {
        return false;
    }
    write->erase_at += step;
    write->erase_left -= step;
    return true;
}

bool sim_stub_write_bytes(sim_stub_t *stub, const uint8_t *bytes, size_t count)
{
    sim_stub_write_t *write = &stub->write;
    uint64_t end = (uint64_t)write->addr + count;
    while (write->erase_left != 0 && write->erase_at < end && sim_running(stub->chip)) {
        if (!sim_spi_wait_idle(stub->chip) || !sim_stub_erase_next(stub)) {
            return false;
        }
    }
    bool ok = sim_spi_program(stub->chip, write->addr, bytes, (uint32_t)count);
    write->addr += (uint32_t)count;
    write->left -= (uint32_t)count;
    return ok;
}
