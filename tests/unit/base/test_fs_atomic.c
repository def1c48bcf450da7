/* Files that are whole or not there. */
#include "fs_atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void errno_decides_the_code(void **state)
{
    static const struct {
        int os_errno;
        eb_code_t code;
    } cases[] = {
        {ENOSPC, EB_ERR_DISK_FULL},    {EDQUOT, EB_ERR_DISK_FULL},   {EFBIG, EB_ERR_DISK_FULL},
        {EACCES, EB_ERR_FILE_ACCESS},  {EROFS, EB_ERR_FILE_ACCESS},  {ENOENT, EB_ERR_FILE_ACCESS},
        {ENOTDIR, EB_ERR_FILE_ACCESS}, {EEXIST, EB_ERR_FILE_EXISTS}, {EIO, EB_ERR_FILE_IO},
    };
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(eb_fs_error(&err, cases[i].os_errno, "write", "a/b"), cases[i].code);
        assert_int_equal(err.os_errno, cases[i].os_errno);
        assert_non_null(strstr(err.message, "cannot write a/b: "));
    }
}

static void whole_file_is_private_and_not_replaced_unasked(void **state)
{
    const char *path = in_folder("a.json");
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_fs_write_file(path, "one", 3, false, &err), EB_OK);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(eb_fs_write_file(path, "two", 3, false, &err), EB_ERR_FILE_EXISTS);
    assert_non_null(strstr(err.message, path));
    assert_content(path, "one");
    assert_int_equal(eb_fs_write_file(path, "two", 3, true, &err), EB_OK);
    assert_content(path, "two");
    assert_int_equal(count_entries(), 1); /* no temporary file is left */
}

static void write_into_a_missing_folder(void **state)
{
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_fs_write_file(in_folder("no/a"), "x", 1, true, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(err.os_errno, ENOENT);
}

static void folders_are_made_with_their_parents(void **state)
{
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_fs_make_dir(in_folder("p/q//r/"), &err), EB_OK);
    assert_int_equal(mode_of(in_folder("p/q/r")), 0700);
    assert_int_equal(mode_of(in_folder("p")), 0700);
    assert_int_equal(eb_fs_make_dir(in_folder("p/q/r"), &err), EB_OK);
    put(in_folder("file"), "x");
    assert_int_equal(eb_fs_make_dir(in_folder("file"), &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(eb_fs_make_dir(in_folder("file/below"), &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(eb_fs_make_dir("/", &err), EB_OK);
}

static void commit_renames_or_refuses(void **state)
{
    const char *part = in_folder("x.part"), *whole = in_folder("x.bin");
    eb_err_t err;
    int fd;

    (void)state;
    assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
    assert_int_equal(mode_of(part), 0600);
    assert_int_equal(eb_fs_pwrite(fd, part, "new", 3, 0, &err), EB_OK);
    put(whole, "old");
    assert_int_equal(eb_fs_commit(&fd, part, whole, false, &err), EB_ERR_FILE_EXISTS);
    assert_content(whole, "old");
    assert_true(eb_fs_exists(part));
    assert_int_equal(eb_fs_commit(&fd, part, whole, true, &err), EB_OK);
    assert_content(whole, "new");
    assert_false(eb_fs_exists(part));
    close(fd);
}

static void commit_without_a_target(void **state)
{
    const char *part = in_folder("x.part"), *whole = in_folder("x.bin");
    eb_err_t err;
    int fd;

    (void)state;
    assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
    assert_int_equal(eb_fs_commit(&fd, part, whole, false, &err), EB_OK);
    assert_true(eb_fs_exists(whole));
    assert_false(eb_fs_exists(part));
    close(fd);
}

static void part_is_opened_once(void **state)
{
    const char *part = in_folder("x.part");
    int fd = 5, second = 5;
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_fs_open_part(part, false, &fd, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(fd, -1);
    assert_false(eb_fs_exists(part));
    assert_int_equal(eb_fs_open_part(part, true, &fd, &err), EB_OK);
    assert_int_equal(eb_fs_open_part(part, false, &second, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(second, -1);
    assert_non_null(strstr(err.message, "in use"));
    assert_non_null(strstr(err.hint, "another run"));
    assert_int_equal(eb_fs_open_part(part, true, &second, &err), EB_ERR_FILE_EXISTS);
    close(fd);
    assert_int_equal(eb_fs_open_part(part, false, &fd, &err), EB_OK);
    close(fd);
}

static void part_keeps_its_content_and_is_a_regular_file(void **state)
{
    const char *part = in_folder("x.part");
    char text[4] = "";
    eb_err_t err;
    int fd;

    (void)state;
    put(part, "abc");
    assert_int_equal(eb_fs_open_part(part, false, &fd, &err), EB_OK);
    assert_int_equal(eb_fs_pread(fd, part, text, 3, 0, &err), EB_OK);
    assert_string_equal(text, "abc");
    close(fd);
    assert_int_equal(eb_fs_open_part(folder, false, &fd, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(symlink(part, in_folder("link")), 0);
    assert_int_equal(eb_fs_open_part(in_folder("link"), false, &fd, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(eb_fs_open_part(in_folder("fifo"), false, &fd, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(fd, -1);
}

static void short_read_is_an_error(void **state)
{
    const char *path = in_folder("a");
    char bytes[8];
    eb_err_t err;
    int fd;

    (void)state;
    put(path, "abc");
    fd = open(path, O_RDWR);
    assert_int_equal(eb_fs_pread(fd, path, bytes, 3, 1, &err), EB_ERR_FILE_IO);
    assert_non_null(strstr(err.message, "too short"));
    assert_int_equal(eb_fs_pread(fd, path, bytes, 2, 1, &err), EB_OK);
    assert_memory_equal(bytes, "bc", 2);
    assert_int_equal(eb_fs_pwrite(fd, path, "x", 1, UINT64_MAX, &err), EB_ERR_DISK_FULL);
    close(fd);
}

static void reserve_sets_the_length_and_keeps_the_content(void **state)
{
    const char *path = in_folder("a");
    struct stat st;
    eb_err_t err;
    char text[4] = "";
    int fd;

    (void)state;
    put(path, "abc");
    fd = open(path, O_RDWR);
    assert_int_equal(eb_fs_reserve(fd, path, 100000, &err), EB_OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 100000);
    assert_true(st.st_blocks * 512 >= 100000);
    assert_int_equal(eb_fs_pread(fd, path, text, 3, 0, &err), EB_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(eb_fs_reserve(fd, path, 2, &err), EB_OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 2);
    /* More than any disk holds. */
    assert_int_equal(eb_fs_reserve(fd, path, 1ull << 61, &err), EB_ERR_DISK_FULL);
    close(fd);
}

static void full_disk_says_so(void **state)
{
    eb_err_t err;
    const int fd = open("/dev/full", O_RDWR);

    (void)state;
    if (fd < 0) {
        print_message("no /dev/full on this system\n");
        skip();
    }
    assert_int_equal(eb_fs_pwrite(fd, "/dev/full", "x", 1, 0, &err), EB_ERR_DISK_FULL);
    assert_int_equal(err.os_errno, ENOSPC);
    close(fd);
}

static void reading_whole_files(void **state)
{
    uint8_t *bytes = (uint8_t *)1;
    char big[20000];
    size_t len = 9;
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_fs_read_file(in_folder("no"), 10, &bytes, &len, &err), EB_ERR_FILE_ACCESS);
    assert_null(bytes);
    assert_int_equal(len, 0);
    put(in_folder("empty"), "");
    assert_content(in_folder("empty"), "");
    memset(big, 'b', sizeof(big));
    assert_int_equal(eb_fs_write_file(in_folder("big"), big, sizeof(big), false, &err), EB_OK);
    assert_int_equal(eb_fs_read_file(in_folder("big"), sizeof(big), &bytes, &len, &err), EB_OK);
    assert_int_equal(len, sizeof(big));
    assert_memory_equal(bytes, big, sizeof(big));
    free(bytes);
    assert_int_equal(eb_fs_read_file(in_folder("big"), sizeof(big) - 1, &bytes, &len, &err),
                     EB_ERR_FILE_IO);
    assert_null(bytes);
    assert_int_equal(eb_fs_read_file(folder, 10, &bytes, &len, &err), EB_ERR_FILE_ACCESS);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(eb_fs_read_file(in_folder("fifo"), 10, &bytes, &len, &err),
                     EB_ERR_FILE_ACCESS);
}

static void unwritable_folder_says_so(void **state)
{
    eb_err_t err;
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(chmod(folder, 0500), 0);
    /* Root may write anywhere, so a child becomes somebody else first. */
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (chown(folder, 65534, 65534) != 0 || setuid(65534) != 0)) {
            _exit(99);
        }
        _exit(eb_fs_write_file(in_folder("a"), "x", 1, true, &err) == EB_ERR_FILE_ACCESS &&
                      err.os_errno == EACCES
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99) {
        print_message("cannot become another user here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errno_decides_the_code),
        IN_FOLDER(whole_file_is_private_and_not_replaced_unasked),
        IN_FOLDER(write_into_a_missing_folder),
        IN_FOLDER(folders_are_made_with_their_parents),
        IN_FOLDER(commit_renames_or_refuses),
        IN_FOLDER(commit_without_a_target),
        IN_FOLDER(part_is_opened_once),
        IN_FOLDER(part_keeps_its_content_and_is_a_regular_file),
        IN_FOLDER(short_read_is_an_error),
        IN_FOLDER(reserve_sets_the_length_and_keeps_the_content),
        cmocka_unit_test(full_disk_says_so),
        IN_FOLDER(reading_whole_files),
        IN_FOLDER(unwritable_folder_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
