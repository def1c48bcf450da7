/* Requests that reach the board with another address: what it answers is true, and not what was
 * asked for. */
#include "core_fixture.h"
#include "fs_atomic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES (1u << 20)
#define SEEDS       40

/* A backup of the board over such a line; *wrong: it claims to be proved and is not the flash. */
static eb_code_t back_up(uint64_t seed, double astray_rate, bool *noted, bool *wrong)
{
    char dir[EB_PATH_BYTES];
    eb_session_t *board = fake_new(FLASH_BYTES, seed);
    watch_t watch;
    eb_backup_options_t options = {.dir = dir};
    eb_backup_result_t *result = calloc(1, sizeof(*result));
    uint8_t *bytes = NULL;
    size_t len = 0;
    eb_err_t err = {.code = EB_OK};

    assert_non_null(result);
    folder_make(dir, sizeof(dir));
    board_fill_realistic(board);
    board->astray_rate = astray_rate;
    watch_init(&watch, board);
    const eb_code_t code = eb_op_backup(board, &options, &watch.ev, result, &err);
    *noted = strstr(watch.notes, "proved a second time") != NULL;
    *wrong = false;
    if (code == EB_OK) {
        assert_true(result->proved);
        assert_int_equal(eb_fs_read_file(result->image_path, 2 * FLASH_BYTES, &bytes, &len, NULL),
                         EB_OK);
        *wrong = len != FLASH_BYTES || memcmp(bytes, board->bytes, len) != 0;
        free(bytes);
    }
    folder_remove(dir);
    free(result);
    fake_free(board);
    return code;
}

static void a_request_gone_astray_never_makes_a_wrong_image(void **state)
{
    int second = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool noted, wrong;

        assert_int_equal(back_up(seed, 0.05, &noted, &wrong), EB_OK);
        assert_false(wrong);
        second += noted;
    }
    assert_true(second > 0);
}

static void a_line_without_faults_is_proved_once(void **state)
{
    bool noted, wrong;

    (void)state;
    assert_int_equal(back_up(1, 0, &noted, &wrong), EB_OK);
    assert_false(wrong);
    assert_false(noted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_gone_astray_never_makes_a_wrong_image),
        cmocka_unit_test(a_line_without_faults_is_proved_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
