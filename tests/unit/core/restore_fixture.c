#include "restore_fixture.h"

#include "find.h"
#include "fs_atomic.h"
#include "paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool on_question(void *user, const eb_change_plan_t *plan)
{
    restore_fixture_t *f = user;

    f->asked++;
    f->plan = *plan;
    f->wire_bytes = f->board->wire_bytes;
    f->plan_old_bytes = eb_spans_bytes(plan->spans, EB_SPAN_OLD);
    /* Nothing has happened by then. */
    assert_int_equal(fake_sector_erases(f->board), 0);
    return f->answer;
}

int restore_set_up(void **state)
{
    restore_fixture_t *f = calloc(1, sizeof(*f));
    eb_backup_options_t options = {.dir = f->dir};

    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(RESTORE_FLASH_BYTES, 1);
    board_fill_realistic(f->board);
    f->answer = true;
    *state = f;
    if (eb_op_backup(f->board, &options, NULL, &f->backup, NULL, &f->err) != EB_OK) {
        return 1;
    }
    f->image = malloc(RESTORE_FLASH_BYTES);
    memcpy(f->image, f->board->bytes, RESTORE_FLASH_BYTES);
    fake_forget(f->board);
    f->options = (eb_restore_options_t){
        .backup = f->backup.image_path,
        .dir = f->dir,
        .confirm = on_question,
        .confirm_user = f,
    };
    return 0;
}

int restore_tear_down(void **state)
{
    restore_fixture_t *f = *state;

    eb_restore_result_free(&f->result);
    folder_remove(f->dir);
    fake_free(f->board);
    free(f->image);
    free(f);
    return 0;
}

eb_code_t put_back(restore_fixture_t *f)
{
    eb_restore_result_free(&f->result);
    memset(&f->err, 0, sizeof(f->err));
    watch_init(&f->watch, f->board);
    f->asked = 0;
    return eb_op_restore(f->board, &f->options, &f->watch.ev, &f->result, &f->err);
}

uint64_t span_bytes(const restore_fixture_t *f, eb_span_state_t state)
{
    return eb_spans_bytes(&f->result.spans, state);
}

void assert_restored(const restore_fixture_t *f, eb_code_t code, const uint8_t *wanted)
{
    if (code != EB_OK) {
        print_message("error: %s\n", f->err.message);
    }
    assert_int_equal(code, EB_OK);
    assert_true(f->result.verified);
    assert_memory_equal(f->board->bytes, wanted, f->board->flash.size_bytes);
    for (size_t i = 0; i < f->result.spans.count; i++) { /* verified after the last change of it */
        const eb_flash_span_t *span = &f->result.spans.spans[i];
        assert_null(memchr(f->board->told + span->addr, 0, span->size));
    }
    for (size_t i = 0; i < f->result.spans.count; i++) {
        eb_span_state_t state = f->result.spans.spans[i].state;
        assert_true(state == EB_SPAN_SAME || state == EB_SPAN_NEW);
    }
    for (int phase = EB_PHASE_CHECK; phase <= EB_PHASE_VERIFY; phase++) {
        assert_int_equal(f->watch.done[phase], f->watch.total[phase]);
    }
}

void assert_refused(restore_fixture_t *f, eb_code_t code, const char *message, eb_reason_t reason)
{
    if (code == EB_OK || eb_code_row(code)->exit_status != 5 ||
        strstr(f->err.message, message) == NULL) {
        print_message("%d: %s\n", code, f->err.message);
    }
    assert_int_equal(code, f->err.code);
    assert_int_equal(eb_code_row(code)->exit_status, 5);
    assert_non_null(strstr(f->err.message, message));
    assert_int_equal(f->err.reason, reason);
    assert_int_equal(fake_sector_erases(f->board), 0);
    assert_false(f->result.changed);
    assert_false(f->result.verified);
}

void assert_spans_true(const eb_spans_t *spans, const eb_session_t *board, const uint8_t *before,
                       const uint8_t *wanted)
{
    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        const uint8_t *now = board->bytes + span->addr;
        assert_int_equal(span->addr % EB_SECTOR_BYTES, 0);
        assert_int_equal(span->size % EB_SECTOR_BYTES, 0);
        if (i > 0) {
            const eb_flash_span_t *last = &spans->spans[i - 1];
            assert_true(last->addr + last->size <= span->addr);
            assert_true(last->addr + last->size < span->addr || last->state != span->state);
        }
        switch (span->state) {
        case EB_SPAN_SAME:
            assert_memory_equal(before + span->addr, wanted + span->addr, span->size);
            assert_memory_equal(now, wanted + span->addr, span->size);
            break;
        case EB_SPAN_NEW:
            assert_memory_equal(now, wanted + span->addr, span->size);
            break;
        case EB_SPAN_OLD:
            assert_memory_equal(now, before + span->addr, span->size);
            assert_memory_not_equal(now, wanted + span->addr, span->size);
            break;
        case EB_SPAN_WRITTEN:
        case EB_SPAN_UNKNOWN:
            break;
        }
    }
}

static void sidecar_path(const restore_fixture_t *f, char path[EB_PATH_BYTES])
{
    assert_int_equal(eb_path_of_sidecar(path, f->backup.image_path, NULL), EB_OK);
}

void sidecar_edit(const restore_fixture_t *f, const char *from, const char *to)
{
    char path[EB_PATH_BYTES];
    uint8_t *text = NULL;
    size_t len = 0;

    sidecar_path(f, path);
    assert_int_equal(eb_fs_read_file(path, 1 << 20, &text, &len, NULL), EB_OK);
    char *at = strstr((char *)text, from);
    if (at == NULL) {
        fail_msg("no %s in %s", from, (char *)text);
    }
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file, "%.*s%s%s", (int)(at - (char *)text), (char *)text, to, at + strlen(from));
    assert_int_equal(fclose(file), 0);
    free(text);
}

void sidecar_remove(const restore_fixture_t *f)
{
    char path[EB_PATH_BYTES];

    sidecar_path(f, path);
    assert_int_equal(unlink(path), 0);
}

unsigned fake_sectors_touched(const eb_session_t *s)
{
    unsigned count = 0;

    for (size_t i = 0; i < s->flash.size_bytes / EB_SECTOR_BYTES; i++) {
        count += s->erases[i] > 0 ? 1 : 0;
    }
    return count;
}

uint64_t fake_sector_erases(const eb_session_t *s)
{
    uint64_t count = 0;

    for (size_t i = 0; i < s->flash.size_bytes / EB_SECTOR_BYTES; i++) {
        count += s->erases[i];
    }
    return count;
}
