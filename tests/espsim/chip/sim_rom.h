/*
 * sim_rom.h: the ROM loader's state, shared by sim_rom.c (framing, dispatch, memory, registers) and
 * sim_rom_flash.c (flash commands).
 */
#ifndef ESPSIM_SIM_ROM_H
#define ESPSIM_SIM_ROM_H

#include "sim_chip_internal.h"
#include "sim_inflate.h"

/* Second status byte of a refused command; names as host tools print them. */
enum sim_rom_error {
    SIM_ROM_OK = 0,
    SIM_ROM_INVALID_MESSAGE = 5,
    SIM_ROM_FAILED_TO_ACT = 6,
    SIM_ROM_INVALID_CRC = 7,
    SIM_ROM_FLASH_WRITE = 8,
    SIM_ROM_FLASH_READ = 9,
    SIM_ROM_FLASH_READ_LENGTH = 0x0A,
    SIM_ROM_DEFLATE = 0x0B
};

enum { SIM_ROM_FRAME_MAX = 0x4000 + 64, SIM_ROM_REPLY_MAX = 64 };

typedef struct sim_rom {
    sim_chip_t *chip;
    uint8_t frame[SIM_ROM_FRAME_MAX];
    size_t frame_count;

    uint8_t op;     /* of the last command that was understood; a refusal is sent under it */
    uint32_t value; /* goes into every reply: the last register read, or SYNC's first word */

    const uint8_t *args; /* of the running command */
    size_t arg_count;
    uint32_t checksum;
    uint8_t reply[SIM_ROM_REPLY_MAX];
    size_t reply_count;

    /* RAM or flash transfer */
    bool mem_open, flash_open, deflate_open;
    uint32_t block_bytes, next_block, blocks, addr, left;
    uint32_t new_baud; /* after the reply */
    bool leave;        /* the loader ends: jump to `entry`, or boot when it is 0 */
    uint32_t entry;
    uint32_t called; /* by a pointer in RAM that the host has changed; nothing is answered */
    sim_inflate_t inflate;
} sim_rom_t;

static inline uint32_t sim_rom_arg(const sim_rom_t *rom, size_t index)
{
    return sim_le32(rom->args + 4u * index);
}

/* Header of MEM_DATA, FLASH_DATA and FLASH_DEFL_DATA: length, sequence number, two zeros; then the
 * data, which `checksum` covers. */
enum sim_rom_error sim_rom_check_data(const sim_rom_t *rom, const uint8_t **data, size_t *count);

enum sim_rom_error sim_rom_flash_begin(sim_rom_t *rom);
enum sim_rom_error sim_rom_flash_data(sim_rom_t *rom);
enum sim_rom_error sim_rom_flash_end(sim_rom_t *rom);
enum sim_rom_error sim_rom_defl_begin(sim_rom_t *rom);
enum sim_rom_error sim_rom_defl_data(sim_rom_t *rom);
enum sim_rom_error sim_rom_defl_end(sim_rom_t *rom);
enum sim_rom_error sim_rom_spi_set_params(sim_rom_t *rom);
enum sim_rom_error sim_rom_spi_attach(sim_rom_t *rom);
enum sim_rom_error sim_rom_flash_md5(sim_rom_t *rom);
enum sim_rom_error sim_rom_read_slow(sim_rom_t *rom);

#endif
