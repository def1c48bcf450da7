/*
 * sim_flash.c: the NOR rules. Facts: opcode table and status bits of the W25Q128JV and GD25Q32C
 * data sheets; times as restated in many logs (sector 45 ms, 64 KB block 200 ms, page 0.7 ms, a
 * page of nothing but FF about 0.3 ms, whole chip 1.5 s a megabyte).
 */
#include "sim_flash_impl.h"

#include <string.h>

enum {
    TIME_BLOCK32_US = 120000,
    TIME_CHIP_US_PER_MB = 1500000,
    TIME_BLANK_PAGE_US = 300,
    TIME_STATUS_US = 10000,
    TIME_XMC_BOOT_US = 2000
};

const sim_flash_times_t sim_flash_usual_times = {.sector_erase = 45000,
                                                 .block_erase = 200000,
                                                 .page_program = 700};

void sim_flash_set_times(sim_flash_t *flash, const sim_flash_times_t *times)
{
    if (times->sector_erase != 0) {
        flash->times.sector_erase = times->sector_erase;
    }
    if (times->block_erase != 0) {
        flash->times.block_erase = times->block_erase;
    }
    if (times->page_program != 0) {
        flash->times.page_program = times->page_program;
    }
}

uint64_t sim_flash_size(const sim_flash_t *flash)
{
    return flash->size;
}

uint32_t sim_flash_jedec_id(const sim_flash_t *flash)
{
    return flash->jedec_id;
}

uint8_t *sim_flash_cells(sim_flash_t *flash)
{
    return flash->cells;
}

uint64_t sim_flash_busy_until_us(const sim_flash_t *flash)
{
    return flash->busy_until_us;
}

sim_flash_counters_t *sim_flash_counters(sim_flash_t *flash)
{
    return &flash->counters;
}

static void flash_count(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* Macronix and ISSI have a fourth bit where others have TB. */
static bool flash_has_bp3(const sim_flash_t *flash)
{
    uint32_t maker = flash->jedec_id >> 16;
    return maker == 0xC2 || maker == 0x9D;
}

/* BP2..0: 1/64 of the chip doubling up to a half, 7 = all of it. BP3..0: 64 KB doubling up to all
 * of it. At the top, or with TB at the bottom. */
static void flash_guarded(const sim_flash_t *flash, uint64_t *from, uint64_t *to)
{
    bool bp3 = flash_has_bp3(flash);
    bool bottom = !bp3 && (flash->status[0] & SIM_SR_TB) != 0;
    unsigned mask = bp3 ? SIM_SR_BP | SIM_SR_BP3 : SIM_SR_BP;
    unsigned bp = (flash->status[0] & mask) >> 2;
    uint64_t guarded = (bp3 ? SIM_FLASH_BLOCK : flash->size / 64u) << (bp > 0 ? bp - 1u : 0);
    if (bp == 0) {
        guarded = 0;
    } else if ((!bp3 && bp == 7) || guarded > flash->size) {
        guarded = flash->size;
    }
    *from = bottom ? 0 : flash->size - guarded;
    *to = *from + guarded;
}

/* CMP, which Macronix and ISSI have not, guards all that the bits leave free, and no more. */
static bool flash_protected(const sim_flash_t *flash, uint64_t addr, uint64_t count)
{
    uint64_t from, to;
    if (flash->misbooted) {
        return true;
    }
    flash_guarded(flash, &from, &to);
    if (!flash_has_bp3(flash) && (flash->status[1] & SIM_SR2_CMP) != 0) {
        return addr < from || addr + count > to;
    }
    return addr < to && addr + count > from;
}

static void flash_erase(sim_flash_t *flash, uint64_t addr, uint64_t count, uint64_t time_us,
                        uint64_t now_us)
{
    if ((flash->status[0] & SIM_SR_WEL) == 0) {
        return;
    }
    flash->status[0] &= (uint8_t)~SIM_SR_WEL;
    addr &= ~(count - 1u);
    if (flash_protected(flash, addr, count)) {
        return;
    }
    memset(flash->cells + addr, 0xFF, (size_t)count);
    flash->busy_until_us = now_us + time_us;
    if (count == flash->size) {
        flash_count(&flash->counters.chip_erases, 1);
    } else if (count == SIM_FLASH_SECTOR) {
        flash_count(&flash->counters.sector_erases, 1);
    } else {
        flash_count(&flash->counters.block_erases, 1);
    }
}

static void flash_program(sim_flash_t *flash, uint64_t addr, const uint8_t *out, size_t count,
                          uint64_t now_us)
{
    if ((flash->status[0] & SIM_SR_WEL) == 0 || count == 0) {
        return;
    }
    flash->status[0] &= (uint8_t)~SIM_SR_WEL;
    if (count > SIM_FLASH_PAGE) { /* the page buffer keeps the last 256 bytes */
        size_t lost = count - SIM_FLASH_PAGE;
        addr = (addr & ~UINT64_C(0xFF)) | ((addr + lost) & 0xFFu);
        out += lost;
        count = SIM_FLASH_PAGE;
    }
    uint64_t page = addr & ~UINT64_C(0xFF);
    if (flash_protected(flash, page, SIM_FLASH_PAGE)) {
        return;
    }
    bool blank = true;
    bool lie =
        flash->lying_write_every != 0 && ++flash->writes_tried % flash->lying_write_every == 0;
    for (size_t i = 0; i < count; i++) {
        blank = blank && out[i] == 0xFF;
        if (!lie) {
            flash->cells[page | ((addr + i) & 0xFFu)] &= out[i];
        }
    }
    flash->busy_until_us = now_us + (blank ? TIME_BLANK_PAGE_US : flash->times.page_program);
    flash_count(&flash->counters.page_programs, 1);
    flash_count(&flash->counters.bytes_programmed, count);
}

static void flash_write_status(sim_flash_t *flash, unsigned first, const sim_flash_io_t *io,
                               uint64_t now_us)
{
    if ((flash->status[0] & SIM_SR_WEL) == 0 && !flash->volatile_status) {
        return;
    }
    for (size_t i = 0; i < io->out_count && first + i < sizeof(flash->status); i++) {
        flash->status[first + i] = io->out[i];
    }
    flash->status[0] &= (uint8_t)~(SIM_SR_WEL | SIM_SR_WIP);
    flash->volatile_status = false;
    flash->busy_until_us = now_us + TIME_STATUS_US;
}

static void flash_read(const sim_flash_t *flash, uint64_t addr, const sim_flash_io_t *io)
{
    for (size_t i = 0; i < io->in_count; i++) {
        io->in[i] = flash->cells[(addr + i) & (flash->size - 1u)] ^ (flash->misbooted ? 0x10 : 0);
    }
}

/* Bytes that come before the answer when the caller clocks dummies as data. */
static size_t flash_skip(const sim_flash_io_t *io, unsigned bits_before_answer)
{
    unsigned clocked = io->addr_bits + io->dummy_bits;
    return clocked >= bits_before_answer ? 0 : (bits_before_answer - clocked) / 8u;
}

static void flash_answer_id(const sim_flash_t *flash, const sim_flash_io_t *io)
{
    uint32_t id = flash->jedec_id ^ (flash->misbooted ? 0xFFFFu : 0);
    static const uint8_t unique[8] = {0xD1, 0x64, 0xE3, 0x12, 0x5B, 0x27, 0x4A, 0x36};
    size_t skip = 0;
    switch (io->opcode) {
    case SIM_FLASH_RDID:
        for (size_t i = 0; i < io->in_count; i++) {
            io->in[i] = (uint8_t)(i < 3 ? id >> (8u * (2u - i)) : 0xFFu);
        }
        break;
    case 0x90: /* manufacturer and device, 24 address bits before */
    case 0xAB:
        skip = flash_skip(io, 24);
        for (size_t i = skip; i < io->in_count; i++) {
            bool maker = io->opcode == 0x90 && ((i - skip) & 1u) == 0;
            io->in[i] = maker ? (uint8_t)(flash->jedec_id >> 16)
                              : (uint8_t)((flash->jedec_id & 0xFFu) - 1u);
        }
        break;
    case SIM_FLASH_UNIQUE_ID:
        skip = flash_skip(io, 32);
        for (size_t i = skip; i < io->in_count; i++) {
            io->in[i] = unique[(i - skip) & 7u];
        }
        break;
    case SIM_FLASH_SFDP:
        skip = flash_skip(io, 32);
        for (size_t i = skip; i < io->in_count; i++) {
            io->in[i] = flash->no_sfdp ? 0
                                       : sim_flash_sfdp_byte(flash->size, flash->jedec_id,
                                                             io->addr + (uint32_t)(i - skip));
        }
        break;
    default:
        break;
    }
}

static bool flash_status_command(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us)
{
    uint8_t answer;
    bool busy = now_us < flash->busy_until_us;
    switch (io->opcode) {
    case SIM_FLASH_RDSR:
        answer = (uint8_t)(flash->status[0] | (busy ? SIM_SR_WIP | SIM_SR_WEL : 0));
        break;
    case 0x35:
        answer = flash->status[1];
        break;
    case 0x15:
        answer = flash->status[2];
        break;
    default:
        return false;
    }
    memset(io->in, answer, io->in_count);
    return true;
}

static void flash_reset(sim_flash_t *flash)
{
    flash->status[0] &= (uint8_t)~SIM_SR_WEL;
    flash->mode = SIM_FLASH_USUAL;
    flash->volatile_status = false;
}

void sim_flash_power_on(sim_flash_t *flash)
{
    flash_reset(flash);
    flash->reset_armed = false;
    flash->misbooted = flash->boots_wrong;
    flash->busy_until_us = flash->boots_until_us = 0;
}

static void flash_control_command(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us)
{
    switch (io->opcode) {
    case SIM_FLASH_WREN:
        flash->status[0] |= SIM_SR_WEL;
        break;
    case SIM_FLASH_WRDI:
        flash->status[0] &= (uint8_t)~SIM_SR_WEL;
        break;
    case 0x50:
        flash->volatile_status = true;
        break;
    case SIM_FLASH_WRSR:
        flash_write_status(flash, 0, io, now_us);
        break;
    case 0x31:
        flash_write_status(flash, 1, io, now_us);
        break;
    case 0x11:
        flash_write_status(flash, 2, io, now_us);
        break;
    case 0x99: /* software reset, if 66h came just before it */
        if (flash->reset_armed) {
            flash_reset(flash);
        }
        break;
    case 0xB7:
    case 0xE9:
        if (sim_flash_is_large(flash)) {
            flash->mode = io->opcode == 0xB7 ? SIM_FLASH_FOUR_BYTE : SIM_FLASH_USUAL;
        }
        break;
    case 0xB9:
        flash->mode = SIM_FLASH_POWER_DOWN;
        break;
    case 0x38: /* where QE is set; our parts keep it set */
        flash->mode = SIM_FLASH_QPI;
        break;
    default:
        flash_answer_id(flash, io);
        break;
    }
}

/* 3-byte opcodes see only 24 bits unless the flash was put into 4-byte mode. */
static uint64_t flash_address(const sim_flash_t *flash, const sim_flash_io_t *io, bool four_byte)
{
    uint32_t addr = io->addr;
    if (!four_byte && flash->mode != SIM_FLASH_FOUR_BYTE) {
        addr &= 0xFFFFFFu;
    }
    return addr & (flash->size - 1u);
}

/* Smaller parts have no opcodes with 4 address bytes. */
static bool flash_lacks(const sim_flash_t *flash, uint8_t opcode)
{
    static const uint8_t four_byte[] = {SIM_FLASH_FAST_READ_4B, SIM_FLASH_PP_4B,
                                        SIM_FLASH_READ_4B,      SIM_FLASH_SE_4B,
                                        SIM_FLASH_BE32_4B,      SIM_FLASH_BE64_4B};
    return !sim_flash_is_large(flash) && memchr(four_byte, opcode, sizeof(four_byte)) != NULL;
}

static bool flash_array_command(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us)
{
    uint64_t near = flash_address(flash, io, false);
    uint64_t far = flash_address(flash, io, true);
    switch (io->opcode) {
    case SIM_FLASH_READ:
    case SIM_FLASH_FAST_READ:
    case 0x3B:
    case 0x6B:
        flash_read(flash, near, io);
        return true;
    case SIM_FLASH_READ_4B:
    case SIM_FLASH_FAST_READ_4B:
        flash_read(flash, far, io);
        return true;
    case SIM_FLASH_PP:
        flash_program(flash, near, io->out, io->out_count, now_us);
        return true;
    case SIM_FLASH_PP_4B:
        flash_program(flash, far, io->out, io->out_count, now_us);
        return true;
    case SIM_FLASH_SE:
    case SIM_FLASH_SE_4B:
        flash_erase(flash, io->opcode == SIM_FLASH_SE ? near : far, SIM_FLASH_SECTOR,
                    flash->times.sector_erase, now_us);
        return true;
    case SIM_FLASH_BE32:
    case SIM_FLASH_BE32_4B:
        flash_erase(flash, io->opcode == SIM_FLASH_BE32 ? near : far, 32768, TIME_BLOCK32_US,
                    now_us);
        return true;
    case SIM_FLASH_BE64:
    case SIM_FLASH_BE64_4B:
        flash_erase(flash, io->opcode == SIM_FLASH_BE64 ? near : far, SIM_FLASH_BLOCK,
                    flash->times.block_erase, now_us);
        return true;
    case SIM_FLASH_CE:
    case SIM_FLASH_CE_ALT:
        flash_erase(flash, 0, flash->size, (flash->size * TIME_CHIP_US_PER_MB) >> 20, now_us);
        return true;
    default:
        return false;
    }
}

/* In the mode with 4 address bytes the flash takes what follows 3 of them for the fourth: nobody
 * drives the line in a read, and in a program it is the first byte of the data. An erase lacks it.
 */
static bool flash_shifted_command(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us)
{
    sim_flash_io_t seen = *io;
    seen.addr_bits = 32;
    switch (io->opcode) {
    case SIM_FLASH_READ:
    case SIM_FLASH_FAST_READ:
    case 0x3B:
    case 0x6B:
        seen.addr = io->addr << 8 | 0xFFu;
        if (io->in_count > 0) {
            seen.in++;
            seen.in_count--;
        }
        return flash_array_command(flash, &seen, now_us);
    case SIM_FLASH_PP:
        if (io->out_count > 0) {
            seen.addr = io->addr << 8 | io->out[0];
            seen.out++;
            seen.out_count--;
            (void)flash_array_command(flash, &seen, now_us);
        }
        return true;
    case SIM_FLASH_SE:
    case SIM_FLASH_BE32:
    case SIM_FLASH_BE64:
        return true;
    default:
        return flash_array_command(flash, io, now_us);
    }
}

/* Deeper, and back by booting anew. */
static void flash_ultra_down(sim_flash_t *flash, uint8_t opcode, uint64_t now_us)
{
    if (flash->mode == SIM_FLASH_POWER_DOWN && opcode == 0x79 &&
        sim_flash_is_xmc(flash->jedec_id)) {
        flash->mode = SIM_FLASH_ULTRA_DOWN;
    } else if (flash->mode == SIM_FLASH_ULTRA_DOWN && opcode == 0xFF) {
        flash->mode = SIM_FLASH_POWER_DOWN;
        flash->misbooted = false;
        flash->boots_until_us = now_us + TIME_XMC_BOOT_US;
    }
}

/* On one line a flash in QPI mode hears only what looks the same on four: FFh ends the mode. */
static bool flash_hears(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us)
{
    if (now_us < flash->boots_until_us) {
        return false;
    }
    flash_ultra_down(flash, io->opcode, now_us);
    bool wakes = (flash->mode == SIM_FLASH_POWER_DOWN && io->opcode == 0xAB) ||
                 (flash->mode == SIM_FLASH_QPI && io->opcode == 0xFF);
    bool heard = flash->mode == SIM_FLASH_USUAL || flash->mode == SIM_FLASH_FOUR_BYTE;
    if (wakes) {
        flash->mode = SIM_FLASH_USUAL;
    }
    return heard;
}

void sim_flash_transact(sim_flash_t *flash, const sim_flash_io_t *io, uint64_t now_us)
{
    if (io->in_count != 0) {
        memset(io->in, 0xFF, io->in_count); /* what an undriven line reads as */
    }
    if (flash->mute || !flash_hears(flash, io, now_us)) {
        return;
    }
    if (flash_status_command(flash, io, now_us) || now_us < flash->busy_until_us) {
        return;
    }
    bool shifted = flash->mode == SIM_FLASH_FOUR_BYTE && io->addr_bits == 24;
    if (!flash_lacks(flash, io->opcode) && !(shifted ? flash_shifted_command(flash, io, now_us)
                                                     : flash_array_command(flash, io, now_us))) {
        flash_control_command(flash, io, now_us);
    }
    flash->reset_armed = io->opcode == 0x66;
}
