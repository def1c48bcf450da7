/* Backups on a disk with faults: a complete image is what the board has, or there is none. */
#include "backup_fixture.h"
#include "faulty_disk.h"

#include <fcntl.h>

static int set_up_disk(void **state)
{
    faulty_disk_reset();
    return set_up(state);
}

static int tear_down_disk(void **state)
{
    faulty_disk_reset();
    return tear_down(state);
}

/* -- bytes that do not arrive ----------------------------------------------------------------- */

/* Each write of a backup in turn. */
static void assert_survives_each_write(fixture_t *f, unsigned *fault)
{
    unsigned writes = 0;

    for (unsigned n = 1; n == 1 || n <= writes; n++) {
        fake_forget(f->board);
        faulty_disk_reset();
        faulty_disk.of = ".bin.part";
        *fault = n;
        eb_code_t code = back_up(f);
        writes = faulty_disk.writes;
        *fault = 0;
        assert_complete(f, code);
        assert_int_equal(unlink(f->result.image_path), 0);
    }
    assert_true(writes > 10);
}

static void a_flipped_bit_is_read_again(void **state)
{
    assert_survives_each_write(*state, &faulty_disk.flip_write);
}

static void a_lost_write_is_read_again(void **state)
{
    assert_survives_each_write(*state, &faulty_disk.lose_write);
}

static void the_user_hears_of_it(void **state)
{
    fixture_t *f = *state;

    faulty_disk.of = ".bin.part";
    faulty_disk.lose_write = 3;
    assert_complete(f, back_up(f));
    assert_non_null(strstr(f->watch.notes, "the disk gives other bytes than were written"));
}

static void a_disk_that_keeps_nothing_is_an_error(void **state)
{
    fixture_t *f = *state;

    faulty_disk.of = ".bin.part";
    faulty_disk.lose_from = 3;
    assert_int_equal(back_up(f), EB_ERR_FILE_IO);
    assert_non_null(strstr(f->err.message, f->result.part_path));
    assert_non_null(strstr(f->err.message, "the disk gives other bytes than were written"));
    assert_int_equal(f->err.reason, EB_REASON_OTHER_DISK);
    assert_int_equal(folder_count(f->dir, ".bin"), 0);
    /* The next run begins with what there is. */
    faulty_disk_reset();
    fake_forget(f->board);
    assert_complete(f, back_up(f));
}

static char foreign_path[EB_PATH_BYTES];

/* Another program writes into the .part while its sidecar is on the way. */
static void scribble(void)
{
    int fd = open(foreign_path, O_WRONLY);

    if (fd >= 0) {
        assert_int_equal(pwrite(fd, "scribble", 8, 0x10010), 8);
        (void)close(fd);
    }
}

/* What comes after the last look is found by whoever looks next: the sidecar has the SHA-256 of
 * what was verified. */
static void the_sidecar_tells_what_was_verified(void **state)
{
    fixture_t *f = *state;
    uint8_t sha256[EB_SHA256_BYTES];
    eb_sidecar_t *sidecar;

    char output[EB_PATH_BYTES];
    (void)eb_path_join(output, f->dir, "x.bin", NULL);
    (void)eb_path_join(foreign_path, f->dir, "x.bin.part", NULL);
    f->options.output = output;
    faulty_disk.of = "nothing";
    faulty_disk.at_rename = scribble;
    assert_int_equal(back_up(f), EB_OK);
    assert_int_equal(eb_find_sidecar(output, &sidecar, NULL), EB_OK);
    eb_sha256(f->board->bytes, FLASH_BYTES, sha256);
    assert_memory_equal(sidecar->sha256, sha256, sizeof(sha256));
    free(sidecar);
}

/* -- a sync that fails ------------------------------------------------------------------------ */

/* Memory then holds as clean what the disk does not have: the next run may not count it. */
static void a_failed_sync_makes_nothing_count(void **state)
{
    fixture_t *f = *state;

    faulty_disk.of = ".bin.part";
    faulty_disk.fail_sync = 1;
    assert_int_equal(back_up(f), EB_ERR_FILE_IO);
    assert_non_null(strstr(f->err.message, "cannot write to the disk"));
    assert_int_equal(folder_count(f->dir, ".bin"), 0);
    assert_int_equal(folder_count(f->dir, "_info.json"), 0);
    fake_forget(f->board);
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_RESUMED], FLASH_BYTES);
    faulty_disk_evict();
    assert_image_is_flash(f);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_disk, tear_down_disk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(a_flipped_bit_is_read_again),
        DISK_TEST(a_lost_write_is_read_again),
        DISK_TEST(the_user_hears_of_it),
        DISK_TEST(a_disk_that_keeps_nothing_is_an_error),
        DISK_TEST(the_sidecar_tells_what_was_verified),
        DISK_TEST(a_failed_sync_makes_nothing_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
