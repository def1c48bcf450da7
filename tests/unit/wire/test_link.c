/* The link against a board that follows a script: its answer, if any, to the n-th command. */
#include "clock.h"
#include "held_net.h"
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BANNER                                                                                     \
    "\r\nets Jul 29 2019 12:21:46\r\n\r\nrst:0x10 (RTCWDT_RTC_RESET),boot:0x13 "                   \
    "(SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0, SPIWP:0xee\r\n"

/* The board: called for each frame that comes. */
typedef struct peer peer_t;
typedef void (*answer_fn)(peer_t *l, const uint8_t *frame, size_t len);

struct peer {
    answer_fn answer;
    int commands, syncs;
    eb_dialect_t dialect;
};

typedef struct fixture {
    peer_t peer;
    eb_transport_t *transport;
    eb_link_t *link;
} fixture_t;

static void send_frame(const uint8_t *frame, size_t len)
{
    uint8_t wire[EB_SLIP_MAX(8192)];

    held_send(wire, eb_slip_encode(frame, len, wire));
}

static void send_reply(peer_t *l, uint8_t op, uint32_t value, uint8_t status, uint8_t error)
{
    const size_t tail = l->dialect == EB_DIALECT_ROM ? 4 : 2;
    uint8_t frame[16] = {1, op, (uint8_t)tail, 0};

    memcpy(frame + 4, &value, 4);
    frame[8] = status;
    frame[9] = error;
    send_frame(frame, 8 + tail);
}

static void send_sync(peer_t *l, int times)
{
    for (int i = 0; i < times; i++) {
        send_reply(l, EB_CMD_SYNC, l->dialect == EB_DIALECT_STUB ? 0 : 0x20120707, 0, 0);
    }
}

static void serve(void *user)
{
    peer_t *l = user;
    uint8_t raw[4096], buf[32768];
    eb_slip_t slip;
    int n;

    eb_slip_init(&slip, buf, sizeof(buf));
    while ((n = held_recv(raw, sizeof(raw), HELD_NEVER)) >= 0) {
        for (size_t at = 0; at < (size_t)n;) {
            size_t used = 0;

            if (eb_slip_push(&slip, raw + at, (size_t)n - at, &used) == EB_SLIP_FRAME) {
                if (slip.len > 1 && slip.buf[1] == EB_CMD_SYNC) {
                    l->syncs++;
                } else {
                    l->commands++;
                }
                l->answer(l, slip.buf, slip.len);
            }
            at += used;
        }
    }
}

static void start(fixture_t *f, answer_fn answer, eb_dialect_t dialect)
{
    eb_err_t err = {0};

    memset(f, 0, sizeof(*f));
    f->peer.answer = answer;
    f->peer.dialect = dialect;
    held_server_start(serve, &f->peer);
    assert_int_equal(eb_transport_open("socket://held:1", NULL, &f->transport, &err), EB_OK);
    assert_int_equal(eb_link_new(f->transport, NULL, &f->link, &err), EB_OK);
    eb_link_set_dialect(f->link, dialect);
}

static void stop(fixture_t *f)
{
    eb_link_free(f->link);
    eb_transport_close(f->transport);
    held_server_join();
}

static eb_code_t read_reg(fixture_t *f, int64_t timeout_ms, bool probe, eb_reply_t *reply,
                          eb_err_t *err)
{
    static const uint8_t data[4] = {0x00, 0x10, 0x00, 0x40};
    const eb_request_t request = {.op = EB_CMD_READ_REG,
                                  .data = data,
                                  .len = sizeof(data),
                                  .timeout_ms = timeout_ms,
                                  .probe = probe};

    return eb_link_command(f->link, &request, reply, err);
}

/* -- the plain case, and stale replies -------------------------------------------------------- */

static void answer_value(peer_t *l, const uint8_t *frame, size_t len)
{
    (void)len;
    if (frame[1] == EB_CMD_SYNC) {
        send_sync(l, 8);
    } else {
        send_reply(l, frame[1], 0x00F01D83, 0, 0);
    }
}

static void answers_a_command(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_value, EB_DIALECT_ROM);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_OK);
    assert_int_equal(reply.value, 0x00F01D83);
    assert_int_equal(f.peer.syncs, 0);
    stop(&f);
}

static void answer_late_syncs(peer_t *l, const uint8_t *frame, size_t len)
{
    send_sync(l, 8);
    answer_value(l, frame, len);
}

static void skips_stale_replies(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_late_syncs, EB_DIALECT_ROM);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_OK);
    assert_int_equal(reply.op, EB_CMD_READ_REG);
    stop(&f);
}

/* -- SYNC ------------------------------------------------------------------------------------- */

static void check_sync(eb_dialect_t dialect)
{
    fixture_t f;
    eb_sync_info_t info;
    eb_err_t err = {0};

    start(&f, answer_value, dialect);
    eb_link_set_dialect(f.link, EB_DIALECT_ROM);
    assert_int_equal(eb_link_sync(f.link, 2000, &info, &err), EB_OK);
    assert_int_equal(info.dialect, dialect);
    assert_int_equal(eb_link_dialect(f.link), dialect);
    stop(&f);
}

static void sync_tells_who_answers(void **state)
{
    (void)state;
    check_sync(EB_DIALECT_ROM);
    check_sync(EB_DIALECT_ROM_OLD);
    check_sync(EB_DIALECT_STUB);
}

static void answer_one_sync(peer_t *l, const uint8_t *frame, size_t len)
{
    (void)frame;
    (void)len;
    send_sync(l, 1);
}

static void one_sync_reply_suffices(void **state)
{
    fixture_t f;
    eb_sync_info_t info;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, answer_one_sync, EB_DIALECT_ROM);
    began = eb_clock_ms();
    assert_int_equal(eb_link_sync(f.link, 5000, &info, &err), EB_OK);
    assert_true(eb_clock_ms() - began < 1000);
    stop(&f);
}

/* -- refusals --------------------------------------------------------------------------------- */

/* As the older ROM does: eight times, under the number of the command before. */
static void answer_unknown(peer_t *l, const uint8_t *frame, size_t len)
{
    if (frame[1] == EB_CMD_READ_REG && l->commands == 1) {
        for (int i = 0; i < 8; i++) {
            send_reply(l, EB_CMD_SYNC, 0x20120707, 1, 5);
        }
        return;
    }
    answer_value(l, frame, len);
}

static void unknown_command_is_an_answer_to_a_probe(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_unknown, EB_DIALECT_ROM);
    assert_int_equal(read_reg(&f, 2000, true, &reply, &err), EB_ERR_DEVICE);
    assert_int_equal(err.device_status, 5);
    /* None of the eight is taken for the next answer. */
    assert_int_equal(read_reg(&f, 2000, true, &reply, &err), EB_OK);
    assert_int_equal(f.peer.syncs, 0);
    stop(&f);
}

static void unknown_command_is_a_bad_line_otherwise(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_unknown, EB_DIALECT_ROM);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_ERR_LINE);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_OK);
    assert_int_equal(f.peer.syncs, 1);
    stop(&f);
}

static void answer_failure(peer_t *l, const uint8_t *frame, size_t len)
{
    (void)len;
    send_reply(l, frame[1], 0, 0xC4, 0);
}

static void a_status_becomes_an_error(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_failure, EB_DIALECT_STUB);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_ERR_DEVICE);
    assert_int_equal(err.device_status, 0xC4);
    assert_non_null(strstr(err.message, "READ_REG"));
    assert_non_null(strstr(err.message, eb_status_text(0xC4, 0)));
    stop(&f);
}

/* -- faults ----------------------------------------------------------------------------------- */

/* The first command's reply comes when the second is sent: too late, and with another value. */
static void answer_too_late(peer_t *l, const uint8_t *frame, size_t len)
{
    if (frame[1] != EB_CMD_SYNC && l->commands == 1) {
        return;
    }
    if (frame[1] == EB_CMD_SYNC) {
        send_reply(l, EB_CMD_READ_REG, 0xBAD, 0, 0);
    }
    answer_value(l, frame, len);
}

static void a_late_reply_is_not_taken_for_another(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, answer_too_late, EB_DIALECT_ROM);
    began = eb_clock_ms();
    assert_int_equal(read_reg(&f, 200, false, &reply, &err), EB_ERR_TIMEOUT);
    assert_true(eb_clock_ms() - began < 1000);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_OK);
    assert_int_equal(reply.value, 0x00F01D83);
    assert_int_equal(f.peer.syncs, 1);
    stop(&f);
}

static void answer_damaged(peer_t *l, const uint8_t *frame, size_t len)
{
    if (l->commands == 1 && frame[1] != EB_CMD_SYNC) {
        held_send("\xC0\x01\x0A\x04\x00\xDB\x11\x00\xC0", 9);
    } else {
        answer_value(l, frame, len);
    }
}

static void a_damaged_reply_is_not_waited_out(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, answer_damaged, EB_DIALECT_ROM);
    began = eb_clock_ms();
    assert_int_equal(read_reg(&f, 10000, false, &reply, &err), EB_ERR_LINE);
    assert_true(eb_clock_ms() - began < 2000);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_OK);
    stop(&f);
}

/* The request waited in the UART, and behind the restart the ROM bootloader finds it there. */
static void answer_banner(peer_t *l, const uint8_t *frame, size_t len)
{
    held_send(BANNER, strlen(BANNER));
    l->dialect = EB_DIALECT_ROM;
    answer_value(l, frame, len);
}

static void a_boot_banner_is_a_restart(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, answer_banner, EB_DIALECT_STUB);
    began = eb_clock_ms();
    assert_int_equal(read_reg(&f, 10000, false, &reply, &err), EB_ERR_CHIP_RESET);
    assert_true(eb_clock_ms() - began < 2000);
    assert_non_null(strstr(err.message, "rst:0x10 (RTCWDT_RTC_RESET)"));
    stop(&f);
}

/* Late flash data, of which the rest never comes. Programs hold such strings. */
static void answer_half_of_a_program(peer_t *l, const uint8_t *frame, size_t len)
{
    static const char data[] = "\xC0\x01\x0Arst:0x%x boot:0x%x\0the end\0";

    (void)l;
    (void)frame;
    (void)len;
    held_send(data, sizeof(data));
}

static void half_a_packet_is_no_restart(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_half_of_a_program, EB_DIALECT_STUB);
    assert_int_equal(read_reg(&f, 1000, false, &reply, &err), EB_ERR_TIMEOUT);
    stop(&f);
}

/* The banner begins within a frame that the restart cut off. */
static void answer_half_and_banner(peer_t *l, const uint8_t *frame, size_t len)
{
    (void)l;
    (void)frame;
    (void)len;
    held_send("\xC0\x01\x0A" BANNER, 3 + strlen(BANNER));
}

static void a_banner_within_a_frame_is_a_restart(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, answer_half_and_banner, EB_DIALECT_STUB);
    began = eb_clock_ms();
    assert_int_equal(read_reg(&f, 10000, false, &reply, &err), EB_ERR_CHIP_RESET);
    assert_true(eb_clock_ms() - began < 2000);
    stop(&f);
}

static void answer_endless(peer_t *l, const uint8_t *frame, size_t len)
{
    (void)l;
    (void)frame;
    (void)len;
    for (int i = 0; i < 60; i++) {
        held_send("temperature 21.5\r\n", 18);
        eb_sleep_ms(20);
    }
}

static void what_never_ends_is_garbage(void **state)
{
    char quote[EB_BOOT_QUOTE_BYTES];
    uint8_t packet[64];
    fixture_t f;
    eb_sync_info_t info;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, answer_endless, EB_DIALECT_STUB);
    assert_int_equal(eb_link_sync(f.link, 50, &info, &err), EB_ERR_TIMEOUT);
    began = eb_clock_ms();
    assert_int_equal(eb_link_resync(f.link, 3, &info, &err), EB_ERR_GARBAGE);
    assert_true(eb_clock_ms() - began < 2000);
    assert_int_equal(eb_link_talk(f.link, quote), EB_TALK_TEXT);
    assert_string_equal(quote, "temperature 21.5");
    /* After a read it may be a part of the flash, and is not quoted. */
    eb_link_set_buf(f.link, packet, sizeof(packet));
    eb_link_set_buf(f.link, NULL, 0);
    assert_int_equal(eb_link_talk(f.link, quote), EB_TALK_GARBAGE);
    assert_string_equal(quote, "");
    stop(&f);
}

static void answer_as_rom(peer_t *l, const uint8_t *frame, size_t len)
{
    if (l->commands == 1 && frame[1] != EB_CMD_SYNC) {
        return;
    }
    l->dialect = EB_DIALECT_ROM;
    answer_value(l, frame, len);
}

static void another_dialect_after_a_fault_is_a_restart(void **state)
{
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_as_rom, EB_DIALECT_STUB);
    assert_int_equal(read_reg(&f, 100, false, &reply, &err), EB_ERR_TIMEOUT);
    assert_int_equal(read_reg(&f, 2000, false, &reply, &err), EB_ERR_CHIP_RESET);
    stop(&f);
}

static void refuses_what_does_not_fit(void **state)
{
    static uint8_t data[EB_LINK_DATA_MAX + 1];
    const eb_request_t request = {
        .op = EB_CMD_FLASH_DATA, .data = data, .len = sizeof(data), .timeout_ms = 100};
    fixture_t f;
    eb_reply_t reply;
    eb_err_t err = {0};

    (void)state;
    start(&f, answer_value, EB_DIALECT_ROM);
    assert_int_equal(eb_link_command(f.link, &request, &reply, &err), EB_ERR_INTERNAL);
    stop(&f);
    assert_int_equal(f.peer.commands, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_command),
        cmocka_unit_test(skips_stale_replies),
        cmocka_unit_test(sync_tells_who_answers),
        cmocka_unit_test(one_sync_reply_suffices),
        cmocka_unit_test(unknown_command_is_an_answer_to_a_probe),
        cmocka_unit_test(unknown_command_is_a_bad_line_otherwise),
        cmocka_unit_test(a_status_becomes_an_error),
        cmocka_unit_test(a_late_reply_is_not_taken_for_another),
        cmocka_unit_test(a_damaged_reply_is_not_waited_out),
        cmocka_unit_test(a_boot_banner_is_a_restart),
        cmocka_unit_test(half_a_packet_is_no_restart),
        cmocka_unit_test(a_banner_within_a_frame_is_a_restart),
        cmocka_unit_test(what_never_ends_is_garbage),
        cmocka_unit_test(another_dialect_after_a_fault_is_a_restart),
        cmocka_unit_test(refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
