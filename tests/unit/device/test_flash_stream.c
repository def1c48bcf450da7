/*
 * READ_FLASH against a stub that watches when it is acknowledged: the rules that hide the round
 * trip and never lock the stub up.
 */
#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "held_net.h"
#include "session_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE        (3u * 4096u + 100u)
#define ACK_WAIT_MS 1500
#define EARLY_MS    1 /* for an acknowledgement of a packet that has not begun */

typedef enum stub_fault {
    STUB_GOOD,
    STUB_SHORT_PACKET, /* the second packet lacks a byte */
    STUB_LONG_PACKET,  /* or has one more */
    STUB_BAD_ESCAPE,   /* or a broken escape */
    STUB_STOPS,        /* or does not come */
    STUB_EARLY_DIGEST, /* the digest comes in its place: an acknowledgement was damaged */
    STUB_WRONG_DIGEST,
    STUB_LOST_LAST_ACK, /* the last acknowledgement was damaged: the stub waits on */
    STUB_RESETS         /* a boot log in its place */
} stub_fault_t;

typedef struct stub {
    stub_fault_t fault;
    eb_slip_t slip;
    uint8_t buf[512], raw[4096];
    size_t raw_at, raw_len;
    /* what it saw */
    int acks, acks_late, acks_wrong, ends, syncs;
} stub_t;

typedef struct fixture {
    stub_t stub;
    eb_session_t session;
    uint8_t got[SIZE];
    eb_read_result_t result;
} fixture_t;

static uint8_t flash[SIZE];

/* The next frame from the host within wait_ms; 0: none. */
static size_t next_frame(stub_t *s, int64_t wait_ms)
{
    const int64_t until_us = held_now_us() + wait_ms * 1000;

    for (;;) {
        while (s->raw_at < s->raw_len) {
            size_t used = 0;
            const eb_slip_event_t event =
                eb_slip_push(&s->slip, s->raw + s->raw_at, s->raw_len - s->raw_at, &used);

            s->raw_at += used;
            if (event == EB_SLIP_FRAME) {
                return s->slip.len;
            }
        }
        const int n = held_recv(s->raw, sizeof(s->raw), until_us);
        if (n < 0 || (n == 0 && held_now_us() >= until_us)) {
            return 0;
        }
        s->raw_at = 0;
        s->raw_len = (size_t)n;
    }
}

static void send_frame(const uint8_t *frame, size_t len)
{
    static uint8_t wire[EB_SLIP_MAX(5000)];

    held_send(wire, eb_slip_encode(frame, len, wire));
}

static void send_reply(uint8_t op)
{
    const uint8_t reply[10] = {1, op, 2};

    send_frame(reply, sizeof(reply));
}

/* A packet in two parts, and between them the acknowledgement must be there. */
static void send_packet(stub_t *s, const uint8_t *bytes, size_t len, uint32_t total)
{
    uint8_t wire[EB_SLIP_MAX(5000)];
    const size_t n = eb_slip_encode(bytes, len, wire);

    if (next_frame(s, EARLY_MS) != 0) {
        s->acks_wrong++; /* one that came before the packet began */
    }
    held_send(wire, 3);
    if (next_frame(s, ACK_WAIT_MS) != 4) {
        s->acks_late++;
    } else if (eb_get_le32(s->slip.buf) != total) {
        s->acks_wrong++;
    } else {
        s->acks++;
    }
    held_send(wire + 3, n - 3);
}

/* False: the host gave up this read, or the stub does. */
static bool second_packet(stub_t *s, uint32_t at, uint32_t len)
{
    uint8_t longer[4097];

    memcpy(longer, flash + at, len);
    longer[4096] = 0;
    switch (s->fault) {
    case STUB_SHORT_PACKET:
        send_packet(s, longer, len - 1, at + len);
        return true;
    case STUB_LONG_PACKET:
        send_packet(s, longer, len + 1, at + len);
        return true;
    case STUB_BAD_ESCAPE:
        held_send("\xC0\x01\x02\xDB\x07\xC0", 6);
        return true;
    case STUB_STOPS:
        return true;
    case STUB_RESETS:
        held_send("ets Jul 29 2019\r\nrst:0x10 (RTCWDT_RTC_RESET),boot:0x13\r\n", 57);
        return true;
    case STUB_EARLY_DIGEST:
        return false;
    case STUB_GOOD:
    case STUB_WRONG_DIGEST:
    case STUB_LOST_LAST_ACK:
        break;
    }
    send_packet(s, flash + at, len, at + len);
    return true;
}

static void serve_read(stub_t *s)
{
    uint8_t md5[16];

    send_reply(EB_CMD_READ_FLASH);
    for (uint32_t at = 0; at < SIZE; at += 4096) {
        const uint32_t len = eb_min_u32(4096, SIZE - at);

        if (at == 4096) {
            const bool goes_on = second_packet(s, at, len);

            if (!goes_on) {
                break;
            }
            if (s->fault != STUB_GOOD && s->fault != STUB_WRONG_DIGEST &&
                s->fault != STUB_LOST_LAST_ACK) {
                /* Waits for an acknowledgement; what is none ends the read. */
                while (next_frame(s, 5000) == 4) {
                    s->acks++;
                }
                s->ends++;
                break;
            }
        } else {
            send_packet(s, flash + at, len, at + len);
        }
    }
    if (s->fault == STUB_LOST_LAST_ACK) {
        if (next_frame(s, 5000) != 4) {
            s->ends++;
        }
    }
    eb_md5(flash, SIZE, md5);
    md5[0] ^= s->fault == STUB_WRONG_DIGEST || s->fault == STUB_EARLY_DIGEST;
    if (s->fault != STUB_RESETS) {
        send_frame(md5, sizeof(md5));
    }
}

static void serve(void *user)
{
    stub_t *s = user;
    size_t len;

    eb_slip_init(&s->slip, s->buf, sizeof(s->buf));
    while ((len = next_frame(s, 5000)) > 0) {
        if (len >= 8 && s->buf[1] == EB_CMD_READ_FLASH) {
            serve_read(s);
        } else if (len >= 8 && s->buf[1] == EB_CMD_SYNC) {
            s->syncs++;
            for (int i = 0; i < 8; i++) {
                send_reply(EB_CMD_SYNC);
            }
        } else if (len >= 8) {
            send_reply(s->buf[1]);
        }
    }
}

static void start(fixture_t *f, stub_fault_t fault)
{
    eb_session_t *s = &f->session;
    eb_err_t err = {0};

    memset(f, 0, sizeof(*f));
    f->stub.fault = fault;
    held_server_start(serve, &f->stub);
    (void)snprintf(s->port_name, sizeof(s->port_name), "socket://held:1");
    assert_int_equal(eb_connect_open(s, &err), EB_OK);
    s->row = eb_chip_row_at(0);
    s->stub = true;
    eb_link_set_dialect(s->link, EB_DIALECT_STUB);
    s->flash.known = true;
    s->flash.size_bytes = 4u << 20;
}

static void stop(fixture_t *f)
{
    eb_connect_close(&f->session);
    held_server_join();
}

static eb_code_t read_it(fixture_t *f, eb_err_t *err)
{
    return eb_flash_read(&f->session, 0, SIZE, f->got, NULL, NULL, &f->result, err);
}

/* After whatever happened the next command is answered. */
static void check_in_step(fixture_t *f)
{
    uint32_t value;
    eb_err_t err = {0};

    assert_int_equal(eb_dev_read_reg(&f->session, 0x40001000, &value, &err), EB_OK);
}

static void acknowledges_when_a_packet_begins(void **state)
{
    fixture_t f;
    eb_err_t err = {0};

    (void)state;
    start(&f, STUB_GOOD);
    assert_int_equal(read_it(&f, &err), EB_OK);
    assert_true(f.result.verified);
    assert_int_equal(f.result.received, SIZE);
    assert_memory_equal(f.got, flash, SIZE);
    stop(&f);
    assert_int_equal(f.stub.acks, 4);
    assert_int_equal(f.stub.acks_late, 0);
    assert_int_equal(f.stub.acks_wrong, 0);
    assert_int_equal(f.stub.syncs, 0);
}

static void check_fault(stub_fault_t fault, eb_code_t want, uint32_t received, int ends)
{
    fixture_t f;
    eb_err_t err = {0};
    int64_t began;

    start(&f, fault);
    began = eb_clock_ms();
    assert_int_equal(read_it(&f, &err), want);
    assert_true(eb_clock_ms() - began < 6000);
    assert_false(f.result.verified);
    assert_int_equal(f.result.received, received);
    assert_memory_equal(f.got, flash, received);
    check_in_step(&f);
    stop(&f);
    assert_int_equal(f.stub.ends, ends);
    assert_int_equal(f.stub.acks_wrong, 0);
}

static void a_packet_of_the_wrong_length_ends_the_read(void **state)
{
    (void)state;
    check_fault(STUB_SHORT_PACKET, EB_ERR_LINE, 4096, 1);
    check_fault(STUB_LONG_PACKET, EB_ERR_LINE, 4096, 1);
}

static void a_damaged_packet_ends_the_read(void **state)
{
    (void)state;
    check_fault(STUB_BAD_ESCAPE, EB_ERR_LINE, 4096, 1);
}

static void a_packet_that_does_not_come_ends_the_read(void **state)
{
    (void)state;
    check_fault(STUB_STOPS, EB_ERR_TIMEOUT, 4096, 1);
}

static void a_digest_too_early_needs_no_end(void **state)
{
    (void)state;
    check_fault(STUB_EARLY_DIGEST, EB_ERR_LINE, 4096, 0);
}

static void a_wrong_digest_verifies_nothing(void **state)
{
    (void)state;
    check_fault(STUB_WRONG_DIGEST, EB_ERR_LINE, SIZE, 0);
}

static void a_lost_last_acknowledgement_costs_no_data(void **state)
{
    fixture_t f;
    eb_err_t err = {0};

    (void)state;
    start(&f, STUB_LOST_LAST_ACK);
    assert_int_equal(read_it(&f, &err), EB_OK);
    assert_true(f.result.verified);
    assert_memory_equal(f.got, flash, SIZE);
    check_in_step(&f);
    stop(&f);
    assert_int_equal(f.stub.ends, 1);
}

static void a_restart_is_told_at_once(void **state)
{
    fixture_t f;
    eb_err_t err = {0};
    int64_t began;

    (void)state;
    start(&f, STUB_RESETS);
    began = eb_clock_ms();
    assert_int_equal(read_it(&f, &err), EB_ERR_CHIP_RESET);
    assert_true(eb_clock_ms() - began < 1000);
    assert_int_equal(f.result.received, 4096);
    assert_non_null(strstr(err.message, "RTCWDT_RTC_RESET"));
    stop(&f);
}

static void refuses_ranges_beyond_the_flash(void **state)
{
    fixture_t f;
    eb_err_t err = {0};
    uint8_t md5[EB_MD5_BYTES];

    (void)state;
    start(&f, STUB_GOOD);
    assert_int_equal(eb_flash_read(&f.session, 0x3FFFFF, 2, f.got, NULL, NULL, &f.result, &err),
                     EB_ERR_USAGE);
    assert_int_equal(eb_flash_read(&f.session, UINT32_MAX, UINT32_MAX, f.got, NULL, NULL, &f.result,
                                   &err),
                     EB_ERR_USAGE);
    assert_int_equal(eb_flash_digest(&f.session, 0, 0, md5, &err), EB_ERR_USAGE);
    f.session.flash.size_bytes = 0;
    assert_int_equal(eb_flash_digest(&f.session, 0, 16, md5, &err), EB_ERR_FLASH_SIZE);
    f.session.flash.known = false;
    assert_int_equal(eb_flash_digest(&f.session, 0, 16, md5, &err), EB_ERR_FLASH_MUTE);
    f.session.secure_download = true;
    assert_int_equal(eb_flash_digest(&f.session, 0, 16, md5, &err), EB_ERR_REFUSED);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledges_when_a_packet_begins),
        cmocka_unit_test(a_packet_of_the_wrong_length_ends_the_read),
        cmocka_unit_test(a_damaged_packet_ends_the_read),
        cmocka_unit_test(a_packet_that_does_not_come_ends_the_read),
        cmocka_unit_test(a_digest_too_early_needs_no_end),
        cmocka_unit_test(a_wrong_digest_verifies_nothing),
        cmocka_unit_test(a_lost_last_acknowledgement_costs_no_data),
        cmocka_unit_test(a_restart_is_told_at_once),
        cmocka_unit_test(refuses_ranges_beyond_the_flash),
    };

    for (size_t i = 0; i < sizeof(flash); i++) {
        flash[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
