/* flash_read.c: a read, by whichever command the stub or the ROM bootloader has. */
#include "session_impl.h"

#include <string.h>

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
    code = eb_session_check_range(s, addr, size, err);
    if (code != EB_OK) {
        return code;
    }
    if (s->stub) {
        code = eb_flash_read_stub(s, &job, err);
    } else if (s->row->old_rom) {
        code = eb_session_need_read(s, err); /* it cannot */
    } else {
        code = eb_flash_read_rom(s, &job, err);
    }
    if (eb_code_row(code)->reply_lost) {
        s->stats.retries++; /* the caller retries the rest, or gives up after many failures */
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "reading 0x%x + 0x%x", (unsigned)addr, (unsigned)size);
    }
    return code;
}
