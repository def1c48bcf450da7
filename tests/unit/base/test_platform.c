/* The calls of the operating system, as each system must give them. */
#include "fs_atomic.h"
#include "platform.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "platform-\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80" /* a-umlaut, euro sign, a face */

static int count_name(void *user, const char *name)
{
    int *found = user;

    *found += strcmp(name, "one.bin") == 0 || strcmp(name, "two.bin") == 0 ? 1 : 0;
    return 0;
}

static void set_path(char out[EB_PATH_BYTES], const char *name)
{
    (void)snprintf(out, EB_PATH_BYTES, FOLDER "/%s", name);
}

static int write_new(const char *path, const char *text)
{
    int fd;
    size_t done;

    assert_int_equal(eb_platform_open(path, EB_OPEN_NEW, &fd), 0);
    assert_int_equal(eb_platform_write_at(fd, text, strlen(text), 0, &done), 0);
    assert_int_equal(done, strlen(text));
    return fd;
}

static int make_folder(void **state)
{
    (void)state;
    (void)eb_platform_make_dir(FOLDER);
    return 0;
}

static void opens_and_looks(void **state)
{
    char path[EB_PATH_BYTES], text[8] = "";
    eb_file_facts_t facts;
    size_t done;
    int fd, other;

    (void)state;
    set_path(path, "one.bin");
    (void)eb_platform_remove(path);
    assert_int_equal(eb_platform_look(path, &facts), ENOENT);
    assert_int_equal(eb_platform_open(path, EB_OPEN_PART, &fd), ENOENT);
    assert_int_equal(fd, -1);
    fd = write_new(path, "whole");
    assert_int_equal(eb_platform_open(path, EB_OPEN_NEW, &other), EEXIST);
    assert_int_equal(eb_platform_examine(fd, &facts), 0);
    assert_true(facts.is_file && !facts.is_folder);
    assert_int_equal(facts.size_bytes, 5);
    assert_true(eb_platform_is_named(fd, path));
    assert_null(eb_platform_why_foreign(fd, path));
    assert_int_equal(eb_platform_sync_file(fd), 0);
    assert_int_equal(eb_platform_read_at(fd, text, sizeof(text), 1, &done), 0);
    assert_int_equal(done, 4);
    assert_memory_equal(text, "hole", 4);
    assert_int_equal(eb_platform_read_at(fd, text, sizeof(text), 9, &done), 0);
    assert_int_equal(done, 0);
    assert_int_equal(eb_platform_set_length(fd, 2), 0);
    assert_int_equal(eb_platform_allocate(fd, 4096), 0);
    assert_int_equal(eb_platform_look(path, &facts), 0);
    assert_true(facts.is_file && facts.size_bytes >= 2);
    assert_true(facts.mtime_unix > INT64_C(1700000000));
    assert_int_equal(eb_platform_set_mtime(fd, INT64_C(1600000000)), 0);
    eb_platform_close(fd);
    assert_int_equal(eb_platform_look_name(path, &facts), 0);
    assert_true(facts.is_file && !facts.is_link && facts.mtime_unix == INT64_C(1600000000));
    assert_int_equal(eb_platform_look(FOLDER, &facts), 0);
    assert_true(facts.is_folder && !facts.is_file);
    assert_int_equal(eb_platform_remove(path), 0);
    assert_int_equal(eb_platform_look_name(path, &facts), ENOENT);
}

/* The one that locks does not keep itself from reading, as a mandatory lock would. */
static void locks_without_keeping_from_reading(void **state)
{
    char path[EB_PATH_BYTES], text[4];
    size_t done;
    int fd, other;

    (void)state;
    set_path(path, "locked.bin");
    (void)eb_platform_remove(path);
    fd = write_new(path, "text");
    assert_int_equal(eb_platform_lock(fd), 0);
    assert_int_equal(eb_platform_open(path, EB_OPEN_PART, &other), 0);
    assert_int_equal(eb_platform_lock(other), EWOULDBLOCK);
    assert_int_equal(eb_platform_read_at(other, text, 4, 0, &done), 0);
    assert_int_equal(done, 4);
    eb_platform_close(fd);
    assert_int_equal(eb_platform_lock(other), 0);
    eb_platform_close(other);
    assert_int_equal(eb_platform_remove(path), 0);
}

static void renames(void **state)
{
    char one[EB_PATH_BYTES], two[EB_PATH_BYTES];
    eb_file_facts_t facts;
    int fd, failure, found = 0;
    bool opened;

    (void)state;
    set_path(one, "one.bin");
    set_path(two, "two.bin");
    (void)eb_platform_remove(one);
    (void)eb_platform_remove(two);
    eb_platform_close(write_new(one, "1"));
    fd = write_new(two, "2");
    assert_int_equal(eb_platform_rename_new(one, two), EEXIST);
    assert_int_equal(eb_platform_list(FOLDER, count_name, &found, &opened), 0);
    assert_int_equal(found, 2);
    /* Where the system renames only what is closed, it says so. */
    failure = eb_platform_rename(two, one);
    assert_true(failure == 0 || failure == ETXTBSY);
    assert_true(eb_platform_is_named(fd, failure == 0 ? one : two));
    eb_platform_close(fd);
    if (failure != 0) {
        assert_int_equal(eb_platform_rename(two, one), 0);
    }
    assert_int_equal(eb_platform_look_name(two, &facts), ENOENT);
    assert_int_equal(eb_platform_rename_new(one, two), 0);
    assert_int_equal(eb_platform_sync_parent(two), 0);
    assert_int_equal(eb_platform_remove(two), 0);
    assert_int_equal(eb_platform_list(FOLDER "/none", count_name, &found, &opened), ENOENT);
    assert_false(opened);
}

static void makes_a_folder_of_its_own(void **state)
{
    char one[] = FOLDER "/own-XXXXXX", two[] = FOLDER "/own-XXXXXX";
    eb_file_facts_t facts;

    (void)state;
    assert_int_equal(eb_platform_make_temp_dir(one), 0);
    assert_int_equal(eb_platform_make_temp_dir(two), 0);
    assert_string_not_equal(one, two);
    assert_int_equal(eb_platform_look(one, &facts), 0);
    assert_true(facts.is_folder);
    assert_int_equal(eb_platform_remove_dir(one), 0);
    assert_int_equal(eb_platform_remove_dir(two), 0);
    assert_int_equal(eb_platform_look(one, &facts), ENOENT);
}

/* Names have a limit, paths have none that a user meets. */
static void takes_long_paths(void **state)
{
    char path[EB_PATH_BYTES] = FOLDER, name[300];
    eb_file_facts_t facts;
    uint8_t *back;
    size_t len;

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    assert_int_equal(eb_platform_look_name(path, &facts), ENAMETOOLONG);
    assert_true(eb_platform_name_max(FOLDER) < sizeof(name));
    (void)snprintf(path, sizeof(path), FOLDER "/%.100s/%.100s/%.100s", name, name, name);
    assert_int_equal(eb_fs_make_dir(path, NULL), EB_OK);
    (void)snprintf(path, sizeof(path), FOLDER "/%.100s/%.100s/%.100s/x", name, name, name);
    assert_int_equal(eb_fs_write_file(path, "long", 4, true, NULL), EB_OK);
    assert_int_equal(eb_fs_read_file(path, 10, &back, &len, NULL), EB_OK);
    assert_int_equal(len, 4);
    free(back);
    assert_int_equal(eb_platform_remove(path), 0);
}

/* A drive and a share are there or not: nobody can make one. */
static void knows_the_root_of_a_path(void **state)
{
    static const struct {
        const char *path;
        size_t windows_len; /* elsewhere: 0 */
    } rows[] = {
        {"", 0},
        {"/", 0},
        {"folder\\name", 0},
        {"C:", 2},
        {"c:/boards", 2},
        {"C:boards", 2},
        {"1:\\x", 0},
        {"\\\\server\\share", 14},
        {"\\\\server\\share\\", 14},
        {"//server/share/boards", 14},
        {"\\\\server", 8},
        {"\\\\server\\", 9},
        {"\\\\?\\C:\\boards", 6},
        {"\\\\.\\C:", 6},
        {"\\\\?\\UNC\\server\\share\\boards", 20},
        {"\\\\?\\unc", 7},
        {"\\\\?\\uncle\\x", 9},
    };
    const bool is_windows = eb_platform_is_separator('\\');

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(eb_platform_root_len(rows[i].path), is_windows ? rows[i].windows_len : 0);
    }
    if (is_windows) {
        eb_err_t err;
        assert_int_equal(eb_fs_make_dir("C:\\", &err), EB_OK);
        assert_int_equal(eb_fs_make_dir("Q:\\boards", &err), EB_ERR_FILE_ACCESS);
        assert_int_equal(err.os_errno, ENOENT);
        static const char *const no_files[] = {"12:30.bin", "C:\\a|b", "a?",
                                               "NUL",       "b\nc",    "\\\\.\\COM3"};
        eb_file_facts_t facts;
        for (size_t i = 0; i < sizeof(no_files) / sizeof(no_files[0]); i++) {
            assert_int_equal(eb_platform_look_name(no_files[i], &facts), EILSEQ);
        }
        /* Wine would make a folder for the server. */
        assert_int_equal(eb_fs_make_dir("\\\\nobody\\share", &err), EB_ERR_FILE_ACCESS);
        assert_int_equal(eb_fs_make_dir("\\\\nobody\\share\\boards", &err), EB_ERR_FILE_ACCESS);
        assert_int_equal(eb_platform_make_dir("\\\\nobody\\share"), ENOENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_and_looks),  cmocka_unit_test(locks_without_keeping_from_reading),
        cmocka_unit_test(renames),          cmocka_unit_test(makes_a_folder_of_its_own),
        cmocka_unit_test(takes_long_paths), cmocka_unit_test(knows_the_root_of_a_path),
    };

    return cmocka_run_group_tests(tests, make_folder, NULL);
}
