/* restore_select.c: which bytes of the flash a restore is about. */
#include "partition_select.h"
#include "partition_table.h"
#include "restore_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_TEXT_BYTES 256

static eb_code_t no_such_name(const eb_partition_table_t *table, const char *path, const char *name,
                              eb_err_t *err)
{
    char names[NAMES_TEXT_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; table != NULL && i < table->count && used < sizeof(names); i++) {
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                                 table->entries[i].label);
    }
    if (table == NULL) {
        (void)eb_err_set(err, EB_ERR_USAGE,
                         "partition \"%s\": %s has no partition table to look it up in", name,
                         path);
        eb_err_hint(err, "say which part it is with --offset and --size");
    } else {
        (void)eb_err_set(err, EB_ERR_USAGE,
                         "partition \"%s\" is not in the table of %s, which has "
                         "%s",
                         name, path, names);
    }
    return EB_ERR_USAGE;
}

static const eb_partition_table_t *image_table(const eb_restore_job_t *job)
{
    const eb_backup_image_t *image = &job->image;

    if (image->table != NULL) {
        return image->table;
    }
    return image->sidecar != NULL && image->sidecar->table.present ? &image->sidecar->table : NULL;
}

static eb_code_t choose_names(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_partition_table_t *table = image_table(job);
    uint32_t boot = eb_session_chip(job->session)->bootloader_addr;

    for (size_t i = 0; i < job->options->partition_count; i++) {
        const char *name = job->options->partitions[i];
        int index = -1;
        eb_range_t range;
        if (table != NULL && eb_partition_find_one(table, name, &index, err) != EB_OK) {
            eb_err_hint(err, "say which one with --offset and --size");
            return EB_ERR_USAGE;
        }
        if (index >= 0) {
            range = (eb_range_t){table->entries[index].addr, table->entries[index].size};
        } else if (!eb_named_place(name, boot, job->table_addr, &range)) {
            return no_such_name(table, job->image.path, name, err);
        }
        if (range.addr < job->image.addr ||
            !eb_range_within(range.addr - job->image.addr, range.size, job->image.size_bytes)) {
            return eb_err_set(err, EB_ERR_USAGE,
                              "partition \"%s\" (0x%x + 0x%x) does not lie within %s (0x%x + "
                              "0x%llx)",
                              name, range.addr, range.size, job->image.path, job->image.addr,
                              (unsigned long long)job->image.size_bytes);
        }
        job->ranges[job->range_count++] = range;
    }
    return EB_OK;
}

static eb_code_t choose_range(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_backup_image_t *image = &job->image;
    uint64_t image_end = image->addr + image->size_bytes;
    uint64_t addr = image->addr, size = image->size_bytes;

    if (job->options->has_range) {
        addr = job->options->at_start ? addr : job->options->addr;
        size = job->options->size;
        size = size == 0 && addr < image_end ? image_end - addr : size;
    }
    if (size == 0 || addr < image->addr || addr + size > image_end) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "range 0x%llx + 0x%llx does not lie within %s (0x%x + 0x%llx)",
                          (unsigned long long)addr, (unsigned long long)size, image->path,
                          image->addr, (unsigned long long)image->size_bytes);
    }
    if (!eb_range_within(addr, size, job->flash_bytes)) {
        (void)eb_err_set(err, EB_ERR_REFUSED,
                         "0x%llx + 0x%llx of %s does not fit into the %llu bytes of the flash",
                         (unsigned long long)addr, (unsigned long long)size, image->path,
                         (unsigned long long)job->flash_bytes);
        eb_err_hint(err, "restore what fits: --partition NAME, or --offset and --size; if the "
                         "flash is larger than that, say so with --flash-size");
        return EB_ERR_REFUSED;
    }
    job->ranges[job->range_count++] = (eb_range_t){(uint32_t)addr, (uint32_t)size};
    return EB_OK;
}

eb_code_t eb_restore_choose(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_restore_options_t *options = job->options;

    if (options->partition_count > 0 && options->has_range) {
        return eb_err_set(err, EB_ERR_USAGE, "--partition and a range exclude each other");
    }
    job->ranges = calloc(options->partition_count + 1, sizeof(*job->ranges));
    if (job->ranges == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the ranges");
    }
    eb_code_t code = options->partition_count > 0 ? choose_names(job, err) : choose_range(job, err);
    if (code != EB_OK) {
        return code;
    }
    job->range_count = eb_ranges_join(job->ranges, job->range_count);
    const eb_range_t *last = &job->ranges[job->range_count - 1];
    if (eb_range_end(*last) > job->flash_bytes) {
        return eb_err_set(err, EB_ERR_REFUSED,
                          "0x%x + 0x%x of %s does not fit into the %llu bytes of the flash",
                          last->addr, last->size, job->image.path,
                          (unsigned long long)job->flash_bytes);
    }
    return EB_OK;
}
