/* restore_fixture.h: a backup of a board in memory, and putting it back. */
#ifndef RESTORE_FIXTURE_H
#define RESTORE_FIXTURE_H

#include "core_fixture.h"

#define RESTORE_FLASH_BYTES (1024u * 1024u)

typedef struct restore_fixture {
    char dir[EB_PATH_BYTES];
    eb_session_t *board;
    watch_t watch;
    eb_backup_result_t backup; /* of the whole flash, as it was at first */
    uint8_t *image;            /* its bytes; owned */
    eb_restore_options_t options;
    eb_restore_result_t result;
    eb_err_t err;
    /* of the question */
    unsigned asked;
    bool answer;
    eb_change_plan_t plan; /* its pointers are gone by then */
    uint64_t plan_old_bytes;
    uint64_t wire_bytes; /* that had passed by then */
} restore_fixture_t;

/* cmocka fixtures: a board in use of 1 MB and its backup; the question is answered with yes. */
int restore_set_up(void **state);
int restore_tear_down(void **state);

/* eb_op_restore with f->options; what was known of an earlier run is forgotten. */
eb_code_t put_back(restore_fixture_t *f);

/* It worked: verified, all spans SAME or NEW, and the flash is `wanted` (flash_bytes of them). */
void assert_restored(const restore_fixture_t *f, eb_code_t code, const uint8_t *wanted);
/* Refused, with these words and this reason, and no sector touched. */
void assert_refused(restore_fixture_t *f, eb_code_t code, const char *message, eb_reason_t reason);

/* Each span against the flash: before (what it was), wanted, and now. */
void assert_spans_true(const eb_spans_t *spans, const eb_session_t *board, const uint8_t *before,
                       const uint8_t *wanted);
uint64_t span_bytes(const restore_fixture_t *f, eb_span_state_t state);

/* Change the sidecar of the backup: the first `from` in its text becomes `to`. */
void sidecar_edit(const restore_fixture_t *f, const char *from, const char *to);
/* Leave the image without sidecar. */
void sidecar_remove(const restore_fixture_t *f);

#endif
