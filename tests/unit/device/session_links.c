/*
 * session_links.c: sessions with the simulated board as it is, with its threads, sockets and the
 * machine's clock. The other tests of sessions are on a held clock; here each link is shown to work
 * for real, and to be found again.
 */
#include "session_fixture.h"

static void check_cut(const char *chip, sim_link_kind_t link, const char *cut)
{
    board_t *b = new_board(chip, link);
    sim_board_report_t report;

    faults(b, cut, 1);
    b->options.replug_ms = 50;
    must_connect(b);
    assert_string_equal(eb_session_chip(b->session)->id, chip);
    assert_true(stats_of(b).stub);
    check_read(b, 0x1003, 0x1234);
    sim_board_get_report(b->board, &report);
    assert_int_equal(report.connections, 2);
    free_board(b);
}

static void a_session_goes_through_a_cut_of_each_link(void **state)
{
    (void)state;
    check_cut("esp32", SIM_LINK_TCP, "hangup@5000");
    check_cut("esp32c3", SIM_LINK_RFC2217, "unplug@5000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_goes_through_a_cut_of_each_link),
    };

    return RUN_WITH_FLASH(tests);
}
