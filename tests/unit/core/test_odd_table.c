/* A table with odd entries: the rest of it is used, and what is odd is not written by its name. */
#include "find.h"
#include "partition_fixture.h"
#include "restore_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "big" reaches beyond the flash of 1 MB; "storage" and "dump" share their last 64 KB. */
static void put_odd_table(uint8_t *table)
{
    uint8_t *at = table;

    memset(table, 0xFF, 0x1000);
    at = table_put_entry(at, 1, 2, 0x9000, 0x5000, "nvs");
    at = table_put_entry(at, 1, 0, 0xE000, 0x2000, "otadata");
    at = table_put_entry(at, 1, 6, 0x80000, 0x100000, "big");
    at = table_put_entry(at, 0, 0x10, 0x10000, 0x60000, "ota_0");
    at = table_put_entry(at, 1, 0x82, 0xD0000, 0x30000, "storage");
    at = table_put_entry(at, 1, 3, 0xF0000, 0x10000, "dump");
    table_put_md5(table, at);
}

static int set_up_odd(void **state)
{
    (void)set_up(state);
    put_odd_table(((fixture_t *)*state)->board->bytes + 0x8000);
    return 0;
}

static void the_rest_is_saved_and_the_odd_are_named(void **state)
{
    fixture_t *f = *state;
    eb_sidecar_t *sidecar = NULL;

    f->options.select.all = true;
    assert_ok(f, back_up(f, f->board), 7); /* bootloader and table too */
    assert_file(f, 2, 0x9000, 0x5000, "nvs", "nvs");
    assert_file(f, 5, 0xD0000, 0x30000, "storage", "storage");
    assert_file(f, 6, 0xF0000, 0x10000, "dump", "dump");
    assert_non_null(strstr(f->watch.notes, "\"big\" at 0x80000 reaches beyond the flash"));
    assert_non_null(strstr(f->watch.notes, "\"dump\" at 0xf0000 overlaps \"storage\""));
    assert_null(strstr(f->watch.notes, "\"storage\" at 0xd0000 overlaps"));
    assert_int_equal(eb_find_sidecar(f->result.files[2].image_path, &sidecar, NULL), EB_OK);
    assert_int_equal(sidecar->table.count, 5);
    assert_int_equal(sidecar->table.unusable, 1);
    assert_string_equal(sidecar->table.entries[5].label, "big");
    assert_int_equal(sidecar->table.entries[4].fault, EB_ENTRY_OVERLAPS);
    free(sidecar);
}

static void what_lies_beyond_is_no_range(void **state)
{
    fixture_t *f = *state;

    name(f, "big");
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "\"big\" at 0x80000 reaches beyond the flash"));
    assert_int_equal(f->err.reason, EB_REASON_ODD_ENTRY);
}

static void the_usage_of_what_overlaps_is_not_guessed(void **state)
{
    fixture_t *f = *state;
    const eb_flash_info_options_t options = {0};
    eb_flash_report_t report;

    watch_init(&f->watch, f->board);
    assert_int_equal(eb_op_flash_info(f->board, &options, &f->watch.ev, &report, &f->err), EB_OK);
    assert_int_equal(report.boot.index, 2);
    assert_true(report.part_usage[3].known);
    assert_false(report.part_usage[4].known);
    assert_true(report.usage.known);
    assert_non_null(strstr(f->watch.notes, "\"big\" at 0x80000"));
    eb_flash_report_free(&report);
}

/* -- writing --------------------------------------------------------------------------------- */

static int set_up_restore(void **state)
{
    restore_fixture_t *f;

    (void)restore_set_up(state);
    f = *state;
    put_odd_table(f->board->bytes + 0x8000);
    put_odd_table(f->image + 0x8000);
    sidecar_remove(f);
    file_write("/", f->backup.image_path, f->image, RESTORE_FLASH_BYTES);
    return 0;
}

static void what_is_odd_is_not_restored_by_name(void **state)
{
    restore_fixture_t *f = *state;
    /* Without a sidecar the size of the flash is not known; "big" overlaps all the same. */
    static const char *const odd[] = {"dump", "storage", "big"};
    const char *one;

    f->options.partitions = &one;
    f->options.partition_count = 1;
    for (size_t i = 0; i < 3; i++) {
        one = odd[i];
        assert_refused(f, put_back(f), odd[i], EB_REASON_ODD_ENTRY);
    }
    one = "nvs";
    memset(f->board->bytes + 0x9000, 0, 0x1000);
    assert_restored(f, put_back(f), f->image);
}

/* The board has that table already; another one would get it only by force. */
static void a_whole_image_goes_where_its_table_is(void **state)
{
    restore_fixture_t *f = *state;

    memset(f->board->bytes + 0x9000, 0, 0x1000);
    assert_restored(f, put_back(f), f->image);
    f->board->bytes[0x8004] ^= 1;
    fake_forget(f->board);
    assert_refused(f, put_back(f), "would result is invalid: \"storage\"", EB_REASON_FORCE);
}

static void what_is_odd_is_not_erased_by_name(void **state)
{
    restore_fixture_t *f = *state;
    eb_erase_options_t options = {.partition = "dump"};
    eb_erase_result_t result;

    watch_init(&f->watch, f->board);
    assert_int_equal(eb_op_erase(f->board, &options, &f->watch.ev, &result, &f->err),
                     EB_ERR_REFUSED);
    assert_non_null(strstr(f->err.message, "\"dump\" at 0xf0000 overlaps \"storage\""));
    assert_int_equal(f->err.reason, EB_REASON_ODD_ENTRY);
    options.partition = "nvs";
    assert_int_equal(eb_op_erase(f->board, &options, &f->watch.ev, &result, &f->err), EB_OK);
    eb_spans_free(&result.spans);
}

#define TEST(name)         cmocka_unit_test_setup_teardown(name, set_up_odd, tear_down)
#define RESTORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_restore, restore_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_rest_is_saved_and_the_odd_are_named),
        TEST(what_lies_beyond_is_no_range),
        TEST(the_usage_of_what_overlaps_is_not_guessed),
        RESTORE_TEST(what_is_odd_is_not_restored_by_name),
        RESTORE_TEST(a_whole_image_goes_where_its_table_is),
        RESTORE_TEST(what_is_odd_is_not_erased_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
