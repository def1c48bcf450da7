/* op_restore.c: put a backup back: check, compare, ask, change what differs, verify it. */
#include "clock.h"
#include "espbackup/ops.h"
#include "flash_layout.h"
#include "partition_types.h"
#include "paths.h"
#include "range.h"
#include "refuse.h"
#include "restore_job.h"
#include "sector_save.h"

#include <stdlib.h>
#include <string.h>

void eb_restore_result_free(eb_restore_result_t *result)
{
    if (result != NULL) {
        eb_spans_free(&result->spans);
        eb_diff_stores_free(&result->stores);
    }
}

/* -- preparing ------------------------------------------------------------------------------- */

static eb_code_t open_image(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_restore_options_t *options = job->options;
    eb_err_t why = {0};
    const eb_image_request_t request = {.backup = options->backup,
                                        .dir = options->dir,
                                        .has_address = options->has_address,
                                        .address = options->address,
                                        .table_addr = options->table_addr};
    eb_code_t code = eb_backup_image_open(&request, job->ev, &job->image, &why);

    if ((code == EB_ERR_IMAGE_INVALID || code == EB_ERR_SIDECAR_INVALID) && why.hint[0] == '\0') {
        eb_err_reason(&why, EB_REASON_WITHOUT_SIDECAR);
    }
    if (code != EB_OK) {
        return eb_err_copy(err, &why);
    }
    eb_path_tell_unsafe(job->image.path, job->image.fd, job->ev);
    job->table_addr = options->table_addr != 0   ? options->table_addr
                      : job->image.table != NULL ? job->image.table->addr
                                                 : EB_PARTITION_TABLE_ADDR;
    return EB_OK;
}

static bool read_program(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    const eb_restore_job_t *job = user;
    uint32_t boot = eb_session_chip(job->session)->bootloader_addr;

    return eb_backup_image_read(&job->image, boot + offset, bytes, count, NULL) == EB_OK;
}

/* The only thing that makes written bytes differ from those of the file, and only if asked for. */
static eb_code_t make_patch(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_flash_settings_t settings = {job->options->flash_mode, job->options->flash_freq,
                                          job->options->flash_size};
    const eb_chip_info_t *chip = eb_session_chip(job->session);
    uint32_t limit = 0;

    if (!eb_flash_settings_any(&settings)) {
        return EB_OK;
    }
    for (size_t i = 0; i < job->range_count; i++) {
        if (eb_range_holds(job->ranges[i], chip->bootloader_addr, EB_SECTOR_BYTES)) {
            limit = (uint32_t)(eb_range_end(job->ranges[i]) - chip->bootloader_addr);
        }
    }
    if (limit == 0) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "flash mode, frequency and size stand in the bootloader at 0x%x, which "
                          "is not restored here",
                          chip->bootloader_addr);
    }
    eb_code_t code =
        eb_header_patch_make(read_program, job, limit, chip->chip_id, &settings, &job->patch, err);
    if (code != EB_OK) {
        return eb_err_wrap(err, "bootloader at 0x%x of %s", chip->bootloader_addr, job->image.path);
    }
    if (job->patch.changed) {
        eb_event_note(job->ev, EB_LEVEL_NOTE,
                      "the bootloader's header gets other flash settings (0x%02x%02x)%s: these "
                      "bytes differ from the backup",
                      job->patch.settings[0], job->patch.settings[1],
                      job->patch.has_hash ? " and a new hash" : "");
    }
    return EB_OK;
}

static eb_code_t prepare(eb_restore_job_t *job, eb_restore_result_t *result, eb_err_t *err)
{
    static eb_code_t (*const steps[])(eb_restore_job_t *job, eb_err_t *err) = {
        open_image,
        eb_restore_find_partition,
        eb_restore_check_place,
        eb_restore_check_chip,
        eb_restore_choose,
        eb_restore_check_mac,
        eb_restore_check_security,
        eb_restore_look_at_board,
        eb_restore_check_content,
        eb_restore_round,
        make_patch,
        eb_restore_check_names,
        eb_restore_check_table,
    };
    bool all = job->options->erase_all;
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < EB_COUNT_OF(steps) && code == EB_OK; i++) {
        code = steps[i](job, err);
        if (i == 0 && code == EB_OK) {
            memcpy(result->image_path, job->image.path, sizeof(result->image_path));
        }
    }
    if (job->range_count > 0) {
        result->addr = all ? 0 : job->ranges[0].addr;
        result->size_bytes =
            all ? job->flash_bytes : eb_ranges_bytes(job->ranges, job->range_count);
    }
    if (job->into != NULL) {
        memcpy(result->into, job->into->label, sizeof(result->into));
        result->rest_bytes = job->into->size - job->image.size_bytes;
    }
    result->header_changed = job->patch.changed;
    return code;
}

/* -- asking ---------------------------------------------------------------------------------- */

static eb_code_t ask(eb_restore_job_t *job, const eb_restore_result_t *result,
                     const eb_write_engine_t *engine, eb_err_t *err)
{
    const eb_sidecar_t *sidecar = job->image.sidecar;
    const eb_layout_t *after = job->table_changes ? &job->after : NULL;
    const eb_change_plan_t plan = {
        .source = job->image.path,
        .into = job->into,
        .rest_bytes = result->rest_bytes,
        .addr = result->addr,
        .size_bytes = result->size_bytes,
        .spans = &engine->spans,
        .skipped_bytes = engine->ahead.skipped_bytes,
        .board_table = &job->board.table,
        .image_table = after != NULL ? &after->table : NULL,
        .board_boot = job->board.table.present ? &job->board.boot : NULL,
        .image_boot = after != NULL && after->table.present ? &after->boot : NULL,
        .image_chip = sidecar != NULL ? &sidecar->chip : NULL,
        .image_created_utc = sidecar != NULL ? sidecar->created_utc : NULL,
        .stores = job->options->dry_run ? &result->stores : NULL,
        .other_mac = job->other_mac,
        .encrypted = eb_session_chip(job->session)->security.flash_encryption == EB_YES,
    };

    return eb_refuse_unconfirmed(job->options->confirm, job->options->confirm_user, &plan, err);
}

static eb_code_t back_up_first(eb_restore_job_t *job, eb_restore_result_t *result, eb_err_t *err)
{
    const eb_backup_options_t options = {
        .dir = job->options->dir,
        .note = "made before a restore",
        .table_addr = job->options->table_addr,
    };
    eb_backup_result_t backup;
    eb_code_t code = eb_op_backup(job->session, &options, job->ev, &backup, NULL, err);

    if (code == EB_OK) {
        memcpy(result->first_backup_path, backup.image_path, sizeof(result->first_backup_path));
    } else {
        (void)eb_err_wrap(err, "the backup before the restore failed, nothing was changed");
    }
    return code;
}

/* -- the whole ------------------------------------------------------------------------------- */

/* Now that "latest" is what was on the board, the same command would restore that. */
static void name_the_image(const eb_restore_job_t *job, const eb_restore_result_t *result,
                           eb_err_t *err)
{
    if (err != NULL && err->code == EB_ERR_UNFINISHED && result->first_backup_path[0] != '\0') {
        eb_err_hint(err, "%s", job->image.path);
        eb_err_reason(err, EB_REASON_FINISH_NAMED);
    }
}

/* The keys are for this only, because they must be read from the board. */
static eb_code_t try_out(eb_restore_job_t *job, const eb_write_engine_t *engine,
                         eb_restore_result_t *result, eb_err_t *err)
{
    const eb_board_stores_t board = {&job->retry, &engine->spans, eb_restore_wanted, job, false};
    const eb_partition_table_t *table =
        job->table_changes && job->after.table.present ? &job->after.table : &job->board.table;

    eb_code_t code = eb_difference_stores_of_board(&board, table, job->ev, &result->stores, err);
    if (code == EB_OK) {
        (void)ask(job, result, engine, NULL); /* the answer does not count */
    }
    return code;
}

static eb_code_t change(eb_restore_job_t *job, eb_write_engine_t *engine,
                        eb_restore_result_t *result, eb_err_t *err)
{
    bool differs = eb_spans_bytes(&engine->spans, EB_SPAN_OLD) > 0;
    eb_code_t code = eb_restore_check_change(job, &engine->spans, err);

    if (code == EB_OK && job->options->dry_run) {
        return try_out(job, engine, result, err);
    }
    if (code != EB_OK || (code = ask(job, result, engine, err)) != EB_OK) {
        return code;
    }
    if (job->options->backup_first && differs) {
        code = back_up_first(job, result, err);
    }
    if (code == EB_OK && (code = eb_sector_save_save(job, &engine->spans, err)) == EB_OK) {
        code = eb_write_engine_run(engine, err);
        eb_sector_save_drop(job->session, job->options->dir, &engine->spans);
        name_the_image(job, result, err);
    }
    return code;
}

static eb_code_t restore(eb_restore_job_t *job, eb_restore_result_t *result, eb_err_t *err)
{
    eb_range_t areas[EB_RESTORE_AREAS_MAX];
    eb_write_engine_t engine;
    eb_code_t code = eb_write_engine_init(&engine, job->session, job->ev, err);

    if (code == EB_OK) {
        engine.wanted = eb_restore_wanted;
        engine.wanted_user = job;
        engine.may_skip = !job->options->dry_run; /* which is to tell all that differs */
        engine.area_count = eb_restore_areas(job, areas);
        engine.areas = areas;
        code = eb_write_engine_compare(&engine, job->sectors, job->sector_count, err);
    }
    if (code == EB_OK) {
        code = change(job, &engine, result, err);
    }
    result->verified = engine.verified;
    result->changed = engine.changed;
    result->bytes_written = engine.bytes_written;
    result->wire_bytes = engine.wire_bytes;
    result->spans = engine.spans;
    engine.spans = (eb_spans_t){0};
    eb_write_engine_free(&engine);
    return code;
}

eb_code_t eb_op_restore(eb_session_t *s, const eb_restore_options_t *options, const eb_events_t *ev,
                        eb_restore_result_t *result, eb_err_t *err)
{
    int64_t started_us = eb_clock_us();

    memset(result, 0, sizeof(*result));
    eb_code_t code = eb_session_need_flash(s, err);
    if (code != EB_OK) {
        return code;
    }
    eb_restore_job_t job = {.session = s, .options = options, .ev = ev, .image.fd = -1};
    job.flash_bytes = eb_session_flash(s)->size_bytes;
    eb_retry_init(&job.retry, s, ev);
    if ((code = prepare(&job, result, err)) == EB_OK) {
        code = restore(&job, result, err);
    }
    eb_session_get_stats(s, &result->stats);
    result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    eb_backup_image_close(&job.image);
    free(job.ranges);
    free(job.sectors);
    free(job.partials);
    return code;
}
