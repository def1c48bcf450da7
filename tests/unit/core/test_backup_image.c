/* Backups as they are found on the disk: whole, bare, damaged, and meant to harm. */
#include "backup_image.h"
#include "core_fixture.h"
#include "find.h"
#include "fs_atomic.h"
#include "paths.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MB (1024u * 1024u)

typedef struct fixture {
    char dir[EB_PATH_BYTES];
    eb_session_t *board;
    watch_t watch;
    eb_backup_result_t backup; /* of the whole flash */
    eb_backup_image_t source;
    eb_err_t err;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));
    eb_backup_options_t options = {.dir = f->dir};

    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(MB, 1);
    board_fill_realistic(f->board);
    f->source.fd = -1;
    watch_init(&f->watch, NULL);
    *state = f;
    return eb_op_backup(f->board, &options, NULL, &f->backup, NULL, &f->err) == EB_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;

    eb_backup_image_close(&f->source);
    folder_remove(f->dir);
    fake_free(f->board);
    free(f);
    return 0;
}

static eb_code_t open_as(fixture_t *f, const eb_image_request_t *request)
{
    eb_backup_image_close(&f->source);
    memset(&f->err, 0, sizeof(f->err));
    watch_init(&f->watch, NULL);
    return eb_backup_image_open(request, &f->watch.ev, &f->source, &f->err);
}

static eb_code_t open_at(fixture_t *f, const char *backup, bool has_address, uint32_t address)
{
    const eb_image_request_t request = {
        .backup = backup, .dir = f->dir, .has_address = has_address, .address = address};

    return open_as(f, &request);
}

static eb_code_t open_it(fixture_t *f, const char *backup)
{
    return open_at(f, backup, false, 0);
}

/* Replace a piece of the sidecar's text, once. */
static void edit_sidecar(const fixture_t *f, const char *from, const char *to)
{
    uint8_t *text = NULL;
    size_t len = 0;

    assert_int_equal(eb_fs_read_file(f->backup.sidecar_path, MB, &text, &len, NULL), EB_OK);
    char *at = strstr((char *)text, from);
    assert_non_null(at);
    FILE *file = fopen(f->backup.sidecar_path, "wb");
    assert_non_null(file);
    assert_true(fprintf(file, "%.*s%s%s", (int)(at - (char *)text), (char *)text, to,
                        at + strlen(from)) > 0);
    assert_int_equal(fclose(file), 0);
    free(text);
}

static void it_is_found_by_path_name_and_latest(void **state)
{
    fixture_t *f = *state;
    char name[256];
    uint8_t bytes[64];

    (void)snprintf(name, sizeof(name), "%s", strrchr(f->backup.image_path, '/') + 1);
    const char *ways[] = {f->backup.image_path, name, "latest"};
    for (int i = 0; i < 4; i++) {
        if (i == 3) {
            name[strlen(name) - strlen(".bin")] = '\0';
        }
        assert_int_equal(open_it(f, i < 3 ? ways[i] : name), EB_OK);
        assert_string_equal(f->source.path, f->backup.image_path);
        assert_true(f->source.hash_checked);
        assert_int_equal(f->source.addr, 0);
        assert_int_equal(f->source.size_bytes, MB);
        assert_non_null(f->source.sidecar);
        assert_non_null(f->source.table);
        assert_int_equal(f->source.table->count, 5);
        assert_string_equal(f->source.table->entries[2].app.desc.version, "1.4.2");
    }
    assert_int_equal(eb_backup_image_read(&f->source, 0x10000, bytes, 64, &f->err), EB_OK);
    assert_memory_equal(bytes, f->board->bytes + 0x10000, 64);
    assert_int_equal(eb_backup_image_read(&f->source, MB - 63, bytes, 64, &f->err),
                     EB_ERR_INTERNAL);
    assert_int_equal(open_it(f, "no such backup"), EB_ERR_BACKUP_NOT_FOUND);
    assert_int_equal(f->source.fd, -1);
}

static void latest_is_of_a_whole_flash(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t part;
    eb_backup_options_t options = {.dir = f->dir, .has_range = true, .addr = 0, .size = 0x9000};

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &part, NULL, NULL), EB_OK);
    assert_int_equal(open_it(f, "latest"), EB_OK);
    assert_string_equal(f->source.path, f->backup.image_path);
    assert_int_equal(unlink(f->backup.image_path), 0);
    assert_int_equal(open_it(f, "latest"), EB_ERR_BACKUP_NOT_FOUND);
}

static void a_range_lies_where_its_sidecar_says(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t part;
    uint8_t byte;
    eb_backup_options_t options = {
        .dir = f->dir, .has_range = true, .addr = 0x10000, .size = 0x30000};

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &part, NULL, NULL), EB_OK);
    assert_int_equal(open_it(f, part.image_path), EB_OK);
    assert_int_equal(f->source.addr, 0x10000);
    assert_null(f->source.table);
    assert_int_equal(eb_backup_image_read(&f->source, 0xFFFF, &byte, 1, NULL), EB_ERR_INTERNAL);
    assert_int_equal(open_at(f, part.image_path, true, 0x10000), EB_OK);
    assert_int_equal(open_at(f, part.image_path, true, 0), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "0x10000"));
}

static void a_bare_file_is_taken_as_it_is(void **state)
{
    fixture_t *f = *state;
    char path[EB_PATH_BYTES];

    file_write(f->dir, "bare.bin", f->board->bytes, MB);
    (void)eb_path_join(path, f->dir, "bare.bin", NULL);
    assert_int_equal(open_it(f, "bare"), EB_OK);
    assert_null(f->source.sidecar);
    assert_false(f->source.hash_checked);
    assert_int_equal(f->source.addr, 0);
    assert_int_equal(f->source.table->count, 5);
    assert_int_equal(open_at(f, path, true, 0x200000), EB_OK);
    assert_int_equal(f->source.addr, 0x200000);
    assert_null(f->source.table);
    assert_int_equal(open_at(f, path, true, 0xFFF80000), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "0xfff80000"));
    file_write(f->dir, "empty.bin", "", 0);
    assert_int_equal(open_it(f, "empty"), EB_ERR_IMAGE_INVALID);
}

/* A merged file without the gap before the bootloader. */
static void merge(fixture_t *f, uint32_t start)
{
    file_write(f->dir, "merged.bin", f->board->bytes + start, MB - start);
}

static void assert_starts_elsewhere(fixture_t *f, eb_code_t code, const char *address)
{
    assert_int_equal(code, EB_ERR_USAGE);
    assert_int_equal(f->err.reason, EB_REASON_STARTS_AT);
    assert_string_equal(f->err.hint, address);
    assert_non_null(strstr(f->err.message, "ESP32"));
    assert_string_equal(f->watch.notes, "");
}

static void a_bootloader_shows_where_a_bare_file_starts(void **state)
{
    fixture_t *f = *state;
    uint8_t byte;

    merge(f, 0x1000);
    assert_starts_elsewhere(f, open_it(f, "merged"), "0x1000");
    assert_int_equal(open_at(f, "merged", true, 0x1000), EB_OK);
    assert_int_equal(f->source.addr, 0x1000);
    assert_int_equal(f->source.table->count, 5);
    assert_null(strstr(f->watch.notes, "bootloader"));
    assert_int_equal(eb_backup_image_read(&f->source, 0x9000, &byte, 1, NULL), EB_OK);
    assert_int_equal(byte, f->board->bytes[0x9000]);
    assert_starts_elsewhere(f, open_at(f, "merged", true, 0), "0x1000"); /* a table at 0x7000 */
    assert_non_null(strstr(f->err.message, "0x1000 of the flash, not at 0x0"));
    file_write(f->dir, "whole.bin", f->board->bytes, MB);
    assert_starts_elsewhere(f, open_at(f, "whole", true, 0x1000), "0x0"); /* a table at 0x9000 */
    assert_non_null(strstr(f->err.message, "0x0 of the flash, not at 0x1000"));
    /* Given: used, and told of. */
    assert_int_equal(open_at(f, "whole", true, 0x200000), EB_OK);
    assert_non_null(strstr(f->watch.notes, "0x0 of the flash, not at 0x200000"));
    assert_int_equal(open_at(f, "whole", true, 0), EB_OK);
    assert_null(strstr(f->watch.notes, "bootloader"));
}

/* A table where the file has one at a usual place too, or where only the user knows it. */
static void a_table_elsewhere_hides_no_start(void **state)
{
    fixture_t *f = *state;
    eb_image_request_t request = {.backup = "merged", .dir = f->dir};
    static const uint32_t said[] = {0xF0000, 0xEF000}; /* in the flash, and in the file */

    merge(f, 0x1000);
    request.table_addr = 0x30000; /* where there is none */
    assert_starts_elsewhere(f, open_as(f, &request), "0x1000");
    memmove(f->board->bytes + 0x9000, f->board->bytes + 0x8000, 0x1000);
    memset(f->board->bytes + 0x8000, 0xFF, 0x1000);
    merge(f, 0x1000);
    assert_starts_elsewhere(f, open_it(f, "merged"), "0x1000");
    assert_starts_elsewhere(f, open_at(f, "merged", true, 0), "0x1000");
    memmove(f->board->bytes + 0xF0000, f->board->bytes + 0x9000, 0x1000);
    memset(f->board->bytes + 0x9000, 0xFF, 0x1000);
    merge(f, 0x1000);
    assert_int_equal(open_it(f, "merged"), EB_OK);
    assert_null(f->source.table);
    for (size_t i = 0; i < 2; i++) {
        request.table_addr = said[i];
        assert_starts_elsewhere(f, open_as(f, &request), "0x1000");
    }
    request = (eb_image_request_t){"merged", f->dir, true, 0x1000, 0xF0000};
    assert_int_equal(open_as(f, &request), EB_OK);
    assert_int_equal(f->source.table->addr, 0xF0000);
}

static void what_shows_no_start_lies_at_0(void **state)
{
    fixture_t *f = *state;

    /* An app, or a bootloader alone: no table follows. */
    file_write(f->dir, "app.bin", f->board->bytes + 0x10000, 0x60000);
    assert_int_equal(open_it(f, "app"), EB_OK);
    assert_int_equal(f->source.addr, 0);
    file_write(f->dir, "boot.bin", f->board->bytes + 0x1000, 0x6000);
    assert_int_equal(open_it(f, "boot"), EB_OK);
    /* A chip with its bootloader at 0, and one that nobody knows. */
    f->board->bytes[0x1000 + 12] = 99;
    merge(f, 0x1000);
    assert_int_equal(open_it(f, "merged"), EB_OK);
    memmove(f->board->bytes, f->board->bytes + 0x1000, 0x6000);
    f->board->bytes[12] = 5;
    merge(f, 0);
    assert_int_equal(open_it(f, "merged"), EB_OK);
    assert_int_equal(f->source.table->count, 5);
    assert_int_equal(open_at(f, "merged", true, 0x1000), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "0x0 of the flash, not at 0x1000"));
}

static void a_table_elsewhere_is_found(void **state)
{
    fixture_t *f = *state;

    memmove(f->board->bytes + 0xC000, f->board->bytes + 0x8000, 0x1000);
    memset(f->board->bytes + 0x8000, 0xAA, 0x1000);
    file_write(f->dir, "bare.bin", f->board->bytes, MB);
    assert_int_equal(open_it(f, "bare"), EB_OK);
    assert_int_equal(f->source.table->addr, 0xC000);
    assert_non_null(strstr(f->watch.notes, "0xc000"));
}

static void what_was_changed_is_refused(void **state)
{
    fixture_t *f = *state;

    file_write(f->dir, strrchr(f->backup.image_path, '/') + 1, f->board->bytes, MB - 1);
    assert_int_equal(open_it(f, "latest"), EB_ERR_BACKUP_NOT_FOUND);
    assert_int_equal(open_it(f, f->backup.image_path), EB_ERR_IMAGE_INVALID);
    assert_non_null(strstr(f->err.message, "1048575"));
    f->board->bytes[0x54321] ^= 1;
    file_write(f->dir, strrchr(f->backup.image_path, '/') + 1, f->board->bytes, MB);
    assert_int_equal(open_it(f, f->backup.image_path), EB_ERR_IMAGE_INVALID);
    assert_non_null(strstr(f->err.message, "SHA-256"));
    assert_false(f->source.hash_checked);
    assert_int_equal(eb_code_row(f->err.code)->exit_status, 6);
}

/* Overwritten in place, as long as before. */
static void what_changes_meanwhile_is_refused(void **state)
{
    fixture_t *f = *state;
    uint8_t bytes[64];

    assert_int_equal(open_it(f, "latest"), EB_OK);
    f->board->bytes[0x10000] ^= 1;
    file_write(f->dir, strrchr(f->source.path, '/') + 1, f->board->bytes, MB);
    /* Each unit counts alone, and as a whole. */
    assert_int_equal(eb_backup_image_read(&f->source, 0x10fff, bytes, 2, &f->err),
                     EB_ERR_IMAGE_INVALID);
    assert_non_null(strstr(f->err.message, "was changed while it was used"));
    assert_non_null(strstr(f->err.message, f->source.path));
    assert_int_equal(eb_backup_image_read(&f->source, 0x11000, bytes, 64, &f->err), EB_OK);
    assert_memory_equal(bytes, f->board->bytes + 0x11000, 64);
    /* Shorter: the same, not a fault of the disk. Without a sidecar too. */
    file_write(f->dir, "bare.bin", f->board->bytes, MB);
    assert_int_equal(open_at(f, "bare", true, 0x1234), EB_OK);
    assert_int_equal(truncate(f->source.path, 4096), 0);
    assert_int_equal(eb_backup_image_read(&f->source, 0x11234, bytes, 64, &f->err),
                     EB_ERR_IMAGE_INVALID);
}

/* Its name, its attributes and its times may change: what counts is what is read. */
static void what_happens_around_the_bytes_does_not_matter(void **state)
{
    fixture_t *f = *state;
    static uint8_t bytes[MB];
    char other[EB_PATH_BYTES];

    assert_int_equal(open_it(f, "latest"), EB_OK);
    (void)eb_path_join(other, f->dir, "other.bin", NULL);
    assert_int_equal(chmod(f->source.path, 0640), 0);
    assert_int_equal(utimensat(AT_FDCWD, f->source.path, NULL, 0), 0);
    assert_int_equal(link(f->source.path, other), 0);
    assert_int_equal(unlink(f->source.path), 0);
    assert_int_equal(rename(other, f->source.path), 0);
    file_write(f->dir, "new.bin", f->board->bytes, 5);
    (void)eb_path_join(other, f->dir, "new.bin", NULL);
    assert_int_equal(rename(other, f->source.path), 0); /* replaced */
    assert_int_equal(unlink(f->source.path), 0);
    assert_int_equal(eb_backup_image_read(&f->source, 0, bytes, MB, &f->err), EB_OK);
    assert_memory_equal(bytes, f->board->bytes, MB);
    for (uint32_t at = 0; at < MB; at += 7777) { /* across the ends of units */
        const uint32_t size = at + 5000 < MB ? 5000 : MB - at;
        assert_int_equal(eb_backup_image_read(&f->source, at, bytes, size, &f->err), EB_OK);
        assert_memory_equal(bytes, f->board->bytes + at, size);
    }
}

static void a_bad_sidecar_is_refused_by_field(void **state)
{
    fixture_t *f = *state;
    const char *name = strrchr(f->backup.image_path, '/') + 1;
    char path[300];

    (void)snprintf(path, sizeof(path), "../../etc/%s", name);
    edit_sidecar(f, name, path);
    assert_int_equal(open_it(f, f->backup.image_path), EB_ERR_SIDECAR_INVALID);
    assert_non_null(strstr(f->err.message, "file.name"));
    edit_sidecar(f, path, name);
    edit_sidecar(f, "1048576", "\"1048576\"");
    assert_int_equal(open_it(f, f->backup.image_path), EB_ERR_SIDECAR_INVALID);
    assert_non_null(strstr(f->err.message, "size_bytes"));
}

static void what_is_not_finished_is_refused(void **state)
{
    fixture_t *f = *state;
    char path[EB_PATH_BYTES];

    file_write(f->dir, "x.bin.part", f->board->bytes, MB);
    (void)eb_path_join(path, f->dir, "x.bin.part", NULL);
    assert_int_equal(open_it(f, path), EB_ERR_IMAGE_INVALID);
    assert_non_null(strstr(f->err.message, "not finished"));
    assert_int_equal(open_it(f, "x.bin.part"), EB_ERR_IMAGE_INVALID);
}

static void a_sidecar_of_another_table_does_not_name_parts(void **state)
{
    fixture_t *f = *state;

    /* The image's own bytes tell, whatever stands in the sidecar. */
    edit_sidecar(f, "\"nvs\"", "\"svn\"");
    assert_int_equal(open_it(f, f->backup.image_path), EB_OK);
    assert_string_equal(f->source.table->entries[0].label, "nvs");
    assert_string_equal(f->source.sidecar->table.entries[0].label, "svn");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_found_by_path_name_and_latest),
        TEST(latest_is_of_a_whole_flash),
        TEST(a_range_lies_where_its_sidecar_says),
        TEST(a_bare_file_is_taken_as_it_is),
        TEST(a_bootloader_shows_where_a_bare_file_starts),
        TEST(a_table_elsewhere_hides_no_start),
        TEST(what_shows_no_start_lies_at_0),
        TEST(a_table_elsewhere_is_found),
        TEST(what_was_changed_is_refused),
        TEST(what_changes_meanwhile_is_refused),
        TEST(what_happens_around_the_bytes_does_not_matter),
        TEST(a_bad_sidecar_is_refused_by_field),
        TEST(what_is_not_finished_is_refused),
        TEST(a_sidecar_of_another_table_does_not_name_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
