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
#define SYNC_REPLIES    8
#define PATIENCE_MS     20000 /* only a test that fails waits so long */
#define SILENCE_MS      100   /* to see that something does not come; too short can only miss it */

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

/* Whether the text comes so many times within ms. Reads no further; zeroes count as spaces. */
static bool hears(const char *text, int times, int64_t ms)
{
    static char heard[20000];
    const int64_t deadline = eb_clock_ms() + ms;
    size_t used = 0, got = 1;

    while (times > 0 && got > 0 && used < sizeof(heard) - 1) {
        assert_int_equal(eb_transport_read(board, (uint8_t *)heard + used, 1, deadline, &got, NULL),
                         EB_OK);
        if (got > 0 && heard[used] == '\0') {
            heard[used] = ' ';
        }
        used += got;
        heard[used] = '\0';
        if (strstr(heard, text) != NULL) {
            times--;
            used = 0;
        }
    }
    return times == 0;
}

static void send_sync(void)
{
    assert_int_equal(eb_transport_write(board, sync_frame, sizeof(sync_frame) - 1,
                                        eb_clock_ms() + 1000, NULL),
                     EB_OK);
}

/* The lines stay as they are until the chip has said how it started, however long EN takes. */
static void reset_and_hear(bool download, const char *text)
{
    set_lines(false, true);
    assert_int_equal(eb_transport_flush_input(board, NULL), EB_OK);
    set_lines(download, false);
    assert_true(hears(text, 1, PATIENCE_MS));
    set_lines(false, false);
}

static bool answers_sync(void)
{
    send_sync();
    return hears(SYNC_REPLY_HEAD, SYNC_REPLIES, PATIENCE_MS);
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
    reset_and_hear(false, "SPI_FAST_FLASH_BOOT");
    reset_and_hear(true, "waiting for download");
    assert_true(answers_sync());
}

static void baud_of_both_sides_must_agree(void **state)
{
    (void)state;
    reset_and_hear(true, "waiting for download");
    /* The ROM measures the rate of the first bytes it hears, and keeps it. */
    assert_true(answers_sync());
    assert_int_equal(eb_transport_set_baud(board, 921600, NULL), EB_OK);
    send_sync();
    assert_false(hears(SYNC_REPLY_HEAD, 1, SILENCE_MS));
    assert_int_equal(eb_transport_set_baud(board, 115200, NULL), EB_OK);
    assert_true(answers_sync());
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
    assert_string_equal(info->usb_path, "1-1:1.0");
    eb_port_list_free(&list);
    assert_int_equal(eb_transport_open(info->name, NULL, &second, &err), EB_ERR_PORT_BUSY);
    /* The attempt has left our settings alone. */
    reset_and_hear(true, "waiting for download");
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
