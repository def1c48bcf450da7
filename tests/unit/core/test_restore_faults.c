/* Restores that are cut short, on boards that lie or forget: what is said of the flash is true each
 * time, and a second run finishes the job. */
#include "find.h"
#include "fs_atomic.h"
#include "paths.h"
#include "restore_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t *copy_of_flash(const restore_fixture_t *f)
{
    uint8_t *copy = malloc(RESTORE_FLASH_BYTES);

    memcpy(copy, f->board->bytes, RESTORE_FLASH_BYTES);
    return copy;
}

/* After any outcome: the spans are true and cover all, and the error fits what was done. */
static void assert_truth(const restore_fixture_t *f, eb_code_t code, const uint8_t *before)
{
    uint64_t all = 0;

    assert_spans_true(&f->result.spans, f->board, before, f->image);
    for (int state = EB_SPAN_SAME; state <= EB_SPAN_UNKNOWN; state++) {
        all += span_bytes(f, (eb_span_state_t)state);
    }
    assert_int_equal(f->result.verified, code == EB_OK);
    if (f->result.changed) {
        assert_true(code == EB_OK || code == EB_ERR_UNFINISHED);
        assert_int_equal(all, RESTORE_FLASH_BYTES);
    } else {
        assert_memory_equal(f->board->bytes, before, RESTORE_FLASH_BYTES);
        assert_true(code != EB_ERR_UNFINISHED);
    }
    if (code == EB_ERR_UNFINISHED) {
        assert_int_equal(eb_code_row(f->err.code)->exit_status, 7);
        assert_non_null(strstr(f->err.message, "0x"));
    }
    if (code == EB_OK) {
        assert_memory_equal(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
    }
}

static void assert_second_run_finishes(restore_fixture_t *f)
{
    fake_forget(f->board);
    assert_restored(f, put_back(f), f->image);
}

/* Another firmware on the board, of which a part is as in the backup. */
static void scramble(restore_fixture_t *f, uint64_t seed)
{
    memcpy(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
    for (int i = 0; i < 6; i++) {
        uint32_t addr = (uint32_t)(fake_random(&seed) % (RESTORE_FLASH_BYTES - 0x20000));
        uint32_t size = (uint32_t)(fake_random(&seed) % 0x20000);
        if (i % 2 == 0) {
            fake_fill(f->board, addr, size, seed);
        } else {
            memset(f->board->bytes + addr, 0xFF, size);
        }
    }
}

/* The link is cut for good, the user stops it, or the line is full of faults: at 300 places. */
static void interruptions_are_told_truly_and_finished_later(void **state)
{
    restore_fixture_t *f = *state;
    unsigned unfinished = 0, whole = 0, unknown = 0, fresh = 0;

    for (uint64_t seed = 0; seed < seed_count(300); seed++) {
        uint64_t random = seed;
        fake_forget(f->board);
        scramble(f, seed);
        uint8_t *before = copy_of_flash(f);
        f->board->seed = seed;
        f->board->stats.stub = seed % 5 != 0;
        uint64_t at = 5000 + fake_random(&random) % 130000;
        switch (seed % 3) {
        case 0:
            f->board->lost_at = at;
            break;
        case 1:
            f->board->cancel_at = at;
            break;
        default:
            f->board->lost_at = seed % 2 == 0 ? at : 0;
            f->board->error_rate = seed % 4 == 0 ? 2e-5 : 2e-4;
            break;
        }
        eb_code_t code = put_back(f);
        assert_truth(f, code, before);
        unfinished += code == EB_ERR_UNFINISHED ? 1 : 0;
        whole += code == EB_OK ? 1 : 0;
        unknown += span_bytes(f, EB_SPAN_UNKNOWN) > 0 ? 1 : 0;
        fresh += code != EB_OK && span_bytes(f, EB_SPAN_NEW) > 0 ? 1 : 0;
        assert_second_run_finishes(f);
        free(before);
    }
    assert_true(unfinished > (unsigned)seed_count(120));
    assert_true(whole > (unsigned)seed_count(8));
    assert_true(unknown > (unsigned)seed_count(80));
    assert_true(fresh > (unsigned)seed_count(80));
}

/* A flipped bit in the size of an erase: what lies behind is gone, and the proof of what was erased
 * does not show it. */
static void an_erase_that_takes_more_is_noticed(void **state)
{
    restore_fixture_t *f = *state;

    memset(f->image + 0x40000, 0x11, 0x40000);
    memset(f->image + 0x50000, 0xFF, 0x2000);
    memset(f->image + 0x52000, 0xFF, 0x3000);
    memcpy(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
    char path[EB_PATH_BYTES];
    assert_int_equal(eb_path_join(path, f->dir, "whole.img", NULL), EB_OK);
    assert_int_equal(eb_fs_write_file(path, f->image, RESTORE_FLASH_BYTES, true, NULL), EB_OK);
    f->options.backup = path;
    fake_forget(f->board);
    memset(f->board->bytes + 0x50000, 0x22, 0x2000);
    f->board->erase_extra = 0x10000;
    assert_restored(f, put_back(f), f->image);
    assert_true(f->board->erase_extra == 0);

    /* The same at the end of a range: it cannot be put back, so it is told. */
    fake_forget(f->board);
    memset(f->board->bytes + 0x50000, 0x22, 0x2000);
    f->board->erase_extra = 0x10000;
    f->options.has_range = true;
    f->options.addr = 0x50000;
    f->options.size = 0x2000;
    assert_int_equal(put_back(f), EB_ERR_UNFINISHED);
    assert_non_null(strstr(f->err.message, "0x55000"));
    assert_false(f->result.verified);
}

/* The same command again and again, each time cut short: it ends all the same. */
static void each_run_goes_further(void **state)
{
    restore_fixture_t *f = *state;
    uint64_t right = 0;
    int runs = 0;

    fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 1);
    for (eb_code_t code = EB_ERR_INTERNAL; code != EB_OK; runs++) {
        assert_true(runs < 60);
        uint8_t *before = copy_of_flash(f);
        fake_forget(f->board);
        f->board->lost_at = 100000 + (uint64_t)runs * 1000;
        code = put_back(f);
        assert_truth(f, code, before);
        if (f->result.spans.count > 0) {
            uint64_t now = span_bytes(f, EB_SPAN_SAME) + span_bytes(f, EB_SPAN_NEW);
            assert_true(now > right || code == EB_OK);
            right = now;
        }
        free(before);
    }
    assert_true(runs > 3);
}

/* What was written when a board came back is looked at again: it is not left unknown. */
static void a_board_that_comes_back_is_asked(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x10000, 0x40000, 1);
    uint8_t *before = copy_of_flash(f);
    f->board->refuse_addr = 0x30000;
    f->board->refuse_left = -1;
    eb_code_t code = put_back(f);
    assert_int_equal(code, EB_ERR_UNFINISHED);
    assert_truth(f, code, before);
    assert_int_equal(f->err.device_status, 0x06);
    assert_non_null(strstr(f->err.message, "refused"));
    assert_non_null(strstr(f->err.message, "unknown: 0x30000 + 0x1000"));
    assert_int_equal(span_bytes(f, EB_SPAN_WRITTEN), 0);
    assert_int_equal(span_bytes(f, EB_SPAN_UNKNOWN), EB_SECTOR_BYTES);
    assert_int_equal(span_bytes(f, EB_SPAN_NEW), 0x20000); /* what lies before it */
    assert_true(f->board->erases[0x30] < 10);
    assert_second_run_finishes(f);
    free(before);
}

/* A fault that passes is got over in the same run. */
static void a_block_refused_once_is_written_again(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x10000, 0x40000, 1);
    f->board->refuse_addr = 0x30000;
    f->board->refuse_left = 2;
    assert_restored(f, put_back(f), f->image);
}

/* Once recovery has found another board, nothing waits for the first one again. */
static void a_change_that_another_board_ends_asks_it_once(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x10000, 0x40000, 1);
    f->board->refuse_addr = 0x30000;
    f->board->refuse_left = -1;
    f->board->other_board = true;
    assert_int_equal(put_back(f), EB_ERR_UNFINISHED);
    assert_int_equal(f->board->recoveries, 1);
}

/* Before the first change a failure is what it is, and nothing is called unfinished. */
static void a_failure_before_the_first_change_is_itself(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x10000, 0x10000, 1);
    uint8_t *before = copy_of_flash(f);
    f->board->lost_at = 500;
    eb_code_t code = put_back(f);
    assert_int_equal(code, EB_ERR_PORT_LOST);
    assert_truth(f, code, before);
    fake_forget(f->board);
    f->board->cancel_at = 500;
    assert_int_equal(put_back(f), EB_ERR_CANCELLED);
    assert_int_equal(fake_sector_erases(f->board), 0);
    free(before);
}

/* -- boards that lie -------------------------------------------------------------------------- */

static void a_lying_board_is_always_caught(void **state)
{
    restore_fixture_t *f = *state;

    for (uint64_t seed = 0; seed < seed_count(60); seed++) {
        fake_forget(f->board);
        scramble(f, seed);
        uint8_t *before = copy_of_flash(f);
        f->board->seed = seed;
        f->board->stats.stub = seed % 4 != 0;
        f->board->lie = (fake_lie_t)(FAKE_LIE_KEEP + seed % 3);
        f->board->lies_left = -1;
        eb_code_t code = put_back(f);
        assert_int_equal(code, EB_ERR_UNFINISHED);
        assert_truth(f, code, before);
        assert_non_null(strstr(f->err.message, "does not hold them"));
        assert_non_null(strstr(f->err.hint, "write-protected"));
        assert_true(f->board->writes + f->board->erase_calls < 100);
        assert_second_run_finishes(f);
        free(before);
    }
}

static void a_few_lies_are_mended(void **state)
{
    restore_fixture_t *f = *state;

    for (uint64_t seed = 0; seed < seed_count(30); seed++) {
        fake_forget(f->board);
        scramble(f, seed);
        f->board->seed = seed;
        f->board->lie = (fake_lie_t)(FAKE_LIE_KEEP + seed % 3);
        f->board->lies_left = 1 + (int)(seed % 3);
        f->board->lies_after = (int)(seed % 5) * 11; /* in the middle of a write too */
        assert_restored(f, put_back(f), f->image);
    }
}

/* Half as large as it says: each piece is right when it is written, and clobbers another. */
static void a_flash_that_repeats_itself_is_caught(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0, RESTORE_FLASH_BYTES / 2, 1);
    memcpy(f->board->bytes + RESTORE_FLASH_BYTES / 2, f->board->bytes, RESTORE_FLASH_BYTES / 2);
    f->board->alias_bytes = RESTORE_FLASH_BYTES / 2;
    assert_int_equal(put_back(f), EB_ERR_UNFINISHED);
    assert_false(f->result.verified);
    assert_non_null(strstr(f->err.message, "does not keep"));
}

/* The board's own firmware ran between a reset and our return, and wrote. */
static void what_changes_by_itself_is_written_again(void **state)
{
    restore_fixture_t *f = *state;

    for (uint64_t seed = 0; seed < 20; seed++) {
        fake_forget(f->board);
        scramble(f, seed);
        f->board->seed = seed;
        f->board->error_rate = 5e-5;
        f->board->firmware_writes = 0x9000;
        assert_restored(f, put_back(f), f->image);
    }
}

/* Behind a range too: what the firmware did there after a reset is not held against the restore. */
static void firmware_may_write_behind_a_range(void **state)
{
    restore_fixture_t *f = *state;
    unsigned reset = 0;

    f->options.has_range = true;
    f->options.addr = 0x20000;
    f->options.size = 0x30000;
    for (uint64_t seed = 0; seed < 20; seed++) {
        fake_forget(f->board);
        memcpy(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
        fake_fill(f->board, 0x20000, 0x30000, seed);
        memset(f->board->bytes + 0x50000, 0x33, 0x1000);
        f->board->seed = seed;
        f->board->error_rate = 3e-5;
        f->board->firmware_writes = 0x50010;
        assert_int_equal(put_back(f), EB_OK);
        assert_memory_equal(f->board->bytes + 0x20000, f->image + 0x20000, 0x30000);
        reset += f->board->bytes[0x50010] != 0x33 ? 1 : 0;
    }
    assert_true(reset > 1);
}

/* A hopeless line ends, in bounded effort. */
static void a_hopeless_line_ends(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x10000, 0x40000, 1);
    uint8_t *before = copy_of_flash(f);
    f->board->error_rate = 0.01;
    eb_code_t code = put_back(f);
    assert_true(code != EB_OK);
    assert_truth(f, code, before);
    assert_true(f->board->writes < 100);
    free(before);
}

/* Commands arrive at the fast rates, and no block of a write does. */
static void a_step_that_keeps_failing_slows_the_line_down(void **state)
{
    restore_fixture_t *f = *state;

    for (int rom = 0; rom < 2; rom++) {
        fake_forget(f->board);
        fake_fill(f->board, 0x10000, 0x40000, 1);
        f->board->stats.stub = rom == 0;
        f->board->max_write_baud = 230400;
        assert_restored(f, put_back(f), f->image);
        assert_int_equal(f->board->stats.baud, 230400);
        assert_int_equal(f->board->slowdowns, 2);
    }

    /* Slower than the slowest: it ends there, in bounded effort. */
    fake_forget(f->board);
    fake_fill(f->board, 0x10000, 0x40000, 1);
    uint8_t *before = copy_of_flash(f);
    f->board->max_write_baud = 9600;
    f->board->stats.stub = false;
    eb_code_t code = put_back(f);
    assert_int_equal(code, EB_ERR_UNFINISHED);
    assert_truth(f, code, before);
    assert_int_equal(f->board->stats.baud, 115200);
    assert_true(f->board->writes < 30);
    free(before);
}

/* -- an image that another program overwrites ------------------------------------------------ */

static void overwrite_image(restore_fixture_t *f)
{
    memset(f->image, 0xA5, RESTORE_FLASH_BYTES);
    file_write(f->dir, strrchr(f->backup.image_path, '/') + 1, f->image, RESTORE_FLASH_BYTES);
}

static bool overwrite_when_asked(void *user, const eb_change_plan_t *plan)
{
    (void)plan;
    overwrite_image(user);
    return true;
}

static void overwrite_when_writing(void *user, const eb_progress_t *progress)
{
    restore_fixture_t *f = user;

    if (progress->phase == EB_PHASE_WRITE && progress->done > 0 && f->image[0] != 0xA5) {
        overwrite_image(f);
    }
}

static unsigned disturbed;

/* What happens around the bytes, in turn. */
static void disturb_when_writing(void *user, const eb_progress_t *progress)
{
    restore_fixture_t *f = user;
    const char *path = f->backup.image_path;
    char other[EB_PATH_BYTES];

    if (progress->phase != EB_PHASE_WRITE || progress->done == 0) {
        return;
    }
    (void)eb_path_join(other, f->dir, "other", NULL);
    switch (disturbed++) {
    case 0:
        assert_int_equal(chmod(path, 0640), 0);
        break;
    case 1:
        assert_int_equal(link(path, other), 0);
        break;
    case 2:
        assert_int_equal(unlink(path), 0);
        break;
    case 3:
        assert_int_equal(rename(other, path), 0);
        break;
    case 4:
        file_write(f->dir, "other", "another", 7);
        assert_int_equal(rename(other, path), 0);
        break;
    default:
        break;
    }
}

static void what_happens_around_the_bytes_does_not_stop_it(void **state)
{
    restore_fixture_t *f = *state;
    const eb_events_t ev = {f, NULL, disturb_when_writing, NULL, EB_LEVEL_NOTE};

    disturbed = 0;
    fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 7);
    assert_restored(f, eb_op_restore(f->board, &f->options, &ev, &f->result, &f->err), f->image);
    assert_true(disturbed > 4);
}

static void an_image_that_changes_meanwhile_is_not_written(void **state)
{
    restore_fixture_t *f = *state;
    uint8_t *before;

    fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 7);
    before = copy_of_flash(f);
    f->options.confirm = overwrite_when_asked;
    assert_int_equal(put_back(f), EB_ERR_IMAGE_INVALID);
    assert_non_null(strstr(f->err.message, "was changed while it was used"));
    assert_memory_equal(f->board->bytes, before, RESTORE_FLASH_BYTES);
    free(before);
}

static void an_image_that_changes_in_the_middle_ends_the_work(void **state)
{
    restore_fixture_t *f = *state;
    const eb_events_t ev = {f, NULL, overwrite_when_writing, NULL, EB_LEVEL_NOTE};

    fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 7);
    f->image[0] = 0;
    assert_int_equal(eb_op_restore(f->board, &f->options, &ev, &f->result, &f->err),
                     EB_ERR_UNFINISHED);
    assert_int_equal(f->image[0], 0xA5);
    assert_non_null(strstr(f->err.message, "was changed while it was used"));
    assert_false(f->result.verified);
    for (size_t at = 0; at < RESTORE_FLASH_BYTES; at += EB_SECTOR_BYTES) {
        assert_memory_not_equal(f->board->bytes + at, f->image, EB_SECTOR_BYTES);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, restore_set_up, restore_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_erase_that_takes_more_is_noticed, restore_set_up,
                                        restore_tear_down),
        TEST(interruptions_are_told_truly_and_finished_later),
        TEST(each_run_goes_further),
        TEST(a_board_that_comes_back_is_asked),
        TEST(a_block_refused_once_is_written_again),
        TEST(a_change_that_another_board_ends_asks_it_once),
        TEST(a_failure_before_the_first_change_is_itself),
        TEST(a_lying_board_is_always_caught),
        TEST(a_few_lies_are_mended),
        TEST(a_flash_that_repeats_itself_is_caught),
        TEST(what_changes_by_itself_is_written_again),
        TEST(firmware_may_write_behind_a_range),
        TEST(a_hopeless_line_ends),
        TEST(a_step_that_keeps_failing_slows_the_line_down),
        TEST(what_happens_around_the_bytes_does_not_stop_it),
        TEST(an_image_that_changes_meanwhile_is_not_written),
        TEST(an_image_that_changes_in_the_middle_ends_the_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
