/*
 * selftest_scratch.c: the part of the self-test that changes the flash: one range, which the user
 * names, is erased and written, and then restored.
 *
 * Its bytes lie on disk as a backup before anything is erased, and the engine of `restore` brings
 * them back and verifies them. Only then the backup is removed.
 */
#include "bytes.h"
#include "clock.h"
#include "flash_layout.h"
#include "range.h"
#include "refuse.h"
#include "selftest_steps.h"

#include <stdio.h>
#include <string.h>

#define TIMED_SECTORS 4u
#define RANDOM_SEED   0x9E3779B9u
#define NO_CHANGE     "without a scratch range the self-test changes nothing"

eb_code_t eb_selftest_check_scratch(uint32_t addr, uint32_t size, eb_err_t *err)
{
    if (addr % EB_SECTOR_BYTES != 0 || size % EB_SECTOR_BYTES != 0) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "scratch range 0x%x + 0x%x: expected whole sectors of 0x%x bytes",
                          (unsigned)addr, (unsigned)size, EB_SECTOR_BYTES);
    }
    if (size == 0 || size > EB_SELFTEST_SCRATCH_MAX) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "scratch range 0x%x + 0x%x: expected a size of 4 to %u KB",
                          (unsigned)addr, (unsigned)size, EB_SELFTEST_SCRATCH_MAX / 1024);
    }
    return EB_OK;
}

static eb_code_t check_board(const selftest_t *t, eb_err_t *err)
{
    const eb_security_t *security = &t->result->chip.security;

    if (security->flash_encryption == EB_YES || security->secure_boot == EB_YES) {
        (void)eb_err_set(err, EB_ERR_REFUSED, "%s is on: no scratch range of this board is changed",
                         security->secure_boot == EB_YES ? "secure boot" : "flash encryption");
        eb_err_hint(err, NO_CHANGE);
        return EB_ERR_REFUSED;
    }
    return eb_session_check_range(t->session, t->options->addr, t->options->size, err);
}

eb_code_t selftest_ask(selftest_t *t, eb_err_t *err)
{
    const eb_selftest_options_t *o = t->options;
    eb_spans_t spans = {0};
    eb_layout_t board;
    eb_retry_t retry;

    eb_retry_init(&retry, t->session, t->ev);
    eb_layout_source_t source = eb_layout_of_board(&retry, 0);
    eb_code_t code = eb_selftest_check_scratch(o->addr, o->size, err);
    if (code != EB_OK || (code = check_board(t, err)) != EB_OK ||
        (code = eb_layout_search(&source, t->ev, &board, err)) != EB_OK ||
        (code = eb_spans_add(&spans, o->addr, o->size, EB_SPAN_OLD, err)) != EB_OK) {
        return code;
    }
    const eb_change_plan_t plan = {
        .is_erase = true,
        .put_back = true,
        .addr = o->addr,
        .size_bytes = o->size,
        .spans = &spans,
        .board_table = &board.table,
        .board_boot = board.table.present ? &board.boot : NULL,
    };
    code = eb_refuse_unconfirmed(o->confirm, o->confirm_user, &plan, err);
    eb_spans_free(&spans);
    return code;
}

/* -- figures ---------------------------------------------------------------------------------- */

/* What an erase takes, without the round trip. */
static eb_code_t time_erase(selftest_t *t, uint32_t addr, uint32_t size, int64_t trip_us,
                            int64_t *us, eb_err_t *err)
{
    eb_write_result_t done;
    const int64_t started_us = eb_clock_us();
    const eb_code_t code = eb_flash_erase(t->session, addr, size, &done, err);

    *us = eb_clock_us() - started_us - trip_us;
    return code;
}

/* Write what is in the buffer. EB_ERR_UNVERIFIED: the flash holds something else then. */
static eb_code_t time_write(selftest_t *t, uint32_t size, uint32_t *bytes_per_s, eb_err_t *err)
{
    const uint32_t addr = t->options->addr;
    uint8_t ours[EB_MD5_BYTES], theirs[EB_MD5_BYTES];
    eb_write_result_t done;
    const int64_t started_us = eb_clock_us();
    eb_code_t code = eb_flash_write(t->session, addr, size, t->buf, NULL, NULL, &done, err);
    const int64_t us = eb_clock_us() - started_us;

    if (code == EB_OK && us > 0) {
        *bytes_per_s = (uint32_t)((uint64_t)size * 1000000u / (uint64_t)us);
    }
    if (code == EB_OK) {
        code = eb_flash_digest(t->session, addr, size, theirs, err);
        eb_md5(t->buf, size, ours);
        if (code == EB_OK && memcmp(ours, theirs, sizeof(ours)) != 0) {
            code = eb_err_set(err, EB_ERR_UNVERIFIED, "0x%x + 0x%x does not hold what was written",
                              (unsigned)addr, (unsigned)size);
        }
    }
    return code;
}

/* Bytes that no stub deflates. */
static void fill_random(uint8_t *bytes, size_t len)
{
    uint32_t state = RANDOM_SEED;

    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

static eb_code_t time_erases(selftest_t *t, bool stub, int64_t trip_us, eb_err_t *err)
{
    eb_selftest_scratch_t *out = &t->result->scratch;
    const uint32_t sectors = eb_min_u32(TIMED_SECTORS, out->size / EB_SECTOR_BYTES);
    const uint32_t block = (out->addr + EB_BLOCK_BYTES - 1) / EB_BLOCK_BYTES * EB_BLOCK_BYTES;
    int64_t us = 0;
    eb_code_t code = time_erase(t, out->addr, sectors * EB_SECTOR_BYTES, trip_us, &us, err);

    if (code == EB_OK) {
        out->sector_erase_us = us / sectors;
    }
    /* The ROM bootloader erases sector by sector. */
    if (code == EB_OK && stub &&
        eb_range_holds((eb_range_t){out->addr, out->size}, block, EB_BLOCK_BYTES)) {
        code = time_erase(t, block, EB_BLOCK_BYTES, trip_us, &out->block_erase_us, err);
    }
    return code;
}

/* The range is erased. */
static eb_code_t measure(selftest_t *t, eb_err_t *err)
{
    eb_selftest_scratch_t *out = &t->result->scratch;
    eb_selftest_program_t trip = {.code = EB_OK};
    eb_session_stats_t stats;
    int64_t us;
    eb_code_t code = selftest_round_trip(t, &trip, err);

    eb_session_get_stats(t->session, &stats);
    out->baud = stats.baud;
    if (code == EB_OK) {
        code = time_erases(t, stats.stub, trip.round_trip_us, err);
    }
    if (code == EB_OK) {
        memset(t->buf, 0, out->size);
        code = time_write(t, out->size, &out->program_bytes_per_s, err);
    }
    if (code == EB_OK) {
        code = time_erase(t, out->addr, out->size, 0, &us, err);
    }
    if (code == EB_OK) {
        fill_random(t->buf, out->size);
        code = time_write(t, out->size, &out->write_bytes_per_s, err);
    }
    return code;
}

/* -- save and restore ------------------------------------------------------------------------- */

static eb_code_t save(selftest_t *t, eb_backup_result_t *saved, eb_err_t *err)
{
    const eb_backup_options_t options = {
        .dir = t->options->dir,
        .note = "of a self-test, which restores and removes it",
        .has_range = true,
        .addr = t->options->addr,
        .size = t->options->size,
    };
    const eb_code_t code = eb_op_backup(t->session, &options, t->ev, saved, NULL, err);

    (void)snprintf(t->result->scratch.saved_path, EB_PATH_BYTES, "%s", saved->image_path);
    return code == EB_OK ? code : eb_err_wrap(err, "saving the scratch range; nothing was changed");
}

static void forget(selftest_t *t, const eb_backup_result_t *saved)
{
    (void)remove(saved->image_path);
    (void)remove(saved->sidecar_path);
    t->result->scratch.saved_path[0] = '\0';
}

/* Checks of erase first: it refuses what must not be changed. *changed: from here on. */
static eb_code_t erase(selftest_t *t, bool *changed, eb_err_t *err)
{
    const eb_erase_options_t options = {.addr = t->options->addr, .size = t->options->size};
    eb_erase_result_t erased;
    const eb_code_t code = eb_op_erase(t->session, &options, t->ev, &erased, err);

    *changed = erased.changed || code == EB_OK;
    eb_spans_free(&erased.spans);
    if (code == EB_ERR_REFUSED) {
        eb_err_reason(err, EB_REASON_NONE);
        eb_err_hint(err, NO_CHANGE);
    }
    return code;
}

static eb_code_t put_back(selftest_t *t, const eb_backup_result_t *saved, eb_err_t *err)
{
    const eb_restore_options_t options = {.backup = saved->image_path, .dir = t->options->dir};
    eb_restore_result_t restored;
    const eb_code_t code = eb_op_restore(t->session, &options, t->ev, &restored, err);

    t->result->scratch.restored = code == EB_OK && restored.verified;
    eb_spans_free(&restored.spans);
    return code;
}

static eb_code_t not_restored(selftest_t *t, const eb_backup_result_t *saved, eb_err_t *err)
{
    char cause[EB_ERR_TEXT_BYTES];

    (void)snprintf(cause, sizeof(cause), "%s", err->message);
    (void)eb_err_set_reason(err, EB_ERR_UNFINISHED, EB_REASON_PUT_BACK,
                            "the scratch range 0x%x + 0x%x is not restored: %s",
                            (unsigned)t->options->addr, (unsigned)t->options->size, cause);
    eb_err_hint(err, "%s", saved->image_path);
    return EB_ERR_UNFINISHED;
}

eb_code_t selftest_scratch(selftest_t *t, eb_err_t *err)
{
    eb_selftest_scratch_t *out = &t->result->scratch;
    eb_backup_result_t saved = {0};
    bool changed = false;

    eb_event_note(t->ev, EB_LEVEL_NOTE, "saving the scratch range");
    out->code = save(t, &saved, err);
    if (out->code != EB_OK) {
        return out->code;
    }
    eb_event_note(t->ev, EB_LEVEL_NOTE, "erasing and writing the scratch range");
    out->code = erase(t, &changed, err);
    if (!changed) {
        forget(t, &saved);
        return out->code;
    }
    if (out->code == EB_OK) {
        out->code = measure(t, err);
    }
    eb_code_t code = eb_event_check(t->ev, err);
    if (code == EB_OK && eb_code_row(out->code)->remedy == EB_REMEDY_RECOVER) {
        code = eb_session_recover(t->session, err);
    }
    if (code == EB_OK) {
        eb_event_note(t->ev, EB_LEVEL_NOTE, "restoring the scratch range");
        code = put_back(t, &saved, err);
    }
    if (!out->restored) {
        return not_restored(t, &saved, err);
    }
    forget(t, &saved);
    return code;
}
