/* restore_select.c: which bytes of the flash a restore is about, and what the board has. */
#include "partition_lookup.h"
#include "partition_table.h"
#include "refuse.h"
#include "restore_job.h"

#include <stdlib.h>

/* Where the image brings its own table, that of the board is but told of: it is not searched. */
eb_code_t eb_restore_look_at_board(eb_restore_job_t *job, eb_err_t *err)
{
    if (job->into != NULL) {
        return EB_OK;
    }
    if (eb_refuse_download_mode(job->session, err) != EB_OK) {
        return EB_ERR_UNSUPPORTED;
    }
    bool comes_along =
        job->image.table != NULL &&
        eb_ranges_hold(job->ranges, job->range_count, job->table_addr, EB_PARTITION_TABLE_BYTES);
    eb_layout_source_t source =
        eb_layout_of_board(&job->retry, comes_along ? job->table_addr : job->options->table_addr);

    eb_code_t code = eb_layout_search(&source, job->ev, &job->board, err);
    if (code == EB_OK && job->image.table == NULL && job->board.table.present) {
        job->table_addr = job->board.table.addr;
    }
    return code;
}

static eb_code_t add_range(eb_restore_job_t *job, uint64_t addr, uint64_t size, eb_err_t *err)
{
    const eb_backup_image_t *image = &job->image;

    if (size == 0 || !eb_backup_image_holds(image, addr, size)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "range 0x%llx + 0x%llx does not lie within %s (0x%x + 0x%llx)",
                          (unsigned long long)addr, (unsigned long long)size, image->path,
                          image->addr, (unsigned long long)image->size_bytes);
    }
    if (!eb_range_within(addr, size, job->flash_bytes)) {
        return eb_err_set_reason(
            err, EB_ERR_REFUSED, EB_REASON_RESTORE_PART,
            "0x%llx + 0x%llx of %s does not fit into the %llu bytes of the flash",
            (unsigned long long)addr, (unsigned long long)size, image->path,
            (unsigned long long)job->flash_bytes);
    }
    eb_code_t code = eb_session_check_range(job->session, addr, size, err);
    if (code != EB_OK) {
        return code;
    }
    job->ranges[job->range_count++] = (eb_range_t){(uint32_t)addr, (uint32_t)size};
    return EB_OK;
}

static eb_code_t choose_names(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_partition_table_t *table = eb_backup_image_table(&job->image);
    const eb_lookup_t lookup = {table != NULL ? table : &job->image.layout.table, job->image.path,
                                job->table_addr, eb_session_chip(job->session)->bootloader_addr,
                                job->image.sidecar == NULL};
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < job->options->partition_count && code == EB_OK; i++) {
        eb_part_choice_t found;
        code = eb_partition_lookup(&lookup, job->options->partitions[i], &found, NULL, err);
        if (code == EB_OK &&
            (code = add_range(job, found.range.addr, found.range.size, err)) != EB_OK) {
            (void)eb_err_wrap(err, "partition \"%s\"", job->options->partitions[i]);
        }
    }
    return code;
}

static eb_code_t choose_range(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_backup_image_t *image = &job->image;
    uint64_t image_end = image->addr + image->size_bytes;
    uint64_t addr = image->addr, size = image->size_bytes;

    if (job->options->has_range) {
        addr = job->options->at_start ? addr : job->options->addr;
        size = job->options->size == 0 && addr < image_end ? image_end - addr : job->options->size;
    }
    return add_range(job, addr, size, err);
}

eb_code_t eb_restore_choose(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_restore_options_t *options = job->options;

    if (job->into != NULL) {
        return EB_OK;
    }
    if (options->partition_count > 0 && options->has_range) {
        return eb_err_set(err, EB_ERR_USAGE, "partitions and a range exclude each other");
    }
    job->ranges = calloc(options->partition_count + 1, sizeof(*job->ranges));
    if (job->ranges == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the ranges");
    }
    eb_code_t code = options->partition_count > 0 ? choose_names(job, err) : choose_range(job, err);
    if (code == EB_OK && options->erase_all) {
        code = eb_session_check_range(job->session, 0, job->flash_bytes, err);
    }
    job->range_count = code == EB_OK ? eb_ranges_join(job->ranges, job->range_count) : 0;
    return code;
}
