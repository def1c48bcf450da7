/* rfc2217:// against a small server that keeps a log of what it is asked. */
#include "clock.h"
#include "espbackup/transport.h"
#include "rfc2217_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static bool cancelled;

static bool on_cancelled(void *user)
{
    (void)user;
    return cancelled;
}

static const eb_events_t events = {.cancelled = on_cancelled};

static eb_code_t try_open(play_t *p, eb_transport_t **t, eb_err_t *err)
{
    cancelled = false;
    held_server_start(serve, p);
    return eb_transport_open("rfc2217://held:1?x", &events, t, err);
}

static eb_transport_t *open_ok(play_t *p)
{
    eb_err_t err = {0};
    eb_transport_t *t;

    if (try_open(p, &t, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
    return t;
}

static void finish(eb_transport_t *t)
{
    eb_transport_close(t);
    held_server_join();
}

static void send_text(eb_transport_t *t, const char *text)
{
    assert_int_equal(eb_transport_write(t, (const uint8_t *)text, strlen(text),
                                        eb_clock_ms() + 2000, NULL),
                     EB_OK);
}

static void expect(eb_transport_t *t, const unsigned char *expected, size_t len)
{
    uint8_t got[1000];
    size_t have = 0, n;

    while (have < len) {
        assert_int_equal(eb_transport_read(t, got + have, sizeof(got) - have, eb_clock_ms() + 2000,
                                           &n, NULL),
                         EB_OK);
        assert_true(n > 0);
        have += n;
    }
    assert_int_equal(have, len);
    assert_memory_equal(got, expected, len);
}

static play_t *new_play(void)
{
    play_t *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    return p;
}

static void open_sets_everything_once(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);

    (void)state;
    assert_int_equal(eb_transport_info(t)->kind, EB_PORT_RFC2217);
    assert_true(eb_transport_can_baud(t));
    assert_true(eb_transport_can_lines(t));
    assert_int_equal(eb_transport_baud(t), 115200);
    /* Not the lines: a server may take a change for a reset. */
    assert_string_equal(p->log, "c5=1 c2=8 c3=1 c4=1 baud=115200 ");
    p->log[0] = '\0';
    assert_int_equal(eb_transport_set_baud(t, 115200, NULL), EB_OK);
    /* RTS released before DTR: not through reset. */
    assert_int_equal(eb_transport_set_lines(t, false, false, NULL), EB_OK);
    assert_int_equal(eb_transport_set_lines(t, false, false, NULL), EB_OK);
    assert_int_equal(eb_transport_set_baud(t, 921600, NULL), EB_OK);
    assert_int_equal(eb_transport_baud(t), 921600);
    assert_string_equal(p->log, "c5=12 c5=9 baud=921600 ");
    finish(t);
    free(p);
}

static void lines_never_pass_through_reset(void **state)
{
    static const struct {
        bool dtr, rts;
        const char *log;
    } steps[] = {
        {false, true, "c5=11 c5=9 "}, /* into reset; how the lines were is not known */
        {true, false, "c5=8 c5=12 "}, /* out of it with IO0 low: by way of both */
        {false, false, "c5=9 "},
        {true, true, "c5=8 c5=11 "},   /* DTR first: RTS alone would be a reset */
        {false, false, "c5=12 c5=9 "}, /* RTS first, for the same reason */
        {true, false, "c5=8 "},
        {false, true, "c5=11 c5=9 "},
    };
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        p->log[0] = '\0';
        assert_int_equal(eb_transport_set_lines(t, steps[i].dtr, steps[i].rts, NULL), EB_OK);
        assert_string_equal(p->log, steps[i].log); /* there already: it was acknowledged */
    }
    finish(t);
    free(p);
}

static void all_byte_values_pass(void **state)
{
    static const unsigned char twelve[] = {'1', '2'};
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);
    unsigned char all[256];

    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (unsigned char)i;
    }
    send_text(t, "?");
    expect(t, all, sizeof(all));
    send_text(t, "r");
    expect(t, twelve, sizeof(twelve));
    assert_int_equal(eb_transport_bytes_in(t), 258);
    finish(t);
    free(p);
}

static void large_writes_arrive_whole(void **state)
{
    static uint8_t sent[200000];
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);

    (void)state;
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = i % 3 == 0 ? 0xFF : (uint8_t)(i % 32);
    }
    assert_int_equal(eb_transport_write(t, sent, sizeof(sent), eb_clock_ms() + 5000, NULL), EB_OK);
    assert_int_equal(eb_transport_bytes_out(t), sizeof(sent));
    /* A command follows all bytes before it. */
    assert_int_equal(eb_transport_set_lines(t, true, false, NULL), EB_OK);
    finish(t);
    assert_int_equal(p->data_len, sizeof(sent));
    assert_memory_equal(p->data, sent, sizeof(sent));
    free(p);
}

static void data_before_an_acknowledgement_is_kept(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);
    unsigned char all[256];

    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (unsigned char)i;
    }
    send_text(t, "?");
    assert_int_equal(eb_transport_set_baud(t, 230400, NULL), EB_OK);
    expect(t, all, sizeof(all));
    finish(t);
    free(p);
}

static void flush_purges_at_the_server_too(void **state)
{
    static const unsigned char twelve[] = {'1', '2'};
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);

    (void)state;
    send_text(t, "???");
    assert_int_equal(eb_transport_flush_input(t, NULL), EB_OK);
    assert_non_null(strstr(p->log, "c12=1 "));
    send_text(t, "r");
    expect(t, twelve, sizeof(twelve));
    finish(t);
    free(p);
}

static void refused_baud_is_said(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);
    eb_err_t err;

    (void)state;
    p->only_baud = 115200;
    assert_int_equal(eb_transport_set_baud(t, 921600, &err), EB_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "921600"));
    assert_int_equal(eb_transport_baud(t), 115200);
    assert_int_equal(eb_transport_set_baud(t, 115200, &err), EB_OK);
    finish(t);
    free(p);
}

static void server_without_acknowledgements_is_waited_for_once(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t;
    int64_t start;

    (void)state;
    p->mute_control = true;
    t = open_ok(p);
    start = eb_clock_ms();
    assert_int_equal(eb_transport_set_lines(t, false, true, NULL), EB_OK);
    assert_in_range(eb_clock_ms() - start, 200, 2500);
    start = eb_clock_ms();
    assert_int_equal(eb_transport_set_lines(t, true, false, NULL), EB_OK);
    assert_int_equal(eb_transport_set_baud(t, 460800, NULL), EB_OK);
    assert_in_range(eb_clock_ms() - start, 0, 150);
    finish(t);
    assert_non_null(strstr(p->log, "baud=115200 c5=11 c5=9 c5=8 c5=12 baud=460800 "));
    free(p);
}

static void server_that_acknowledges_nothing_is_usable(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t;
    int64_t start = eb_clock_ms();

    (void)state;
    p->mute = true;
    t = open_ok(p);
    assert_in_range(eb_clock_ms() - start, 1900, 4000);
    start = eb_clock_ms();
    assert_int_equal(eb_transport_set_baud(t, 460800, NULL), EB_OK);
    assert_in_range(eb_clock_ms() - start, 0, 150);
    finish(t);
    free(p);
}

static void other_servers_are_told_apart(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t;
    eb_err_t err;

    (void)state;
    p->refuses = true;
    assert_int_equal(try_open(p, &t, &err), EB_ERR_PORT_NOT_FOUND);
    assert_non_null(strstr(err.message, "does not speak RFC 2217"));
    assert_non_null(strstr(err.hint, "socket://"));
    held_server_join();
    *p = (play_t){.plain_tcp = true};
    assert_int_equal(try_open(p, &t, &err), EB_ERR_PORT_NOT_FOUND);
    assert_null(t);
    held_server_join();
    *p = (play_t){.hangs_up = true};
    assert_int_equal(try_open(p, &t, &err), EB_ERR_PORT_BUSY);
    assert_non_null(strstr(err.hint, "another program"));
    held_server_join();
    free(p);
}

static void dropped_connection_in_the_middle(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t;
    uint8_t got[10];
    size_t n;
    eb_err_t err;

    (void)state;
    p->drops_at_q = true;
    t = open_ok(p);
    send_text(t, "q");
    expect(t, (const unsigned char *)"abc", 3);
    assert_int_equal(eb_transport_read(t, got, 10, eb_clock_ms() + 2000, &n, &err),
                     EB_ERR_PORT_LOST);
    assert_int_equal(eb_transport_set_lines(t, true, false, &err), EB_ERR_PORT_LOST);
    assert_int_equal(eb_transport_set_baud(t, 9600, &err), EB_ERR_PORT_LOST);
    finish(t);
    free(p);
}

static void cancelled_read_ends_and_the_board_can_still_be_reset(void **state)
{
    play_t *p = new_play();
    eb_transport_t *t = open_ok(p);
    const int64_t start = eb_clock_ms();
    uint8_t byte;
    size_t n;
    eb_err_t err;

    (void)state;
    cancelled = true;
    assert_int_equal(eb_transport_read(t, &byte, 1, start + 5000, &n, &err), EB_ERR_CANCELLED);
    p->log[0] = '\0';
    assert_int_equal(eb_transport_set_lines(t, false, true, &err), EB_OK);
    assert_int_equal(eb_transport_set_lines(t, false, false, &err), EB_OK);
    assert_string_equal(p->log, "c5=11 c5=9 c5=12 ");
    assert_in_range(eb_clock_ms() - start, 0, 200);
    finish(t);
    free(p);
}

typedef struct babble {
    play_t play;
    const char *again;
    size_t len;
    int64_t pace_us;
    bool from_the_start;
} babble_t;

/* A server that sends commands for ever, and answers nothing once it has begun. */
static void babble(void *user)
{
    babble_t *b = user;
    const int64_t end_us = held_now_us() + INT64_C(600000000);
    unsigned char bytes[4096];
    int n = 0;

    while (!b->from_the_start && strstr(b->play.log, "baud=115200") == NULL) {
        n = held_recv(bytes, sizeof(bytes), HELD_NEVER);
        for (int i = 0; i < n; i++) {
            (void)on_byte(&b->play, bytes[i]);
        }
        if (n < 0) {
            return;
        }
    }
    while (n >= 0 && held_now_us() < end_us) { /* so that a call without end fails the test */
        const int64_t until_us = held_now_us() + b->pace_us;

        held_send(b->again, b->len);
        while (n >= 0 && held_now_us() < until_us) {
            n = held_recv(bytes, sizeof(bytes), until_us);
        }
    }
}

static void check_babble(babble_t *b)
{
    const int64_t start = eb_clock_ms();
    eb_transport_t *t;
    uint8_t byte;
    size_t got;

    held_server_start(babble, b);
    (void)eb_transport_open("rfc2217://held:1", &events, &t, NULL);
    if (t != NULL) {
        (void)eb_transport_read(t, &byte, 1, eb_clock_ms() + 1000, &got, NULL);
        (void)eb_transport_set_lines(t, true, false, NULL);
        (void)eb_transport_set_baud(t, 9600, NULL);
        (void)eb_transport_flush_input(t, NULL);
        (void)eb_transport_write(t, (const uint8_t *)"x", 1, eb_clock_ms() + 1000, NULL);
    }
    assert_in_range(eb_clock_ms() - start, 0, 60000);
    eb_transport_close(t);
    held_server_join();
}

static void commands_without_end_stop_nothing(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } kinds[] = {
        {"\xFF\xF1", 2},                     /* NOP */
        {"\xFF\xFB\x01\xFF\xFC\x01", 6},     /* WILL, WONT ECHO */
        {"\xFF\xFD\x2C\xFF\xFE\x2C", 6},     /* DO, DONT COM-PORT */
        {"\xFF\xFA\x2C\x6B\xB0\xFF\xF0", 7}, /* modem state */
        {"\xFF\xFA\x2C\x69\x08\xFF\xF0", 7}, /* an acknowledgement of DTR */
        {"\xFF\xFA", 2},                     /* a subnegotiation that does not end */
        {"x", 1},                            /* data */
    };
    static const int64_t paces_us[] = {1000, 90000, 250000};

    (void)state;
    for (size_t i = 0; i < 2 * 3 * sizeof(kinds) / sizeof(kinds[0]); i++) {
        babble_t *b = calloc(1, sizeof(*b));

        assert_non_null(b);
        b->again = kinds[i / 6].bytes;
        b->len = kinds[i / 6].len;
        b->pace_us = paces_us[i / 2 % 3];
        b->from_the_start = i % 2 == 0;
        cancelled = false;
        check_babble(b);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_sets_everything_once),
        cmocka_unit_test(lines_never_pass_through_reset),
        cmocka_unit_test(all_byte_values_pass),
        cmocka_unit_test(large_writes_arrive_whole),
        cmocka_unit_test(data_before_an_acknowledgement_is_kept),
        cmocka_unit_test(flush_purges_at_the_server_too),
        cmocka_unit_test(refused_baud_is_said),
        cmocka_unit_test(server_without_acknowledgements_is_waited_for_once),
        cmocka_unit_test(server_that_acknowledges_nothing_is_usable),
        cmocka_unit_test(other_servers_are_told_apart),
        cmocka_unit_test(dropped_connection_in_the_middle),
        cmocka_unit_test(cancelled_read_ends_and_the_board_can_still_be_reset),
        cmocka_unit_test(commands_without_end_stop_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
