/* A file that ends within a sector: what stands around it in that sector survives a power cut
 * between the erase and the write, by means of a file that lasts until the sector is whole again.
 */
#include "find.h"
#include "fs_atomic.h"
#include "paths.h"
#include "restore_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define PART_ADDR 0x20123u
#define PART_SIZE 0x3456u /* ends at 0x23579 */
#define HEAD_ADDR 0x20000u
#define TAIL_ADDR 0x23000u

typedef struct odd {
    restore_fixture_t *f;
    char path[EB_PATH_BYTES];
    uint8_t *before, *wanted; /* the whole flash */
} odd_t;

static uint8_t *copy_of(const uint8_t *flash)
{
    uint8_t *copy = malloc(RESTORE_FLASH_BYTES);

    assert_non_null(copy);
    memcpy(copy, flash, RESTORE_FLASH_BYTES);
    return copy;
}

/* A board, and a bare file for the middle of it. */
static odd_t *odd_begin(restore_fixture_t *f)
{
    odd_t *odd = calloc(1, sizeof(*odd));

    assert_non_null(odd);
    odd->f = f;

    fake_forget(f->board);
    fake_fill(f->board, PART_ADDR, PART_SIZE, 77);
    odd->wanted = copy_of(f->board->bytes);
    assert_int_equal(eb_path_join(odd->path, f->dir, "part.img", NULL), EB_OK);
    assert_int_equal(eb_fs_write_file(odd->path, odd->wanted + PART_ADDR, PART_SIZE, true, NULL),
                     EB_OK);
    fake_fill(f->board, PART_ADDR, PART_SIZE, 78);
    odd->before = copy_of(f->board->bytes);
    f->options.backup = odd->path;
    f->options.has_address = true;
    f->options.address = PART_ADDR;
    return odd;
}

static void odd_again(const odd_t *odd, const uint8_t *flash)
{
    fake_forget(odd->f->board);
    memcpy(odd->f->board->bytes, flash, RESTORE_FLASH_BYTES);
}

static void odd_end(odd_t *odd)
{
    free(odd->before);
    free(odd->wanted);
    free(odd);
}

static size_t saved_files(const restore_fixture_t *f)
{
    eb_file_names_t names;

    assert_int_equal(eb_find_names(f->dir, ".sector", &names, NULL), EB_OK);
    size_t count = names.count;
    eb_file_names_free(&names);
    return count;
}

/* The power goes at any moment; the second run has nothing but the board and the folder. */
static void the_neighbours_survive_a_cut(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);
    unsigned torn = 0;

    for (uint64_t at = 1000; at < 60000; at += 100) {
        odd_again(odd, odd->before);
        f->board->lost_at = at;
        if (put_back(f) == EB_OK) {
            break;
        }
        torn += memcmp(f->board->bytes + HEAD_ADDR, odd->before + HEAD_ADDR,
                       PART_ADDR - HEAD_ADDR) != 0 ||
                memcmp(f->board->bytes + PART_ADDR + PART_SIZE, odd->before + PART_ADDR + PART_SIZE,
                       0x1000 - (PART_ADDR + PART_SIZE) % 0x1000) != 0;
        fake_forget(f->board);
        assert_restored(f, put_back(f), odd->wanted);
        assert_int_equal(saved_files(f), 0);
    }
    assert_true(torn > 3);
    odd_end(odd);
}

/* A bit that is turned over in one answer about the sectors around is no change of the board, be it
 * before or after the change, or in a run that is cut. */
static void one_wrong_digest_is_no_change_of_the_board(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);
    unsigned met = 0;

    for (uint64_t cut_at = 0; cut_at < 60000; cut_at += cut_at == 0 ? 10000 : 3000) {
        for (unsigned n = 1;; n++) {
            odd_again(odd, odd->before);
            f->board->damage = (fake_damage_t){.digest = n, .bit = 17};
            f->board->lost_at = cut_at;
            eb_code_t code = put_back(f);
            if (f->board->damage.digest > 0) {
                break;
            }
            met++;
            if (cut_at == 0 || code == EB_OK) {
                assert_restored(f, code, odd->wanted);
            } else {
                fake_forget(f->board);
                assert_restored(f, put_back(f), odd->wanted);
            }
            assert_int_equal(saved_files(f), 0);
        }
    }
    assert_true(met > 50);
    odd_end(odd);
}

static void nothing_is_left_and_nothing_made_for_a_look(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);

    f->options.dry_run = true;
    assert_int_equal(put_back(f), EB_OK);
    assert_int_equal(saved_files(f), 0);
    f->options.dry_run = false;
    assert_restored(f, put_back(f), odd->wanted);
    assert_int_equal(saved_files(f), 0);
    odd_end(odd);
}

/* The loader's view after a cut: the file is there, and the board was written by somebody else
 * since. */
static void what_came_after_the_cut_is_not_undone(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);

    for (uint64_t at = 1000; at < 60000 && saved_files(f) == 0; at += 400) {
        odd_again(odd, odd->before);
        f->board->lost_at = at;
        assert_int_not_equal(put_back(f), EB_OK);
    }
    odd_again(odd, odd->before);
    fake_fill(f->board, HEAD_ADDR, 0x1000, 79);
    fake_fill(f->board, TAIL_ADDR, 0x1000, 80);
    assert_refused(f, put_back(f), ".sector", EB_REASON_FORCE_SAVED);
    assert_true(saved_files(f) > 0);

    memcpy(odd->wanted + HEAD_ADDR, f->board->bytes + HEAD_ADDR, PART_ADDR - HEAD_ADDR);
    memcpy(odd->wanted + PART_ADDR + PART_SIZE, f->board->bytes + PART_ADDR + PART_SIZE,
           0x1000 - (PART_ADDR + PART_SIZE) % 0x1000);
    f->options.force = true;
    assert_restored(f, put_back(f), odd->wanted);
    assert_int_equal(saved_files(f), 0);
    odd_end(odd);
}

/* Stop a restore with bytes around the image lost, and a file that has them. */
static void cut(odd_t *odd)
{
    restore_fixture_t *f = odd->f;
    bool torn = false;

    for (uint64_t at = 1000; at < 60000 && !torn; at += 100) {
        odd_again(odd, odd->before);
        f->board->lost_at = at;
        assert_int_not_equal(put_back(f), EB_OK);
        torn = memcmp(f->board->bytes + PART_ADDR + PART_SIZE, odd->before + PART_ADDR + PART_SIZE,
                      0x1000 - (PART_ADDR + PART_SIZE) % 0x1000) != 0;
    }
    assert_true(torn);
    assert_true(saved_files(f) > 0);
    fake_forget(f->board);
}

static void a_file_of_another_time_is_not_written_back(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);

    /* Another image of the same size. */
    cut(odd);
    uint8_t *other = copy_of(odd->wanted);
    other[PART_ADDR + 5] ^= 1;
    assert_int_equal(eb_fs_write_file(odd->path, other + PART_ADDR, PART_SIZE, true, NULL), EB_OK);
    assert_refused(f, put_back(f), "another image or range", EB_REASON_FORCE_SAVED);
    /* The same image: the file counts again. */
    assert_int_equal(eb_fs_write_file(odd->path, odd->wanted + PART_ADDR, PART_SIZE, true, NULL),
                     EB_OK);
    assert_restored(f, put_back(f), odd->wanted);
    /* The sector behind was changed since. */
    cut(odd);
    f->board->bytes[TAIL_ADDR + 0x1000 + 7] ^= 1;
    assert_refused(f, put_back(f), "the board has changed since", EB_REASON_FORCE_SAVED);
    f->board->bytes[TAIL_ADDR + 0x1000 + 7] ^= 1;
    /* Another board of the same name. */
    f->board->flash.jedec_id ^= 0x10000;
    assert_refused(f, put_back(f), ".sector", EB_REASON_FORCE_SAVED);
    f->board->flash.jedec_id ^= 0x10000;
    assert_restored(f, put_back(f), odd->wanted);
    assert_int_equal(saved_files(f), 0);
    /* Too short, too long. */
    cut(odd);
    eb_file_names_t names;
    assert_int_equal(eb_find_names(f->dir, ".sector", &names, NULL), EB_OK);
    for (size_t i = 0; i < names.count; i++) {
        file_write(f->dir, names.names[i], odd->wanted, i == 0 ? 100 : 5000);
    }
    assert_int_equal(names.count, 2);
    eb_file_names_free(&names);
    assert_refused(f, put_back(f), "and the file is damaged", EB_REASON_FORCE_SAVED);
    f->options.force = true;
    assert_int_equal(put_back(f), EB_OK);
    free(other);
    odd_end(odd);
}

static void a_file_that_others_may_have_prepared_is_not_written_back(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);
    eb_file_names_t names;
    char path[EB_PATH_BYTES];

    cut(odd);
    assert_int_equal(eb_find_names(f->dir, ".sector", &names, NULL), EB_OK);
    for (size_t i = 0; i < names.count; i++) {
        (void)eb_path_join(path, f->dir, names.names[i], NULL);
        assert_int_equal(chmod(path, 0666), 0);
    }
    assert_int_equal(put_back(f), EB_ERR_FILE_ACCESS);
    assert_non_null(strstr(f->err.message, "can be written by other users"));
    assert_false(f->result.changed);
    eb_file_names_free(&names);
    odd_end(odd);
}

/* Without it nothing may be erased. */
static void no_place_for_it_means_no_change(void **state)
{
    restore_fixture_t *f = *state;
    odd_t *odd = odd_begin(f);

    f->options.dir = "/proc/nowhere";
    eb_code_t code = put_back(f);
    assert_int_equal(code, EB_ERR_FILE_ACCESS);
    assert_memory_equal(f->board->bytes, odd->before, RESTORE_FLASH_BYTES);
    assert_false(f->result.changed);
    f->options.dir = f->dir;
    odd_end(odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_wrong_digest_is_no_change_of_the_board, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(the_neighbours_survive_a_cut, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_and_nothing_made_for_a_look, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(what_came_after_the_cut_is_not_undone, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_another_time_is_not_written_back, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_others_may_have_prepared_is_not_written_back,
                                        restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(no_place_for_it_means_no_change, restore_set_up,
                                        restore_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
