/* restore_range.c: which bytes of the flash a restore is about, and what shall be in them. */
#include "partition_table.h"
#include "partition_types.h"
#include "range.h"
#include "rescue.h"
#include "restore_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGES_PER_RANGE  2u
#define READS_MAX        5 /* until two are equal, on a chip without digests */
#define NAMES_TEXT_BYTES 256

/* -- choosing -------------------------------------------------------------------------------- */

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

bool eb_named_place(const char *name, uint32_t boot, uint32_t table_addr, eb_range_t *out)
{
    if (strcmp(name, "bootloader") == 0 && boot < table_addr) {
        *out = (eb_range_t){boot, table_addr - boot};
        return true;
    }
    if (strcmp(name, "partition_table") == 0 || strcmp(name, "partition-table") == 0) {
        *out = (eb_range_t){table_addr, EB_SECTOR_BYTES};
        return true;
    }
    return false;
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

/* -- whole sectors --------------------------------------------------------------------------- */

/* Proved by the chip's digest; without one two reads have to agree. */
static eb_code_t read_edge(eb_restore_job_t *job, eb_edge_t *edge, eb_err_t *err)
{
    uint8_t again[EB_SECTOR_BYTES];
    eb_code_t code = eb_retry_read(&job->retry, edge->addr, EB_SECTOR_BYTES, edge->bytes, err);

    for (int i = 1; code == EB_OK && !eb_session_has_digest(job->session); i++) {
        code = eb_retry_read(&job->retry, edge->addr, EB_SECTOR_BYTES, again, err);
        if (code == EB_OK && memcmp(again, edge->bytes, EB_SECTOR_BYTES) == 0) {
            return EB_OK;
        }
        memcpy(edge->bytes, again, EB_SECTOR_BYTES);
        if (code == EB_OK && i == READS_MAX) {
            code = eb_err_set(err, EB_ERR_UNPROVED, "no two equal reads of 0x%x", edge->addr);
        }
    }
    return code;
}

static eb_code_t add_edge(eb_restore_job_t *job, uint64_t border, eb_err_t *err)
{
    uint32_t addr = (uint32_t)(border - border % EB_SECTOR_BYTES);

    if (border % EB_SECTOR_BYTES == 0 ||
        (job->edge_count > 0 && job->edges[job->edge_count - 1].addr == addr)) {
        return EB_OK;
    }
    eb_edge_t *edge = &job->edges[job->edge_count++];
    edge->addr = addr;
    eb_code_t code = read_edge(job, edge, err);
    return code == EB_OK ? eb_rescue_recall(job, edge, err) : code;
}

static eb_code_t round_all(eb_restore_job_t *job, eb_err_t *err)
{
    for (size_t i = 0; i < job->range_count; i++) {
        eb_range_t range = job->ranges[i];
        uint64_t start = range.addr - range.addr % EB_SECTOR_BYTES;
        uint64_t end = eb_range_end(range) + EB_SECTOR_BYTES - 1;
        end -= end % EB_SECTOR_BYTES;
        job->sectors[job->sector_count++] = (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
        eb_code_t code = add_edge(job, range.addr, err);
        if (code == EB_OK) {
            code = add_edge(job, eb_range_end(range), err);
        }
        if (code != EB_OK) {
            return code;
        }
    }
    job->sector_count = eb_ranges_join(job->sectors, job->sector_count);
    return EB_OK;
}

eb_code_t eb_restore_round(eb_restore_job_t *job, eb_err_t *err)
{
    if (job->flash_bytes % EB_SECTOR_BYTES != 0 || job->flash_bytes > UINT32_MAX) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "a flash of %llu bytes cannot be written",
                          (unsigned long long)job->flash_bytes);
    }
    job->sectors = calloc(job->range_count, sizeof(*job->sectors));
    job->edges = calloc(job->range_count * EDGES_PER_RANGE, sizeof(*job->edges));
    if (job->sectors == NULL || job->edges == NULL) {
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

static void copy_edges(const eb_restore_job_t *job, eb_range_t wanted, uint8_t *bytes)
{
    for (size_t i = 0; i < job->edge_count; i++) {
        const eb_edge_t *edge = &job->edges[i];
        eb_range_t part = eb_range_common((eb_range_t){edge->addr, EB_SECTOR_BYTES}, wanted);
        if (part.size > 0) {
            memcpy(bytes + (part.addr - wanted.addr), edge->bytes + (part.addr - edge->addr),
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

eb_code_t eb_restore_wanted(void *user, uint32_t addr, uint32_t size, uint8_t *bytes, eb_err_t *err)
{
    const eb_restore_job_t *job = user;
    eb_range_t wanted = {addr, size};

    memset(bytes, 0xFF, size);
    copy_edges(job, wanted, bytes);
    for (size_t i = 0; i < job->range_count; i++) {
        eb_range_t part = eb_range_common(job->ranges[i], wanted);
        if (part.size == 0) {
            continue;
        }
        eb_code_t code = eb_backup_image_read(&job->image, part.addr, bytes + (part.addr - addr),
                                              part.size, err);
        if (code != EB_OK) {
            return code;
        }
    }
    patch_header(job, wanted, bytes);
    return EB_OK;
}

/* -- the order ------------------------------------------------------------------------------- */

static size_t add_area(eb_range_t *areas, size_t count, uint64_t start, uint64_t end)
{
    if (start < end) {
        areas[count++] = (eb_range_t){(uint32_t)start, (uint32_t)(end - start)};
    }
    return count;
}

static eb_range_t ota_data(const eb_restore_job_t *job, uint64_t main_start)
{
    const eb_layout_t *layout = job->after != NULL ? job->after : job->board;
    int index = layout->table.present
                    ? eb_partition_of_type(&layout->table, EB_PART_DATA, EB_PART_DATA_OTA)
                    : -1;

    if (index >= 0) {
        const eb_partition_t *entry = &layout->table.entries[index];
        if (entry->addr >= main_start && entry->addr % EB_SECTOR_BYTES == 0 &&
            entry->size % EB_SECTOR_BYTES == 0 &&
            eb_range_within(entry->addr, entry->size, job->flash_bytes)) {
            return (eb_range_t){entry->addr, entry->size};
        }
    }
    return (eb_range_t){(uint32_t)main_start, 0};
}

/*
 * What is looked at first at boot is written last: ROM -> bootloader -> partition table -> OTA data
 * -> app. A restore cut short leaves the old chain in front of new apps, and the old bootloader
 * checks an app before it starts it, so that half an app is not run. Of the bootloader the sector
 * with the header comes last: on a blank board the ROM does not find one before it is whole, and a
 * mix of old and new fails the ROM's own check. A board without bootloader waits in its loader for
 * the second try.
 */
size_t eb_restore_areas(const eb_restore_job_t *job, eb_range_t areas[EB_RESTORE_AREAS_MAX])
{
    uint64_t boot = eb_session_chip(job->session)->bootloader_addr;
    uint64_t table = job->table_addr, main_start = table + EB_SECTOR_BYTES;
    size_t n = 0;

    if (boot % EB_SECTOR_BYTES != 0 || table % EB_SECTOR_BYTES != 0 ||
        table < boot + EB_SECTOR_BYTES || main_start > job->flash_bytes) {
        return add_area(areas, n, 0, job->flash_bytes);
    }
    eb_range_t ota = ota_data(job, main_start);
    n = add_area(areas, n, main_start, ota.addr);
    n = add_area(areas, n, eb_range_end(ota), job->flash_bytes);
    n = add_area(areas, n, ota.addr, eb_range_end(ota));
    n = add_area(areas, n, table, main_start);
    n = add_area(areas, n, 0, boot);
    n = add_area(areas, n, boot + EB_SECTOR_BYTES, table);
    n = add_area(areas, n, boot, boot + EB_SECTOR_BYTES);
    return n;
}
