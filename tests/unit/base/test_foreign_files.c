/* Files that others may have prepared, or take away meanwhile. */
#include "fs_atomic.h"
#include "platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/eb_fs_XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[256];

    (void)state;
    (void)snprintf(command, sizeof(command), "chmod -R u+rwx %s && rm -rf %s", folder, folder);
    return system(command);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void put(const char *path, const char *text)
{
    assert_int_equal(eb_fs_write_file(path, text, strlen(text), true, NULL), EB_OK);
}

static void assert_content(const char *path, const char *expected)
{
    uint8_t *bytes;
    size_t len;

    assert_int_equal(eb_fs_read_file(path, 1000, &bytes, &len, NULL), EB_OK);
    assert_int_equal(len, strlen(expected));
    assert_string_equal((const char *)bytes, expected);
    free(bytes);
}

static int count_entries(void)
{
    char command[256], line[16];
    FILE *pipe;
    int count;

    (void)snprintf(command, sizeof(command), "ls -A %s | wc -l", folder);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    count = atoi(line);
    (void)pclose(pipe);
    return count;
}

static void assert_foreign(const char *path, const char *why)
{
    eb_err_t err;
    uint8_t *bytes;
    size_t len;
    int fd;

    assert_int_equal(eb_fs_open_part(path, false, &fd, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, why));
    assert_int_equal(eb_fs_read_own_file(path, 10, &bytes, &len, &err), EB_ERR_FILE_ACCESS);
    assert_null(bytes);
    assert_int_equal(eb_fs_open_anew(path, &fd, &err), EB_ERR_FILE_ACCESS);
    assert_false(eb_fs_remove_left(path, UINT64_MAX, NULL));
    assert_true(eb_fs_exists(path));
}

static void what_others_may_have_prepared_is_not_taken(void **state)
{
    const char *path = in_folder("x.part"), *second = in_folder("second");
    uint8_t *bytes;
    size_t len;

    (void)state;
    put(path, "abc");
    assert_int_equal(chmod(path, 0602), 0);
    assert_foreign(path, "can be written by other users");
    assert_int_equal(mode_of(path), 0602); /* looked at, and not changed */
    assert_int_equal(chmod(path, 0620), 0);
    assert_foreign(path, "can be written by other users");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(link(path, second), 0);
    assert_foreign(path, "has a second name");
    assert_int_equal(unlink(second), 0);
    assert_int_equal(eb_fs_read_own_file(path, 10, &bytes, &len, NULL), EB_OK);
    assert_string_equal((char *)bytes, "abc");
    free(bytes);
    if (chown(path, 65534, 65534) == 0) {
        assert_foreign(path, "belongs to another user");
    } else {
        print_message("only root can give files away\n");
    }
}

static void what_an_earlier_run_left_is_replaced(void **state)
{
    const char *path = in_folder("x.part");
    int fd, second;

    (void)state;
    put(path, "abc");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(eb_fs_open_anew(path, &fd, NULL), EB_OK);
    assert_content(path, "");
    assert_int_equal(eb_fs_open_anew(path, &second, NULL), EB_ERR_FILE_ACCESS); /* in use */
    assert_false(eb_fs_remove_left(path, UINT64_MAX, NULL));
    close(fd);
    put(path, "abc");
    assert_false(eb_fs_remove_left(path, 2, NULL));
    assert_true(eb_fs_remove_left(path, 3, NULL));
    assert_false(eb_fs_exists(path));
}

static void a_name_that_was_taken_away_is_not_renamed(void **state)
{
    const char *part = in_folder("x.part"), *whole = in_folder("x.bin");
    eb_err_t err;
    int fd;

    (void)state;
    assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
    assert_true(eb_fs_is_named(fd, part));
    assert_int_equal(unlink(part), 0);
    put(part, "another's");
    assert_false(eb_fs_is_named(fd, part));
    assert_int_equal(eb_fs_commit(&fd, part, whole, true, &err), EB_ERR_FILE_ACCESS);
    assert_non_null(strstr(err.message, part));
    assert_false(eb_fs_remove_named(&fd, part));
    assert_content(part, "another's");
    assert_false(eb_fs_exists(whole));
    /* A link to it is another name too. */
    assert_int_equal(unlink(part), 0);
    close(fd);
    assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
    assert_int_equal(rename(part, whole), 0);
    assert_int_equal(symlink(whole, part), 0);
    assert_false(eb_fs_is_named(fd, part));
    close(fd);
}

/* One that a killed run left is no obstacle, one of another user is. */
static void temporary_names_are_used_again(void **state)
{
    eb_err_t err;

    (void)state;
    put(in_folder("a.tmp"), "left");
    assert_int_equal(eb_fs_write_file(in_folder("a"), "x", 1, false, &err), EB_OK);
    assert_int_equal(count_entries(), 1);
    put(in_folder("victim"), "precious");
    assert_int_equal(symlink(in_folder("victim"), in_folder("a.tmp")), 0);
    assert_int_equal(eb_fs_write_file(in_folder("a"), "y", 1, true, &err), EB_ERR_FILE_ACCESS);
    assert_content(in_folder("victim"), "precious");
    assert_content(in_folder("a"), "x");
}

static void links_are_not_written_through(void **state)
{
    eb_err_t err;

    (void)state;
    put(in_folder("victim"), "precious");
    assert_int_equal(symlink(in_folder("victim"), in_folder("a")), 0);
    assert_int_equal(eb_fs_write_file(in_folder("a"), "y", 1, false, &err), EB_ERR_FILE_EXISTS);
    assert_int_equal(eb_fs_write_file(in_folder("a"), "y", 1, true, &err), EB_OK);
    assert_content(in_folder("victim"), "precious");
}

static void unsafe_folders_are_told(void **state)
{
    const char *path = in_folder("x.part");
    int fd;

    (void)state;
    assert_int_equal(eb_fs_open_part(path, true, &fd, NULL), EB_OK);
    assert_null(eb_platform_why_unsafe(fd, folder));
    assert_int_equal(chmod(folder, 0777), 0);
    assert_string_equal(eb_platform_why_unsafe(fd, folder), "can be written by all users");
    assert_int_equal(chmod(folder, 01777), 0);
    assert_null(eb_platform_why_unsafe(fd, folder)); /* what is ours stays in a sticky one */
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_string_equal(eb_platform_why_unsafe(fd, folder), "can be written by all users");
        assert_int_equal(chmod(folder, 0700), 0);
        assert_null(eb_platform_why_unsafe(fd, folder));
        assert_int_equal(chown(folder, 65534, 65534), 0);
        assert_string_equal(eb_platform_why_unsafe(fd, folder), "belongs to another user");
        assert_int_equal(chown(folder, 0, 0), 0);
    }
    close(fd);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_others_may_have_prepared_is_not_taken),
        IN_FOLDER(what_an_earlier_run_left_is_replaced),
        IN_FOLDER(a_name_that_was_taken_away_is_not_renamed),
        IN_FOLDER(temporary_names_are_used_again),
        IN_FOLDER(links_are_not_written_through),
        IN_FOLDER(unsafe_folders_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
