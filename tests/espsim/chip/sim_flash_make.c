/* sim_flash_make.c: making a flash, of a file or in memory. */
#include "sim_flash_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Capacity byte of RDID: log2 of the size, but Winbond counts on from 20h above 32 MB. */
static uint32_t flash_default_id(uint64_t size)
{
    uint32_t log2_size = 0;
    while ((UINT64_C(1) << log2_size) < size) {
        log2_size++;
    }
    return 0xEF4000u | (log2_size > 25u ? log2_size - 26u + 0x20u : log2_size);
}

static bool flash_extend(int fd, uint64_t from, uint64_t to)
{
    uint8_t blank[SIM_FLASH_SECTOR];
    memset(blank, 0xFF, sizeof(blank));
    while (from < to) {
        uint64_t left = to - from;
        size_t count = left < sizeof(blank) ? (size_t)left : sizeof(blank);
        ssize_t wrote = pwrite(fd, blank, count, (off_t)from);
        if (wrote <= 0) {
            return false;
        }
        from += (uint64_t)wrote;
    }
    return true;
}

static bool flash_map(sim_flash_t *flash, const char *path, char *why, size_t why_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(why, why_size, "cannot open flash file %s", path);
        goto fail;
    }
    uint64_t have = (uint64_t)st.st_size;
    if (flash->size == 0) {
        flash->size = have != 0 ? have : UINT64_C(4) << 20;
    }
    if (have > flash->size) {
        snprintf(why, why_size, "flash file %s is larger than the flash", path);
        goto fail;
    }
    if ((flash->size & (flash->size - 1u)) != 0 || flash->size < SIM_FLASH_BLOCK) {
        snprintf(why, why_size, "flash size %llu is not a power of two of 64 KB or more",
                 (unsigned long long)flash->size);
        goto fail;
    }
    if (!flash_extend(fd, have, flash->size)) {
        snprintf(why, why_size, "cannot make flash file %s as large as the flash", path);
        goto fail;
    }
    void *map = mmap(NULL, (size_t)flash->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        snprintf(why, why_size, "cannot map flash file %s", path);
        goto fail;
    }
    close(fd);
    flash->cells = map;
    flash->mapped = true;
    return true;
fail:
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

static bool flash_allocate(sim_flash_t *flash, char *why, size_t why_size)
{
    if (flash->size == 0) {
        flash->size = UINT64_C(4) << 20;
    }
    if ((flash->size & (flash->size - 1u)) != 0 || flash->size < SIM_FLASH_BLOCK) {
        snprintf(why, why_size, "flash size %llu is not a power of two of 64 KB or more",
                 (unsigned long long)flash->size);
        return false;
    }
    flash->cells = malloc((size_t)flash->size);
    if (flash->cells == NULL) {
        snprintf(why, why_size, "out of memory for the flash");
        return false;
    }
    memset(flash->cells, 0xFF, (size_t)flash->size);
    return true;
}

sim_flash_t *sim_flash_new(const sim_flash_config_t *config, char *why, size_t why_size)
{
    sim_flash_t *flash = calloc(1, sizeof(*flash));
    if (flash == NULL) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    flash->size = config->size;
    flash->no_sfdp = config->no_sfdp;
    flash->mute = config->mute;
    flash->boots_wrong = flash->misbooted = config->mode == SIM_FLASH_MISBOOTED;
    flash->mode = flash->misbooted ? SIM_FLASH_USUAL : config->mode;
    flash->status[0] = (uint8_t)config->status;
    flash->status[1] = (uint8_t)(config->status >> 8);
    flash->lying_write_every = config->lying_write_every;
    sim_flash_set_times(flash, &sim_flash_usual_times);
    flash->busy_until_us = config->busy_until_us;
    bool ok = config->path != NULL ? flash_map(flash, config->path, why, why_size)
                                   : flash_allocate(flash, why, why_size);
    if (!ok) {
        free(flash);
        return NULL;
    }
    if (flash->mode == SIM_FLASH_FOUR_BYTE && !sim_flash_is_large(flash)) {
        snprintf(why, why_size, "a flash of 16 MB or less has no mode with 4 address bytes");
        sim_flash_free(flash);
        return NULL;
    }
    flash->jedec_id = config->jedec_id != 0 ? config->jedec_id : flash_default_id(flash->size);
    if (flash->misbooted && !sim_flash_is_xmc(flash->jedec_id)) {
        snprintf(why, why_size, "only a flash of XMC (--jedec 20....) starts mis-booted");
        sim_flash_free(flash);
        return NULL;
    }
    return flash;
}

void sim_flash_free(sim_flash_t *flash)
{
    if (flash == NULL) {
        return;
    }
    if (flash->mapped) {
        msync(flash->cells, (size_t)flash->size, MS_SYNC);
        munmap(flash->cells, (size_t)flash->size);
    } else {
        free(flash->cells);
    }
    free(flash);
}
