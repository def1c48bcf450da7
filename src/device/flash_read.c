#include "session_impl.h"

#include <string.h>

#include "bytes.h"

static eb_code_t cannot_read(const eb_session_t *s, eb_err_t *err)
{
    (void)eb_err_set(err, EB_ERR_UNSUPPORTED, "the ROM loader of the %s cannot read the flash",
                     s->row->name);
    eb_err_hint(err, s->options.no_stub ? "leave --no-stub out: the stub can"
                                        : "only the stub can, and it did not start; reset the "
                                          "board and try again, or give another with --stub");
    return EB_ERR_UNSUPPORTED;
}

/* Rows of what the loader can do decide the way; the caller sees no difference but the speed. */
eb_code_t eb_flash_read(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_read_progress_fn on_progress, void *user, eb_read_result_t *result,
                        eb_err_t *err)
{
    eb_read_job_t job = {.addr = addr,
                         .size = size,
                         .buf = buf,
                         .on_progress = on_progress,
                         .user = user,
                         .result = result};
    eb_code_t code;

    memset(result, 0, sizeof(*result));
    code = eb_flash_check_range(s, addr, size, err);
    if (code != EB_OK)
        return code;
    if (s->stub)
        code = eb_flash_read_stub(s, &job, err);
    else if (s->row->old_rom)
        code = cannot_read(s, err);
    else
        code = eb_flash_read_rom(s, &job, err);
    if (code == EB_ERR_LINE || code == EB_ERR_UNPROVED || code == EB_ERR_TIMEOUT)
        s->stats.retries++; /* the caller asks for the rest again, or gives up after many */
    if (code != EB_OK)
        (void)eb_err_wrap(err, "reading 0x%x + 0x%x", (unsigned)addr, (unsigned)size);
    return code;
}
