/* Images of single partitions: what is chosen, what the files are called, and that each of them is
 * the flash, whatever the table says and the line does. */
#include "bytes.h"
#include "find.h"
#include "fs_atomic.h"
#include "partition_fixture.h"
#include "paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

/* OTA data: one copy. */
static void put_ota(const fixture_t *f, int copy, uint32_t sequence, uint32_t ota_state)
{
    uint8_t *at = f->board->bytes + 0xE000 + 0x1000 * copy;

    memset(at, 0xFF, 32);
    eb_put_le32(at, sequence);
    eb_put_le32(at + 24, ota_state);
    eb_put_le32(at + 28, (uint32_t)crc32(0xFFFFFFFFu, at, 4));
}

/* A table of its own on an otherwise erased board. */
static uint8_t *new_table(const fixture_t *f, uint32_t addr)
{
    memset(f->board->bytes, 0xFF, FLASH_BYTES);
    fake_fill(f->board, 0x40000, 0x40000, 5);
    return f->board->bytes + addr;
}

static void names_are_taken_in_flash_order(void **state)
{
    fixture_t *f = *state;

    name(f, "storage");
    name(f, "nvs");
    name(f, "nvs");
    f->options.note = "mine";
    assert_ok(f, back_up(f, f->board), 2);
    assert_file(f, 0, 0x9000, 0x5000, "nvs", "nvs");
    assert_file(f, 1, 0xD0000, 0x30000, "storage", "storage");
    assert_nothing_left_over(f);
    assert_true(f->result.contents.table.present);
    assert_int_equal(f->watch.total[EB_PHASE_READ], 0x35000);
    char *first = strstr(f->watch.notes, "only you can read");
    assert_true(first != NULL && strstr(first + 1, "only you can read") == NULL); /* once */
    assert_null(memchr(f->board->told + 0x9000, 0, 0x5000));
    assert_null(memchr(f->board->told + 0xD0000, 0, 0x30000));
}

static void an_unknown_name_says_which_there_are(void **state)
{
    fixture_t *f = *state;

    name(f, "nvs");
    name(f, "nvz");
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "\"nvz\""));
    assert_non_null(strstr(f->err.message, "nvs, otadata, ota_0, ota_1, storage"));
    assert_int_equal(f->result.count, 0);
    assert_int_equal(folder_count(f->dir, "n"), 0);
    f->options.select.name_count = 0;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
}

static void name_addr_size_needs_no_table(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes + 0x8000, 0x55, 0x1000);
    name(f, "app0");
    f->options.select.has_range = true;
    f->options.select.addr = 0x10000;
    f->options.select.size = 0x40000;
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x10000, 0x40000, "app0", "app0");
    f->options.select.size = FLASH_BYTES;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "app0"));
    f->options.select.size = 0;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    f->options.select.addr = 0xFFFFFFFF;
    f->options.select.size = 0xFFFFFFFF;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    f->options.select.addr = f->options.select.size = 0x1000;
    name(f, "app1");
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    f->options.select.name_count = 1;
    f->names[0] = "seventeen letters";
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    f->names[0] = "a\nb";
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
}

static void the_active_app_is_what_boots(void **state)
{
    fixture_t *f = *state;
    static const struct {
        uint32_t first, first_state, second, second_state;
        const char *slot;
    } rows[] = {
        {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, "ota_0"}, /* erased */
        {1, 2, 2, 2, "ota_1"},
        {3, 2, 2, 2, "ota_0"},
        {3, 3, 2, 2, "ota_1"},          /* the newer one was found invalid */
        {3, 4, 2, 2, "ota_1"},          /* or given up */
        {3, 1, 2, 2, "ota_1"},          /* on trial: the next reset ends it */
        {4, 0, 5, 0xFFFFFFFF, "ota_0"}, /* without rollback */
    };

    f->options.select.active_app = true;
    (void)app_put(f->board->bytes + 0x70000, 100000, "1.5.0", 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_ota(f, 0, rows[i].first, rows[i].first_state);
        put_ota(f, 1, rows[i].second, rows[i].second_state);
        bool zero = strcmp(rows[i].slot, "ota_0") == 0;
        assert_ok(f, back_up(f, f->board), 1);
        assert_file(f, 0, zero ? 0x10000 : 0x70000, 0x60000, rows[i].slot, rows[i].slot);
        assert_non_null(strstr(f->watch.notes, rows[i].slot));
        assert_true((strstr(f->watch.notes, "on trial") != NULL) == (rows[i].first_state == 1));
        assert_null(strstr(f->watch.notes, "no whole app"));
    }
    f->board->bytes[0xE000 + 28] ^= 1; /* CRC of the first copy */
    put_ota(f, 1, 2, 2);
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x70000, 0x60000, "ota_1", "ota_1");
}

/* The chosen slot is empty, or its app was cut off: the bootloader takes the other one. */
static void an_app_that_is_not_whole_does_not_boot(void **state)
{
    fixture_t *f = *state;

    f->options.select.active_app = true;
    put_ota(f, 0, 2, 2); /* ota_1, which is erased */
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x10000, 0x60000, "ota_0", "ota_0");
    assert_non_null(strstr(f->watch.notes, "\"ota_1\" comes before it, but holds no whole app"));
    uint32_t length = app_put(f->board->bytes + 0x70000, 100000, "1.5.0", 16);
    memset(f->board->bytes + 0x70000 + length - 0x1000, 0xFF, 0x1000);
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x10000, 0x60000, "ota_0", "ota_0");
}

/* A byte in the middle shows only when all of the app is at hand. */
static void an_app_that_turns_out_damaged_is_told(void **state)
{
    fixture_t *f = *state;
    eb_sidecar_t *sidecar = NULL;

    f->options.select.active_app = true;
    (void)app_put(f->board->bytes + 0x70000, 100000, "1.5.0", 16);
    f->board->bytes[0x70000 + 50000] ^= 1;
    put_ota(f, 0, 2, 2);
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x70000, 0x60000, "ota_1", "ota_1");
    assert_non_null(strstr(f->watch.notes, "\"ota_1\" is damaged, so ota_0 boots"));
    assert_int_equal(eb_find_sidecar(f->result.files[0].image_path, &sidecar, NULL), EB_OK);
    assert_int_equal(sidecar->boot.index, 2);
    assert_int_equal(sidecar->boot.chosen, 3);
    free(sidecar);
}

/* A launcher's board: its only program is a test app. */
static void a_test_app_is_critical_where_nothing_else_boots(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = new_table(f, 0x8000);

    uint8_t *at = table_put_entry(table, 0, 0x20, 0x10000, 0x60000, "app0");
    at = table_put_entry(at, 0, 0x10, 0x70000, 0x60000, "app1");
    table_put_md5(table, at);
    (void)app_put(f->board->bytes + 0x10000, 100000, "2.7.1", 16);
    f->options.select.critical = true;
    assert_ok(f, back_up(f, f->board), 3);
    assert_file(f, 2, 0x10000, 0x60000, "app0", "app0");
}

/* It must not be left out only because the bootloader stops before it. */
static void where_nothing_boots_all_whole_apps_are_critical(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = new_table(f, 0x8000);

    uint8_t *at = table_put_entry(table, 1, 0, 0xE000, 0x1000, "otadata");
    at = table_put_entry(at, 0, 0x10, 0x10000, 0x60000, "ota_0");
    at = table_put_entry(at, 0, 0x11, 0x70000, 0x60000, "ota_1");
    table_put_md5(table, at);
    (void)app_put(f->board->bytes + 0x10000, 100000, "0.9", 16);
    f->options.select.critical = true;
    assert_ok(f, back_up(f, f->board), 4);
    assert_file(f, 3, 0x10000, 0x60000, "ota_0", "ota_0");
    assert_non_null(strstr(f->watch.notes, "nothing boots, because the OTA data are too small"));
    f->options.select.critical = false;
    f->options.select.active_app = true;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "the OTA data are too small"));
}

static void critical_is_all_that_a_board_cannot_do_without(void **state)
{
    fixture_t *f = *state;

    f->options.select.critical = true;
    assert_ok(f, back_up(f, f->board), 5);
    assert_file(f, 0, 0x1000, 0x7000, "bootloader", "bootloader");
    assert_file(f, 1, 0x8000, 0x1000, "partition_table", "partition_table");
    assert_file(f, 2, 0x9000, 0x5000, "nvs", "nvs");
    assert_file(f, 3, 0xE000, 0x2000, "otadata", "otadata");
    assert_file(f, 4, 0x10000, 0x60000, "ota_0", "ota_0");
    assert_non_null(strstr(f->watch.notes, "no phy partition"));
    assert_nothing_left_over(f);
}

static void all_is_all(void **state)
{
    fixture_t *f = *state;

    f->options.select.all = true;
    name(f, "nvs");
    assert_ok(f, back_up(f, f->board), 7);
    assert_file(f, 6, 0xD0000, 0x30000, "storage", "storage");
    assert_null(strstr(f->watch.notes, "every byte is 0xFF")); /* ota_1 is erased, and may be */
    assert_nothing_left_over(f);
    eb_partition_backup_result_free(&f->result);
    f->options.select.all = false;
    f->names[0] = "bootloader";
    name(f, "partition-table");
    assert_ok(f, back_up(f, f->board), 2);
}

static void one_out_of_reach_is_refused_before_the_first(void **state)
{
    fixture_t *f = *state;

    f->board->reach_bytes = 0xD0000 + EB_SECTOR_BYTES; /* a sector of "storage" */
    f->options.select.all = true;
    assert_int_equal(back_up(f, f->board), EB_ERR_UNSUPPORTED);
    assert_non_null(strstr(f->err.message, "\"storage\""));
    assert_int_equal(folder_count(f->dir, ".bin") + folder_count(f->dir, ".part"), 0);
    f->options.select.all = false;
    name(f, "ota_1");
    assert_ok(f, back_up(f, f->board), 1);
}

static void a_table_elsewhere_is_given_or_found(void **state)
{
    fixture_t *f = *state;
    uint8_t *flash = f->board->bytes;

    memcpy(flash + 0x20000, flash + 0x8000, 0x1000);
    memset(flash + 0x8000, 0xFF, 0x1000);
    name(f, "nvs");
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x9000, 0x5000, "nvs", "nvs");
    assert_non_null(strstr(f->watch.notes, "partition table lies at 0x20000"));
    assert_int_equal(f->result.contents.table.addr, 0x20000);
    f->options.select.table_addr = 0x20000;
    assert_ok(f, back_up(f, f->board), 1);
    assert_null(strstr(f->watch.notes, "partition table lies at"));
    f->options.select.table_addr = 0x8000;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "0x8000"));
    f->options.select.table_addr = 0xFFFFF000;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    f->options.select.table_addr = 0;
    memset(flash + 0x20000, 0, 0x1000);
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_int_equal(f->err.reason, EB_REASON_NO_PARTITION);
    assert_int_equal(f->result.count, 0);
}

static void a_table_without_md5_is_taken(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes + 0x8000 + 5 * 32, 0xFF, 32);
    name(f, "otadata");
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0xE000, 0x2000, "otadata", "otadata");
    assert_false(f->result.contents.table.has_md5);
}

static void a_table_that_lies_is_refused(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = new_table(f, 0x8000);

    uint8_t *at = table_put_entry(table, 1, 2, 0x40000, FLASH_BYTES, "big");
    table_put_md5(table, at);
    name(f, "big");
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
    assert_non_null(strstr(f->watch.notes, "beyond the flash"));
    assert_int_equal(folder_count(f->dir, ".bin"), 0);
    /* A good one behind it is still found. */
    memcpy(f->board->bytes + 0x9000, table, 0x1000);
    at = table_put_entry(f->board->bytes + 0x9000, 1, 2, 0x40000, 0x1000, "big");
    table_put_md5(f->board->bytes + 0x9000, at);
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x40000, 0x1000, "big", "big");
}

static void hostile_labels_stay_in_the_folder(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = new_table(f, 0x8000);
    static const char *const labels[] = {"../../evil", "..", "/etc/passwd", "a b\x1b[31m",
                                         "con:$`"};
    uint8_t *at = table;

    for (uint32_t i = 0; i < 5; i++) {
        at = table_put_entry(at, 1, 6, 0x40000 + i * 0x1000, 0x1000, labels[i]);
    }
    at = table_put_entry(at, 1, 6, 0x50000, 0x1000, "");
    memset(at - 20, 0xC3, 16); /* not UTF-8, not ended */
    at = table_put_entry(at, 1, 6, 0x60000, 0x1000, "");
    table_put_md5(table, at);
    f->options.select.all = true;
    assert_ok(f, back_up(f, f->board), 9);
    assert_file(f, 2, 0x40000, 0x1000, "../../evil", ".._.._evil");
    assert_file(f, 3, 0x41000, 0x1000, "..", "..");
    assert_file(f, 4, 0x42000, 0x1000, "/etc/passwd", "_etc_passwd");
    assert_file(f, 5, 0x43000, 0x1000, "a b?[31m", "a_b__31m");
    assert_file(f, 6, 0x44000, 0x1000, "con:$`", "con___");
    assert_file(f, 7, 0x50000, 0x1000, "????????????????", "________________");
    assert_file(f, 8, 0x60000, 0x1000, "", "0x60000");
    assert_nothing_left_over(f);
}

static void a_label_that_occurs_twice_is_taken_twice(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = new_table(f, 0x8000);

    uint8_t *at = table_put_entry(table, 1, 2, 0x40000, 0x1000, "nvs");
    at = table_put_entry(at, 1, 2, 0x50000, 0x2000, "nvs");
    table_put_md5(table, at);
    name(f, "nvs");
    assert_ok(f, back_up(f, f->board), 2);
    assert_file(f, 0, 0x40000, 0x1000, "nvs", "nvs");
    assert_file(f, 1, 0x50000, 0x2000, "nvs", "nvs");
    assert_non_null(strstr(f->watch.notes, "2 partitions are called \"nvs\""));
    assert_nothing_left_over(f);
    f->options.output = "x.bin";
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
}

static void the_bootloader_of_the_table_goes_first(void **state)
{
    fixture_t *f = *state;
    uint8_t *table = new_table(f, 0x8000);

    uint8_t *at = table_put_entry(table, 2, 0, 0x1000, 0x6000, "boot");
    at = table_put_entry(at, 3, 0, 0x8000, 0x1000, "parts");
    table_put_md5(table, at);
    f->options.select.critical = true;
    assert_ok(f, back_up(f, f->board), 2);
    assert_file(f, 0, 0x1000, 0x6000, "boot", "boot");
    assert_file(f, 1, 0x8000, 0x1000, "parts", "parts");
    assert_non_null(strstr(f->watch.notes, "nothing boots, because there is no app partition"));
    f->options.select.critical = false;
    f->options.select.active_app = true;
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
}

static void what_is_complete_stays_when_a_later_one_fails(void **state)
{
    fixture_t *f = *state;

    name(f, "nvs");
    name(f, "ota_0");
    name(f, "storage");
    /* nvs takes 0x5000 bytes, ota_0 less than 0x60000: lost in the middle of it. */
    f->board->lost_at = 0x5000 + 0x18000;
    assert_int_equal(back_up(f, f->board), EB_ERR_PORT_LOST);
    assert_int_equal(f->result.count, 2);
    assert_file(f, 0, 0x9000, 0x5000, "nvs", "nvs");
    assert_false(f->result.files[1].verified);
    assert_string_equal(f->result.files[1].image_path, "");
    assert_true(eb_fs_exists(f->result.files[1].part_path));
    assert_int_equal(strncmp(f->err.message, "partition \"ota_0\"", 17), 0);
    assert_non_null(strstr(f->watch.notes, "1 of 3 partitions"));
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
    assert_int_equal(folder_count(f->dir, ".part"), 1);

    fake_forget(f->board);
    assert_ok(f, back_up(f, f->board), 3);
    assert_file(f, 1, 0x10000, 0x60000, "ota_0", "ota_0");
    assert_true(f->result.files[1].origins.bytes[EB_ORIGIN_RESUMED] > 0);
    assert_int_equal(f->result.files[0].origins.bytes[EB_ORIGIN_EARLIER],
                     0x5000); /* verified, not read */
    assert_int_equal(folder_count(f->dir, ".part"), 0);
    assert_int_equal(folder_count(f->dir, ".bin"), 4);
}

static void the_part_of_a_range_is_not_taken_up_as_a_partition(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t range;
    eb_backup_options_t options = {
        .dir = f->dir, .full = true, .has_range = true, .addr = 0x9000, .size = 0x5000};

    f->board->lost_at = 0x2000;
    assert_int_equal(eb_op_backup(f->board, &options, NULL, &range, NULL, NULL), EB_ERR_PORT_LOST);
    fake_forget(f->board);
    name(f, "nvs");
    assert_ok(f, back_up(f, f->board), 1);
    assert_file(f, 0, 0x9000, 0x5000, "nvs", "nvs");
    assert_int_equal(folder_count(f->dir, ".part"), 1);
}

static void a_bad_line_makes_no_wrong_file(void **state)
{
    fixture_t *f = *state;

    f->options.select.all = true;
    for (uint64_t seed = 0; seed < seed_count(20); seed++) {
        fake_forget(f->board);
        f->board->seed = seed;
        f->board->error_rate = 2e-5;
        assert_ok(f, back_up(f, f->board), 7);
        assert_file(f, 2, 0x9000, 0x5000, "nvs", "nvs");
        assert_file(f, 4, 0x10000, 0x60000, "ota_0", "ota_0");
    }
}

static void an_output_names_the_file(void **state)
{
    fixture_t *f = *state;
    char path[EB_PATH_BYTES];

    (void)eb_path_join(path, f->dir, "mine.bin", NULL);
    f->options.output = path;
    name(f, "nvs");
    assert_ok(f, back_up(f, f->board), 1);
    assert_string_equal(f->result.files[0].image_path, path);
    assert_int_equal(back_up(f, f->board), EB_ERR_FILE_EXISTS);
    f->options.force = true;
    assert_ok(f, back_up(f, f->board), 1);
    name(f, "storage");
    assert_int_equal(back_up(f, f->board), EB_ERR_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_taken_in_flash_order),
        TEST(an_unknown_name_says_which_there_are),
        TEST(name_addr_size_needs_no_table),
        TEST(the_active_app_is_what_boots),
        TEST(an_app_that_is_not_whole_does_not_boot),
        TEST(an_app_that_turns_out_damaged_is_told),
        TEST(a_test_app_is_critical_where_nothing_else_boots),
        TEST(where_nothing_boots_all_whole_apps_are_critical),
        TEST(critical_is_all_that_a_board_cannot_do_without),
        TEST(all_is_all),
        TEST(one_out_of_reach_is_refused_before_the_first),
        TEST(a_table_elsewhere_is_given_or_found),
        TEST(a_table_without_md5_is_taken),
        TEST(a_table_that_lies_is_refused),
        TEST(hostile_labels_stay_in_the_folder),
        TEST(a_label_that_occurs_twice_is_taken_twice),
        TEST(the_bootloader_of_the_table_goes_first),
        TEST(what_is_complete_stays_when_a_later_one_fails),
        TEST(the_part_of_a_range_is_not_taken_up_as_a_partition),
        TEST(a_bad_line_makes_no_wrong_file),
        TEST(an_output_names_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
