/* selftest_fixture.h: a self-test of a simulated board whose time is real, on the held clock. */
#ifndef EB_TEST_SELFTEST_FIXTURE_H
#define EB_TEST_SELFTEST_FIXTURE_H

#include "../device/session_fixture.h"
#include "espbackup/ops.h"

#define LATENCY_US   2000
#define SCRATCH_ADDR 0x80000u
#define SCRATCH_SIZE 0x40000u
#define MIB_4K       256 /* times 4 KB */

/* Within 5 %. */
static inline void near(const char *what, double found, double expected)
{
    if (found < 0.95 * expected || found > 1.05 * expected) {
        fail_msg("%s: %.1f instead of %.1f", what, found, expected);
    }
}

static inline board_t *timed_board(const char *chip)
{
    /* Bootloaders, so that the program runs. */
    flash[0] = flash[0x1000] = flash[0x2000] = 0xE9;
    board_t *b = new_board(chip, SIM_LINK_RFC2217);

    b->options.wire_real = true;
    b->options.latency_us = LATENCY_US;
    return b;
}

static inline eb_selftest_result_t *run(board_t *b, const eb_selftest_options_t *options)
{
    eb_selftest_result_t *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    must_connect(b);
    if (eb_op_selftest(b->session, options, &b->ev, r, &b->err) != EB_OK) {
        fail_msg("selftest: %s", b->err.message);
    }
    return r;
}

static inline void check_unchanged(const board_t *b)
{
    uint8_t *now = malloc(FLASH_BYTES);
    FILE *file = fopen(b->flash_path, "rb");

    assert_non_null(now);
    assert_non_null(file);
    assert_int_equal(fread(now, 1, FLASH_BYTES, file), FLASH_BYTES);
    assert_memory_equal(now, flash, FLASH_BYTES);
    assert_int_equal(fclose(file), 0);
    free(now);
}

/* Leave the board as a command does: its program runs. */
static inline void close_and_check(board_t *b)
{
    sim_board_report_t report;

    assert_int_equal(eb_session_close(b->session, &b->err), EB_OK);
    b->session = NULL;
    eb_sleep_ms(100);
    sim_board_get_report(b->board, &report);
    assert_false(report.in_download);
    check_unchanged(b);
    free_board(b);
}

static char folder[64];

static inline void make_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "%s/eb_test_selftest_XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static inline void drop_backup(const char *image)
{
    char sidecar[EB_PATH_BYTES];

    assert_int_equal(eb_path_of_sidecar(sidecar, image, NULL), EB_OK);
    assert_int_equal(remove(image), 0);
    assert_int_equal(remove(sidecar), 0);
}

/* Fails when something is left in it. */
static inline void drop_folder(void)
{
    if (rmdir(folder) != 0) {
        print_error("%s is not empty\n", folder);
        exit(1);
    }
}

static inline eb_selftest_options_t with_scratch(void)
{
    return (eb_selftest_options_t){
        .has_scratch = true, .addr = SCRATCH_ADDR, .size = SCRATCH_SIZE, .dir = folder};
}

#endif
