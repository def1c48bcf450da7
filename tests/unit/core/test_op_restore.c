/* Putting a backup back on a board in memory: what differs is written, no more, and verified. */
#include "app_image.h"
#include "restore_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECTORS (RESTORE_FLASH_BYTES / EB_SECTOR_BYTES)

static void an_equal_board_is_left_alone(void **state)
{
    restore_fixture_t *f = *state;

    assert_restored(f, put_back(f), f->image);
    assert_false(f->result.changed);
    assert_int_equal(f->asked, 1);
    assert_int_equal(f->board->writes + f->board->erase_calls, 0);
    assert_int_equal(span_bytes(f, EB_SPAN_SAME), RESTORE_FLASH_BYTES);
    assert_int_equal(f->board->read_bytes < 20000, 1);
}

static void an_erased_board_comes_back(void **state)
{
    restore_fixture_t *f = *state;

    memset(f->board->bytes, 0xFF, RESTORE_FLASH_BYTES);
    assert_restored(f, put_back(f), f->image);
    assert_true(f->result.changed);
    assert_int_equal(f->board->erase_calls, 0); /* blank is blank already */
    assert_int_equal(f->result.bytes_written, f->board->written_bytes);
    assert_true(f->result.wire_bytes > 0);
    assert_true(f->plan_old_bytes > 0);
    assert_int_equal(span_bytes(f, EB_SPAN_NEW), f->plan_old_bytes);
    assert_int_equal(f->result.size_bytes, RESTORE_FLASH_BYTES);
    assert_false(f->plan.is_erase);
    assert_false(f->plan.other_mac);
    assert_non_null(f->plan.image_table);
    assert_non_null(f->plan.image_boot);
    assert_null(f->plan.board_boot);
    /* The same again has nothing to do. */
    fake_forget(f->board);
    assert_restored(f, put_back(f), f->image);
    assert_false(f->result.changed);
}

/* What makes restore quick, and wears the flash no more than needed. */
static void two_percent_are_those_sectors_and_no_others(void **state)
{
    restore_fixture_t *f = *state;
    static const uint32_t changed[] = {0x12, 0x13, 0x20, 0xD3, 0xF0};

    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        f->board->bytes[changed[i] * EB_SECTOR_BYTES + 100 * i] ^= 0x55;
    }
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(fake_sectors_touched(f->board), 5);
    assert_int_equal(fake_sector_erases(f->board), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(f->board->erases[changed[i]], 1);
    }
    assert_int_equal(f->board->writes, 3);      /* neighbours go together */
    assert_int_equal(f->board->erase_calls, 1); /* 0xF0 is to be blank */
    assert_int_equal(f->board->written_bytes, 4 * EB_SECTOR_BYTES);
    assert_int_equal(f->plan_old_bytes, 5 * EB_SECTOR_BYTES);
}

static void what_is_to_be_blank_is_erased_only(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x78000, 0x40000, 5);
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(f->board->written_bytes, 0);
    assert_int_equal(fake_sectors_touched(f->board), 0x40);
    assert_int_equal(f->result.bytes_written, 0);
    assert_int_equal(f->watch.total[EB_PHASE_ERASE], 0x40000);
    assert_false(f->watch.started[EB_PHASE_WRITE]);
}

/* Nothing of it is as wanted: asking about each sector first would save nothing. */
static void other_content_is_hashed_once_when_it_is_written(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 5);
    assert_restored(f, put_back(f), f->image);
    assert_true(f->plan.skipped_bytes > RESTORE_FLASH_BYTES / 2);
    assert_int_equal(f->plan_old_bytes, RESTORE_FLASH_BYTES);
    assert_int_equal(span_bytes(f, EB_SPAN_NEW), RESTORE_FLASH_BYTES);
    assert_int_equal(fake_sector_erases(f->board), SECTORS);
    assert_true(f->board->digest_bytes < RESTORE_FLASH_BYTES * 3 / 2);
    assert_true(f->board->reads < 5); /* nor is a table searched that is to go */
    uint64_t all = f->board->wire_bytes;
    /* On a line with faults each answer may have been about another range: asked for twice. */
    fake_forget(f->board);
    fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 5);
    f->board->stats.retries = 1;
    assert_restored(f, put_back(f), f->image);
    assert_true(f->board->digest_bytes > 2 * RESTORE_FLASH_BYTES);
    /* So is what was written before the first of them, even if that comes with the very last. */
    for (uint64_t tenth = 2; tenth <= 10; tenth++) {
        fake_forget(f->board);
        fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 5);
        f->board->shaky_at = (all - 100) * tenth / 10;
        assert_restored(f, put_back(f), f->image);
        assert_int_equal(f->board->stats.retries, 1);
        assert_true(f->board->digest_bytes > 2 * RESTORE_FLASH_BYTES);
    }
}

/* One erase of a block is quicker than sixteen of its sectors, so all of it is written. */
static void a_block_that_changes_as_a_whole_is_written_as_a_whole(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0xD0000, EB_BLOCK_BYTES, 5); /* 7 sectors of data in the image */
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(f->board->writes, 1);
    assert_int_equal(f->board->erase_calls, 0);
    assert_int_equal(f->result.bytes_written, EB_BLOCK_BYTES);
    fake_forget(f->board);
    fake_fill(f->board, 0xD0000, EB_BLOCK_BYTES - EB_SECTOR_BYTES, 5); /* one stays */
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(f->result.bytes_written, 7 * EB_SECTOR_BYTES);
    assert_int_equal(fake_sectors_touched(f->board), 15);
    /* The ROM takes it as it is, at the speed of the line. */
    fake_forget(f->board);
    fake_fill(f->board, 0xD0000, EB_BLOCK_BYTES, 5);
    f->board->stats.stub = false;
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(f->result.bytes_written, 7 * EB_SECTOR_BYTES);
}

/* The chain of the boot is written from its end, its first link last. */
static void bootloader_and_table_come_last(void **state)
{
    restore_fixture_t *f = *state;

    unsigned without_table = 0, with_table_only = 0;

    memset(f->board->bytes, 0xFF, RESTORE_FLASH_BYTES);
    for (uint64_t at = 8000; at < 300000; at += 8000) {
        eb_code_t code;
        fake_forget(f->board);
        f->board->lost_at = at;
        code = put_back(f);
        const uint8_t *now = f->board->bytes;
        bool boots = memcmp(now + 0x1000, f->image + 0x1000, EB_SECTOR_BYTES) == 0;
        bool has_table = memcmp(now + 0x8000, f->image + 0x8000, EB_SECTOR_BYTES) == 0;
        bool whole = memcmp(now, f->image, 0x1000) == 0 &&
                     memcmp(now + 0x9000, f->image + 0x9000, RESTORE_FLASH_BYTES - 0x9000) == 0;
        assert_true(!has_table || whole);
        assert_true(!boots || memcmp(now, f->image, RESTORE_FLASH_BYTES) == 0);
        without_table += f->result.changed && !has_table ? 1 : 0;
        with_table_only += has_table && !boots ? 1 : 0;
        if (code == EB_OK) {
            break;
        }
        memset(f->board->bytes, 0xFF, RESTORE_FLASH_BYTES);
    }
    assert_true(without_table > 10);
    assert_true(with_table_only > 0);
}

static void a_partition_by_name_is_that_and_nothing_else(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage", "nvs"};

    fake_fill(f->board, 0x9000, 0x5000, 3);
    fake_fill(f->board, 0x10000, 0x10000, 4);
    fake_fill(f->board, 0xD0000, 0x30000, 5);
    uint8_t *wanted = malloc(RESTORE_FLASH_BYTES);
    memcpy(wanted, f->image, RESTORE_FLASH_BYTES);
    memcpy(wanted + 0x10000, f->board->bytes + 0x10000, 0x10000);
    f->options.partitions = names;
    f->options.partition_count = 2;
    assert_restored(f, put_back(f), wanted);
    assert_int_equal(f->result.addr, 0x9000);
    assert_int_equal(f->result.size_bytes, 0x35000);
    assert_null(f->plan.image_table);
    free(wanted);
}

static void names_that_no_table_lists(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"bootloader", "partition_table"};

    memset(f->board->bytes + 0x1000, 0x11, 0x8000);
    f->options.partitions = names;
    f->options.partition_count = 2;
    assert_restored(f, put_back(f), f->image);
}

/* The rest of a sector that is restored in part stays what it is on the board. */
static void neighbours_of_an_odd_range_stay(void **state)
{
    static const struct {
        uint32_t addr, size;
    } odd[] = {{0x10123, 0x20456}, {0x10001, 1},     {0x10FFF, 2},      {0xFFFFF, 1},
               {0x9001, 0xFFE},    {0x9000, 0x1001}, {0x10FFF, 0x1001}, {0x1000, 7}};
    restore_fixture_t *f = *state;
    uint8_t *wanted = malloc(RESTORE_FLASH_BYTES);

    f->options.has_range = true;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        fake_forget(f->board);
        fake_fill(f->board, 0, RESTORE_FLASH_BYTES, 100 + i);
        memcpy(wanted, f->board->bytes, RESTORE_FLASH_BYTES);
        memcpy(wanted + odd[i].addr, f->image + odd[i].addr, odd[i].size);
        f->options.addr = odd[i].addr;
        f->options.size = odd[i].size;
        assert_restored(f, put_back(f), wanted);
        assert_int_equal(f->result.addr, odd[i].addr);
        assert_int_equal(f->result.size_bytes, odd[i].size);
    }
    free(wanted);
}

static void a_bare_file_goes_where_it_is_told(void **state)
{
    restore_fixture_t *f = *state;
    uint8_t *app = malloc(0x20000);
    char path[EB_PATH_BYTES + 16];
    uint32_t len = app_put(app, 50000, "2.0", 9);

    snprintf(path, sizeof(path), "%s/app.bin", f->dir);
    file_write(f->dir, "app.bin", app, len);
    f->options.backup = path;
    f->options.has_address = true;
    f->options.address = 0x70000;
    fake_fill(f->board, 0x70000, 0x20000, 8); /* its last sector has bytes behind the app's end */
    uint8_t *wanted = malloc(RESTORE_FLASH_BYTES);
    memcpy(wanted, f->board->bytes, RESTORE_FLASH_BYTES);
    memcpy(wanted + 0x70000, app, len);
    assert_restored(f, put_back(f), wanted);
    assert_int_equal(f->result.size_bytes, len);
    free(wanted);
    free(app);
}

static void erase_all_leaves_nothing_else(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"ota_0"};
    uint8_t *wanted = malloc(RESTORE_FLASH_BYTES);

    fake_fill(f->board, 0xE0000, 0x3000, 1);
    memset(wanted, 0xFF, RESTORE_FLASH_BYTES);
    memcpy(wanted + 0x10000, f->image + 0x10000, 0x60000);
    f->options.partitions = names;
    f->options.partition_count = 1;
    f->options.erase_all = true;
    assert_restored(f, put_back(f), wanted);
    assert_int_equal(f->result.addr, 0);
    assert_int_equal(f->result.size_bytes, RESTORE_FLASH_BYTES);
    assert_non_null(strstr(f->watch.notes, "no partition table"));
    free(wanted);
}

static void a_dry_run_tells_and_touches_nothing(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x20000, 0x2000, 1);
    f->options.dry_run = true;
    f->answer = false; /* does not count */
    assert_int_equal(put_back(f), EB_OK);
    assert_int_equal(f->asked, 1);
    assert_false(f->result.changed);
    assert_false(f->result.verified);
    assert_int_equal(f->board->writes + f->board->erase_calls, 0);
    assert_int_equal(span_bytes(f, EB_SPAN_OLD), 0x2000);
    assert_int_equal(span_bytes(f, EB_SPAN_SAME), RESTORE_FLASH_BYTES - 0x2000);
    /* It tells of each sector, though of a restore that would be too dear. */
    fake_fill(f->board, 0, 0xC0000, 1);
    memcpy(f->board->bytes + 0x95000, f->image + 0x95000, EB_SECTOR_BYTES);
    assert_int_equal(put_back(f), EB_OK);
    assert_int_equal(f->plan.skipped_bytes, 0);
    assert_int_equal(span_bytes(f, EB_SPAN_OLD), 0xC0000 - EB_SECTOR_BYTES);
}

static void no_is_no(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x20000, 0x2000, 1);
    f->answer = false;
    assert_refused(f, put_back(f), "not confirmed", EB_REASON_NOT_CONFIRMED);
    assert_int_equal(f->asked, 1);
    assert_int_equal(span_bytes(f, EB_SPAN_OLD), 0x2000);
}

static void a_backup_first_holds_what_was_there(void **state)
{
    restore_fixture_t *f = *state;
    uint8_t *before = malloc(RESTORE_FLASH_BYTES), *copy = malloc(RESTORE_FLASH_BYTES);

    fake_fill(f->board, 0x20000, 0x2000, 1);
    memcpy(before, f->board->bytes, RESTORE_FLASH_BYTES);
    f->options.backup = "latest";
    f->options.backup_first = true;
    assert_restored(f, put_back(f), f->image);
    assert_string_equal(f->result.image_path, f->backup.image_path);
    assert_string_not_equal(f->result.first_backup_path, "");
    FILE *file = fopen(f->result.first_backup_path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(copy, 1, RESTORE_FLASH_BYTES, file), RESTORE_FLASH_BYTES);
    fclose(file);
    assert_memory_equal(copy, before, RESTORE_FLASH_BYTES);
    free(before);
    free(copy);
}

/* After --backup-first "latest" is another one, so the way to finish names the image. */
static void an_interrupted_one_names_its_image(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x20000, 0x40000, 1);
    f->options.backup = "latest";
    f->options.backup_first = true;
    f->board->lost_at = 500000;
    assert_int_equal(put_back(f), EB_ERR_UNFINISHED);
    assert_non_null(strstr(f->err.hint, f->backup.image_path));
    assert_int_equal(f->board->recoveries, 1); /* a port that did not come back was waited for */
    fake_forget(f->board);
    f->options.backup = f->backup.image_path;
    f->options.backup_first = false;
    assert_restored(f, put_back(f), f->image);
}

/* A backup that cannot be made ends it before anything changes. */
static void a_failed_backup_first_ends_it(void **state)
{
    restore_fixture_t *f = *state;

    fake_fill(f->board, 0x20000, 0x40000, 1);
    f->options.backup_first = true;
    f->board->lost_at = 60000;
    assert_int_equal(put_back(f), EB_ERR_PORT_LOST);
    assert_non_null(strstr(f->err.message, "nothing was changed"));
    assert_false(f->result.changed);
    assert_int_equal(fake_sector_erases(f->board), 0);
}

typedef struct bytes_view {
    const uint8_t *bytes;
} bytes_view_t;

static bool view_read(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    memcpy(bytes, ((bytes_view_t *)user)->bytes + offset, count);
    return true;
}

static void flash_settings_change_the_header_and_its_hash(void **state)
{
    restore_fixture_t *f = *state;
    eb_app_image_t image;
    bytes_view_t view = {f->board->bytes + 0x1000};

    f->options.flash_mode = "qio";
    f->options.flash_size = "1MB";
    assert_int_equal(put_back(f), EB_OK);
    assert_true(f->result.verified && f->result.header_changed);
    assert_non_null(strstr(f->watch.notes, "header"));
    eb_app_image_check(view_read, &view, 0x7000, &image);
    assert_int_equal(image.state, EB_IMAGE_VALID);
    assert_int_equal(image.flash_mode, 0);
    assert_int_equal(image.flash_size_code, 0);
    for (uint32_t i = 0; i < RESTORE_FLASH_BYTES; i++) {
        bool header = i == 0x1002 || i == 0x1003;
        bool hash = i >= 0x1000 + image.length_bytes - 32 && i < 0x1000 + image.length_bytes;
        assert_true(header || hash || f->board->bytes[i] == f->image[i]);
    }
    assert_int_equal(fake_sectors_touched(f->board), 2);
    /* The same settings again: nothing to do; kept settings: the backup's own bytes. */
    fake_forget(f->board);
    assert_int_equal(put_back(f), EB_OK);
    assert_false(f->result.changed);
    f->options.flash_mode = f->options.flash_size = NULL;
    fake_forget(f->board);
    assert_restored(f, put_back(f), f->image);
    assert_false(f->result.header_changed);
}

static void flash_settings_need_the_bootloader(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"nvs"};

    f->options.flash_mode = "qio";
    f->options.partitions = names;
    f->options.partition_count = 1;
    assert_int_equal(put_back(f), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "bootloader"));
    f->options.partition_count = 0;
    f->options.flash_mode = "fast";
    assert_int_equal(put_back(f), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "qio, qout, dio, dout"));
}

static void the_rom_alone_does_it_too(void **state)
{
    restore_fixture_t *f = *state;

    f->board->stats.stub = false;
    fake_fill(f->board, 0x20000, 0x23000, 1);
    assert_restored(f, put_back(f), f->image);
}

static void usage_is_told(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"nvs", "nosuch"};

    f->options.partitions = names;
    f->options.partition_count = 2;
    assert_int_equal(put_back(f), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "nosuch"));
    assert_non_null(strstr(f->err.message, "nvs, otadata, ota_0"));
    f->options.has_range = true;
    assert_int_equal(put_back(f), EB_ERR_USAGE);
    f->options.partition_count = 0;
    f->options.addr = 0xFF000;
    f->options.size = 0x2000;
    assert_int_equal(put_back(f), EB_ERR_USAGE);
    f->options.has_range = false;
    f->options.backup = "nothing-here";
    assert_int_equal(put_back(f), EB_ERR_BACKUP_NOT_FOUND);
    f->board->flash.known = false;
    assert_int_equal(put_back(f), EB_ERR_FLASH_MUTE);
    assert_int_equal(fake_sector_erases(f->board), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, restore_set_up, restore_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_equal_board_is_left_alone),
        TEST(an_erased_board_comes_back),
        TEST(two_percent_are_those_sectors_and_no_others),
        TEST(what_is_to_be_blank_is_erased_only),
        TEST(other_content_is_hashed_once_when_it_is_written),
        TEST(a_block_that_changes_as_a_whole_is_written_as_a_whole),
        TEST(bootloader_and_table_come_last),
        TEST(a_partition_by_name_is_that_and_nothing_else),
        TEST(names_that_no_table_lists),
        TEST(neighbours_of_an_odd_range_stay),
        TEST(a_bare_file_goes_where_it_is_told),
        TEST(erase_all_leaves_nothing_else),
        TEST(a_dry_run_tells_and_touches_nothing),
        TEST(no_is_no),
        TEST(a_backup_first_holds_what_was_there),
        TEST(an_interrupted_one_names_its_image),
        TEST(a_failed_backup_first_ends_it),
        TEST(flash_settings_change_the_header_and_its_hash),
        TEST(flash_settings_need_the_bootloader),
        TEST(the_rom_alone_does_it_too),
        TEST(usage_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
