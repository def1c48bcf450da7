/* Erasing a board in memory: what is not blank, in whole sectors, asked and verified. */
#include "restore_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    restore_fixture_t *board; /* borrows its board and its question */
    eb_erase_options_t options;
    eb_erase_result_t result;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));
    void *inner = NULL;

    if (restore_set_up(&inner) != 0) {
        free(f);
        return 1;
    }
    f->board = inner;
    f->options.confirm = f->board->options.confirm;
    f->options.confirm_user = f->board;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    void *inner = f->board;

    eb_spans_free(&f->result.spans);
    free(f);
    return restore_tear_down(&inner);
}

static eb_code_t erase(fixture_t *f)
{
    restore_fixture_t *b = f->board;

    eb_spans_free(&f->result.spans);
    memset(&b->err, 0, sizeof(b->err));
    watch_init(&b->watch, b->board);
    b->asked = 0;
    return eb_op_erase(b->board, &f->options, &b->watch.ev, &f->result, &b->err);
}

/* The range is blank, all else is as it was. */
static void assert_erased(const fixture_t *f, eb_code_t code, uint32_t addr, uint32_t size)
{
    const restore_fixture_t *b = f->board;

    if (code != EB_OK) {
        print_message("error: %s\n", b->err.message);
    }
    assert_int_equal(code, EB_OK);
    assert_true(f->result.verified);
    assert_int_equal(f->result.addr, addr);
    assert_int_equal(f->result.size_bytes, size);
    for (uint32_t i = 0; i < RESTORE_FLASH_BYTES; i++) {
        bool within = i >= addr && i - addr < size;
        assert_int_equal(b->board->bytes[i], within ? 0xFF : b->image[i]);
    }
}

static void assert_not_erased(const fixture_t *f, eb_code_t code, int status, const char *words)
{
    const restore_fixture_t *b = f->board;

    assert_int_equal(code, b->err.code);
    assert_int_equal(eb_code_row(code)->exit_status, status);
    assert_non_null(strstr(b->err.message, words));
    assert_int_equal(fake_sector_erases(b->board), 0);
    assert_false(f->result.changed || f->result.verified);
}

static void the_whole_flash(void **state)
{
    fixture_t *f = *state;
    restore_fixture_t *b = f->board;

    f->options.whole = true;
    assert_erased(f, erase(f), 0, RESTORE_FLASH_BYTES);
    assert_true(f->result.changed);
    assert_true(b->plan.is_erase);
    assert_null(b->plan.source);
    assert_null(b->plan.image_table);
    assert_int_equal(b->asked, 1);
    /* Only what held something: no sector twice, none that was blank. */
    for (uint32_t i = 0; i < RESTORE_FLASH_BYTES / EB_SECTOR_BYTES; i++) {
        const uint8_t *at = b->image + (size_t)i * EB_SECTOR_BYTES;
        bool blank = at[0] == 0xFF && memcmp(at, at + 1, EB_SECTOR_BYTES - 1) == 0;
        assert_int_equal(b->board->erases[i], blank ? 0 : 1);
    }
    assert_int_equal(b->board->writes, 0);
    fake_forget(b->board);
    assert_erased(f, erase(f), 0, RESTORE_FLASH_BYTES);
    assert_false(f->result.changed);
    assert_int_equal(b->board->erase_calls, 0);
}

static void a_partition(void **state)
{
    fixture_t *f = *state;

    f->options.partition = "nvs";
    assert_erased(f, erase(f), 0x9000, 0x5000);
    f->options.partition = "nosuch";
    fake_forget(f->board->board);
    assert_not_erased(f, erase(f), 2, "\"nosuch\"");
    memset(f->board->board->bytes + 0x8000, 0xFF, 0xC00);
    f->options.partition = "nvs";
    assert_not_erased(f, erase(f), 2, "no partition table");
}

/* Two parts that no table lists have the same names as elsewhere. */
static void what_lies_outside_the_table(void **state)
{
    fixture_t *f = *state;
    restore_fixture_t *b = f->board;

    f->options.partition = "bootloader";
    assert_erased(f, erase(f), 0x1000, 0x7000);
    assert_int_equal(b->asked, 1);
    memcpy(b->board->bytes, b->image, RESTORE_FLASH_BYTES);
    fake_forget(b->board);
    f->options.partition = "partition_table";
    assert_erased(f, erase(f), 0x8000, 0x1000);
    fake_forget(b->board);
    /* Where they are is not known without it. */
    assert_not_erased(f, erase(f), 2, "no partition table");
    f->options.partition = "bootloader";
    assert_not_erased(f, erase(f), 2, "no partition table");
    memcpy(b->board->bytes, b->image, RESTORE_FLASH_BYTES);
    f->options.partition = "partition-table";
    b->answer = false;
    assert_not_erased(f, erase(f), 5, "not confirmed");
}

/* Which of two is meant only the user knows. */
static void a_name_that_two_have(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = f->board->board->bytes + 0x8000;
    size_t last = 4u * 32u; /* "storage" */

    (void)table_put_entry(table + last, 1, 0x82, 0xD0000, 0x30000, "nvs");
    table_put_md5(table, table + last + 32);
    f->options.partition = "nvs";
    assert_not_erased(f, erase(f), 2, "partition \"nvs\": there are two of that name, at 0x9000 ");
    assert_non_null(strstr(f->board->err.message, "and at 0xd0000"));
    assert_int_equal(f->board->err.reason, EB_REASON_NAMED_TWICE);
}

static void a_range_of_whole_sectors(void **state)
{
    fixture_t *f = *state;

    f->options.addr = 0x10800;
    f->options.size = 0x1000;
    assert_not_erased(f, erase(f), 2, "in sectors of 0x1000");
    assert_non_null(strstr(f->board->err.hint, "0x10000 + 0x2000"));
    f->options.addr = 0xFF000;
    f->options.size = 0x2000;
    assert_not_erased(f, erase(f), 2, "0xff000 + 0x2000");
    f->options.size = 0;
    assert_not_erased(f, erase(f), 2, "does not lie within");
    f->options.addr = 0x11000;
    f->options.size = 0x12000;
    assert_erased(f, erase(f), 0x11000, 0x12000);
}

static void refusals(void **state)
{
    fixture_t *f = *state;
    eb_session_t *board = f->board->board;
    eb_security_t *security = &board->chip.security;

    f->options.whole = true;
    f->board->answer = false;
    assert_not_erased(f, erase(f), 5, "not confirmed");
    f->board->answer = true;
    security->flash_encryption = EB_YES;
    assert_not_erased(f, erase(f), 5, "flash encryption is on");
    assert_int_equal(f->board->err.reason, EB_REASON_FORCE);
    security->flash_encryption = EB_NO;
    security->secure_boot = EB_YES;
    assert_not_erased(f, erase(f), 5, "secure boot is on");
    board->protect_status = 0x04;
    security->secure_boot = EB_NO;
    assert_not_erased(f, erase(f), 5, "write-protected");
    board->protect_status = 0;
    security->secure_download_mode = EB_YES;
    f->options.force = true;
    assert_not_erased(f, erase(f), 5, "secure download mode");
    security->secure_download_mode = EB_NO;
    security->secure_boot = security->flash_encryption = EB_YES;
    assert_erased(f, erase(f), 0, RESTORE_FLASH_BYTES);
    assert_non_null(strstr(f->board->watch.notes, "continuing anyway"));
    assert_true(f->board->plan.encrypted);
    board->flash.known = false;
    fake_forget(board);
    assert_not_erased(f, erase(f), 1, "flash");
}

static void a_lying_board_is_caught(void **state)
{
    fixture_t *f = *state;
    restore_fixture_t *b = f->board;

    f->options.whole = true;
    for (int lie = FAKE_LIE_KEEP; lie <= FAKE_LIE_SHORT; lie++) {
        fake_forget(b->board);
        memcpy(b->board->bytes, b->image, RESTORE_FLASH_BYTES);
        b->board->lie = (fake_lie_t)lie;
        b->board->lies_left = -1;
        assert_int_equal(erase(f), EB_ERR_UNFINISHED);
        assert_false(f->result.verified);
        assert_true(f->result.changed);
    }
}

static void interruptions_are_told_truly(void **state)
{
    fixture_t *f = *state;
    restore_fixture_t *b = f->board;
    uint8_t *blank = malloc(RESTORE_FLASH_BYTES);
    unsigned unfinished = 0;

    memset(blank, 0xFF, RESTORE_FLASH_BYTES);
    f->options.whole = true;
    assert_erased(f, erase(f), 0, RESTORE_FLASH_BYTES);
    uint64_t from = b->wire_bytes, work = b->board->wire_bytes - from;
    for (uint64_t seed = 0; seed < seed_count(80); seed++) {
        fake_forget(b->board);
        memcpy(b->board->bytes, b->image, RESTORE_FLASH_BYTES);
        b->board->seed = seed;
        if (seed % 2 == 0) {
            b->board->error_rate = 1e-3;
        } else {
            b->board->lost_at = from + seed * work / 80;
        }
        eb_code_t code = erase(f);
        assert_spans_true(&f->result.spans, b->board, b->image, blank);
        assert_true(!f->result.changed || code == EB_OK || code == EB_ERR_UNFINISHED);
        assert_int_equal(f->result.verified, code == EB_OK);
        unfinished += code == EB_ERR_UNFINISHED ? 1 : 0;
        fake_forget(b->board);
        assert_erased(f, erase(f), 0, RESTORE_FLASH_BYTES);
    }
    assert_true(unfinished > (unsigned)seed_count(20));
    free(blank);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_lies_outside_the_table),
        TEST(the_whole_flash),
        TEST(a_partition),
        TEST(a_name_that_two_have),
        TEST(a_range_of_whole_sectors),
        TEST(refusals),
        TEST(a_lying_board_is_caught),
        TEST(interruptions_are_told_truly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
