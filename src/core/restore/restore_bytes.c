/* restore_bytes.c: whole sectors around the ranges of a restore, and what shall be in them. */
#include "restore_job.h"
#include "sector_save.h"

#include <stdlib.h>
#include <string.h>

#define PARTIALS_PER_RANGE 2u

static eb_code_t add_partial(eb_restore_job_t *job, uint64_t border, eb_err_t *err)
{
    uint32_t addr = (uint32_t)(border - border % EB_SECTOR_BYTES);

    if (border % EB_SECTOR_BYTES == 0 ||
        (job->partial_count > 0 && job->partials[job->partial_count - 1].addr == addr)) {
        return EB_OK;
    }
    eb_partial_sector_t *partial = &job->partials[job->partial_count++];
    partial->addr = addr;
    eb_code_t code = eb_retry_read(&job->retry, addr, EB_SECTOR_BYTES, partial->bytes, err);
    return code == EB_OK ? eb_sector_save_recall(job, partial, err) : code;
}

static eb_code_t round_all(eb_restore_job_t *job, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < job->range_count && code == EB_OK; i++) {
        eb_range_t range = job->ranges[i];
        uint64_t start = range.addr - range.addr % EB_SECTOR_BYTES;
        uint64_t end = eb_range_end(range) + EB_SECTOR_BYTES - 1;
        end -= end % EB_SECTOR_BYTES;
        job->sectors[job->sector_count++] = (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
        if ((code = add_partial(job, range.addr, err)) == EB_OK) {
            code = add_partial(job, eb_range_end(range), err);
        }
    }
    job->sector_count = eb_ranges_join(job->sectors, job->sector_count);
    return code;
}

eb_code_t eb_restore_round(eb_restore_job_t *job, eb_err_t *err)
{
    if (job->flash_bytes % EB_SECTOR_BYTES != 0 || job->flash_bytes > UINT32_MAX) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "a flash of %llu bytes cannot be written",
                          (unsigned long long)job->flash_bytes);
    }
    job->sectors = calloc(job->range_count, sizeof(*job->sectors));
    job->partials = calloc(job->range_count * PARTIALS_PER_RANGE, sizeof(*job->partials));
    if (job->sectors == NULL || job->partials == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the ranges");
    }
    if (job->options->erase_all) {
        job->sectors[0] = (eb_range_t){0, (uint32_t)job->flash_bytes};
        job->sector_count = 1;
        return EB_OK;
    }
    return round_all(job, err);
}

/* -- what is wanted -------------------------------------------------------------------------- */

static void copy_partials(const eb_restore_job_t *job, eb_range_t wanted, uint8_t *bytes)
{
    for (size_t i = 0; i < job->partial_count; i++) {
        const eb_partial_sector_t *partial = &job->partials[i];
        eb_range_t part = eb_range_common((eb_range_t){partial->addr, EB_SECTOR_BYTES}, wanted);
        if (part.size > 0) {
            memcpy(bytes + (part.addr - wanted.addr), partial->bytes + (part.addr - partial->addr),
                   part.size);
        }
    }
}

static void patch_header(const eb_restore_job_t *job, eb_range_t wanted, uint8_t *bytes)
{
    uint32_t boot = eb_session_chip(job->session)->bootloader_addr;
    uint32_t start = wanted.addr > boot ? wanted.addr : boot;

    if (job->patch.changed && start < eb_range_end(wanted)) {
        eb_header_patch_apply(&job->patch, start - boot, bytes + (start - wanted.addr),
                              wanted.size - (start - wanted.addr));
    }
}

/* Of a partition the file may hold the beginning only: the rest is erased. */
static eb_code_t copy_image(const eb_restore_job_t *job, eb_range_t part, uint8_t *bytes,
                            eb_err_t *err)
{
    const eb_range_t held =
        eb_range_common(part, (eb_range_t){job->image.addr, (uint32_t)job->image.size_bytes});

    if (job->into == NULL) {
        return eb_backup_image_read(&job->image, part.addr, bytes, part.size, err);
    }
    memset(bytes, 0xFF, part.size);
    return held.size > 0 ? eb_backup_image_read(&job->image, held.addr, bytes, held.size, err)
                         : EB_OK;
}

eb_code_t eb_restore_wanted(void *user, uint32_t addr, uint32_t size, uint8_t *bytes, eb_err_t *err)
{
    const eb_restore_job_t *job = user;
    eb_range_t wanted = {addr, size};
    eb_code_t code = EB_OK;

    memset(bytes, 0xFF, size);
    copy_partials(job, wanted, bytes);
    for (size_t i = 0; i < job->range_count && code == EB_OK; i++) {
        eb_range_t part = eb_range_common(job->ranges[i], wanted);
        if (part.size > 0) {
            code = copy_image(job, part, bytes + (part.addr - addr), err);
        }
    }
    patch_header(job, wanted, bytes);
    return code;
}
