/* flash-info of a board in memory. */
#include "core_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES (1024u * 1024u)

typedef struct fixture {
    eb_session_t *board;
    watch_t watch;
    eb_flash_info_options_t options;
    eb_flash_report_t report;
    eb_err_t err;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    f->board = fake_new(FLASH_BYTES, 1);
    board_fill_realistic(f->board);
    watch_init(&f->watch, f->board);
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

static eb_code_t ask(fixture_t *f)
{
    eb_flash_report_free(&f->report);
    return eb_op_flash_info(f->board, &f->options, &f->watch.ev, &f->report, &f->err);
}

static void contents_and_usage_are_told(void **state)
{
    fixture_t *f = *state;
    uint64_t erased = 0;

    assert_int_equal(ask(f), EB_OK);
    assert_int_equal(f->report.bootloader.state, EB_IMAGE_UNCHECKED);
    assert_int_equal(f->report.table.count, 5);
    assert_true(f->report.table.has_md5);
    assert_string_equal(f->report.table.entries[2].app.desc.version, "1.4.2");
    assert_int_equal(f->report.table.entries[2].app.state, EB_IMAGE_UNCHECKED);
    assert_int_equal(f->report.table.entries[3].app.state, EB_IMAGE_NONE);
    assert_int_equal(f->report.boot.index, 2);
    assert_true(f->report.usage.known);
    for (size_t i = 0; i < FLASH_BYTES; i++) {
        erased += f->board->bytes[i] == 0xFF ? 1 : 0;
    }
    assert_true(f->report.usage.erased_bytes <= erased);
    assert_true(f->report.usage.erased_bytes >= erased - 100000);
    assert_int_equal(f->report.part_usage[3].erased_bytes, 0x60000); /* ota_1 */
    assert_true(f->report.part_usage[3].known);
    assert_int_equal(f->report.part_usage[0].erased_bytes, 0x3000); /* nvs: two sectors used */
    assert_int_equal(f->report.part_usage[1].erased_bytes, 0x2000);
    assert_int_equal(f->watch.done[EB_PHASE_CHECK], FLASH_BYTES);
    const eb_flash_map_t *map = &f->report.map;
    assert_int_equal(eb_map_ranges_bytes(&map->erased, 0, FLASH_BYTES),
                     f->report.usage.erased_bytes);
    assert_int_equal(eb_map_ranges_bytes(&map->used, 0, FLASH_BYTES),
                     FLASH_BYTES - f->report.usage.erased_bytes);
    for (size_t i = 0; i < map->area_count; i++) {
        assert_int_equal(map->areas[i].boots, strcmp(map->areas[i].name, "ota_0") == 0);
    }
}

static void usage_can_be_left_out(void **state)
{
    fixture_t *f = *state;

    f->options.skip_usage = true;
    assert_int_equal(ask(f), EB_OK);
    assert_false(f->report.usage.known);
    assert_int_equal(f->report.map.erased.count + f->report.map.used.count, 0);
    assert_int_equal(f->board->digest_bytes, f->board->read_bytes); /* of what was read */
    assert_true(f->board->read_bytes < 8192);
}

/* The app of ota_1 begins there, so that of ota_0 ends there. */
static void what_is_out_of_reach_is_not_known(void **state)
{
    fixture_t *f = *state;

    f->board->reach_bytes = 0x70000;
    assert_int_equal(ask(f), EB_OK);
    assert_true(f->report.usage.known);
    assert_int_equal(f->report.asked_bytes, 0x70000);
    assert_true(f->report.part_usage[2].known);
    assert_int_equal(f->report.table.entries[2].app.state, EB_IMAGE_UNCHECKED);
    assert_false(f->report.part_usage[3].known);
    assert_int_equal(eb_map_ranges_bytes(&f->report.map.erased, 0x70000, FLASH_BYTES) +
                         eb_map_ranges_bytes(&f->report.map.used, 0x70000, FLASH_BYTES),
                     0);
    assert_int_equal(f->report.map.size_bytes, FLASH_BYTES);
    assert_int_equal(f->report.table.entries[3].app.state, EB_IMAGE_ABSENT);

    f->board->reach_bytes = 0x70000 - EB_SECTOR_BYTES;
    assert_int_equal(ask(f), EB_OK);
    assert_false(f->report.part_usage[2].known);
}

static void an_empty_flash_has_no_table(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes, 0xFF, FLASH_BYTES);
    assert_int_equal(ask(f), EB_OK);
    assert_false(f->report.table.present);
    assert_int_equal(f->report.boot.index, -1);
    assert_int_equal(f->report.usage.erased_bytes, FLASH_BYTES);
}

static void a_damaged_table_is_a_warning(void **state)
{
    fixture_t *f = *state;

    f->board->bytes[0x8004] ^= 1;
    assert_int_equal(ask(f), EB_OK);
    assert_false(f->report.table.present);
    assert_true(f->report.table.damaged);
    assert_int_equal(f->report.table.addr, 0x8000);
    assert_non_null(strstr(f->watch.notes, "partition table at 0x8000"));
    assert_true(f->report.usage.known);
}

static void a_table_elsewhere_is_found(void **state)
{
    fixture_t *f = *state;

    memcpy(f->board->bytes + 0xC000, f->board->bytes + 0x8000, 0xC00);
    memset(f->board->bytes + 0x8000, 0xFF, 0x1000);
    f->options.skip_usage = true;
    assert_int_equal(ask(f), EB_OK);
    assert_true(f->report.table.present);
    assert_int_equal(f->report.table.addr, 0xC000);
    assert_int_equal(f->report.boot.index, 2);
    assert_non_null(strstr(f->watch.notes, "0xc000"));
    f->options.table_addr = 0xC000;
    assert_int_equal(ask(f), EB_OK);
    assert_int_equal(f->report.table.addr, 0xC000);
    f->options.table_addr = 0x8000; /* said: then nowhere else */
    assert_int_equal(ask(f), EB_OK);
    assert_false(f->report.table.present);
}

static void move_table(fixture_t *f, uint32_t addr)
{
    memcpy(f->board->bytes + addr, f->board->bytes + 0x8000, 0xC00);
    memset(f->board->bytes + 0x8000, 0xFF, 0x1000);
}

/* Before the usual place, and near the end of the flash, where Sming has had it. */
static void a_table_before_or_at_the_end_is_found(void **state)
{
    static const uint32_t places[] = {0x7000, 0xFA000};
    fixture_t *f = *state;

    f->options.skip_usage = true;
    for (size_t i = 0; i < 2; i++) {
        move_table(f, places[i]);
        assert_int_equal(ask(f), EB_OK);
        assert_true(f->report.table.present);
        assert_int_equal(f->report.table.addr, places[i]);
        assert_int_equal(f->report.bootloader.state, EB_IMAGE_UNCHECKED);
        assert_int_equal(f->report.boot.index, 2);
        memcpy(f->board->bytes + 0x8000, f->board->bytes + places[i], 0xC00);
        memset(f->board->bytes + places[i], 0xFF, 0x1000);
    }
}

/* What is looked for first is found first. */
static void of_two_tables_the_usual_place_wins(void **state)
{
    fixture_t *f = *state;

    memcpy(f->board->bytes + 0x7000, f->board->bytes + 0x8000, 0xC00);
    f->options.skip_usage = true;
    assert_int_equal(ask(f), EB_OK);
    assert_int_equal(f->report.table.addr, 0x8000);
    move_table(f, 0xC000);
    assert_int_equal(ask(f), EB_OK);
    assert_int_equal(f->report.table.addr, 0xC000);
}

/* A program without a table reaches as far as it likes. */
static void without_a_table_nothing_ends_the_program(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes + 0x1000, 0xFF, FLASH_BYTES - 0x1000);
    uint32_t length = app_put(f->board->bytes + 0x1000, 0x20000, "1.0", 7);
    f->options.skip_usage = true;
    assert_int_equal(ask(f), EB_OK);
    assert_int_equal(f->report.bootloader.state, EB_IMAGE_UNCHECKED);
    assert_int_equal(f->report.bootloader.length_bytes, length);
    assert_true(length > 0x7000);
}

/* No bootloader, no table: it is not looked for in 37 more places. */
static void an_erased_flash_is_not_searched(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes, 0xFF, FLASH_BYTES);
    f->options.skip_usage = true;
    assert_int_equal(ask(f), EB_OK);
    assert_true(f->board->reads < 8);
}

static void faults_on_the_line_are_got_over(void **state)
{
    fixture_t *f = *state;

    f->board->error_rate = 1e-4;
    assert_int_equal(ask(f), EB_OK);
    assert_int_equal(f->report.table.count, 5);
    assert_int_equal(f->report.part_usage[3].erased_bytes, 0x60000);
}

static void a_lost_board_ends_it(void **state)
{
    fixture_t *f = *state;

    f->board->lost_at = 1000;
    assert_int_equal(ask(f), EB_ERR_PORT_LOST);
}

static void cancel_ends_it(void **state)
{
    fixture_t *f = *state;

    f->board->cancel_at = 8000;
    assert_int_equal(ask(f), EB_ERR_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(contents_and_usage_are_told),
        TEST(usage_can_be_left_out),
        TEST(what_is_out_of_reach_is_not_known),
        TEST(an_empty_flash_has_no_table),
        TEST(a_damaged_table_is_a_warning),
        TEST(a_table_elsewhere_is_found),
        TEST(a_table_before_or_at_the_end_is_found),
        TEST(of_two_tables_the_usual_place_wins),
        TEST(without_a_table_nothing_ends_the_program),
        TEST(an_erased_flash_is_not_searched),
        TEST(faults_on_the_line_are_got_over),
        TEST(a_lost_board_ends_it),
        TEST(cancel_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
