#include "address_check.h"

#include "clock.h"
#include "erased_check.h"
#include "flash_compare.h"
#include "fs_atomic.h"
#include "range.h"

#include <inttypes.h>
#include <string.h>

#define ROUNDS_MAX 6

static eb_code_t bytes_of_part(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                               eb_err_t *err)
{
    const eb_read_engine_t *engine = user;

    return eb_fs_pread(engine->part_fd, engine->part_path, bytes, size, addr - engine->range.addr,
                       err);
}

/* What differs is open again. */
static void reopen(eb_read_engine_t *engine, const eb_spans_t *spans)
{
    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];

        if (span->state != EB_SPAN_SAME) {
            eb_verified_map_set(&engine->map, (eb_range_t){span->addr, span->size}, EB_ORIGIN_NONE);
        }
    }
}

/* -- reads that may be of another address ---------------------------------------------------- */

/* Whether the board's digest of all of a read is that of its bytes. */
static eb_code_t lies_there(eb_read_engine_t *engine, eb_range_t range, bool *there, eb_err_t *err)
{
    eb_code_t code = bytes_of_part(engine, range.addr, range.size, engine->buf, err);

    return code == EB_OK ? eb_retry_matches(&engine->retry, range, engine->buf, there, err) : code;
}

/* Ends at the first one that does not: engine->retry.wrong_address. */
static eb_code_t look_at_reads(eb_read_engine_t *engine, eb_err_t *err)
{
    const uint64_t flash_bytes = eb_session_flash(engine->session)->size_bytes;
    const int64_t started_us = eb_clock_us();
    uint64_t done = 0, total = 0, asked_bytes = 0;
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < engine->reads.count; i++) {
        total += engine->reads.list[i].range.size;
    }
    for (size_t i = 0; i < engine->reads.count && code == EB_OK && !engine->retry.wrong_address;
         i++) {
        const eb_twin_read_t *read = &engine->reads.list[i];
        bool possible, there;
        if (eb_event_cancelled(engine->ev)) {
            return eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
        }
        code =
            eb_twin_look(read, engine->range, flash_bytes, bytes_of_part, engine, &possible, err);
        if (code == EB_OK && possible) {
            eb_event_progress(engine->ev, EB_PHASE_CHECK, asked_bytes > 0 ? done : 0, total);
            code = lies_there(engine, read->range, &there, err);
            engine->retry.wrong_address = code == EB_OK && !there;
            asked_bytes += read->range.size;
        }
        done += read->range.size;
    }
    if (code == EB_OK && asked_bytes > 0) {
        eb_event_note(engine->ev, EB_LEVEL_DETAIL,
                      "of reads that may have come from another address: %" PRIu64
                      " bytes asked for by digest, %.2f s",
                      asked_bytes, (double)(eb_clock_us() - started_us) / 1e6);
    }
    return code;
}

/* -- all of it -------------------------------------------------------------------------------- */

static eb_code_t verify_all(eb_read_engine_t *engine, eb_err_t *err)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        eb_spans_t spans = {0};
        eb_code_t code = eb_flash_compare(engine->session, engine->range.addr, engine->range.size,
                                          bytes_of_part, engine, NULL, engine->ev, &spans, err);
        const uint64_t differ = eb_spans_bytes(&spans, EB_SPAN_OLD);

        if (code == EB_OK && differ > 0) {
            code = eb_erased_check(engine, &engine->map, err);
        }
        if (code == EB_OK && differ > 0) {
            eb_event_note(engine->ev, EB_LEVEL_DETAIL, "%llu bytes differ and are read again",
                          (unsigned long long)differ);
            reopen(engine, &spans);
        }
        eb_spans_free(&spans);
        if (code != EB_OK || differ == 0) {
            return code;
        }
        code = eb_read_engine_run(engine, err);
        if (code != EB_OK) {
            return code;
        }
    }
    return eb_err_set(err, EB_ERR_UNVERIFIED,
                      "what was read and what the board says now keep differing");
}

/* Something reached the board, or came from it, other than it was sent. */
static bool is_in_doubt(const eb_read_engine_t *engine)
{
    return engine->retry.wrong_address || eb_line_had_faults(engine->session);
}

eb_code_t eb_address_check(eb_read_engine_t *engine, eb_err_t *err)
{
    if (!engine->has_digest) {
        return EB_OK;
    }
    if (!is_in_doubt(engine)) {
        eb_code_t code = look_at_reads(engine, err);
        if (code != EB_OK || !is_in_doubt(engine)) {
            return code;
        }
    }
    eb_event_note(engine->ev, EB_LEVEL_NOTE,
                  "the line has shown faults: everything is verified a second time");
    return verify_all(engine, err);
}
