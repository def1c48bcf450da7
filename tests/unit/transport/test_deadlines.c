/* How long the transport waits, to the millisecond: on a held clock. */
#include "clock.h"
#include "espbackup/transport.h"
#include "held_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SLICE_MS 100 /* cancel is looked at so often */

static int64_t cancel_at_ms; /* 0: never */

static bool on_cancelled(void *user)
{
    (void)user;
    return cancel_at_ms != 0 && eb_clock_ms() >= cancel_at_ms;
}

static const eb_events_t events = {.cancelled = on_cancelled};

/* Reads nothing, says nothing. */
static void stuck(void *user)
{
    (void)user;
    eb_sleep_ms(60000);
}

static void say_hello_later(void *user)
{
    (void)user;
    eb_sleep_ms(777);
    held_send("hello", 5);
    eb_sleep_ms(60000);
}

static eb_transport_t *connect_to(void (*serve)(void *))
{
    eb_transport_t *t;
    eb_err_t err = {0};

    cancel_at_ms = 0;
    held_server_start(serve, NULL);
    if (eb_transport_open("socket://held:1", &events, &t, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
    return t;
}

static void finish(eb_transport_t *t)
{
    eb_transport_close(t);
    held_server_join();
}

static void a_read_ends_at_its_deadline(void **state)
{
    eb_transport_t *t = connect_to(stuck);
    const int64_t start = eb_clock_ms();
    uint8_t byte;
    size_t got = 9;

    (void)state;
    assert_int_equal(eb_transport_read(t, &byte, 1, start + 250, &got, NULL), EB_OK);
    assert_int_equal(got, 0);
    assert_int_equal(eb_clock_ms() - start, 250);
    assert_int_equal(eb_transport_read(t, &byte, 1, start - 1000, &got, NULL), EB_OK);
    assert_int_equal(eb_clock_ms() - start, 250);
    finish(t);
}

static void a_read_ends_when_something_comes(void **state)
{
    eb_transport_t *t = connect_to(say_hello_later);
    const int64_t start = eb_clock_ms();
    uint8_t bytes[9];
    size_t got = 0;

    (void)state;
    assert_int_equal(eb_transport_read(t, bytes, sizeof(bytes), start + 5000, &got, NULL), EB_OK);
    assert_int_equal(got, 5);
    assert_int_equal(eb_clock_ms() - start, 777);
    finish(t);
}

static void a_cancelled_read_ends_with_its_slice(void **state)
{
    eb_transport_t *t = connect_to(stuck);
    const int64_t start = eb_clock_ms();
    uint8_t byte;
    size_t got;
    eb_err_t err;

    (void)state;
    cancel_at_ms = start + 50;
    assert_int_equal(eb_transport_read(t, &byte, 1, start + 5000, &got, &err), EB_ERR_CANCELLED);
    assert_int_equal(eb_clock_ms() - start, SLICE_MS);
    finish(t);
}

static void a_write_ends_at_its_deadline_or_when_cancelled(void **state)
{
    static uint8_t much[1 << 16];
    eb_transport_t *t = connect_to(stuck);
    int64_t start = eb_clock_ms();
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_transport_write(t, much, sizeof(much), start + 350, &err), EB_ERR_TIMEOUT);
    assert_int_equal(eb_clock_ms() - start, 350);
    start = eb_clock_ms();
    cancel_at_ms = start + 50;
    assert_int_equal(eb_transport_write(t, much, sizeof(much), start + 5000, &err),
                     EB_ERR_CANCELLED);
    assert_int_equal(eb_clock_ms() - start, SLICE_MS);
    finish(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_ends_at_its_deadline),
        cmocka_unit_test(a_read_ends_when_something_comes),
        cmocka_unit_test(a_cancelled_read_ends_with_its_slice),
        cmocka_unit_test(a_write_ends_at_its_deadline_or_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
