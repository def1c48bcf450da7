/* Requests that reach the board with another address: what it answers is true, and not what was
 * asked for. */
#include "core_fixture.h"
#include "fs_atomic.h"
#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES (1u << 20)

/* A backup of the board; *wrong: it claims to be verified and is not the flash. */
static eb_code_t back_up_board(eb_session_t *board, eb_range_t range, bool full, bool *noted,
                               bool *wrong)
{
    char dir[EB_PATH_BYTES];
    watch_t watch;
    eb_backup_options_t options = {
        .dir = dir, .full = full, .has_range = true, .addr = range.addr, .size = range.size};
    eb_backup_result_t *result = calloc(1, sizeof(*result));
    uint8_t *bytes = NULL;
    size_t len = 0;
    eb_err_t err = {.code = EB_OK};

    assert_non_null(result);
    folder_make(dir, sizeof(dir));
    watch_init(&watch, board);
    const eb_code_t code = eb_op_backup(board, &options, &watch.ev, result, NULL, &err);
    *noted = strstr(watch.notes, "verified a second time") != NULL;
    *wrong = false;
    if (code == EB_OK) {
        assert_true(result->verified);
        assert_int_equal(eb_fs_read_file(result->image_path, 2 * FLASH_BYTES, &bytes, &len, NULL),
                         EB_OK);
        *wrong = len != range.size || memcmp(bytes, board->bytes + range.addr, len) != 0;
        free(bytes);
    }
    folder_remove(dir);
    free(result);
    return code;
}

static eb_code_t back_up(uint64_t seed, double wrong_address_rate, bool *noted, bool *wrong)
{
    eb_session_t *board = fake_new(FLASH_BYTES, seed);

    board_fill_realistic(board);
    board->wrong_address_rate = wrong_address_rate;
    const eb_code_t code = back_up_board(board, (eb_range_t){0, FLASH_BYTES}, false, noted, wrong);
    fake_free(board);
    return code;
}

static void a_wrong_address_never_makes_a_wrong_image(void **state)
{
    int second = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= seed_count(40); seed++) {
        bool noted, wrong;

        assert_int_equal(back_up(seed, 0.05, &noted, &wrong), EB_OK);
        assert_false(wrong);
        second += noted;
    }
    assert_true(second > 0);
}

static void a_line_without_faults_is_verified_once(void **state)
{
    bool noted, wrong;

    (void)state;
    assert_int_equal(back_up(1, 0, &noted, &wrong), EB_OK);
    assert_false(wrong);
    assert_false(noted);
}

/* -- one bit of one request ------------------------------------------------------------------- */

/* Two builds of a program in two slots that one bit of the address tells apart; in each 64 KiB of
 * them a byte differs. */
static eb_session_t *board_of_two_builds(void)
{
    eb_session_t *board = fake_new(FLASH_BYTES, 1);

    fake_fill(board, 0, FLASH_BYTES / 2, 21);
    memcpy(board->bytes + FLASH_BYTES / 2, board->bytes, FLASH_BYTES / 2);
    for (uint32_t at = 100; at < FLASH_BYTES; at += EB_BLOCK_BYTES) {
        board->bytes[at] = (uint8_t)(at / EB_BLOCK_BYTES);
    }
    return board;
}

static void never_wrong_by_one_wrong_address(eb_range_t range)
{
    unsigned reads = 1;

    for (unsigned nth = 1; nth <= reads; nth += seed_step()) {
        eb_session_t *board = board_of_two_builds();
        bool noted, wrong;

        board->damage = (fake_damage_t){.read = nth, .bit = 19};
        assert_int_equal(back_up_board(board, range, false, &noted, &wrong), EB_OK);
        if (wrong) {
            fail_msg("read number %u came from another address, and nobody noticed", nth);
        }
        reads = board->reads;
        fake_free(board);
    }
}

static void one_read_from_elsewhere_of_two_builds_never_makes_a_wrong_image(void **state)
{
    (void)state;
    never_wrong_by_one_wrong_address((eb_range_t){0, FLASH_BYTES});
}

/* Of part of the flash the other build is not in the image. */
static void one_read_from_elsewhere_never_makes_a_wrong_image_of_a_range(void **state)
{
    (void)state;
    never_wrong_by_one_wrong_address((eb_range_t){FLASH_BYTES / 2, FLASH_BYTES / 4});
}

/* A flash that repeats itself in steps of a sector, save for the last one: the read overlaps with
 * where it is answered from. */
static void one_read_from_elsewhere_into_itself_never_makes_a_wrong_image(void **state)
{
    (void)state;
    for (unsigned bit = 12; bit < 19; bit++) {
        for (unsigned nth = 1; nth <= 12; nth += seed_step()) {
            eb_session_t *board = fake_new(FLASH_BYTES, 1);
            bool noted, wrong;

            fake_fill(board, 0, EB_SECTOR_BYTES, 31);
            for (uint32_t at = EB_SECTOR_BYTES; at < FLASH_BYTES; at += EB_SECTOR_BYTES) {
                memcpy(board->bytes + at, board->bytes, EB_SECTOR_BYTES);
            }
            for (uint32_t at = 0; at < FLASH_BYTES; at += 4 * EB_BLOCK_BYTES) {
                fake_fill(board, at, 2 * EB_BLOCK_BYTES, at);
            }
            board->damage = (fake_damage_t){.read = nth, .bit = bit};
            assert_int_equal(
                back_up_board(board, (eb_range_t){0, FLASH_BYTES}, false, &noted, &wrong), EB_OK);
            assert_false(wrong);
            fake_free(board);
        }
    }
}

/* A backup of a board in use, of which one digest is of another address; *digests: how many it
 * made. */
static void back_up_with_wrong_address(unsigned nth, unsigned bit, unsigned *digests)
{
    eb_session_t *board = fake_new(FLASH_BYTES, 1);
    bool noted, wrong;

    board_fill_realistic(board);
    board->damage = (fake_damage_t){.digest = nth, .bit = bit};
    assert_int_equal(back_up_board(board, (eb_range_t){0, FLASH_BYTES}, false, &noted, &wrong),
                     EB_OK);
    if (wrong) {
        fail_msg("bit %u of digest number %u was turned over, and nobody noticed", bit, nth);
    }
    *digests = board->digests;
    fake_free(board);
}

/* What is taken for erased is erased elsewhere too: a digest that went there agrees. */
static void one_digest_from_elsewhere_of_a_guess_never_makes_a_wrong_image(void **state)
{
    unsigned digests, unused;

    (void)state;
    back_up_with_wrong_address(0, 0, &digests);
    for (unsigned bit = 12; bit < 20; bit++) {
        for (unsigned nth = 1; nth <= digests; nth += seed_step()) {
            back_up_with_wrong_address(nth, bit, &unused);
        }
    }
}

/* Reads that have no copy one address bit away cost no more: a digest of a spot each. */
static void reads_without_a_copy_are_not_asked_for_again(void **state)
{
    eb_session_t *board = fake_new(FLASH_BYTES, 1);
    bool noted, wrong;

    (void)state;
    fake_fill(board, 0, FLASH_BYTES, 5);
    assert_int_equal(back_up_board(board, (eb_range_t){0, FLASH_BYTES}, true, &noted, &wrong),
                     EB_OK);
    assert_false(wrong || noted);
    assert_int_equal(board->digest_bytes, board->reads * EB_SECTOR_BYTES);
    fake_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_address_never_makes_a_wrong_image),
        cmocka_unit_test(a_line_without_faults_is_verified_once),
        cmocka_unit_test(one_read_from_elsewhere_of_two_builds_never_makes_a_wrong_image),
        cmocka_unit_test(one_read_from_elsewhere_never_makes_a_wrong_image_of_a_range),
        cmocka_unit_test(one_read_from_elsewhere_into_itself_never_makes_a_wrong_image),
        cmocka_unit_test(one_digest_from_elsewhere_of_a_guess_never_makes_a_wrong_image),
        cmocka_unit_test(reads_without_a_copy_are_not_asked_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
