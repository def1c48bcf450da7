#include "second_proof.h"

#include "compare.h"
#include "fs_atomic.h"

#define ROUNDS_MAX 6

static eb_code_t bytes_of_part(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                               eb_err_t *err)
{
    const eb_settle_t *settle = user;

    return eb_fs_pread(settle->part_fd, settle->part_path, bytes, size, addr - settle->range.addr,
                       err);
}

/* What differs is open again. */
static void reopen(eb_settle_t *settle, const eb_spans_t *spans)
{
    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];

        if (span->state != EB_RANGE_SAME) {
            eb_cover_set(&settle->cover, (eb_range_t){span->addr, span->size}, EB_HOW_OPEN);
        }
    }
}

eb_code_t eb_second_proof(eb_settle_t *settle, eb_err_t *err)
{
    if (!settle->has_digest || !eb_line_showed_faults(settle->session)) {
        return EB_OK;
    }
    eb_event_note(settle->ev, EB_LEVEL_NOTE,
                  "the line has shown faults: everything is proved a second time");
    for (int i = 0; i < ROUNDS_MAX; i++) {
        eb_spans_t spans = {0};
        eb_code_t code = eb_compare_board(settle->session, settle->range.addr, settle->range.size,
                                          bytes_of_part, settle, NULL, settle->ev, &spans, err);
        const uint64_t differ = eb_spans_bytes(&spans, EB_RANGE_OLD);

        if (code == EB_OK && differ > 0) {
            eb_event_note(settle->ev, EB_LEVEL_DETAIL, "%llu bytes differ and are read again",
                          (unsigned long long)differ);
            reopen(settle, &spans);
        }
        eb_spans_free(&spans);
        if (code != EB_OK || differ == 0) {
            return code;
        }
        code = eb_settle_run(settle, err);
        if (code != EB_OK) {
            return code;
        }
    }
    return eb_err_set(err, EB_ERR_UNPROVED,
                      "what was read and what the board says now keep differing");
}
