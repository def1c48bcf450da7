/* op_verify.c: is the file what its sidecar says, and the board what the file says. */
#include "backup_image.h"
#include "clock.h"
#include "difference.h"
#include "espbackup/ops.h"

#include <string.h>

eb_code_t eb_op_verify(eb_session_t *s, const eb_verify_options_t *options, const eb_events_t *ev,
                       eb_diff_result_t *result, eb_err_t *err)
{
    eb_backup_image_t source;
    int64_t started_us = eb_clock_us();

    memset(result, 0, sizeof(*result));
    const eb_image_request_t request = {.backup = options->backup,
                                        .dir = options->dir,
                                        .has_address = options->has_address,
                                        .address = options->address};
    eb_code_t code = eb_backup_image_open(&request, ev, &source, err);
    memcpy(result->a_path, source.path, sizeof(result->a_path));
    result->addr = source.addr;
    result->size_bytes = source.size_bytes;
    result->has_sidecar = source.sidecar != NULL;
    result->file_checked = source.hash_checked;
    if (code == EB_OK && !result->has_sidecar) {
        eb_event_note(ev, s == NULL ? EB_LEVEL_WARNING : EB_LEVEL_NOTE,
                      "%s has no sidecar: nothing tells whether the file was modified",
                      source.path);
    }
    if (code == EB_OK && s == NULL) {
        result->verified = source.hash_checked;
    } else if (code == EB_OK) {
        code = eb_difference_with_board(s, &source, EB_KEYS_NOT_ASKED, ev, result, err);
    }
    eb_backup_image_close(&source);
    result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    return code;
}
