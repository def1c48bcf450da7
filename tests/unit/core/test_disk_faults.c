/* Backups on a disk with faults: a complete image is what the board has, or there is none. */
#include "disk_fixture.h"

#include <fcntl.h>

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

static void a_failed_sync_of_the_folder_is_an_error(void **state)
{
    fixture_t *f = *state;

    /* The sidecar's, the image's, and then none. */
    for (unsigned n = 1; n <= 3; n++) {
        fake_forget(f->board);
        faulty_disk_reset();
        faulty_disk.of = "nothing";
        faulty_disk.fail_folder_sync = n;
        eb_code_t code = back_up(f);
        assert_int_equal(code, n < 3 ? EB_ERR_FILE_IO : EB_OK);
        faulty_disk_reset();
        /* No sidecar without its image. */
        assert_int_equal(folder_count(f->dir, "_info.json"), folder_count(f->dir, ".bin"));
        assert_int_equal(folder_count(f->dir, ".tmp"), 0);
        if (n == 2) { /* renamed, and perhaps not for good */
            assert_string_equal(f->result.part_path, "");
            assert_image_is_flash(f);
        }
    }
    fake_forget(f->board);
    assert_complete(f, back_up(f));
}

static void interrupted_calls_are_made_again(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    for (unsigned n = 2; n < 12; n++) {
        fake_forget(f->board);
        faulty_disk_reset();
        faulty_disk.interrupt = n;
        f->board->lost_at = 100000;
        assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
        fake_forget(f->board);
        eb_code_t code = back_up(f);
        assert_true(faulty_disk.calls > 100);
        faulty_disk_reset();
        assert_complete(f, code);
        assert_true(f->result.origins.bytes[EB_ORIGIN_RESUMED] > 0);
    }
}

/* -- names that change meanwhile -------------------------------------------------------------- */

typedef struct thief {
    char dir[EB_PATH_BYTES], name[EB_PATH_BYTES]; /* of what is replaced; "" : not yet found */
    const char *suffix;
    bool replaces, done;
} thief_t;
static thief_t thief;

/* Take away the file of the run, and leave another's in its place. */
static void take_away(void)
{
    eb_file_names_t names;

    if (thief.done) {
        return;
    }
    assert_int_equal(eb_find_names(thief.dir, thief.suffix, &names, NULL), EB_OK);
    if (names.count > 0) {
        (void)snprintf(thief.name, sizeof(thief.name), "%s", names.names[0]);
        char path[2 * EB_PATH_BYTES];
        (void)snprintf(path, sizeof(path), "%s/%s", thief.dir, thief.name);
        assert_int_equal(unlink(path), 0);
        if (thief.replaces) {
            file_write(thief.dir, thief.name, "another's", 9);
        }
        thief.done = true;
    }
    eb_file_names_free(&names);
}

static void on_progress(void *user, const eb_progress_t *progress)
{
    (void)user;
    if (progress->phase == EB_PHASE_READ && progress->done > 0) {
        take_away();
    }
}

static void assert_another_is_untouched(const fixture_t *f)
{
    char path[2 * EB_PATH_BYTES];
    uint8_t *bytes;
    size_t len;

    assert_true(thief.done);
    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, thief.name);
    assert_int_equal(eb_fs_exists(path), thief.replaces);
    if (thief.replaces) {
        assert_int_equal(eb_fs_read_file(path, MB, &bytes, &len, NULL), EB_OK);
        assert_string_equal((char *)bytes, "another's");
        free(bytes);
    }
}

static void try_to_steal(fixture_t *f, const char *suffix, bool replaces, bool late)
{
    const eb_events_t ev = {.progress = late ? NULL : on_progress};

    folder_remove(f->dir);
    assert_int_equal(mkdir(f->dir, 0700), 0);
    fake_forget(f->board);
    faulty_disk_reset();
    thief = (thief_t){.suffix = suffix, .replaces = replaces};
    (void)snprintf(thief.dir, sizeof(thief.dir), "%s", f->dir);
    faulty_disk.of = "nothing";
    faulty_disk.at_rename = late ? take_away : NULL;
    memset(&f->err, 0, sizeof(f->err));
    f->err.code = eb_op_backup(f->board, &f->options, &ev, &f->result, &f->contents, &f->err);
    faulty_disk_reset();
}

static void another_file_never_becomes_the_image(void **state)
{
    fixture_t *f = *state;

    for (int i = 0; i < 4; i++) {
        try_to_steal(f, ".bin.part", i % 2 == 0, i >= 2);
        if (i == 3) { /* the rename itself fails */
            assert_int_not_equal(f->err.code, EB_OK);
        } else {
            assert_int_equal(f->err.code, EB_ERR_FILE_ACCESS);
            assert_non_null(strstr(f->err.message, "removed or replaced"));
        }
        assert_another_is_untouched(f);
        assert_int_equal(folder_count(f->dir, ".bin"), 0);
    }
}

static void another_journal_is_not_removed(void **state)
{
    fixture_t *f = *state;

    for (int i = 0; i < 2; i++) {
        try_to_steal(f, ".bin.part.journal", i == 0, false);
        assert_int_equal(f->err.code, EB_OK);
        assert_another_is_untouched(f);
        assert_image_is_flash(f);
    }
}

static void an_image_that_is_replaced_has_any_form(void **state)
{
    fixture_t *f = *state;
    char output[EB_PATH_BYTES], path[EB_PATH_BYTES];

    (void)eb_path_join(output, f->dir, "x", NULL);
    f->options.output = output;
    f->options.force = true;
    /* Without a sidecar, without .bin; the name for the old one is taken. */
    file_write(f->dir, "x", "bare", 4);
    file_write(f->dir, "x.old.bin", "mine", 4);
    assert_complete(f, back_up(f));
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
    /* A link, and a sidecar that is one: what they lead to stays. */
    file_write(f->dir, "victim", "precious", 8);
    (void)eb_path_join(path, f->dir, "victim", NULL);
    assert_int_equal(unlink(output), 0);
    assert_int_equal(symlink(path, output), 0);
    assert_int_equal(unlink(f->result.sidecar_path), 0);
    assert_int_equal(symlink(path, f->result.sidecar_path), 0);
    fake_forget(f->board);
    assert_complete(f, back_up(f));
    uint8_t *bytes;
    size_t len;
    assert_int_equal(eb_fs_read_file(path, MB, &bytes, &len, NULL), EB_OK);
    assert_string_equal((char *)bytes, "precious");
    free(bytes);
}

/* -- what others prepared --------------------------------------------------------------------- */

static void what_is_not_ours_is_not_resumed(void **state)
{
    fixture_t *f = *state;
    static const char *const suffixes[] = {".bin.part", ".journal"};
    eb_file_names_t names;
    char path[EB_PATH_BYTES], second[EB_PATH_BYTES];

    f->options.full = true;
    f->board->lost_at = 100000;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    (void)eb_path_join(second, f->dir, "second", NULL);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(eb_find_names(f->dir, suffixes[i % 2], &names, NULL), EB_OK);
        assert_int_equal(names.count, 1);
        (void)eb_path_join(path, f->dir, names.names[0], NULL);
        eb_file_names_free(&names);
        assert_int_equal(i < 2 ? chmod(path, 0666) : link(path, second), 0);
        fake_forget(f->board);
        assert_int_equal(back_up(f), EB_OK);
        assert_int_equal(f->result.origins.bytes[EB_ORIGIN_RESUMED], 0);
        assert_int_equal(i < 2 ? chmod(path, 0600) : unlink(second), 0);
    }
    fake_forget(f->board);
    assert_complete(f, back_up(f));
    assert_true(f->result.origins.bytes[EB_ORIGIN_RESUMED] > 0);
}

static void a_folder_that_others_can_write_is_told(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(back_up(f), EB_OK);
    assert_null(strstr(f->watch.notes, "can be written by all users"));
    assert_int_equal(chmod(f->dir, 0777), 0);
    fake_forget(f->board);
    assert_int_equal(back_up(f), EB_OK);
    assert_non_null(strstr(f->watch.notes, "can be written by all users"));
}

/* Root may list anything, so a child becomes somebody else first. */
static void a_folder_need_not_be_listed(void **state)
{
    fixture_t *f = *state;
    int status;

    if (geteuid() == 0) {
        assert_int_equal(chown(f->dir, 65534, 65534), 0);
    }
    assert_int_equal(chmod(f->dir, 0300), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(99);
        }
        _exit(back_up(f) == EB_OK && f->result.verified ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(f->dir, 0700), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(a_flipped_bit_is_read_again),
        DISK_TEST(a_lost_write_is_read_again),
        DISK_TEST(the_user_hears_of_it),
        DISK_TEST(a_disk_that_keeps_nothing_is_an_error),
        DISK_TEST(the_sidecar_tells_what_was_verified),
        DISK_TEST(a_failed_sync_makes_nothing_count),
        DISK_TEST(a_failed_sync_of_the_folder_is_an_error),
        DISK_TEST(interrupted_calls_are_made_again),
        DISK_TEST(another_file_never_becomes_the_image),
        DISK_TEST(another_journal_is_not_removed),
        DISK_TEST(an_image_that_is_replaced_has_any_form),
        DISK_TEST(what_is_not_ours_is_not_resumed),
        DISK_TEST(a_folder_that_others_can_write_is_told),
        DISK_TEST(a_folder_need_not_be_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
