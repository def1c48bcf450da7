/* Verify and diff: what is equal passes, what differs is named by range and partition. */
#include "core_fixture.h"
#include "find.h"
#include "fs_atomic.h"
#include "paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MB (1024u * 1024u)

typedef struct fixture {
    char dir[EB_PATH_BYTES];
    eb_session_t *board;
    watch_t watch;
    eb_backup_result_t backup; /* of the whole flash */
    eb_diff_result_t result;
    eb_err_t err;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));
    eb_backup_options_t options = {.dir = f->dir};

    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(MB, 1);
    board_fill_realistic(f->board);
    *state = f;
    return eb_op_backup(f->board, &options, NULL, &f->backup, NULL, &f->err) == EB_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;

    eb_diff_result_free(&f->result);
    folder_remove(f->dir);
    fake_free(f->board);
    free(f);
    return 0;
}

static eb_code_t verify_with(fixture_t *f, eb_session_t *s, const eb_verify_options_t *options)
{
    eb_diff_result_free(&f->result);
    watch_init(&f->watch, s);
    memset(&f->err, 0, sizeof(f->err));
    return eb_op_verify(s, options, &f->watch.ev, &f->result, &f->err);
}

static eb_code_t verify(fixture_t *f, eb_session_t *s)
{
    eb_verify_options_t options = {.backup = "latest", .dir = f->dir};

    return verify_with(f, s, &options);
}

static void assert_difference(const fixture_t *f, size_t index, uint32_t addr, uint32_t size,
                              const char *partition)
{
    assert_true(index < f->result.count);
    assert_int_equal(f->result.differences[index].addr, addr);
    assert_int_equal(f->result.differences[index].size, size);
    assert_int_equal(f->result.differences[index].kind, EB_DIFFERENCE_CHANGED);
    assert_string_equal(f->result.differences[index].partition, partition);
}

static void an_equal_board_is_verified(void **state)
{
    fixture_t *f = *state;

    fake_forget(f->board);
    assert_int_equal(verify(f, f->board), EB_OK);
    assert_true(f->result.verified && f->result.file_checked && f->result.has_sidecar);
    assert_int_equal(f->result.count, 0);
    assert_int_equal(f->result.differing_bytes, 0);
    assert_int_equal(f->result.size_bytes, MB);
    assert_string_equal(f->result.a_path, f->backup.image_path);
    assert_string_equal(f->result.b_path, "");
    assert_null(memchr(f->board->told, 0, MB));
}

static void differences_are_named(void **state)
{
    fixture_t *f = *state;
    uint8_t *flash = f->board->bytes;

    flash[0x800] ^= 1;                   /* before the bootloader */
    flash[0x1010] ^= 1;                  /* bootloader */
    flash[0x8FFF] ^= 1;                  /* behind the table, in its sector */
    flash[0x9000] ^= 1;                  /* nvs, right behind */
    memset(flash + 0xDFFC, 0x11, 8);     /* from nvs into otadata */
    flash[0x12345] ^= 1;                 /* ota_0 */
    memset(flash + 0x6F000, 0x22, 4097); /* from ota_0 into ota_1 */
    flash[MB - 1] ^= 1;                  /* storage */
    assert_int_equal(verify(f, f->board), EB_ERR_DIFFERENT);
    assert_int_equal(eb_code_row(f->err.code)->exit_status, 3);
    assert_true(f->result.verified);
    assert_int_equal(f->result.count, 10);
    assert_difference(f, 0, 0x0, 0x1000, "");
    assert_difference(f, 1, 0x1000, 0x1000, "bootloader");
    assert_difference(f, 2, 0x8000, 0x1000, "partition table");
    assert_difference(f, 3, 0x9000, 0x1000, "nvs");
    assert_difference(f, 4, 0xD000, 0x1000, "nvs");
    assert_difference(f, 5, 0xE000, 0x1000, "otadata");
    assert_difference(f, 6, 0x12000, 0x1000, "ota_0");
    assert_difference(f, 7, 0x6F000, 0x1000, "ota_0");
    assert_difference(f, 8, 0x70000, 0x1000, "ota_1");
    assert_difference(f, 9, 0xFF000, 0x1000, "storage");
    assert_int_equal(f->result.differing_bytes, 10 * 0x1000);
    assert_non_null(strstr(f->err.message, "40960 bytes in 10 ranges, the first at 0x0"));
}

static void the_file_alone_is_checked(void **state)
{
    fixture_t *f = *state;
    eb_verify_options_t bare = {.backup = "bare", .dir = f->dir};

    assert_int_equal(verify(f, NULL), EB_OK);
    assert_true(f->result.verified && f->result.file_checked);
    f->board->bytes[5] ^= 1;
    file_write(f->dir, "bare.bin", f->board->bytes, MB);
    assert_int_equal(verify_with(f, NULL, &bare), EB_OK);
    assert_false(f->result.verified || f->result.file_checked || f->result.has_sidecar);
    assert_non_null(strstr(f->watch.notes, "no sidecar"));
    file_write(f->dir, strrchr(f->backup.image_path, '/') + 1, f->board->bytes, MB);
    assert_int_equal(verify(f, NULL), EB_ERR_IMAGE_INVALID);
    assert_false(f->result.verified || f->result.file_checked);
    assert_int_equal(verify(f, f->board), EB_ERR_IMAGE_INVALID); /* before the board is asked */
}

static void a_file_of_another_tool_is_verified(void **state)
{
    fixture_t *f = *state;
    eb_verify_options_t options = {.backup = "app", .dir = f->dir, .has_address = true};

    file_write(f->dir, "app.bin", f->board->bytes + 0x10000, 70001);
    options.address = 0x10000;
    assert_int_equal(verify_with(f, f->board, &options), EB_OK);
    assert_int_equal(f->result.addr, 0x10000);
    f->board->bytes[0x10000 + 70000] ^= 1;
    f->board->bytes[0x10000 + 70001] ^= 1; /* beside it */
    assert_int_equal(verify_with(f, f->board, &options), EB_ERR_DIFFERENT);
    assert_int_equal(f->result.count, 1);
    assert_difference(f, 0, 0x21000, 70001 % 4096, "ota_0"); /* by the board's table */
    options.has_address = false;
    assert_int_equal(verify_with(f, f->board, &options), EB_ERR_DIFFERENT); /* at 0 */
    options.has_address = true;
    options.address = MB - 70000;
    fake_forget(f->board);
    assert_int_equal(verify_with(f, f->board, &options), EB_ERR_USAGE);
    assert_int_equal(f->board->digests + f->board->reads, 0);
    assert_false(f->result.verified);
}

static void another_board_is_told_of(void **state)
{
    fixture_t *f = *state;

    (void)snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
    assert_int_equal(verify(f, f->board), EB_OK);
    assert_non_null(strstr(f->watch.notes, "24:0a:c4:00:00:01"));
    (void)snprintf(f->board->chip.id, sizeof(f->board->chip.id), "esp32c3");
    (void)snprintf(f->board->chip.name, sizeof(f->board->chip.name), "ESP32-C3");
    assert_int_equal(verify(f, f->board), EB_OK);
    assert_non_null(strstr(f->watch.notes, "ESP32-C3"));
}

static void a_failure_is_not_a_difference(void **state)
{
    fixture_t *f = *state;

    f->board->bytes[0] ^= 1;
    f->board->lost_at = f->board->wire_bytes + 100;
    assert_int_equal(verify(f, f->board), EB_ERR_PORT_LOST);
    assert_false(f->result.verified);
    assert_int_equal(f->result.count, 0);
    fake_forget(f->board);
    f->board->flash.known = false;
    assert_int_equal(verify(f, f->board), EB_ERR_FLASH_MUTE);
}

/* -- diff ----------------------------------------------------------------------------------- */

static eb_code_t diff_with(fixture_t *f, eb_session_t *s, const eb_diff_options_t *options)
{
    eb_diff_result_free(&f->result);
    watch_init(&f->watch, s);
    memset(&f->err, 0, sizeof(f->err));
    return eb_op_diff(s, options, &f->watch.ev, &f->result, &f->err);
}

static eb_code_t diff(fixture_t *f, eb_session_t *s, const char *a, const char *b)
{
    eb_diff_options_t options = {.a = a, .b = b, .dir = f->dir};

    return diff_with(f, s, &options);
}

static void equal_images_have_no_difference(void **state)
{
    fixture_t *f = *state;

    file_write(f->dir, "same.bin", f->board->bytes, MB);
    assert_int_equal(diff(f, NULL, "latest", "same.bin"), EB_OK);
    assert_true(f->result.verified);
    assert_false(f->result.has_sidecar || f->result.file_checked); /* one of them has none */
    assert_string_equal(f->result.a_path, f->backup.image_path);
    assert_non_null(strstr(f->result.b_path, "same.bin"));
    assert_int_equal(diff(f, NULL, "latest", "latest"), EB_OK);
    assert_true(f->result.has_sidecar && f->result.file_checked);
    assert_int_equal(f->watch.done[EB_PHASE_CHECK], MB);
}

static void images_differ_to_the_byte(void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = f->board->bytes;

    bytes[0x9100] ^= 1;
    bytes[0x9110] ^= 1; /* 15 equal bytes between: one range */
    bytes[0x9121] ^= 1; /* 16: another */
    bytes[0xFFFF] ^= 1; /* last of otadata, and of a chunk */
    bytes[0x10000] ^= 1;
    memset(bytes + 0x1FFF0, 0x5A, 0x20); /* over a chunk's border */
    file_write(f->dir, "b.bin", bytes, MB);
    assert_int_equal(diff(f, NULL, "latest", "b.bin"), EB_ERR_DIFFERENT);
    assert_int_equal(f->result.count, 5);
    assert_difference(f, 0, 0x9100, 0x11, "nvs");
    assert_difference(f, 1, 0x9121, 1, "nvs");
    assert_difference(f, 2, 0xFFFF, 1, "otadata");
    assert_difference(f, 3, 0x10000, 1, "ota_0");
    assert_int_equal(f->result.differences[0].differing_bytes, 2); /* its ends, and equal between */
    uint64_t sum = 0;
    for (size_t i = 0; i < f->result.count; i++) {
        sum += f->result.differences[i].differing_bytes;
    }
    assert_int_equal(sum, f->result.differing_bytes);
    assert_true(f->result.differences[4].addr >= 0x1FFF0);
    assert_string_equal(f->result.differences[4].partition, "ota_0");
    assert_true(f->result.differing_bytes > 5 && f->result.differing_bytes <= 5 + 0x20);
}

static void what_only_one_image_has_is_told(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t part;
    eb_backup_options_t options = {
        .dir = f->dir, .has_range = true, .addr = 0x9800, .size = 0x8000};

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &part, NULL, NULL), EB_OK);
    assert_int_equal(diff(f, NULL, part.image_path, f->backup.image_path), EB_ERR_DIFFERENT);
    assert_true(f->result.verified);
    assert_int_equal(f->result.addr, 0);
    assert_int_equal(f->result.size_bytes, MB);
    assert_int_equal(f->result.differing_bytes, MB - 0x8000);
    for (size_t i = 0; i < f->result.count; i++) {
        const eb_difference_t *d = &f->result.differences[i];
        assert_int_equal(d->kind, EB_DIFFERENCE_ONLY_B);
        assert_true(d->addr + d->size <= 0x9800 || d->addr >= 0x11800);
    }
    assert_int_equal(f->result.differences[0].addr, 0);
    assert_string_equal(f->result.differences[3].partition, "nvs");
    assert_int_equal(f->result.differences[3].size, 0x800);
    assert_int_equal(f->result.differences[4].addr, 0x11800);
    assert_string_equal(f->result.differences[4].partition, "ota_0");
    assert_int_equal(diff(f, NULL, f->backup.image_path, part.image_path), EB_ERR_DIFFERENT);
    assert_int_equal(f->result.differences[0].kind, EB_DIFFERENCE_ONLY_A);
}

static void images_of_different_places_cannot_be_compared(void **state)
{
    fixture_t *f = *state;
    eb_backup_result_t part;
    eb_backup_options_t options = {
        .dir = f->dir, .has_range = true, .addr = 0x1000, .size = 0x1000};

    assert_int_equal(eb_op_backup(f->board, &options, NULL, &part, NULL, NULL), EB_OK);
    file_write(f->dir, "low.bin", f->board->bytes, 0x1000);
    assert_int_equal(diff(f, NULL, "low", part.image_path), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "in common"));
    assert_false(f->result.verified);
}

static void an_image_and_the_board(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(diff(f, f->board, "latest", NULL), EB_OK);
    assert_true(f->result.verified && f->result.file_checked);
    f->board->bytes[0xD0001] ^= 4;
    assert_int_equal(diff(f, f->board, NULL, "latest"), EB_ERR_DIFFERENT);
    assert_int_equal(f->result.count, 1);
    assert_difference(f, 0, 0xD0000, 0x1000, "storage");
    assert_string_equal(f->result.a_path, "");
    assert_string_equal(f->result.b_path, f->backup.image_path);
    assert_int_equal(diff(f, NULL, "latest", NULL), EB_ERR_USAGE);
    assert_int_equal(diff(f, f->board, NULL, NULL), EB_ERR_USAGE);
    assert_int_equal(diff(f, f->board, "nothing", NULL), EB_ERR_BACKUP_NOT_FOUND);
    assert_int_equal(diff(f, NULL, "latest", "nothing"), EB_ERR_BACKUP_NOT_FOUND);
}

/* What is used is that of an image, also where the other side is the board. */
static void a_map_has_what_differs(void **state)
{
    fixture_t *f = *state;
    const eb_flash_map_t *map = &f->result.map;
    eb_diff_options_t options = {.a = "latest", .dir = f->dir, .map = true};

    assert_int_equal(diff_with(f, f->board, &options), EB_OK);
    const uint64_t used = eb_map_ranges_bytes(&map->used, 0, MB);
    assert_int_equal(used + eb_map_ranges_bytes(&map->erased, 0, MB), MB);
    assert_int_equal(map->differing.count, 0);
    f->board->bytes[0xD0001] ^= 4;
    memset(f->board->bytes + 0x10000, 0xFF, 0x2000);
    for (int with_board = 1; with_board >= 0; with_board--) {
        assert_int_equal(diff_with(f, with_board ? f->board : NULL, &options), EB_ERR_DIFFERENT);
        assert_int_equal(eb_map_ranges_bytes(&map->used, 0, MB), used);
        assert_true(eb_map_ranges_bytes(&map->differing, 0x10000, 0x12000) > 0x1000);
        assert_int_equal(eb_map_ranges_bytes(&map->differing, 0xD0000, 0xD1000),
                         with_board ? 0x1000 : 1);
        assert_int_equal(eb_map_ranges_bytes(&map->differing, 0x12000, 0xD0000), 0);
        uint64_t differing = 0;
        for (size_t i = 0; i < map->area_count; i++) {
            differing += map->areas[i].differing_bytes;
        }
        assert_int_equal(differing, f->result.differing_bytes);
        file_write(f->dir, "now.bin", f->board->bytes, MB);
        options.b = "now.bin";
    }
}

/* Without a sidecar an image lies where the address says; one address is of the bare one. */
static void an_address_places_a_bare_image(void **state)
{
    fixture_t *f = *state;
    eb_diff_options_t options = {.a = "merged", .b = "latest", .dir = f->dir};

    file_write(f->dir, "merged.bin", f->board->bytes + 0x1000, MB - 0x1000);
    assert_int_equal(diff(f, NULL, "merged", "latest"), EB_ERR_USAGE);
    assert_string_equal(f->err.hint, "0x1000");
    options.addresses[0] = 0x1000;
    options.address_count = 1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(diff_with(f, NULL, &options), EB_ERR_DIFFERENT);
        assert_int_equal(f->result.count, 1);
        assert_int_equal(f->result.differences[0].addr, 0);
        assert_int_equal(f->result.differences[0].size, 0x1000);
        options = (eb_diff_options_t){"latest", "merged", f->dir, {0x1000}, 1, false};
    }
    options.a = NULL;
    assert_int_equal(diff_with(f, f->board, &options), EB_OK);
    options.b = "latest"; /* its sidecar says where it lies */
    assert_int_equal(diff_with(f, f->board, &options), EB_ERR_USAGE);
    options.a = "latest";
    assert_int_equal(diff_with(f, NULL, &options), EB_ERR_USAGE);
}

static void two_bare_images_need_two_addresses(void **state)
{
    fixture_t *f = *state;
    eb_diff_options_t options = {"whole", "merged", f->dir, {0x1000}, 1, false};

    file_write(f->dir, "whole.bin", f->board->bytes, MB);
    file_write(f->dir, "merged.bin", f->board->bytes + 0x1000, MB - 0x1000);
    assert_int_equal(diff_with(f, NULL, &options), EB_ERR_USAGE);
    assert_int_equal(f->err.reason, EB_REASON_ADDRESS_OF_EACH);
    options.address_count = 2;
    options.addresses[1] = 0x1000;
    assert_int_equal(diff_with(f, NULL, &options), EB_ERR_USAGE);
    assert_string_equal(f->err.hint, "0x0");
    options.addresses[0] = 0;
    assert_int_equal(diff_with(f, NULL, &options), EB_ERR_DIFFERENT);
    assert_int_equal(f->result.count, 1); /* the first sector, which only one of them has */
    options.b = NULL;
    assert_int_equal(diff_with(f, f->board, &options), EB_ERR_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_equal_board_is_verified),      TEST(differences_are_named),
        TEST(the_file_alone_is_checked),       TEST(a_file_of_another_tool_is_verified),
        TEST(another_board_is_told_of),        TEST(a_failure_is_not_a_difference),
        TEST(equal_images_have_no_difference), TEST(images_differ_to_the_byte),
        TEST(what_only_one_image_has_is_told), TEST(images_of_different_places_cannot_be_compared),
        TEST(an_image_and_the_board),          TEST(a_map_has_what_differs),
        TEST(an_address_places_a_bare_image),  TEST(two_bare_images_need_two_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
