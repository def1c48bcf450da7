/* Every reason not to write to a board: told before anything changes, each with its reason. */
#include "digest.h"
#include "restore_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The same with force continues, and warns with the same words. */
static void assert_forced(restore_fixture_t *f, const char *words)
{
    f->options.force = true;
    eb_code_t code = put_back(f);
    if (code != EB_OK) {
        print_message("error: %s\n", f->err.message);
    }
    assert_int_equal(code, EB_OK);
    assert_non_null(strstr(f->watch.notes, words));
    assert_non_null(strstr(f->watch.notes, "continuing anyway"));
    f->options.force = false;
}

static void another_chip_by_the_sidecar(void **state)
{
    restore_fixture_t *f = *state;

    f->board->bytes[0x20000] ^= 1;
    snprintf(f->board->chip.id, sizeof(f->board->chip.id), "esp32c3");
    snprintf(f->board->chip.name, sizeof(f->board->chip.name), "ESP32-C3");
    assert_refused(f, put_back(f), "another chip: ESP32 (esp32), and this is ESP32-C3",
                   EB_REASON_FORCE);
    assert_int_equal(f->asked, 0);
    assert_forced(f, "another chip");
}

static void another_chip_by_the_headers(void **state)
{
    restore_fixture_t *f = *state;

    sidecar_remove(f);
    f->board->bytes[0x20000] ^= 1;
    f->board->chip.chip_id = 5;
    assert_refused(f, put_back(f), "another chip", EB_REASON_FORCE);
    assert_non_null(strstr(f->err.message, "0x1000"));
    assert_forced(f, "chip id");
}

/* A bare application of another chip, and one whose only program is in a partition. */
static void another_chip_by_one_header(void **state)
{
    restore_fixture_t *f = *state;
    char path[EB_PATH_BYTES + 16];

    snprintf(path, sizeof(path), "%s/app.bin", f->dir);
    f->image[0x10000 + 12] = 9;
    file_write(f->dir, "app.bin", f->image + 0x10000, 0x20000);
    f->options.backup = path;
    f->options.has_address = true;
    f->options.address = 0x10000;
    assert_refused(f, put_back(f), "0x10000 in it has chip id 9", EB_REASON_FORCE);

    memset(f->image + 0x1000, 0xFF, 0x6000);
    file_write(f->dir, "app.bin", f->image, RESTORE_FLASH_BYTES);
    f->options.has_address = false;
    assert_refused(f, put_back(f), "0x10000 in it has chip id 9", EB_REASON_FORCE);
}

static void an_image_larger_than_the_flash(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"ota_0"};

    f->board->flash.size_bytes = RESTORE_FLASH_BYTES / 2;
    assert_refused(f, put_back(f), "does not fit into the 524288 bytes", EB_REASON_RESTORE_PART);
    f->options.force = true;
    assert_refused(f, put_back(f), "does not fit", EB_REASON_RESTORE_PART);
    f->options.partitions = names;
    f->options.partition_count = 1;
    f->options.force = false;
    memset(f->board->bytes + 0x8000, 0xFF, 0xC00);
    (void)table_put_entry(f->board->bytes + 0x8000, 0, 0x10, 0x10000, 0x60000, "ota_0");
    assert_int_equal(put_back(f), EB_OK);
    names[0] = "storage";
    assert_refused(f, put_back(f), "does not fit", EB_REASON_RESTORE_PART);
    f->board->flash.size_bytes = RESTORE_FLASH_BYTES;
}

/* The flash is large enough, but nothing on the chip can address all of it. */
static void an_image_that_is_out_of_reach(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"ota_0"};

    f->board->bytes[0x10000] ^= 1;
    f->board->reach_bytes = RESTORE_FLASH_BYTES / 2;
    assert_int_equal(put_back(f), EB_ERR_UNSUPPORTED);
    assert_int_equal(f->board->wire_bytes, 0);
    f->options.partitions = names;
    f->options.partition_count = 1;
    f->options.erase_all = true;
    assert_int_equal(put_back(f), EB_ERR_UNSUPPORTED);
    assert_int_equal(f->board->wire_bytes, 0);
    f->options.erase_all = false;
    assert_int_equal(put_back(f), EB_OK);
}

/* The file is not what its sidecar says: exit 6, and force does not help. */
static void a_changed_file(void **state)
{
    restore_fixture_t *f = *state;

    f->options.force = true;
    f->image[0x4321] ^= 1;
    file_write("/", f->backup.image_path, f->image, RESTORE_FLASH_BYTES);
    f->board->bytes[0x20000] ^= 1;
    assert_int_equal(put_back(f), EB_ERR_IMAGE_INVALID);
    assert_int_equal(eb_code_row(f->err.code)->exit_status, 6);
    assert_int_equal(f->err.reason, EB_REASON_WITHOUT_SIDECAR);
    assert_int_equal(fake_sector_erases(f->board), 0);
    file_write("/", f->backup.image_path, f->image, RESTORE_FLASH_BYTES / 2);
    assert_int_equal(put_back(f), EB_ERR_IMAGE_INVALID);
    sidecar_edit(f, "\"format\"", "\"farmat\"");
    assert_int_equal(put_back(f), EB_ERR_SIDECAR_INVALID);
    assert_int_equal(f->err.reason, EB_REASON_WITHOUT_SIDECAR);
}

static void a_sidecar_that_points_elsewhere(void **state)
{
    restore_fixture_t *f = *state;
    const char *name = strrchr(f->backup.image_path, '/') + 1;
    char with_path[512];

    snprintf(with_path, sizeof(with_path), "../../etc/%s", name);
    f->board->bytes[0x20000] ^= 1;
    f->options.force = true;
    sidecar_edit(f, name, with_path);
    assert_int_equal(put_back(f), EB_ERR_SIDECAR_INVALID);
    assert_int_equal(fake_sector_erases(f->board), 0);
}

static void another_board_is_asked_about(void **state)
{
    restore_fixture_t *f = *state;
    eb_confirm_fn confirm = f->options.confirm;

    f->board->bytes[0x20000] ^= 1;
    snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
    f->options.confirm = NULL; /* nobody to ask */
    assert_refused(f, put_back(f), "24:0a:c4:00:00:01, this one has 24:0a:c4:00:00:02",
                   EB_REASON_FORCE_COPY);
    f->options.confirm = confirm;
    f->answer = false;
    assert_refused(f, put_back(f), "not confirmed", EB_REASON_NOT_CONFIRMED);
    assert_true(f->plan.other_mac);
    f->options.confirm = NULL;
    f->options.dry_run = true;
    assert_int_equal(put_back(f), EB_OK);
    f->options.dry_run = false;
    assert_forced(f, "of another board");
    f->board->bytes[0x20000] ^= 1;
    fake_forget(f->board);
    f->answer = true;
    f->options.confirm = confirm;
    assert_restored(f, put_back(f), f->image);
    assert_true(f->plan.other_mac);
}

static void a_file_that_does_not_say_where_it_belongs(void **state)
{
    restore_fixture_t *f = *state;
    char path[EB_PATH_BYTES + 16];

    snprintf(path, sizeof(path), "%s/app.bin", f->dir);
    file_write(f->dir, "app.bin", f->image + 0x10000, 0x20000);
    f->options.backup = path;
    f->board->bytes[0x10000] ^= 1;
    assert_refused(f, put_back(f), "does not say where it belongs", EB_REASON_FORCE_AT_ZERO);
    assert_string_equal(f->err.hint, "0x1000"); /* where a bootloader belongs */
    f->options.has_address = true;
    f->options.address = 0x10000;
    assert_restored(f, put_back(f), f->image);
}

/* -- partitions ------------------------------------------------------------------------------ */

static void put_table(uint8_t *table, uint32_t nvs_size, uint32_t app_size)
{
    uint8_t *at = table;

    memset(table, 0xFF, 0xC00);
    at = table_put_entry(at, 1, 2, 0x9000, nvs_size, "nvs");
    at = table_put_entry(at, 0, 0, 0x10000, app_size, "factory");
    table_put_md5(table, at);
}

static void a_partition_that_is_elsewhere_on_the_board(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"nvs"};

    f->options.partitions = names;
    f->options.partition_count = 1;
    put_table(f->board->bytes + 0x8000, 0x4000, 0x60000);
    assert_refused(f, put_back(f), "0x9000 + 0x5000 in the image, but 0x9000 + 0x4000",
                   EB_REASON_FORCE_TABLE);
    assert_forced(f, "\"nvs\"");
    names[0] = "ota_1";
    assert_refused(f, put_back(f), "\"ota_1\": the board's own table has none", EB_REASON_FORCE);
    memset(f->board->bytes + 0x8000, 0xFF, 0xC00);
    assert_refused(f, put_back(f), "no partition table", EB_REASON_FORCE_TABLE);
}

/* With the table itself among what is restored there is nothing to contradict. */
static void a_partition_that_brings_its_table(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"nvs", "partition_table"};

    put_table(f->board->bytes + 0x8000, 0x4000, 0x60000);
    memset(f->board->bytes + 0x9000, 0, 0x1000);
    f->options.partitions = names;
    f->options.partition_count = 2;
    assert_restored(f, put_back(f), f->image);
}

static void a_table_that_would_be_invalid(void **state)
{
    restore_fixture_t *f = *state;

    sidecar_remove(f);
    put_table(f->image + 0x8000, 0x5000, 0x100000); /* beyond the end */
    file_write("/", f->backup.image_path, f->image, RESTORE_FLASH_BYTES);
    assert_refused(f, put_back(f), "\"factory\"", EB_REASON_FORCE);
    assert_non_null(strstr(f->err.message, "would result"));
    put_table(f->image + 0x8000, 0x8000, 0x60000); /* overlap */
    file_write("/", f->backup.image_path, f->image, RESTORE_FLASH_BYTES);
    assert_refused(f, put_back(f), "overlaps", EB_REASON_FORCE);
    assert_forced(f, "overlaps");
    assert_memory_equal(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
}

static void a_copy_that_is_too_short_is_warned_of(void **state)
{
    restore_fixture_t *f = *state;
    char path[EB_PATH_BYTES + 16];

    snprintf(path, sizeof(path), "%s/short.bin", f->dir);
    file_write(f->dir, "short.bin", f->image, 0xC0000);
    f->options.backup = path;
    assert_restored(f, put_back(f), f->image);
    assert_non_null(strstr(f->watch.notes, "ends before \"ota_1\" does, the first of 2"));
}

/* No name is asked for here, and the empty one of an entry is none that could be meant. */
static void an_entry_without_a_name(void **state)
{
    restore_fixture_t *f = *state;
    uint8_t *at = f->image + 0x8000, *table = at;

    memset(table, 0xFF, 0x1000);
    at = table_put_entry(at, 0, 0x10, 0x10000, 0x60000, "ota_0");
    at = table_put_entry(at, 1, 0x82, 0xD0000, 0x30000, "");
    table_put_md5(table, at);
    sidecar_remove(f);
    file_write("/", f->backup.image_path, f->image, RESTORE_FLASH_BYTES);
    memcpy(f->image + 0x8000, f->board->bytes + 0x8000, 0x1000);
    f->board->bytes[0x20000] ^= 1;
    f->options.has_range = true;
    f->options.addr = 0x20000;
    f->options.size = 0x1000;
    assert_restored(f, put_back(f), f->image);
}

/* -- security -------------------------------------------------------------------------------- */

static void secure_download_mode(void **state)
{
    restore_fixture_t *f = *state;

    f->board->chip.security.secure_download_mode = EB_YES;
    f->options.force = true;
    assert_refused(f, put_back(f), "secure download mode", EB_REASON_NONE);
    assert_int_equal(f->err.code, EB_ERR_UNSUPPORTED);
    assert_int_equal(f->board->reads + f->board->digests, 0);
}

static void plain_bytes_onto_an_encrypted_flash(void **state)
{
    restore_fixture_t *f = *state;

    f->board->bytes[0x20000] ^= 1;
    f->board->chip.security.flash_encryption = EB_YES;
    assert_refused(f, put_back(f), "is not encrypted", EB_REASON_FORCE_NO_START);
    sidecar_remove(f);
    assert_refused(f, put_back(f), "is not encrypted", EB_REASON_FORCE_NO_START);
    assert_forced(f, "is not encrypted");
    assert_true(f->plan.encrypted);
}

/* A board whose flash looks like noise, and its own backup. */
static void own_ciphertext_is_put_back(void **state)
{
    restore_fixture_t *f = *state;

    f->board->chip.security.flash_encryption = EB_YES;
    fake_fill(f->board, 0, RESTORE_FLASH_BYTES / 4, 50);
    eb_backup_options_t options = {.dir = f->dir};
    assert_int_equal(eb_op_backup(f->board, &options, NULL, &f->backup, NULL, &f->err), EB_OK);
    memcpy(f->image, f->board->bytes, RESTORE_FLASH_BYTES);
    f->options.backup = f->backup.image_path;
    fake_forget(f->board);
    fake_fill(f->board, 0x10000, 0x3000, 51);
    assert_restored(f, put_back(f), f->image);
    assert_non_null(strstr(f->watch.notes, "own ciphertext"));
    assert_true(f->plan.encrypted);

    fake_forget(f->board);
    snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
    assert_refused(f, put_back(f), "without this board's key", EB_REASON_FORCE_NO_START);
    f->board->chip.security.flash_encryption = EB_NO;
    assert_refused(f, put_back(f), "is ciphertext", EB_REASON_FORCE_NO_START);
    f->board->chip.security.flash_encryption = EB_YES;
    sidecar_remove(f);
    assert_refused(f, put_back(f), "no sidecar", EB_REASON_FORCE);
}

static void secure_boot_keeps_its_bootloader(void **state)
{
    restore_fixture_t *f = *state;

    f->board->chip.security.secure_boot = EB_YES;
    for (int version = 1; version <= 2; version++) {
        fake_forget(f->board);
        f->board->chip.security.secure_boot_version = version;
        f->board->bytes[0x3000] ^= 1;
        assert_refused(f, put_back(f), "secure boot (version", EB_REASON_FORCE_BOOTLOADER);
        f->board->bytes[0x3000] ^= 1;
        f->board->bytes[0] ^= 1; /* the digest of version 1 */
        assert_refused(f, put_back(f), "bootloader's range below 0x8000",
                       EB_REASON_FORCE_BOOTLOADER);
        f->board->bytes[0] ^= 1;
    }
    f->board->bytes[0x20000] ^= 1; /* what boots stays as it is */
    assert_restored(f, put_back(f), f->image);
    f->board->bytes[0x3000] ^= 1;
    fake_forget(f->board);
    assert_forced(f, "secure boot");
    assert_memory_equal(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
    sidecar_remove(f);
    fake_forget(f->board);
    assert_restored(f, put_back(f), f->image);
    assert_non_null(strstr(f->watch.notes, "signed"));
}

/* The table of the board tells where its bootloader ends, if the file brings none. */
static void secure_boot_keeps_a_long_bootloader(void **state)
{
    restore_fixture_t *f = *state;
    uint8_t *at = f->board->bytes + 0xC000, *table = at;
    char path[EB_PATH_BYTES + 16];

    memset(f->board->bytes + 0x8000, 0x55, 0x8000);
    memset(table, 0xFF, 0x1000);
    at = table_put_entry(at, 1, 2, 0xD000, 0x3000, "nvs");
    at = table_put_entry(at, 0, 0x10, 0x10000, 0x60000, "ota_0");
    table_put_md5(table, at);
    f->board->chip.security.secure_boot = EB_YES;
    (void)snprintf(path, sizeof(path), "%s/end.img", f->dir);
    file_write(f->dir, "end.img", f->image + 0xD0000, 0x1000);
    f->options.backup = path;
    f->options.has_address = true;
    f->options.address = 0xA000;
    assert_refused(f, put_back(f), "bootloader's range below 0xc000", EB_REASON_FORCE_BOOTLOADER);
}

static void a_write_protected_flash(void **state)
{
    restore_fixture_t *f = *state;

    f->board->protect_status = 0x1C;
    assert_restored(f, put_back(f), f->image); /* nothing to write */
    f->board->bytes[0x20000] ^= 1;
    assert_refused(f, put_back(f), "0x1c", EB_REASON_FORCE_PROTECTED);
    assert_non_null(strstr(f->err.message, "block protection"));
    assert_int_equal(f->asked, 0);
    /* Forced, it is found out by digest. */
    f->options.force = true;
    assert_int_equal(put_back(f), EB_ERR_UNFINISHED);
    assert_non_null(strstr(f->err.message, "does not hold"));
    f->options.force = false;
    /* The ROM bootloader clears the protection. */
    fake_forget(f->board);
    f->board->protect_status = 0x1C;
    f->board->stats.stub = false;
    assert_restored(f, put_back(f), f->image);
    assert_non_null(strstr(f->watch.notes, "clears the protection"));
    f->board->stats.stub = true;
    f->board->bytes[0x20000] ^= 1;
    fake_forget(f->board);
    f->board->protect_unknown = true; /* a loader that cannot tell */
    assert_restored(f, put_back(f), f->image);
}

/* Which of two is meant only the user knows. */
static void a_name_that_two_have(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"nvs"};
    uint8_t *table = f->image + 0x8000;
    size_t last = 4u * 32u; /* "storage" */

    (void)table_put_entry(table + last, 1, 0x82, 0xD0000, 0x30000, "nvs");
    table_put_md5(table, table + last + 32);
    file_write(f->dir, strrchr(f->backup.image_path, '/') + 1, f->image, RESTORE_FLASH_BYTES);
    sidecar_remove(f);
    f->options.partitions = names;
    f->options.partition_count = 1;
    f->options.force = true;
    assert_int_equal(put_back(f), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "there are two of that name, at 0x9000 and at 0xd0000"));
    assert_int_equal(f->err.reason, EB_REASON_NAMED_TWICE);
    assert_int_equal(fake_sector_erases(f->board), 0);
}

/* A backup of one of them knows where it belongs. */
static void a_backup_of_one_of_two_goes_back(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"nvs"};
    const eb_partition_backup_options_t options = {.select = {.names = names, .name_count = 1},
                                                   .dir = f->dir};
    eb_partition_backup_result_t parts;
    uint8_t *table = f->image + 0x8000;
    size_t last = 4u * 32u; /* "storage" */

    (void)table_put_entry(table + last, 1, 0x82, 0xD0000, 0x30000, "nvs");
    table_put_md5(table, table + last + 32);
    memcpy(f->board->bytes, f->image, RESTORE_FLASH_BYTES);
    assert_int_equal(eb_op_backup_partition(f->board, &options, NULL, &parts, NULL), EB_OK);
    assert_int_equal(parts.count, 2);
    for (size_t i = 0; i < parts.count; i++) {
        fake_forget(f->board);
        f->board->bytes[parts.files[i].addr] ^= 1;
        f->options.backup = parts.files[i].image_path;
        assert_restored(f, put_back(f), f->image);
    }
    eb_partition_backup_result_free(&parts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, restore_set_up, restore_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_chip_by_the_sidecar),
        TEST(another_chip_by_the_headers),
        TEST(another_chip_by_one_header),
        TEST(an_image_larger_than_the_flash),
        TEST(an_image_that_is_out_of_reach),
        TEST(a_changed_file),
        TEST(a_sidecar_that_points_elsewhere),
        TEST(another_board_is_asked_about),
        TEST(a_file_that_does_not_say_where_it_belongs),
        TEST(a_partition_that_is_elsewhere_on_the_board),
        TEST(a_partition_that_brings_its_table),
        TEST(a_table_that_would_be_invalid),
        TEST(a_copy_that_is_too_short_is_warned_of),
        TEST(an_entry_without_a_name),
        TEST(secure_download_mode),
        TEST(plain_bytes_onto_an_encrypted_flash),
        TEST(own_ciphertext_is_put_back),
        TEST(secure_boot_keeps_its_bootloader),
        TEST(secure_boot_keeps_a_long_bootloader),
        TEST(a_write_protected_flash),
        TEST(a_name_that_two_have),
        TEST(a_backup_of_one_of_two_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
