/* The keys that differ in an NVS partition: only what differs is read from the board. */
#include "bytes.h"
#include "core_fixture.h"
#include "fs_atomic.h"
#include "paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define MB        (1024u * 1024u)
#define NVS       0x9000u
#define NVS_BYTES 0x5000u
#define PAGE      0x1000u

typedef struct fixture {
    char dir[EB_PATH_BYTES];
    eb_session_t *board;
    watch_t watch;
    eb_backup_result_t backup;
    eb_diff_result_t result;
    eb_err_t err;
} fixture_t;

/* -- a store --------------------------------------------------------------------------------- */

static void put_crc(uint8_t *at, const uint8_t *a, uInt a_len, const uint8_t *b, uInt b_len)
{
    eb_put_le32(at, (uint32_t)crc32(crc32(UINT32_MAX, a, a_len), b, b_len));
}

static void put_page(uint8_t *p, uint32_t sequence)
{
    memset(p, 0xFF, PAGE);
    eb_put_le32(p, 0xFFFFFFFE);
    eb_put_le32(p + 4, sequence);
    p[8] = 0xFE;
    put_crc(p + 28, p + 4, 24, p, 0);
}

/* An entry of one byte. */
static void put_u8(uint8_t *page, unsigned index, uint8_t name_space, const char *key,
                   uint8_t value)
{
    uint8_t *p = page + 64 + index * 32;

    memset(p, 0xFF, 32);
    p[0] = name_space;
    p[1] = 0x01;
    p[2] = 1;
    memset(p + 8, 0, 16);
    memcpy(p + 8, key, strlen(key));
    p[24] = value;
    put_crc(p + 4, p, 4, p + 8, 24);
    page[32 + index / 4] = (uint8_t)(page[32 + index / 4] & ~(1u << (index % 4 * 2)));
}

/* Pages 0 and 2 hold a namespace and three keys, the others are erased. */
static void put_store(uint8_t *flash)
{
    memset(flash + NVS, 0xFF, NVS_BYTES);
    put_page(flash + NVS, 0);
    put_u8(flash + NVS, 0, 0, "light", 1);
    put_u8(flash + NVS, 1, 1, "level", 7);
    put_page(flash + NVS + 2 * PAGE, 1);
    put_u8(flash + NVS + 2 * PAGE, 0, 1, "blue", 1);
    put_u8(flash + NVS + 2 * PAGE, 1, 1, "red", 1);
}

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));
    eb_backup_options_t options = {.dir = f->dir};

    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(MB, 1);
    board_fill_realistic(f->board);
    put_store(f->board->bytes);
    *state = f;
    eb_code_t code = eb_op_backup(f->board, &options, NULL, &f->backup, NULL, &f->err);
    fake_forget(f->board);
    return code == EB_OK ? 0 : 1;
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

static const eb_diff_store_t *diff(fixture_t *f, bool board_first)
{
    const eb_diff_options_t options = {.a = board_first ? NULL : "latest",
                                       .b = board_first ? "latest" : NULL,
                                       .dir = f->dir};

    eb_diff_result_free(&f->result);
    watch_init(&f->watch, f->board);
    assert_int_equal(eb_op_diff(f->board, &options, &f->watch.ev, &f->result, &f->err),
                     EB_ERR_DIFFERENT);
    assert_int_equal(f->result.stores.count, 1);
    assert_string_equal(f->result.stores.list[0].partition, "nvs");
    return &f->result.stores.list[0];
}

static void assert_change(const eb_diff_store_t *store, size_t index, eb_nvs_change_kind_t kind,
                          const char *key)
{
    assert_true(index < store->count);
    assert_int_equal(store->changes[index].kind, kind);
    assert_string_equal(store->changes[index].name_space, "light");
    assert_string_equal(store->changes[index].key, key);
}

/* -- the tests ------------------------------------------------------------------------------- */

static void only_what_differs_is_read(void **state)
{
    fixture_t *f = *state;

    put_u8(f->board->bytes + NVS + 2 * PAGE, 1, 1, "green", 1);
    put_u8(f->board->bytes + NVS + 2 * PAGE, 0, 1, "blue", 2);
    const eb_diff_store_t *store = diff(f, false);
    assert_int_equal(store->state, EB_STORE_COMPARED);
    assert_int_equal(store->count, 3);
    assert_change(store, 0, EB_NVS_CHANGED, "blue");
    assert_change(store, 1, EB_NVS_ADDED, "green");
    assert_change(store, 2, EB_NVS_REMOVED, "red");
    assert_int_equal(f->board->read_bytes, PAGE);
    assert_int_equal(f->watch.total[EB_PHASE_READ], PAGE);
    assert_int_equal(f->watch.done[EB_PHASE_READ], PAGE);

    store = diff(f, true);
    assert_change(store, 1, EB_NVS_REMOVED, "green");
    assert_change(store, 2, EB_NVS_ADDED, "red");
}

static void a_rewritten_key_is_no_change(void **state)
{
    fixture_t *f = *state;

    put_u8(f->board->bytes + NVS + 2 * PAGE, 2, 1, "blue", 1);
    const eb_diff_store_t *store = diff(f, false);
    assert_int_equal(store->state, EB_STORE_COMPARED);
    assert_int_equal(store->count, 0);
}

static void what_cannot_be_compared_is_said(void **state)
{
    fixture_t *f = *state;
    uint8_t *page = f->board->bytes + NVS + 2 * PAGE;

    for (unsigned i = 0; i < 2; i++) {
        f->board->bytes[NVS + 64 + 32 * i] ^= 0x55;
        page[64 + 32 * i] ^= 0x55;
    }
    assert_int_equal(diff(f, false)->state, EB_STORE_OPAQUE);
    assert_int_equal(diff(f, true)->state, EB_STORE_OPAQUE);
    memset(f->board->bytes + NVS, 0x5A, NVS_BYTES);
    assert_int_equal(diff(f, false)->state, EB_STORE_OTHER);
    memset(f->board->bytes + NVS, 0xFF, NVS_BYTES);
    const eb_diff_store_t *store = diff(f, false);
    assert_int_equal(store->state, EB_STORE_COMPARED);
    assert_int_equal(store->count, 3);
    assert_change(store, 0, EB_NVS_REMOVED, "blue");
}

static void other_partitions_are_not_read(void **state)
{
    fixture_t *f = *state;
    const eb_diff_options_t options = {.a = "latest", .dir = f->dir};

    f->board->bytes[MB - 1] ^= 1;
    assert_int_equal(eb_op_diff(f->board, &options, NULL, &f->result, &f->err), EB_ERR_DIFFERENT);
    assert_int_equal(f->result.stores.count, 0);
    assert_int_equal(f->board->read_bytes, 0);
}

/* A dry run reads what would change, a restore does not. */
static void a_dry_run_names_keys(void **state)
{
    fixture_t *f = *state;
    eb_restore_options_t options = {.backup = "latest", .dir = f->dir, .dry_run = true};
    eb_restore_result_t result;

    put_u8(f->board->bytes + NVS, 1, 1, "level", 8);
    put_u8(f->board->bytes + NVS, 2, 1, "green", 8);
    assert_int_equal(eb_op_restore(f->board, &options, NULL, &result, &f->err), EB_OK);
    const uint64_t tried = f->board->read_bytes;
    assert_int_equal(result.stores.count, 1);
    assert_int_equal(result.stores.list[0].count, 2);
    assert_change(&result.stores.list[0], 0, EB_NVS_REMOVED, "green");
    assert_change(&result.stores.list[0], 1, EB_NVS_CHANGED, "level");
    eb_restore_result_free(&result);

    fake_forget(f->board);
    options.dry_run = false;
    assert_int_equal(eb_op_restore(f->board, &options, NULL, &result, &f->err), EB_OK);
    assert_int_equal(result.stores.count, 0);
    assert_int_equal(f->board->read_bytes, tried - PAGE);
    eb_restore_result_free(&result);
}

/* The erase of all else takes the keys along. */
static void an_erase_of_all_removes_keys(void **state)
{
    fixture_t *f = *state;
    const eb_restore_options_t options = {.backup = "latest",
                                          .dir = f->dir,
                                          .dry_run = true,
                                          .has_range = true,
                                          .addr = 0x10000,
                                          .size = 0x1000,
                                          .erase_all = true,
                                          .force = true};
    eb_restore_result_t result;

    assert_int_equal(eb_op_restore(f->board, &options, NULL, &result, &f->err), EB_OK);
    assert_int_equal(result.stores.count, 1);
    assert_int_equal(result.stores.list[0].count, 3);
    assert_change(&result.stores.list[0], 2, EB_NVS_REMOVED, "red");
    eb_restore_result_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_differs_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rewritten_key_is_no_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_compared_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_partitions_are_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_names_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_erase_of_all_removes_keys, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
