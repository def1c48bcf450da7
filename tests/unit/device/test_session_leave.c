/* Whatever ends a session, the board's program runs afterwards. */
#include "session_fixture.h"

#define SETTLE_MS 100 /* for EN to rise */

static unsigned asked, cancel_at;

static bool cancelled_from_then_on(void *user)
{
    (void)user;
    return ++asked >= cancel_at;
}

static bool in_download(board_t *b)
{
    sim_board_report_t report;

    eb_sleep_ms(SETTLE_MS);
    sim_board_get_report(b->board, &report);
    assert_true(report.boots_run > 0);
    return report.in_download;
}

/* At every moment from the opening of the port to the end of the work. */
static void the_program_runs_after_a_cancel_at_any_time(void **state)
{
    bool connected = false;
    unsigned cancelled = 0;

    (void)state;
    for (cancel_at = 1; !connected; cancel_at++) {
        board_t *b = new_board("esp32c3", SIM_LINK_RFC2217);

        asked = 0;
        b->ev.cancelled = cancelled_from_then_on;
        b->session_options.no_stub = true;
        connected = connect_board(b) == EB_OK;
        if (!connected) {
            assert_int_equal(b->err.code, EB_ERR_CANCELLED);
            assert_false(in_download(b));
            cancelled++;
        }
        free_board(b);
    }
    assert_true(cancelled > 20);
}

/* The board hears the reset, but not us. */
static void the_program_runs_after_a_connect_that_failed(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_RFC2217);
    sim_board_report_t report;

    (void)state;
    faults(b, "drop=1", 1);
    b->options.faults.dir[SIM_TO_HOST] = false;
    assert_int_equal(connect_board(b), EB_ERR_NO_ANSWER);
    assert_false(in_download(b));
    sim_board_get_report(b->board, &report);
    assert_true(report.boots_download > 0);
    free_board(b);
}

static void a_board_stays_in_download_mode_on_request(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_RFC2217);

    (void)state;
    faults(b, "drop=1", 1);
    b->options.faults.dir[SIM_TO_HOST] = false;
    b->session_options.after = EB_AFTER_NO_RESET;
    assert_int_equal(connect_board(b), EB_ERR_NO_ANSWER);
    assert_true(in_download(b));
    free_board(b);
}

/* What was not reset by us, and never answered, is not reset at the end either. */
static void a_board_that_was_not_touched_is_left_alone(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_RFC2217);
    sim_board_report_t report;

    (void)state;
    b->session_options.before = EB_BEFORE_NO_RESET;
    assert_int_not_equal(connect_board(b), EB_OK);
    assert_false(in_download(b));
    sim_board_get_report(b->board, &report);
    assert_int_equal(report.boots_run, 1);
    free_board(b);
}

static void check_rate_at_the_end(const char *chip, bool no_stub)
{
    board_t *b = new_board(chip, SIM_LINK_RFC2217);
    sim_board_report_t report;

    b->session_options.after = EB_AFTER_NO_RESET;
    b->session_options.no_stub = no_stub;
    must_connect(b);
    assert_int_equal(stats_of(b).baud, 921600);
    assert_int_equal(eb_session_close(b->session, &b->err), EB_OK);
    b->session = NULL;
    assert_true(in_download(b));
    sim_board_get_report(b->board, &report);
    assert_int_equal(report.chip_baud, 115200);
    free_board(b);
}

/* The next program starts at 115200 baud. */
static void a_board_that_is_not_reset_goes_back_to_the_first_rate(void **state)
{
    (void)state;
    check_rate_at_the_end("esp32", false);
    check_rate_at_the_end("esp32", true);
    check_rate_at_the_end("esp32c3", false);
    check_rate_at_the_end("esp32c3", true);
}

static void a_port_without_the_fast_rates_is_tried_at_the_others(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_RFC2217);

    (void)state;
    b->options.max_baud = 115200;
    b->session_options.before = EB_BEFORE_NO_RESET;
    b->session_options.connect_attempts = 7;
    assert_int_equal(connect_board(b), EB_ERR_WRONG_BOOT_MODE); /* its program says so */
    free_board(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_runs_after_a_cancel_at_any_time),
        cmocka_unit_test(the_program_runs_after_a_connect_that_failed),
        cmocka_unit_test(a_board_stays_in_download_mode_on_request),
        cmocka_unit_test(a_board_that_was_not_touched_is_left_alone),
        cmocka_unit_test(a_board_that_is_not_reset_goes_back_to_the_first_rate),
        cmocka_unit_test(a_port_without_the_fast_rates_is_tried_at_the_others),
    };

    return RUN_WITH_FLASH(tests);
}
