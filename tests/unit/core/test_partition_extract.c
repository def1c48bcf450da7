/* Images of single partitions out of a backup, with no board. */
#include "find.h"
#include "fs_atomic.h"
#include "partition_fixture.h"
#include "paths.h"
#include "sidecar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void partitions_come_out_of_a_backup(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t whole;
    eb_backup_options_t options = {.dir = f->dir};
    eb_sidecar_t *sidecar = NULL;

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &whole, NULL, NULL), EB_OK);
    f->options.from_image = "latest";
    f->options.select.critical = true;
    assert_ok(f, back_up(f, NULL), 5);
    assert_file(f, 0, 0x1000, 0x7000, "bootloader", "bootloader");
    assert_file(f, 2, 0x9000, 0x5000, "nvs", "nvs");
    assert_file(f, 4, 0x10000, 0x60000, "ota_0", "ota_0");
    assert_int_equal(folder_count(f->dir, ".bin"), 6);
    assert_int_equal(folder_count(f->dir, ".part") + folder_count(f->dir, ".journal"), 0);
    assert_int_equal(eb_find_sidecar(f->result.files[2].image_path, &sidecar, NULL), EB_OK);
    assert_int_equal(sidecar->origins.bytes[EB_ORIGIN_EARLIER], 0x5000);
    assert_non_null(strstr(sidecar->note, strrchr(whole.image_path, '/') + 1));
    assert_true(sidecar->part_hash[0].known);
    assert_false(sidecar->part_hash[2].known);
    free(sidecar);
    f->options.select.critical = false;
    name(f, "nothing");
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
    f->options.select.has_range = true;
    f->options.select.addr = FLASH_BYTES - 1;
    f->options.select.size = 2;
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
    assert_int_equal(folder_count(f->dir, ".bin"), 6);
}

static void what_the_image_does_not_hold_is_refused(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t low;
    eb_backup_options_t options = {
        .dir = f->dir, .has_range = true, .addr = 0x8000, .size = 0xF000};

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &low, NULL, NULL), EB_OK);
    f->options.from_image = low.image_path;
    name(f, "nvs");
    assert_ok(f, back_up(f, NULL), 1);
    assert_file(f, 0, 0x9000, 0x5000, "nvs", "nvs");
    f->names[0] = "bootloader"; /* before the image */
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
    f->names[0] = "ota_0"; /* begins in it */
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "0x10000 + 0x60000"));
    assert_non_null(strstr(f->err.message, low.image_path));
    f->options.select.name_count = 0;
    f->options.select.active_app = true; /* what is not at hand is not called empty */
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
    assert_null(strstr(f->watch.notes, "holds no whole app"));
    assert_int_equal(folder_count(f->dir, ".part"), 0);
    assert_int_equal(folder_count(f->dir, ".bin"), 2);
}

static void a_bare_image_gives_bare_files(void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = NULL;
    size_t len = 0;

    file_write(f->dir, "bare.bin", f->board->bytes, FLASH_BYTES);
    f->options.from_image = "bare";
    name(f, "nvs");
    assert_ok(f, back_up(f, NULL), 1);
    assert_false(f->result.files[0].verified);
    assert_string_equal(f->result.files[0].sidecar_path, "");
    assert_non_null(strstr(f->result.files[0].image_path, "/unknown_nvs_20"));
    assert_int_equal(
        eb_fs_read_file(f->result.files[0].image_path, FLASH_BYTES, &bytes, &len, NULL), EB_OK);
    assert_int_equal(len, 0x5000);
    assert_memory_equal(bytes, f->board->bytes + 0x9000, len);
    free(bytes);
    assert_int_equal(folder_count(f->dir, "_info.json"), 0);
    assert_non_null(strstr(f->watch.notes, "no sidecar"));
    f->options.select.name_count = 0;
    f->options.select.critical = true; /* without the bootloader: where it lies is not known */
    assert_ok(f, back_up(f, NULL), 4);
    assert_non_null(strstr(f->watch.notes, "where the bootloader lies is not known"));
}

/* Without its address the names of the table would be given to other bytes. */
static void a_bare_image_that_starts_elsewhere(void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = NULL;
    size_t len = 0;

    file_write(f->dir, "merged.bin", f->board->bytes + 0x1000, FLASH_BYTES - 0x1000);
    f->options.from_image = "merged";
    name(f, "nvs");
    for (uint32_t table_addr = 0; table_addr <= 0x8000; table_addr += 0x1000) {
        f->options.select.table_addr = table_addr;
        assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
        assert_true(table_addr != 0 || f->err.reason == EB_REASON_STARTS_AT);
    }
    f->options.select.table_addr = 0;
    f->options.has_address = true;
    f->options.address = 0x1000;
    assert_ok(f, back_up(f, NULL), 1);
    assert_int_equal(
        eb_fs_read_file(f->result.files[0].image_path, FLASH_BYTES, &bytes, &len, NULL), EB_OK);
    assert_int_equal(len, 0x5000);
    assert_memory_equal(bytes, f->board->bytes + 0x9000, len);
    free(bytes);
    f->options.address = 0x3000; /* no table at the usual places */
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
}

static void a_bare_image_without_a_table(void **state)
{
    fixture_t *f = *state;

    file_write(f->dir, "app.bin", f->board->bytes + 0x10000, 0x10000);
    f->options.from_image = "app";
    name(f, "nvs");
    assert_int_equal(back_up(f, NULL), EB_ERR_USAGE);
    assert_int_equal(f->err.reason, EB_REASON_NO_TABLE_IN_FILE);
}

static void a_damaged_image_gives_nothing(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t whole;
    eb_backup_options_t options = {.dir = f->dir};

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &whole, NULL, NULL), EB_OK);
    f->board->bytes[FLASH_BYTES - 1] ^= 1;
    file_write(f->dir, strrchr(whole.image_path, '/') + 1, f->board->bytes, FLASH_BYTES);
    f->options.from_image = whole.image_path;
    name(f, "nvs");
    assert_int_equal(back_up(f, NULL), EB_ERR_IMAGE_INVALID);
    assert_int_equal(f->result.count, 0);
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(partitions_come_out_of_a_backup), TEST(what_the_image_does_not_hold_is_refused),
        TEST(a_bare_image_gives_bare_files),   TEST(a_bare_image_that_starts_elsewhere),
        TEST(a_bare_image_without_a_table),    TEST(a_damaged_image_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
