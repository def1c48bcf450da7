/* op_backup.c: copy the flash of a board into a file, each byte verified by the chip. */
#include "backup_run.h"
#include "espbackup/ops.h"
#include "flash_layout.h"

#include <string.h>

static eb_code_t choose_range(eb_session_t *s, const eb_backup_options_t *options, eb_range_t *out,
                              eb_err_t *err)
{
    uint64_t flash_bytes = eb_session_flash(s)->size_bytes;
    uint64_t addr = 0, size = flash_bytes;

    if (options->has_range) {
        addr = options->addr;
        size = options->size == 0 && addr < flash_bytes ? flash_bytes - addr : options->size;
    }
    eb_code_t code = eb_layout_check_range(addr, size, flash_bytes, err);
    if (code == EB_OK && size > UINT32_MAX) {
        code = eb_err_set(err, EB_ERR_UNSUPPORTED, "flash of %llu bytes",
                          (unsigned long long)flash_bytes);
    }
    *out = (eb_range_t){(uint32_t)addr, (uint32_t)size};
    return code;
}

eb_code_t eb_op_backup(eb_session_t *s, const eb_backup_options_t *options, const eb_events_t *ev,
                       eb_backup_result_t *result, eb_flash_contents_t *contents, eb_err_t *err)
{
    eb_backup_job_t job = {.options = options, .contents = contents};

    memset(result, 0, sizeof(*result));
    if (contents != NULL) {
        memset(contents, 0, sizeof(*contents));
        contents->boot.index = -1;
    }
    eb_code_t code = eb_session_need_flash(s, err);
    if (code != EB_OK || (code = choose_range(s, options, &job.range, err)) != EB_OK) {
        return code;
    }
    return eb_backup_run(s, &job, ev, result, err);
}
