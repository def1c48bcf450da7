/* The folder of backups: finding one, and what `list` says of each. */
#include "core_fixture.h"
#include "find.h"
#include "paths.h"
#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FLASH_BYTES (64u * 1024u)

static char dir[EB_PATH_BYTES];

static int set_up(void **state)
{
    (void)state;
    folder_make(dir, sizeof(dir));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

/* A backup of a board with that MAC; the name of its image. */
static void make_backup(const char *mac, const char *name, uint64_t seed, uint64_t lost_at)
{
    eb_session_t *board = fake_new(FLASH_BYTES, seed);
    eb_backup_result_t *result = calloc(1, sizeof(*result));
    char output[EB_PATH_BYTES];
    eb_backup_options_t options = {.dir = dir, .output = output, .full = true};

    (void)eb_path_join(output, dir, name, NULL);
    snprintf(board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "%s", mac);
    fake_fill(board, 0, FLASH_BYTES, seed);
    board->lost_at = lost_at;
    assert_int_equal(eb_op_backup(board, &options, NULL, result, NULL, NULL),
                     lost_at != 0 ? EB_ERR_PORT_LOST : EB_OK);
    free(result);
    fake_free(board);
}

/* The time in a sidecar, so that order does not hang on how fast the test is. */
static void set_time(const char *name, const char *utc)
{
    char path[EB_PATH_BYTES], image[EB_PATH_BYTES];
    eb_sidecar_t *sidecar = NULL;
    char *text = NULL;

    (void)eb_path_join(image, dir, name, NULL);
    assert_int_equal(eb_find_sidecar(image, &sidecar, NULL), EB_OK);
    snprintf(sidecar->created_utc, sizeof(sidecar->created_utc), "%s", utc);
    assert_int_equal(eb_sidecar_write(sidecar, &text, NULL), EB_OK);
    assert_int_equal(eb_path_of_sidecar(path, image, NULL), EB_OK);
    file_write(dir, strrchr(path, '/') + 1, text, strlen(text));
    free(text);
    free(sidecar);
}

static void make_folder(void)
{
    make_backup("aa:00:00:00:00:01", "one.bin", 1, 0);
    set_time("one.bin", "2026-11-20T10:00:00Z");
    make_backup("aa:00:00:00:00:02", "two.bin", 2, 0);
    set_time("two.bin", "2026-11-21T10:00:00Z");
    make_backup("aa:00:00:00:00:01", "three.bin", 3, 0);
    set_time("three.bin", "2026-11-19T10:00:00Z");
}

static void a_missing_folder_is_an_empty_list(void **state)
{
    eb_backup_list_t list;
    eb_list_options_t options = {.dir = "/nowhere/at/all"};

    (void)state;
    assert_int_equal(eb_op_list(&options, NULL, &list, NULL), EB_OK);
    assert_int_equal(list.count, 0);
    eb_backup_list_free(&list);
}

static void a_backup_is_found_by_path_name_and_latest(void **state)
{
    char path[EB_PATH_BYTES], want[EB_PATH_BYTES];
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(eb_find_backup(dir, "latest", path, &err), EB_ERR_BACKUP_NOT_FOUND);
    make_folder();
    (void)eb_path_join(want, dir, "one.bin", NULL);
    assert_int_equal(eb_find_backup(dir, want, path, &err), EB_OK);
    assert_string_equal(path, want);
    assert_int_equal(eb_find_backup(dir, "one.bin", path, &err), EB_OK);
    assert_string_equal(path, want);
    assert_int_equal(eb_find_backup("/nowhere", want, path, &err), EB_OK);
    assert_int_equal(eb_find_backup(dir, "one", path, &err), EB_OK);
    assert_string_equal(path, want);
    assert_int_equal(eb_find_backup(dir, "latest", path, &err), EB_OK);
    (void)eb_path_join(want, dir, "two.bin", NULL);
    assert_string_equal(path, want);
    assert_int_equal(eb_find_backup(dir, "four", path, &err), EB_ERR_BACKUP_NOT_FOUND);
    assert_non_null(strstr(err.message, "four"));
    assert_string_equal(path, "");
}

static void the_newest_of_a_board_is_whole_and_covers(void **state)
{
    char path[EB_PATH_BYTES], image[EB_PATH_BYTES];
    bool found;
    eb_range_t all = {0, FLASH_BYTES}, more = {0, FLASH_BYTES + 1};

    (void)state;
    make_folder();
    assert_int_equal(eb_find_newest(dir, "aa:00:00:00:00:01", all, path, &found, NULL), EB_OK);
    assert_true(found);
    assert_string_equal(strrchr(path, '/'), "/one.bin");
    assert_int_equal(eb_find_newest(dir, "aa:00:00:00:00:01", more, path, &found, NULL), EB_OK);
    assert_false(found);
    assert_int_equal(eb_find_newest(dir, "aa:00:00:00:00:03", all, path, &found, NULL), EB_OK);
    assert_false(found);
    (void)eb_path_join(image, dir, "one.bin", NULL);
    assert_int_equal(truncate(image, FLASH_BYTES - 1), 0);
    assert_int_equal(eb_find_newest(dir, "aa:00:00:00:00:01", all, path, &found, NULL), EB_OK);
    assert_string_equal(strrchr(path, '/'), "/three.bin");
}

static const eb_backup_entry_t *find_entry(const eb_backup_list_t *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->entries[i].name, name) == 0) {
            return &list->entries[i];
        }
    }
    fail_msg("%s is not listed", name);
    return NULL;
}

static eb_backup_list_t list_all(bool check, const char *mac)
{
    eb_backup_list_t list;
    eb_list_options_t options = {.dir = dir, .check = check, .mac = mac};

    assert_int_equal(eb_op_list(&options, NULL, &list, NULL), EB_OK);
    return list;
}

static void each_state_is_told(void **state)
{
    char path[EB_PATH_BYTES];

    (void)state;
    make_folder();
    make_backup("aa:00:00:00:00:04", "short.bin", 4, 0);
    (void)eb_path_join(path, dir, "short.bin", NULL);
    assert_int_equal(truncate(path, 1000), 0);
    make_backup("aa:00:00:00:00:05", "rotten.bin", 5, 0);
    (void)eb_path_join(path, dir, "rotten.bin", NULL);
    FILE *file = fopen(path, "r+b");
    assert_true(fputc(0, file) == 0 && fputc(1, file) == 1 && fclose(file) == 0);
    make_backup("aa:00:00:00:00:06", "half.bin", 6, FLASH_BYTES / 2);
    file_write(dir, "bare.bin", "12345", 5);
    file_write(dir, "broken.bin", "12345", 5);
    file_write(dir, "broken_info.json", "{\"format\":\"x\"", 13);
    file_write(dir, "orphan.bin.part", "1", 1);
    file_write(dir, "notes.txt", "1", 1);
    (void)eb_path_join(path, dir, "folder.bin", NULL);
    assert_int_equal(mkdir(path, 0700), 0);

    eb_backup_list_t list = list_all(false, NULL);
    assert_int_equal(list.count, 9);
    assert_int_equal(find_entry(&list, "one.bin")->state, EB_BACKUP_COMPLETE);
    assert_string_equal(find_entry(&list, "one.bin")->mac, "aa:00:00:00:00:01");
    assert_string_equal(find_entry(&list, "one.bin")->chip_name, "ESP32");
    assert_int_equal(find_entry(&list, "one.bin")->size_bytes, FLASH_BYTES);
    assert_int_equal(find_entry(&list, "short.bin")->state, EB_BACKUP_BAD_SIZE);
    assert_int_equal(find_entry(&list, "rotten.bin")->state, EB_BACKUP_COMPLETE);
    assert_int_equal(find_entry(&list, "bare.bin")->state, EB_BACKUP_NO_SIDECAR);
    assert_int_equal(find_entry(&list, "bare.bin")->size_bytes, 5);
    assert_int_equal(find_entry(&list, "broken.bin")->state, EB_BACKUP_BAD_SIDECAR);
    assert_true(find_entry(&list, "broken.bin")->detail[0] != '\0');
    assert_int_equal(find_entry(&list, "half.bin.part")->state, EB_BACKUP_PARTIAL);
    assert_string_equal(find_entry(&list, "half.bin.part")->chip_name, "ESP32");
    assert_string_equal(find_entry(&list, "half.bin.part")->mac, "aa:00:00:00:00:06");
    assert_int_equal(find_entry(&list, "orphan.bin.part")->state, EB_BACKUP_PARTIAL);
    eb_backup_list_free(&list);

    list = list_all(true, NULL);
    assert_int_equal(find_entry(&list, "one.bin")->state, EB_BACKUP_CHECKED);
    assert_int_equal(find_entry(&list, "rotten.bin")->state, EB_BACKUP_BAD_HASH);
    assert_int_equal(find_entry(&list, "short.bin")->state, EB_BACKUP_BAD_SIZE);
    eb_backup_list_free(&list);
}

/* What cannot be read is not known to be damaged. The superuser reads everything, so be another. */
static void what_cannot_be_read_is_not_damaged(void **state)
{
    const bool super = geteuid() == 0;
    char path[EB_PATH_BYTES];

    (void)state;
    make_folder();
    (void)eb_path_join(path, dir, "one.bin", NULL);
    assert_int_equal(chmod(path, 0), 0);
    (void)eb_path_join(path, dir, "two_info.json", NULL);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)eb_path_join(path, dir, "loop.bin", NULL);
    assert_int_equal(symlink("loop.bin", path), 0);
    if (super) {
        (void)eb_path_join(path, dir, "three.bin", NULL);
        assert_int_equal(chown(path, 65534, 65534), 0);
        (void)eb_path_join(path, dir, "three_info.json", NULL);
        assert_int_equal(chown(path, 65534, 65534), 0);
        (void)eb_path_join(path, dir, "one_info.json", NULL);
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_int_equal(chmod(dir, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    eb_backup_list_t list = list_all(true, NULL);
    if (super) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(find_entry(&list, "one.bin")->state, EB_BACKUP_UNREADABLE);
    assert_non_null(strstr(find_entry(&list, "one.bin")->detail, "Permission denied"));
    assert_int_equal(find_entry(&list, "two.bin")->state, EB_BACKUP_UNREADABLE);
    assert_int_equal(find_entry(&list, "three.bin")->state, EB_BACKUP_CHECKED);
    /* Of what cannot be examined no time is known. */
    assert_int_equal(find_entry(&list, "loop.bin")->state, EB_BACKUP_UNREADABLE);
    assert_string_equal(find_entry(&list, "loop.bin")->created_utc, "");
    eb_backup_list_free(&list);
}

static void the_newest_comes_first_and_filters_hold(void **state)
{
    (void)state;
    make_folder();
    eb_backup_list_t list = list_all(false, NULL);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.entries[0].name, "two.bin");
    assert_string_equal(list.entries[1].name, "one.bin");
    assert_string_equal(list.entries[2].name, "three.bin");
    eb_backup_list_free(&list);
    list = list_all(false, "AA:00:00:00:00:01");
    assert_int_equal(list.count, 2);
    assert_string_equal(list.entries[0].name, "one.bin");
    eb_backup_list_free(&list);
    eb_list_options_t options = {.dir = dir, .chip = "esp32c3"};
    assert_int_equal(eb_op_list(&options, NULL, &list, NULL), EB_OK);
    assert_int_equal(list.count, 0);
    eb_backup_list_free(&list);
    options.chip = "esp32";
    assert_int_equal(eb_op_list(&options, NULL, &list, NULL), EB_OK);
    assert_int_equal(list.count, 3);
    eb_backup_list_free(&list);
}

/* So many that they are shared out: each is listed once, and what was found out is its own. */
static void a_large_folder_is_listed_whole(void **state)
{
    enum { MANY = 1100 };
    char name[32];

    (void)state;
    make_folder();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "bare_%04d.bin", i);
        file_write(dir, name, name, (size_t)(1 + i % 7));
    }
    eb_backup_list_t list = list_all(false, NULL);
    assert_int_equal(list.count, MANY + 3);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "bare_%04d.bin", i);
        assert_int_equal(find_entry(&list, name)->size_bytes, 1 + i % 7);
        assert_int_equal(find_entry(&list, name)->state, EB_BACKUP_NO_SIDECAR);
    }
    assert_string_equal(find_entry(&list, "one.bin")->mac, "aa:00:00:00:00:01");
    assert_int_equal(find_entry(&list, "two.bin")->state, EB_BACKUP_COMPLETE);
    eb_backup_list_free(&list);
    list = list_all(false, "aa:00:00:00:00:02");
    assert_int_equal(list.count, 1);
    eb_backup_list_free(&list);
}

static void what_is_no_file_is_told(void **state)
{
    char path[EB_PATH_BYTES], found[EB_PATH_BYTES];
    eb_err_t err = {0};

    (void)state;
    (void)eb_path_join(path, dir, "pipe.bin", NULL);
    assert_int_equal(mkfifo(path, 0600), 0);
    const char *ways[] = {path, "pipe.bin", "pipe"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(eb_find_backup(dir, ways[i], found, &err), EB_ERR_FILE_ACCESS);
        assert_non_null(strstr(err.message, "pipe.bin is not a regular file"));
        assert_string_equal(found, "");
    }
    assert_int_equal(eb_find_backup(dir, "/dev/zero", found, &err), EB_ERR_FILE_ACCESS);
    /* One that is beats one that is not: a folder here may have the name of a backup there. */
    make_backup("aa:00:00:00:00:01", "src.bin", 1, 0);
    assert_int_equal(eb_find_backup(dir, "/", found, &err), EB_ERR_FILE_ACCESS);
    (void)eb_path_join(path, dir, "src", NULL);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(eb_find_backup(dir, "src", found, &err), EB_OK);
    assert_non_null(strstr(found, "/src.bin"));
}

static void paths_are_built_and_bounded(void **state)
{
    char path[EB_PATH_BYTES], long_name[EB_PATH_BYTES + 8];

    (void)state;
    assert_int_equal(eb_path_join(path, "a/", "b", NULL), EB_OK);
    assert_string_equal(path, "a/b");
    assert_int_equal(eb_path_join(path, "", "b", NULL), EB_OK);
    assert_string_equal(path, "b");
    assert_int_equal(eb_path_of_sidecar(path, "a.bin", NULL), EB_OK);
    assert_string_equal(path, "a_info.json");
    assert_int_equal(eb_path_of_sidecar(path, "dump", NULL), EB_OK);
    assert_string_equal(path, "dump_info.json");
    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(eb_path_join(path, "a", long_name, NULL), EB_ERR_USAGE);
    assert_string_equal(path, "");
}

/* The longest name that passes can be made, with all the files that belong to it. */
static void names_are_bounded_before_any_file_is_made(void **state)
{
    static const char *const ends[] = {".bin", ""};
    long limit = pathconf(dir, _PC_NAME_MAX);
    char name[1000], path[EB_PATH_BYTES], most[64] = "";
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t fits = 0;
        for (size_t len = 10; len <= (size_t)limit; len++) {
            memset(name, 'a' + (int)i, len);
            (void)snprintf(name + len - strlen(ends[i]), 8, "%s", ends[i]);
            (void)eb_path_join(path, dir, name, NULL);
            if (eb_path_check_output(path, &err) == EB_OK) {
                assert_int_equal(fits, len == 10 ? 0 : len - 1); /* none after one that is not */
                fits = len;
                continue;
            }
            assert_int_equal(err.code, EB_ERR_USAGE);
            (void)snprintf(most, sizeof(most), "at most %zu bytes", fits);
            assert_true(len > 255 || strstr(err.hint, most) != NULL);
        }
        assert_true(fits > 0 && fits < (size_t)limit);
        memset(name, 'a' + (int)i, fits);
        (void)snprintf(name + fits - strlen(ends[i]), 8, "%s", ends[i]);
        make_backup("24:0a:c4:00:00:01", name, i + 1, 0);
        (void)eb_path_join(path, dir, name, NULL);
        assert_true(eb_fs_exists(path));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_folder_is_an_empty_list),
        TEST(a_backup_is_found_by_path_name_and_latest),
        TEST(the_newest_of_a_board_is_whole_and_covers),
        TEST(each_state_is_told),
        TEST(what_cannot_be_read_is_not_damaged),
        TEST(the_newest_comes_first_and_filters_hold),
        TEST(a_large_folder_is_listed_whole),
        TEST(what_is_no_file_is_told),
        TEST(paths_are_built_and_bounded),
        TEST(names_are_bounded_before_any_file_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
