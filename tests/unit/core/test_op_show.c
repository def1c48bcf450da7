/* Which partitions are shown, of a board and of images, and what kind of content each has. */
#include "bytes.h"
#include "core_fixture.h"
#include "paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define MB (1024u * 1024u)

typedef struct fixture {
    char dir[EB_PATH_BYTES], path[EB_PATH_BYTES + 16];
    eb_session_t *board;
    watch_t watch;
    eb_show_options_t options;
    eb_show_result_t result;
    eb_err_t err;
} fixture_t;

/* A page of an NVS with one namespace, and a LittleFS; the rest of both partitions as it was. */
static void put_contents(uint8_t *flash)
{
    static const uint8_t head[] = {0, 1, 1, 0xFF}, key[16] = "light";
    static const uint8_t littlefs[8] = {'l', 'i', 't', 't', 'l', 'e', 'f', 's'};
    uint8_t *nvs = flash + 0x9000, *entry = nvs + 64, *fs = flash + 0xD0000;

    memset(nvs, 0xFF, 0x5000);
    eb_put_le32(nvs, 0xFFFFFFFE);
    eb_put_le32(nvs + 4, 0);
    nvs[8] = 0xFE;
    eb_put_le32(nvs + 28, (uint32_t)crc32(UINT32_MAX, nvs + 4, 24));
    nvs[32] = 0xFE;
    memcpy(entry, head, sizeof(head));
    memcpy(entry + 8, key, sizeof(key));
    entry[24] = 1;
    eb_put_le32(entry + 4, (uint32_t)crc32(crc32(UINT32_MAX, entry, 4), entry + 8, 24));
    memcpy(fs + 8, littlefs, sizeof(littlefs));
    eb_put_le32(fs + 20, 0x20001);
    eb_put_le32(fs + 24, 0x1000);
    eb_put_le32(fs + 28, 0x30);
}

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(MB, 1);
    board_fill_realistic(f->board);
    put_contents(f->board->bytes);
    watch_init(&f->watch, f->board);
    f->options.dir = f->dir;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;

    eb_show_result_free(&f->result);
    fake_free(f->board);
    folder_remove(f->dir);
    free(f);
    return 0;
}

static eb_code_t show(fixture_t *f)
{
    eb_show_result_free(&f->result);
    memset(&f->err, 0, sizeof(f->err));
    watch_init(&f->watch, f->board);
    return eb_op_show(f->board, &f->options, &f->watch.ev, &f->result, &f->err);
}

/* The flash as a file without sidecar: its first `size` bytes from `addr`. */
static void show_file(fixture_t *f, uint32_t addr, uint32_t size)
{
    file_write(f->dir, "plain.bin", f->board->bytes + addr, size);
    (void)snprintf(f->path, sizeof(f->path), "%s/plain.bin", f->dir);
    f->options.backup = f->path;
}

static void assert_all_shown(const fixture_t *f)
{
    static const eb_content_kind_t kinds[] = {EB_CONTENT_NVS, EB_CONTENT_ERASED, 0, 0,
                                              EB_CONTENT_FILE_SYSTEM};

    assert_int_equal(f->result.count, 5);
    for (size_t i = 0; i < 5; i++) {
        const eb_shown_part_t *part = &f->result.parts[i];
        bool is_app = part->type == 0;
        assert_true(part->has_type);
        assert_int_equal(is_app, i == 2 || i == 3);
        assert_true(is_app || part->content.kind == kinds[i]);
    }
    assert_int_equal(f->result.parts[0].content.nvs.namespaces, 1);
    assert_string_equal(f->result.parts[2].app.desc.version, "1.4.2");
    assert_string_equal(f->result.boots, "ota_0");
    assert_int_equal(f->result.left_out, 0);
}

static void a_board(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(show(f), EB_OK);
    assert_all_shown(f);
    assert_string_equal(f->result.path, "");
    assert_int_equal(f->board->writes, 0);
}

/* Of an image each sector is looked at, of a board larger pieces: it has no less that is used. */
static void a_map(void **state)
{
    fixture_t *f = *state;
    const eb_flash_map_t *map = &f->result.map;

    assert_int_equal(show(f), EB_OK);
    assert_int_equal(map->area_count, 0); /* nobody asked for it */
    f->options.map = true;
    assert_int_equal(show(f), EB_OK);
    const uint64_t of_board = eb_map_ranges_bytes(&map->used, 0, MB);
    assert_int_equal(of_board + eb_map_ranges_bytes(&map->erased, 0, MB), MB);
    show_file(f, 0, MB);
    assert_int_equal(show(f), EB_OK);
    uint64_t used = 0;
    for (size_t i = 0; i < MB; i += EB_SECTOR_BYTES) {
        used += eb_bytes_erased(f->board->bytes + i, EB_SECTOR_BYTES) ? 0 : EB_SECTOR_BYTES;
    }
    assert_int_equal(eb_map_ranges_bytes(&map->used, 0, MB), used);
    assert_true(used <= of_board);
    for (size_t i = 0; i < map->area_count; i++) { /* nothing tells what chip it is of */
        assert_string_not_equal(map->areas[i].name, "bootloader");
        assert_int_equal(map->areas[i].boots, strcmp(map->areas[i].name, "ota_0") == 0);
    }
    f->options.has_address = true; /* of a part of the flash there is no more than that */
    f->options.address = 0x9000;
    show_file(f, 0x9000, 0x7000);
    assert_int_equal(show(f), EB_OK);
    assert_int_equal(map->addr, 0x9000);
    assert_int_equal(map->size_bytes, 0x7000);
}

static void a_bad_line(void **state)
{
    fixture_t *f = *state;

    f->board->error_rate = 1e-4;
    assert_int_equal(show(f), EB_OK);
    assert_all_shown(f);
}

static void a_stop(void **state)
{
    fixture_t *f = *state;

    f->board->cancel_at = 9000;
    assert_int_equal(show(f), EB_ERR_CANCELLED);
}

static void an_image(void **state)
{
    fixture_t *f = *state;

    show_file(f, 0, MB);
    assert_int_equal(show(f), EB_OK);
    assert_all_shown(f);
    assert_int_equal(f->board->reads, 0);
    f->options.partition = "partition_table";
    assert_int_equal(show(f), EB_OK);
    assert_int_equal(f->result.parts[0].type, 3);
    f->options.partition = "nosuch";
    assert_int_equal(show(f), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "nosuch"));
}

static void an_image_that_ends_early(void **state)
{
    fixture_t *f = *state;

    show_file(f, 0, 0xD8000);
    assert_int_equal(show(f), EB_OK);
    assert_int_equal(f->result.count, 4);
    assert_int_equal(f->result.left_out, 1);
    f->options.partition = "storage";
    assert_int_equal(show(f), EB_ERR_USAGE);
}

static void a_file_of_one_partition(void **state)
{
    fixture_t *f = *state;

    show_file(f, 0x9000, 0x5000);
    assert_int_equal(show(f), EB_OK);
    assert_int_equal(f->result.count, 1);
    assert_false(f->result.parts[0].has_type);
    assert_int_equal(f->result.parts[0].content.kind, EB_CONTENT_NVS);
    show_file(f, 0x10000, 0x60000);
    assert_int_equal(show(f), EB_OK);
    assert_int_equal(f->result.parts[0].app.state, EB_IMAGE_VALID);
    show_file(f, 0x9000 + 0x1000, 0x1000);
    assert_int_equal(show(f), EB_OK);
    assert_int_equal(f->result.parts[0].content.kind, EB_CONTENT_ERASED);
}

/* The sidecar has the table of the board. */
static void a_backup_of_one_partition(void **state)
{
    fixture_t *f = *state;
    const char *const names[] = {"nvs"};
    eb_partition_backup_options_t options = {.select = {.names = names, .name_count = 1},
                                             .dir = f->dir};
    eb_partition_backup_result_t saved;

    assert_int_equal(eb_op_backup_partition(f->board, &options, NULL, &saved, &f->err), EB_OK);
    f->options.backup = saved.files[0].image_path;
    assert_int_equal(show(f), EB_OK);
    eb_partition_backup_result_free(&saved);
    assert_int_equal(f->result.count, 1);
    assert_string_equal(f->result.parts[0].label, "nvs");
    assert_int_equal(f->result.parts[0].content.kind, EB_CONTENT_NVS);
    assert_int_equal(f->result.left_out, 4);
}

static void no_table(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes + 0x8000, 0xFF, 0x1000);
    assert_int_equal(show(f), EB_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "no partition table"));
    assert_int_equal(f->result.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_board, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_ends_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_one_partition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_backup_of_one_partition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_table, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
