/*
 * session_fixture.h: sessions with simulated boards in this process.
 */
#ifndef EB_TEST_SESSION_FIXTURE_H
#define EB_TEST_SESSION_FIXTURE_H

#include "clock.h"
#include "digest.h"
#include "espbackup/session.h"
#include "sim_board.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FLASH_BYTES (1u << 20)

typedef struct board {
    sim_chip_options_t chip_options;
    sim_board_options_t options;
    char flash_path[64];
    sim_chip_t *chip;
    sim_board_t *board;
    eb_session_options_t session_options;
    eb_session_t *session;
    eb_events_t ev;
    char notes[2048];
    eb_err_t err;
} board_t;

static uint8_t *flash; /* what each board's flash holds */

/* -- boards ----------------------------------------------------------------------------------- */

static inline void collect_note(void *user, eb_level_t level, const char *text)
{
    board_t *b = user;
    const size_t used = strlen(b->notes);

    (void)level;
    (void)snprintf(b->notes + used, sizeof(b->notes) - used, "%s\n", text);
}

static inline void make_flash_file(board_t *b)
{
    /* Hundreds of boards: a disk in memory spares seconds. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    int fd;
    FILE *file;

    (void)snprintf(b->flash_path, sizeof(b->flash_path), "%s/eb_test_session_XXXXXX", base);
    fd = mkstemp(b->flash_path);
    assert_true(fd >= 0);
    file = fdopen(fd, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(flash, 1, FLASH_BYTES, file), FLASH_BYTES);
    assert_int_equal(fclose(file), 0);
}

static inline board_t *new_board(const char *chip, sim_link_kind_t link)
{
    board_t *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    make_flash_file(b);
    b->chip_options = (sim_chip_options_t){.chip = chip, .flash_path = b->flash_path, .seed = 1};
    sim_board_options_init(&b->options);
    b->options.link = link;
    b->options.boot_download = link == SIM_LINK_TCP;
    b->session_options.connect_attempts = 2;
    b->ev = (eb_events_t){.user = b, .note = collect_note, .max_level = EB_LEVEL_NOTE};
    return b;
}

static inline void faults(board_t *b, const char *text, uint64_t seed)
{
    char why[128];

    if (!sim_fault_parse(&b->options.faults, text, why, sizeof(why))) {
        fail_msg("%s", why);
    }
    b->options.seed = seed;
}

static inline void power_on(board_t *b)
{
    b->chip = sim_chip_new(&b->chip_options);
    assert_non_null(b->chip);
    b->board = sim_board_start(&b->options, b->chip);
    assert_non_null(b->board);
    b->session_options.port = sim_board_address(b->board);
}

static inline eb_code_t connect_board(board_t *b)
{
    if (b->board == NULL) {
        power_on(b);
    }
    return eb_session_open(&b->session_options, &b->ev, &b->session, &b->err);
}

static inline void must_connect(board_t *b)
{
    if (connect_board(b) != EB_OK) {
        fail_msg("open: %s", b->err.message);
    }
    assert_non_null(b->session);
}

static inline void free_board(board_t *b)
{
    eb_err_t err = {0};

    assert_int_equal(eb_session_close(b->session, &err), EB_OK);
    sim_board_stop(b->board);
    sim_chip_free(b->chip);
    (void)remove(b->flash_path);
    free(b);
}

static inline eb_session_stats_t stats_of(const board_t *b)
{
    eb_session_stats_t stats;

    eb_session_get_stats(b->session, &stats);
    return stats;
}

static inline void check_read(board_t *b, uint32_t addr, uint32_t size)
{
    uint8_t *buf = malloc(size);
    eb_read_result_t result;

    assert_non_null(buf);
    if (eb_flash_read(b->session, addr, size, buf, NULL, NULL, &result, &b->err) != EB_OK) {
        fail_msg("read: %s", b->err.message);
    }
    assert_true(result.verified);
    assert_int_equal(result.received, size);
    assert_memory_equal(buf, flash + addr, size);
    free(buf);
}

/* Runs the group with a flash that is not all alike. */
#define RUN_WITH_FLASH(tests) run_with_flash((tests), sizeof(tests) / sizeof((tests)[0]))
static inline int run_with_flash(const struct CMUnitTest *tests, size_t count)
{
    int failed;

    (void)signal(SIGPIPE, SIG_IGN); /* the simulated board writes to links that are closed */
    flash = malloc(FLASH_BYTES);
    if (flash == NULL) {
        return 1;
    }
    for (uint32_t i = 0; i < FLASH_BYTES; i++) {
        flash[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    failed = _cmocka_run_group_tests("sessions", tests, count, NULL, NULL);
    free(flash);
    return failed;
}

#endif
