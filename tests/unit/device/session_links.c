/*
 * session_links.c: sessions with the simulated board as it is, with its threads, sockets and the
 * machine's clock. The other tests of sessions are on a held clock; here each link is shown to work
 * for real, and to be found again.
 */
#include "session_fixture.h"

static const sim_link_kind_t links[] = {SIM_LINK_TCP, SIM_LINK_RFC2217};

static void check_cut(sim_link_kind_t link, const char *cut)
{
    board_t *b = new_board("esp32c3", link);
    sim_board_report_t report;

    faults(b, cut, 1);
    b->options.replug_ms = 50;
    must_connect(b);
    check_read(b, 0x1003, 0x1234);
    sim_board_get_report(b->board, &report);
    assert_true(report.connections >= 2);
    free_board(b);
}

static void boards_are_found_and_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        board_t *b = new_board("esp32", links[i]);

        must_connect(b);
        assert_string_equal(eb_session_chip(b->session)->id, "esp32");
        assert_true(stats_of(b).stub);
        check_read(b, 0x1003, 0x1234);
        free_board(b);
    }
}

static void a_link_that_is_cut_is_found_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        check_cut(links[i], "hangup@5000");
        check_cut(links[i], "unplug@5000");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_are_found_and_read),
        cmocka_unit_test(a_link_that_is_cut_is_found_again),
    };

    return RUN_WITH_FLASH(tests);
}
