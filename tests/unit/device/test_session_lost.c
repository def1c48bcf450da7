/* Ports that go away: when they come back the work goes on, and when not, that is said soon. */
#include "session_fixture.h"

#define MAY_TAKE_MS 10000 /* what a USB port may need to come back */

static void check_cut(sim_link_kind_t link, const char *text)
{
    board_t *b = new_board("esp32c3", link);
    sim_board_report_t report;

    faults(b, text, 1);
    b->options.replug_ms = 700;
    must_connect(b);
    sim_board_get_report(b->board, &report);
    assert_int_equal(report.connections, 2);
    assert_true(stats_of(b).stub);
    check_read(b, 0, 65536);
    free_board(b);
}

/* In the first SYNC, between commands, and in the middle of the stub. */
static void a_cut_while_connecting_is_got_over(void **state)
{
    static const char *const cuts[] = {"unplug@20", "unplug@300", "unplug@5000",
                                       "hangup@20", "hangup@300", "hangup@5000"};

    (void)state;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        check_cut(SIM_LINK_TCP, cuts[i]);
        if (i % 3 != 0) { /* while an RFC 2217 server is greeted, a cut means that it is busy */
            check_cut(SIM_LINK_RFC2217, cuts[i]);
        }
    }
}

static void a_board_taken_on_trust_comes_back_too(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);
    eb_read_result_t result;
    uint8_t buf[4096];

    (void)state;
    b->session_options.before = EB_BEFORE_NO_RESET_NO_SYNC;
    b->session_options.no_stub = true;
    faults(b, "hangup@6000", 1);
    must_connect(b);
    assert_int_equal(eb_flash_read(b->session, 0, sizeof(buf), buf, NULL, NULL, &result, &b->err),
                     EB_ERR_PORT_LOST);
    if (eb_session_recover(b->session, &b->err) != EB_OK) {
        fail_msg("%s", b->err.message);
    }
    check_read(b, 0, sizeof(buf));
    free_board(b);
}

static void a_line_that_is_cut_again_and_again_ends_it(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_RFC2217);

    (void)state;
    for (unsigned i = 1; i <= 31; i++) { /* more often than it is opened */
        char text[32];
        (void)snprintf(text, sizeof(text), "hangup@%u", i * 300);
        faults(b, text, 1);
    }
    assert_int_equal(connect_board(b), EB_ERR_PORT_LOST);
    assert_null(b->session);
    free_board(b);
}

static void a_port_lost_while_connecting_is_waited_for_once(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);
    const int64_t began = eb_clock_ms();

    (void)state;
    faults(b, "unplug@300", 1);
    assert_int_equal(connect_board(b), EB_ERR_PORT_LOST);
    assert_non_null(strstr(b->err.message, "did not come back within 10 s"));
    assert_in_range(eb_clock_ms() - began, MAY_TAKE_MS, MAY_TAKE_MS + 3000);
    free_board(b);
}

static void a_port_that_stays_away_is_an_error(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);
    eb_read_result_t result;
    uint8_t *buf = malloc(FLASH_BYTES);
    int64_t began;

    (void)state;
    assert_non_null(buf);
    faults(b, "unplug@100000", 1);
    must_connect(b);
    assert_int_equal(eb_flash_read(b->session, 0, FLASH_BYTES, buf, NULL, NULL, &result, &b->err),
                     EB_ERR_PORT_LOST);
    assert_false(result.verified);
    assert_memory_equal(buf, flash, result.received);
    began = eb_clock_ms();
    assert_int_equal(eb_session_recover(b->session, &b->err), EB_ERR_PORT_LOST);
    assert_in_range(eb_clock_ms() - began, MAY_TAKE_MS, MAY_TAKE_MS + 3000);
    /* Nothing crashes on a session without a port. */
    assert_int_equal(eb_flash_read(b->session, 0, FLASH_BYTES, buf, NULL, NULL, &result, &b->err),
                     EB_ERR_PORT_LOST);
    (void)eb_session_slow_down(b->session, &b->err);
    (void)stats_of(b);
    free(buf);
    free_board(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_while_connecting_is_got_over),
        cmocka_unit_test(a_board_taken_on_trust_comes_back_too),
        cmocka_unit_test(a_line_that_is_cut_again_and_again_ends_it),
        cmocka_unit_test(a_port_lost_while_connecting_is_waited_for_once),
        cmocka_unit_test(a_port_that_stays_away_is_an_error),
    };

    return RUN_WITH_FLASH(tests);
}
