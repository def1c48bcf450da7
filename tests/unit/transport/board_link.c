/*
 * board_link.c: the transports against the simulated board, run by espsim with ESPBACKUP_PORT set.
 * Through a pty this goes the whole way of a real port: listing, libserialport, modem lines.
 */
#include "clock.h"
#include "espbackup/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SYNC_REPLY_HEAD "\xc0\x01\x08\x04"
/* Longer than EN needs to rise on the simulated board behind RFC 2217. */
#define HOLD_MS         200

static const uint8_t sync_frame[] =
    "\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU\xc0";

static eb_transport_t *board;

static void set_lines(bool dtr, bool rts)
{
    eb_err_t err;

    if (eb_transport_set_lines(board, dtr, rts, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
}

/* What comes in the next ms, as text; bytes of value 0 are shown as spaces. */
static const char *hear(int64_t ms)
{
    static char text[20000];
    const int64_t deadline = eb_clock_ms() + ms;
    size_t used = 0, n = 0;

    while (eb_clock_ms() < deadline && used < sizeof(text) - 1) {
        assert_int_equal(eb_transport_read(board, (uint8_t *)text + used, sizeof(text) - 1 - used,
                                           deadline, &n, NULL),
                         EB_OK);
        used += n;
    }
    for (size_t i = 0; i < used; i++) {
        if (text[i] == '\0') {
            text[i] = ' ';
        }
    }
    text[used] = '\0';
    return text;
}

static void send_sync(void)
{
    assert_int_equal(eb_transport_write(board, sync_frame, sizeof(sync_frame) - 1,
                                        eb_clock_ms() + 1000, NULL),
                     EB_OK);
    assert_int_equal(eb_transport_drain(board, NULL), EB_OK);
}

static void into_reset_and_out(bool download)
{
    set_lines(false, true);
    eb_sleep_ms(100);
    assert_int_equal(eb_transport_flush_input(board, NULL), EB_OK);
    set_lines(download, false);
    eb_sleep_ms(HOLD_MS);
    set_lines(false, false);
}

static int open_board(void **state)
{
    const char *address = getenv("ESPBACKUP_PORT");
    eb_err_t err;

    (void)state;
    if (address == NULL) {
        print_error("run this by espsim\n");
        return -1;
    }
    if (eb_transport_open(address, NULL, &board, &err) != EB_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    return 0;
}

static int close_board(void **state)
{
    (void)state;
    eb_transport_close(board);
    return 0;
}

static void lines_choose_the_mode_of_the_chip(void **state)
{
    (void)state;
    into_reset_and_out(false);
    assert_non_null(strstr(hear(300), "SPI_FAST_FLASH_BOOT"));
    into_reset_and_out(true);
    assert_non_null(strstr(hear(300), "waiting for download"));
    send_sync();
    assert_non_null(strstr(hear(200), SYNC_REPLY_HEAD));
}

static void baud_of_both_sides_must_agree(void **state)
{
    (void)state;
    into_reset_and_out(true);
    (void)hear(300);
    /* The ROM measures the rate of the first bytes it hears, and keeps it. */
    send_sync();
    assert_non_null(strstr(hear(200), SYNC_REPLY_HEAD));
    assert_int_equal(eb_transport_set_baud(board, 921600, NULL), EB_OK);
    send_sync();
    assert_null(strstr(hear(200), SYNC_REPLY_HEAD));
    assert_int_equal(eb_transport_set_baud(board, 115200, NULL), EB_OK);
    send_sync();
    assert_non_null(strstr(hear(200), SYNC_REPLY_HEAD));
}

static void the_port_is_listed_and_ours_alone(void **state)
{
    const eb_port_info_t *info = eb_transport_info(board);
    eb_transport_t *second;
    eb_port_list_t list;
    eb_err_t err;

    (void)state;
    if (info->kind != EB_PORT_UART) {
        print_message("not a port of this machine\n");
        skip();
    }
    assert_int_equal(eb_port_list_get(&list, &err), EB_OK);
    assert_true(list.count > 0);
    assert_string_equal(list.ports[0].name, info->name); /* the likeliest */
    assert_int_equal(list.ports[0].vid, 0x10C4);
    assert_int_equal(info->vid, 0x10C4);
    assert_true(info->product[0] != '\0');
    assert_true(info->serial[0] != '\0');
    eb_port_list_free(&list);
    assert_int_equal(eb_transport_open(info->name, NULL, &second, &err), EB_ERR_PORT_BUSY);
    /* The attempt has left our settings alone. */
    into_reset_and_out(true);
    assert_non_null(strstr(hear(300), "waiting for download"));
}

#define WITH_BOARD(f) cmocka_unit_test_setup_teardown(f, open_board, close_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOARD(lines_choose_the_mode_of_the_chip),
        WITH_BOARD(baud_of_both_sides_must_agree),
        WITH_BOARD(the_port_is_listed_and_ours_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
