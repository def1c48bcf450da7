/* sim_flash_impl.h: the state of a flash; for sim_flash.c and sim_flash_make.c. */
#ifndef ESPSIM_SIM_FLASH_IMPL_H
#define ESPSIM_SIM_FLASH_IMPL_H

#include "sim_flash.h"

struct sim_flash {
    uint8_t *cells;
    uint64_t size;
    uint32_t jedec_id;
    bool mapped, no_sfdp, mute;
    bool boots_wrong, misbooted; /* at each power-on; now */
    sim_flash_mode_t mode;
    bool reset_armed; /* 66h was the last command */
    bool volatile_status;
    uint8_t status[3];
    uint64_t busy_until_us;
    uint64_t boots_until_us;
    uint32_t lying_write_every;
    uint64_t writes_tried;
    sim_flash_times_t times;
    sim_flash_counters_t counters;
};

static inline bool sim_flash_is_xmc(uint32_t jedec_id)
{
    return jedec_id >> 16 == 0x20;
}

extern const sim_flash_times_t sim_flash_usual_times;

/* More than 16 MB: it has opcodes, and a mode, with 4 address bytes. */
static inline bool sim_flash_is_large(const sim_flash_t *flash)
{
    return flash->size > UINT64_C(16) << 20;
}

#endif
