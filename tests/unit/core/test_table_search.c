/* Two tables in one flash, and a table that nobody can read. */
#include "core_fixture.h"
#include "flash_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES (1024u * 1024u)
#define MOVED_ADDR  0xF000u

typedef struct fixture {
    eb_session_t *board; /* its table is at 0x8000, and ota_0 boots */
    watch_t watch;
    eb_flash_report_t report;
    eb_err_t err;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    f->board = fake_new(FLASH_BYTES, 1);
    board_fill_realistic(f->board);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;

    fake_free(f->board);
    eb_flash_report_free(&f->report);
    free(f);
    return 0;
}

static void ask(fixture_t *f, uint32_t table_addr)
{
    const eb_flash_info_options_t options = {.table_addr = table_addr, .skip_usage = true};

    watch_init(&f->watch, f->board);
    fake_forget(f->board);
    eb_flash_report_free(&f->report);
    assert_int_equal(eb_op_flash_info(f->board, &options, &f->watch.ev, &f->report, &f->err),
                     EB_OK);
}

/* A table whose only app lies at app_addr. */
static void put_other(fixture_t *f, uint32_t app_addr)
{
    uint8_t *table = f->board->bytes + MOVED_ADDR;

    memset(table, 0xFF, 0x1000);
    uint8_t *at = table_put_entry(table, 0, 0, app_addr, 0x31000, "factory");
    table_put_md5(table, at);
}

static void another_table_is_told(void **state)
{
    fixture_t *f = *state;

    ask(f, 0);
    assert_int_equal(f->report.table.other_addr, 0);
    assert_null(strstr(f->watch.notes, "another one"));
    put_other(f, 0x10000);
    ask(f, 0);
    assert_int_equal(f->report.table.addr, 0x8000);
    assert_int_equal(f->report.table.other_addr, MOVED_ADDR);
    assert_non_null(strstr(f->watch.notes, "the partition table at 0x8000 is used, but another one "
                                           "lies at 0xf000: nothing tells which"));
    ask(f, 0x8000); /* said: then no other counts */
    assert_int_equal(f->report.table.other_addr, 0);
}

/* What would start by a table tells which of them is in use. */
static void the_table_by_which_an_app_boots_is_told(void **state)
{
    fixture_t *f = *state;

    put_other(f, 0xC0000); /* where no app is */
    ask(f, 0);
    assert_int_equal(f->report.boot.index, 2);
    assert_non_null(strstr(f->watch.notes, "no app boots by that one"));
    (void)app_put(f->board->bytes + 0xC0000, 100000, "2.0", 17);
    memset(f->board->bytes + 0x10000, 0x3C, 0x1000); /* of the first table only the app is gone */
    ask(f, 0);
    assert_int_equal(f->report.boot.index, -1);
    assert_non_null(strstr(f->watch.notes, "only by that one an app boots"));
}

/* An app of 200000 bytes lies over most places; a table within it is none. */
static void what_an_image_holds_is_not_looked_at(void **state)
{
    fixture_t *f = *state;

    ask(f, 0);
    size_t reads = f->board->reads;
    memcpy(f->board->bytes + 0x12000, f->board->bytes + 0x8000, 0x1000);
    ask(f, 0);
    assert_int_equal(f->report.table.other_addr, 0);
    assert_int_equal(f->board->reads, reads);
    ask(f, 0x8000);
    assert_int_equal(reads - f->board->reads, 7); /* 0x9000 to 0xf000 */
}

/* A newer table may tell of a second place for itself. */
static void a_table_that_is_in_the_table_is_no_news(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = f->board->bytes + 0x8000;

    put_other(f, 0x10000);
    memset(table, 0xFF, 0x1000);
    uint8_t *at = table_put_entry(table, 0, 0, 0x10000, 0x60000, "factory");
    at = table_put_entry(at, 3, 1, MOVED_ADDR, 0x1000, "recovery");
    table_put_md5(table, at);
    ask(f, 0);
    assert_int_equal(f->report.table.count, 2);
    assert_int_equal(f->report.table.other_addr, 0);
}

/* -- flash encryption ------------------------------------------------------------------------ */

static void ciphertext_is_not_called_missing(void **state)
{
    fixture_t *f = *state;

    fake_fill(f->board, 0, 0x10000, 21);
    ask(f, 0);
    assert_false(f->report.table.encrypted); /* nobody knows */
    f->board->chip.security.flash_encryption = EB_YES;
    ask(f, 0);
    assert_true(f->report.table.encrypted);
    assert_false(f->report.table.present || f->report.table.damaged);
    assert_int_equal(f->report.table.addr, 0x8000);
    assert_int_equal(f->report.bootloader.state, EB_IMAGE_OPAQUE);
}

/* No search in 24 more places, where all is ciphertext too. */
static void ciphertext_is_not_searched(void **state)
{
    fixture_t *f = *state;
    eb_layout_t layout;
    eb_retry_t retry;

    fake_fill(f->board, 0, 0x10000, 21);
    f->board->chip.security.flash_encryption = EB_YES;
    eb_retry_init(&retry, f->board, NULL);
    eb_layout_source_t source = eb_layout_of_board(&retry, 0);
    fake_forget(f->board);
    assert_int_equal(eb_layout_search(&source, NULL, &layout, &f->err), EB_OK);
    assert_true(layout.table.encrypted);
    assert_true(f->board->reads < 4);
}

/* Erased is erased, and what can be read is read. */
static void an_encrypted_chip_may_have_plain_flash(void **state)
{
    fixture_t *f = *state;

    f->board->chip.security.flash_encryption = EB_YES;
    ask(f, 0);
    assert_true(f->report.table.present);
    assert_false(f->report.table.encrypted);
    memset(f->board->bytes + 0x8000, 0xFF, 0x1000);
    ask(f, 0);
    assert_false(f->report.table.present || f->report.table.encrypted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_table_is_told),
        TEST(the_table_by_which_an_app_boots_is_told),
        TEST(what_an_image_holds_is_not_looked_at),
        TEST(a_table_that_is_in_the_table_is_no_news),
        TEST(ciphertext_is_not_called_missing),
        TEST(ciphertext_is_not_searched),
        TEST(an_encrypted_chip_may_have_plain_flash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
