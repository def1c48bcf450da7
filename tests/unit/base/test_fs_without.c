/* Files that are whole or not there, on file systems that lack what others have. */
#include "fs_atomic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL "exclusive-rename links locks folder-sync reserve modes owners open-names"

static const char *const lacking[] = {
    "exclusive-rename",
    "links",
    "locks",
    "folder-sync",
    "reserve",
    "modes",
    "owners",
    "open-names",
    "exclusive-rename links",
    "exclusive-rename links open-names",
    ALL,
};

static char folder[64], part[80], whole[80];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/eb_fs_XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(part, sizeof(part), "%s/x.bin.part", folder);
    (void)snprintf(whole, sizeof(whole), "%s/x.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(part);
    (void)unlink(whole);
    return unsetenv("FS_WITHOUT") == 0 ? rmdir(folder) : -1;
}

static void assert_content(const char *path, const char *expected)
{
    uint8_t *bytes;
    size_t len;

    assert_int_equal(eb_fs_read_file(path, 1000, &bytes, &len, NULL), EB_OK);
    assert_string_equal((const char *)bytes, expected);
    free(bytes);
}

static void an_image_is_finished(void **state)
{
    eb_err_t err = {0};
    int fd;

    (void)state;
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
        assert_int_equal(setenv("FS_WITHOUT", lacking[i], 1), 0);
        assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
        assert_int_equal(eb_fs_reserve(fd, part, 3, &err), EB_OK);
        assert_int_equal(eb_fs_pwrite(fd, part, "new", 3, 0, &err), EB_OK);
        if (eb_fs_commit(&fd, part, whole, false, &err) != EB_OK) {
            fail_msg("without %s: %s", lacking[i], err.message);
        }
        assert_content(whole, "new");
        assert_false(eb_fs_exists(part));
        if (fd >= 0) {
            (void)close(fd);
        }
        assert_int_equal(unlink(whole), 0);
    }
}

/* The name may lead nowhere, and is taken all the same. */
static void a_name_that_is_taken_stays(void **state)
{
    eb_err_t err;
    int fd;

    (void)state;
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
        assert_int_equal(setenv("FS_WITHOUT", lacking[i], 1), 0);
        assert_int_equal(symlink("nowhere", whole), 0);
        assert_int_equal(eb_fs_write_file(whole, "new", 3, false, &err), EB_ERR_FILE_EXISTS);
        assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
        assert_int_equal(eb_fs_commit(&fd, part, whole, false, &err), EB_ERR_FILE_EXISTS);
        assert_true(eb_fs_exists(part));
        if (fd >= 0) {
            (void)close(fd);
        }
        assert_int_equal(unlink(part), 0);
        assert_int_equal(unlink(whole), 0);
    }
}

static void a_file_is_replaced(void **state)
{
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
        assert_int_equal(setenv("FS_WITHOUT", lacking[i], 1), 0);
        assert_int_equal(eb_fs_write_file(whole, "old", 3, true, &err), EB_OK);
        assert_int_equal(eb_fs_write_file(whole, "new", 3, true, &err), EB_OK);
        assert_content(whole, "new");
    }
}

static void a_file_that_is_open_is_removed(void **state)
{
    eb_err_t err;
    int fd;

    (void)state;
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
        assert_int_equal(setenv("FS_WITHOUT", lacking[i], 1), 0);
        assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
        assert_true(eb_fs_remove_named(&fd, part));
        eb_fs_close(&fd);
        assert_int_equal(eb_fs_write_file(part, "left", 4, false, &err), EB_OK);
        assert_int_equal(eb_fs_open_anew(part, &fd, &err), EB_OK);
        eb_fs_close(&fd);
        assert_true(eb_fs_remove_left(part, 0, NULL));
        assert_false(eb_fs_exists(part));
    }
}

/* Of a file that we made a moment ago nobody else is the owner, whatever the mount says. */
static void what_was_kept_is_resumed(void **state)
{
    eb_err_t err;
    int fd;

    (void)state;
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
        assert_int_equal(setenv("FS_WITHOUT", lacking[i], 1), 0);
        assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
        eb_fs_close(&fd);
        if (eb_fs_open_part(part, false, &fd, &err) != EB_OK) {
            fail_msg("without %s: %s", lacking[i], err.message);
        }
        eb_fs_close(&fd);
        assert_int_equal(unlink(part), 0);
    }
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_image_is_finished),     IN_FOLDER(a_name_that_is_taken_stays),
        IN_FOLDER(a_file_is_replaced),       IN_FOLDER(a_file_that_is_open_is_removed),
        IN_FOLDER(what_was_kept_is_resumed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
