/* A file that is the content of a partition: where it goes, what is erased, what is refused. */
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

#include <cmocka.h>

#define STORAGE       0xD0000u
#define STORAGE_BYTES 0x30000u

static char path[2 * EB_PATH_BYTES];

static void choose_file(restore_fixture_t *f, const char *file, const char *const *partition)
{
    snprintf(path, sizeof(path), "%s/%s", f->dir, file);
    f->options.backup = path;
    f->options.partitions = partition;
    f->options.partition_count = 1;
}

static void make_file(restore_fixture_t *f, size_t size, const char *const *partition)
{
    uint8_t *bytes = malloc(size);

    memset(bytes, 0x5A, size);
    file_write(f->dir, "plain.bin", bytes, size);
    free(bytes);
    choose_file(f, "plain.bin", partition);
}

/* An entry of another size, place or kind for "storage" on the board. */
static void move_storage(restore_fixture_t *f, uint8_t subtype, uint32_t addr, uint32_t size)
{
    uint8_t *table = f->board->bytes + 0x8000;

    (void)table_put_entry(table + 4u * 32u, 1, subtype, addr, size, "storage");
    table_put_md5(table, table + 5u * 32u);
    memcpy(f->image + 0x8000, table, 0x1000);
}

static void save_storage(restore_fixture_t *f, const char *const *partition)
{
    static char output[2 * EB_PATH_BYTES];
    snprintf(output, sizeof(output), "%s/saved.bin", f->dir);
    const eb_partition_backup_options_t options = {.select = {.names = partition, .name_count = 1},
                                                   .dir = f->dir,
                                                   .output = output};
    eb_partition_backup_result_t parts;

    assert_int_equal(eb_op_backup_partition(f->board, &options, NULL, &parts, &f->err), EB_OK);
    eb_partition_backup_result_free(&parts);
    fake_forget(f->board);
    choose_file(f, "saved.bin", partition);
}

/* -- where it goes --------------------------------------------------------------------------- */

static void the_rest_is_erased(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    make_file(f, 5000, names);
    memset(f->image + STORAGE, 0xFF, STORAGE_BYTES);
    memset(f->image + STORAGE, 0x5A, 5000);
    assert_restored(f, put_back(f), f->image);
    assert_string_equal(f->result.into, "storage");
    assert_int_equal(f->result.addr, STORAGE);
    assert_int_equal(f->result.size_bytes, STORAGE_BYTES);
    assert_int_equal(f->result.rest_bytes, STORAGE_BYTES - 5000);
    assert_int_equal(f->plan.rest_bytes, STORAGE_BYTES - 5000);
    assert_int_equal(f->plan_old_bytes, 0x5000 + 0x2000);
}

static void a_full_partition_has_no_rest(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    make_file(f, STORAGE_BYTES, names);
    memset(f->image + STORAGE, 0x5A, STORAGE_BYTES);
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(f->result.rest_bytes, 0);
    make_file(f, STORAGE_BYTES + 1, names);
    fake_forget(f->board);
    assert_refused(f, put_back(f), "does not fit into partition \"storage\"",
                   EB_REASON_PARTITION_SIZE);
    f->options.force = true; /* which is for doubts, not for what lies behind it */
    assert_refused(f, put_back(f), "does not fit", EB_REASON_PARTITION_SIZE);
}

/* A partition that ends within a sector: what follows stays. */
static void the_neighbour_in_its_sector_stays(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    move_storage(f, 0x82, STORAGE, 0x3800);
    make_file(f, 100, names);
    memset(f->image + STORAGE, 0xFF, 0x3800);
    memset(f->image + STORAGE, 0x5A, 100);
    assert_restored(f, put_back(f), f->image);
}

static void a_saved_partition_goes_where_the_board_has_it(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    save_storage(f, names);
    move_storage(f, 0x82, 0xC0000, 0x38000);
    memset(f->image + 0xC0000, 0xFF, 0x38000);
    memcpy(f->image + 0xC0000, f->board->bytes + STORAGE, STORAGE_BYTES);
    move_storage(f, 0x82, 0xE0000, 0x1000);
    fake_forget(f->board);
    assert_refused(f, put_back(f), "does not fit", EB_REASON_PARTITION_SIZE);
    /* Shorten the slot before, which would overlap otherwise. */
    uint8_t *table = f->board->bytes + 0x8000;
    (void)table_put_entry(table + 3u * 32u, 0, 0x11, 0x70000, 0x50000, "ota_1");
    move_storage(f, 0x82, 0xC0000, 0x38000);
    fake_forget(f->board);
    assert_restored(f, put_back(f), f->image);
    assert_int_equal(f->result.addr, 0xC0000);
    assert_int_equal(f->result.rest_bytes, 0x8000);
}

/* -- what is refused ------------------------------------------------------------------------- */

static void a_saved_partition_of_another_kind(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"}, *others[] = {"ota_1"};

    save_storage(f, names);
    choose_file(f, "saved.bin", others);
    assert_refused(f, put_back(f), "is a backup of partition \"storage\", not of \"ota_1\"",
                   EB_REASON_FORCE);
    choose_file(f, "saved.bin", names);
    move_storage(f, 0x81, STORAGE, STORAGE_BYTES);
    fake_forget(f->board);
    assert_refused(f, put_back(f), "is data/spiffs in the backup, but data/fat on the board",
                   EB_REASON_FORCE);
}

static void ciphertext_stays_at_its_address(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    f->board->chip.security.flash_encryption = EB_YES;
    save_storage(f, names);
    f->options.table_addr = 0x8000;
    move_storage(f, 0x82, 0xD1000, STORAGE_BYTES - 0x1000);
    fake_forget(f->board);
    assert_refused(f, put_back(f), "does not fit", EB_REASON_PARTITION_SIZE);
    move_storage(f, 0x82, 0xCF000, STORAGE_BYTES);
    uint8_t *table = f->board->bytes + 0x8000;
    (void)table_put_entry(table + 3u * 32u, 0, 0x11, 0x70000, 0x50000, "ota_1");
    move_storage(f, 0x82, 0xCF000, STORAGE_BYTES);
    fake_forget(f->board);
    assert_refused(f, put_back(f),
                   "is ciphertext of 0xd0000, and partition \"storage\" is at 0xcf000",
                   EB_REASON_FORCE);
}

static void a_plain_file_on_an_encrypted_board(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    f->board->chip.security.flash_encryption = EB_YES;
    make_file(f, 5000, names);
    assert_refused(f, put_back(f), "flash encryption is on", EB_REASON_FORCE);
}

static void an_odd_entry_is_not_written(void **state)
{
    restore_fixture_t *f = *state;
    const char *names[] = {"storage"};

    move_storage(f, 0x82, 0xC0000, STORAGE_BYTES); /* overlaps ota_1 */
    make_file(f, 5000, names);
    assert_refused(f, put_back(f), "overlaps \"ota_1\"", EB_REASON_ODD_ENTRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_rest_is_erased, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(a_full_partition_has_no_rest, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(the_neighbour_in_its_sector_stays, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(a_saved_partition_goes_where_the_board_has_it,
                                        restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(a_saved_partition_of_another_kind, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(ciphertext_stays_at_its_address, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(a_plain_file_on_an_encrypted_board, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(an_odd_entry_is_not_written, restore_set_up,
                                        restore_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
