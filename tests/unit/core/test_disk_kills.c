/* Backups that are killed before each call that changes something on the disk. */
#include "backup_image.h"
#include "disk_fixture.h"

/* Whether it ended before the call that changes something for the n-th time. */
static bool back_up_killed_at(fixture_t *f, unsigned n)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        faulty_disk_reset();
        faulty_disk.kill_at = n;
        _exit(back_up(f) == EB_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    return WEXITSTATUS(status) == 0;
}

/* -- an image that is replaced ---------------------------------------------------------------- */

/* Whether `name` has an image and a sidecar that fit each other, and the image is `flash`. */
static bool pair_is(const fixture_t *f, const char *name, const uint8_t *flash)
{
    eb_backup_image_t image;
    static uint8_t bytes[FLASH_BYTES];
    char path[EB_PATH_BYTES];
    (void)eb_path_join(path, f->dir, name, NULL);
    const eb_image_request_t request = {.backup = path, .dir = f->dir};
    bool fits = eb_backup_image_open(&request, NULL, &image, NULL) == EB_OK && image.hash_checked &&
                eb_backup_image_read(&image, 0, bytes, FLASH_BYTES, NULL) == EB_OK &&
                memcmp(bytes, flash, FLASH_BYTES) == 0;

    eb_backup_image_close(&image);
    return fits;
}

/* Killed before each call that changes something: the old pair or the new one is whole. */
static void a_kill_loses_no_pair(void **state)
{
    fixture_t *f = *state;
    static uint8_t before[FLASH_BYTES];
    char output[EB_PATH_BYTES];
    bool ended = false;
    unsigned old_kept = 0, kills = 0;

    (void)eb_path_join(output, f->dir, "x.bin", NULL);
    f->options.output = output;
    f->options.full = true;
    f->options.force = true;
    memcpy(before, f->board->bytes, FLASH_BYTES);
    for (unsigned n = 1; !ended; n += seed_step()) {
        folder_remove(f->dir);
        assert_int_equal(mkdir(f->dir, 0700), 0);
        fake_forget(f->board);
        memcpy(f->board->bytes, before, FLASH_BYTES);
        assert_int_equal(back_up(f), EB_OK);
        f->board->bytes[0x12345] ^= 0x11;
        fake_forget(f->board);
        ended = back_up_killed_at(f, n);
        const bool has_old = pair_is(f, "x.bin", before) || pair_is(f, "x.old.bin", before);
        const bool has_new = pair_is(f, "x.bin", f->board->bytes);
        assert_true(has_old || has_new);
        kills += !ended;
        old_kept += pair_is(f, "x.old.bin", before);
        /* The same command finishes it. */
        fake_forget(f->board);
        assert_int_equal(back_up(f), EB_OK);
        assert_true(pair_is(f, "x.bin", f->board->bytes));
        assert_int_equal(folder_count(f->dir, ".part") + folder_count(f->dir, ".journal") +
                             folder_count(f->dir, ".tmp"),
                         0);
    }
    assert_true(kills > seed_count(30));
    assert_true(old_kept > seed_count(3));
    /* Nothing else is left by a run that nobody kills. */
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
    assert_int_equal(folder_count(f->dir, ".json"), 1);
}

/* -- what is left ------------------------------------------------------------------------------ */

static void an_empty_part_is_swept_up(void **state)
{
    fixture_t *f = *state;

    file_write(f->dir, "esp32_backup_1.bin.part", "", 0);
    file_write(f->dir, "esp32_backup_2.bin.part", "", 0);
    file_write(f->dir, "esp32_backup_2.bin.part.journal", "", 0);
    file_write(f->dir, "esp32_backup_3.bin.part", "data", 4);
    assert_int_equal(back_up(f), EB_OK);
    assert_int_equal(folder_count(f->dir, ".part"), 1);
    assert_int_equal(folder_count(f->dir, ".journal"), 0);
    char output[EB_PATH_BYTES];
    (void)eb_path_join(output, f->dir, "x.bin", NULL);
    file_write(f->dir, "x.bin.part", "", 0);
    f->options.output = output;
    fake_forget(f->board);
    assert_int_equal(back_up(f), EB_OK);
}

/* Two runs in a row, each killed as it begins: what is left has a .part, and is finished or swept
 * up. */
static void a_kill_while_it_is_swept_up_leaves_nothing(void **state)
{
    fixture_t *f = *state;

    for (unsigned first = 1; first <= 6; first++) {
        for (unsigned second = 1; second <= 8; second += seed_step()) {
            fake_forget(f->board);
            assert_false(back_up_killed_at(f, first));
            assert_false(back_up_killed_at(f, second));
            assert_complete(f, back_up(f));
        }
    }
}

/* Killed before its journal is gone: the next backup removes it, of whatever board that is. */
static void a_journal_beside_a_complete_image_is_swept_up(void **state)
{
    fixture_t *f = *state;
    unsigned n = 1;

    for (; !back_up_killed_at(f, n); n++) {
        folder_remove(f->dir);
        assert_int_equal(mkdir(f->dir, 0700), 0);
    }
    folder_remove(f->dir);
    assert_int_equal(mkdir(f->dir, 0700), 0);
    assert_false(back_up_killed_at(f, n - 1));
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
    assert_int_equal(folder_count(f->dir, ".journal"), 1);
    snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
    fake_forget(f->board);
    assert_complete(f, back_up(f));
}

/* A .part that --force throws away goes with its journal, however it is killed. */
static void a_part_that_is_thrown_away_leaves_no_journal(void **state)
{
    fixture_t *f = *state;
    char output[EB_PATH_BYTES];

    (void)eb_path_join(output, f->dir, "x.bin", NULL);
    f->options.force = true;
    for (unsigned n = 1; n <= 6; n++) {
        snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
        f->options.output = output;
        fake_forget(f->board);
        f->board->lost_at = 100000;
        assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
        snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:01");
        fake_forget(f->board);
        assert_false(back_up_killed_at(f, n));
        f->options.output = NULL;
        assert_int_equal(back_up(f), EB_OK);
        assert_int_equal(folder_count(f->dir, ".journal"), folder_count(f->dir, ".part"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(a_kill_loses_no_pair),
        DISK_TEST(an_empty_part_is_swept_up),
        DISK_TEST(a_kill_while_it_is_swept_up_leaves_nothing),
        DISK_TEST(a_journal_beside_a_complete_image_is_swept_up),
        DISK_TEST(a_part_that_is_thrown_away_leaves_no_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
