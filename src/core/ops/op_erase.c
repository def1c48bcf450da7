/* op_erase.c: erase the flash, a partition of it, or a range: ask, erase what is not, verify it. */
#include "bytes.h"
#include "clock.h"
#include "espbackup/ops.h"
#include "flash_layout.h"
#include "partition_lookup.h"
#include "range.h"
#include "refuse.h"
#include "sector_save.h"

#include <stdlib.h>
#include <string.h>

typedef struct erase {
    eb_session_t *session;
    const eb_erase_options_t *options;
    const eb_events_t *ev;
    eb_retry_t retry;
    eb_layout_t board;
    uint64_t flash_bytes;
    eb_range_t range;
} erase_t;

static eb_code_t check_aligned(const erase_t *e, uint64_t addr, uint64_t size, eb_err_t *err)
{
    uint64_t start = addr - addr % EB_SECTOR_BYTES;
    uint64_t end = (addr + size + EB_SECTOR_BYTES - 1) / EB_SECTOR_BYTES * EB_SECTOR_BYTES;

    eb_code_t code = eb_session_check_range(e->session, addr, size, err);
    if (code == EB_OK && (start != addr || end != addr + size)) {
        (void)eb_err_set(err, EB_ERR_USAGE,
                         "range 0x%llx + 0x%llx: flash is erased in sectors of 0x%x bytes",
                         (unsigned long long)addr, (unsigned long long)size, EB_SECTOR_BYTES);
        eb_err_hint(err, "the nearest range of whole sectors around it is 0x%llx + 0x%llx",
                    (unsigned long long)start, (unsigned long long)(end - start));
        return EB_ERR_USAGE;
    }
    return code;
}

static eb_code_t choose(erase_t *e, eb_err_t *err)
{
    const eb_lookup_t lookup = {&e->board.table, "the board", 0,
                                eb_session_chip(e->session)->bootloader_addr, false};
    uint64_t addr = e->options->addr, size = e->options->size;
    eb_code_t code = EB_OK;

    if (e->options->whole) {
        addr = 0;
        size = e->flash_bytes;
    } else if (e->options->partition != NULL) {
        eb_part_choice_t found = {.label = ""};
        code = eb_partition_lookup(&lookup, e->options->partition, &found, NULL, err);
        addr = found.range.addr;
        size = found.range.size;
    }
    e->range = (eb_range_t){(uint32_t)addr, (uint32_t)size};
    return code == EB_OK ? check_aligned(e, addr, size, err) : code;
}

static eb_code_t check_security(const erase_t *e, eb_err_t *err)
{
    const eb_security_t *security = &eb_session_chip(e->session)->security;
    eb_code_t code = EB_OK;

    if (security->flash_encryption == EB_YES) {
        code = eb_refuse(e->ev, e->options->force, EB_REASON_FORCE, err,
                         "flash encryption is on: what is erased comes back only from a "
                         "backup of this very board, or through its own firmware");
    }
    if (code == EB_OK && security->secure_boot == EB_YES) {
        code = eb_refuse(e->ev, e->options->force, EB_REASON_FORCE, err,
                         "secure boot is on: without a bootloader and an application signed "
                         "for this board it does not start again");
    }
    return code;
}

static eb_code_t ask(const erase_t *e, const eb_spans_t *spans, eb_err_t *err)
{
    const eb_change_plan_t plan = {
        .is_erase = true,
        .addr = e->range.addr,
        .size_bytes = e->range.size,
        .spans = spans,
        .board_table = &e->board.table,
        .board_boot = e->board.table.present ? &e->board.boot : NULL,
        .encrypted = eb_session_chip(e->session)->security.flash_encryption == EB_YES,
    };

    return eb_refuse_unconfirmed(e->options->confirm, e->options->confirm_user, &plan, err);
}

static eb_code_t change(erase_t *e, eb_write_engine_t *engine, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    if (eb_spans_bytes(&engine->spans, EB_SPAN_OLD) > 0) {
        code = eb_refuse_protected(&e->retry, e->options->force, err);
    }
    if (code == EB_OK && (code = ask(e, &engine->spans, err)) == EB_OK) {
        code = eb_write_engine_run(engine, err);
        eb_sector_save_drop(e->session, e->options->dir, &engine->spans);
    }
    return code;
}

static eb_code_t run(erase_t *e, eb_erase_result_t *result, eb_err_t *err)
{
    eb_layout_source_t source = eb_layout_of_board(&e->retry, e->options->table_addr);
    eb_write_engine_t engine;

    eb_code_t code = eb_refuse_download_mode(e->session, err);
    if (code != EB_OK || (code = check_security(e, err)) != EB_OK ||
        (code = eb_layout_search(&source, e->ev, &e->board, err)) != EB_OK ||
        (code = choose(e, err)) != EB_OK) {
        return code;
    }
    result->addr = e->range.addr;
    result->size_bytes = e->range.size;
    code = eb_write_engine_init(&engine, e->session, e->ev, err);
    if (code == EB_OK && (code = eb_write_engine_compare(&engine, &e->range, 1, err)) == EB_OK) {
        code = change(e, &engine, err);
    }
    result->verified = engine.verified;
    result->changed = engine.changed;
    result->spans = engine.spans;
    engine.spans = (eb_spans_t){0};
    eb_write_engine_free(&engine);
    return code;
}

eb_code_t eb_op_erase(eb_session_t *s, const eb_erase_options_t *options, const eb_events_t *ev,
                      eb_erase_result_t *result, eb_err_t *err)
{
    int64_t started_us = eb_clock_us();

    memset(result, 0, sizeof(*result));
    eb_code_t code = eb_session_need_flash(s, err);
    if (code != EB_OK) {
        return code;
    }
    erase_t e = {.session = s, .options = options, .ev = ev};
    e.flash_bytes = eb_session_flash(s)->size_bytes;
    eb_retry_init(&e.retry, s, ev);
    code = run(&e, result, err);
    result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    return code;
}
