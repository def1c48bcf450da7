/* op_backup.c: copy the flash of a board into a file, each byte verified by the chip. */
#include "backup_run.h"
#include "espbackup/ops.h"

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
    *out = (eb_range_t){(uint32_t)addr, (uint32_t)size};
    return eb_session_check_range(s, addr, size, err);
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
    eb_code_t code = choose_range(s, options, &job.range, err);
    return code == EB_OK ? eb_backup_run(s, &job, ev, result, err) : code;
}
