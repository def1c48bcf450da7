#include "slip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t rng_state = 1;

static uint32_t rng(void)
{
    rng_state = rng_state * 1664525u + 1013904223u;
    return rng_state >> 8;
}

/* Push all of it; the events other than MORE in order, at most cap. */
static size_t push_all(eb_slip_t *d, const uint8_t *bytes, size_t count, eb_slip_event_t *events,
                       size_t cap)
{
    size_t at = 0, n = 0;

    while (at < count) {
        size_t used = 0;
        const eb_slip_event_t event = eb_slip_push(d, bytes + at, count - at, &used);

        assert_true(used > 0);
        at += used;
        if (event != EB_SLIP_MORE) {
            assert_true(n < cap);
            events[n++] = event;
        }
    }
    return n;
}

static void encodes_specials(void **state)
{
    const uint8_t frame[] = {0xC0, 0x01, 0xDB, 0xDC, 0xDD};
    const uint8_t want[] = {0xC0, 0xDB, 0xDC, 0x01, 0xDB, 0xDD, 0xDC, 0xDD, 0xC0};
    uint8_t out[EB_SLIP_MAX(sizeof(frame))];

    (void)state;
    assert_int_equal(eb_slip_encode(frame, sizeof(frame), out), sizeof(want));
    assert_memory_equal(out, want, sizeof(want));
}

/* Whatever the content and however the bytes are cut, what went in comes out. */
static void decodes_any_cut(void **state)
{
    enum { LEN_MAX = 600 };
    static const uint8_t special[] = {0xC0, 0xDB, 0xDC, 0xDD};
    uint8_t frame[LEN_MAX], wire[EB_SLIP_MAX(LEN_MAX)], buf[LEN_MAX];
    eb_slip_t d;

    (void)state;
    eb_slip_init(&d, buf, sizeof(buf));
    for (int round = 0; round < 3000; round++) {
        const size_t len = 1 + rng() % LEN_MAX;
        size_t total, at = 0, frames = 0;

        for (size_t i = 0; i < len; i++) {
            frame[i] = (uint8_t)(rng() % 3 == 0 ? special[rng() % 4] : rng());
        }
        total = eb_slip_encode(frame, len, wire);
        while (at < total) {
            const size_t left = total - at;
            const size_t part = 1 + rng() % (rng() % 4 == 0 ? left : (left < 5 ? left : 5));
            size_t used = 0;
            const eb_slip_event_t event = eb_slip_push(&d, wire + at, part, &used);

            assert_true(used > 0 && used <= part);
            at += used;
            if (event == EB_SLIP_FRAME) {
                frames++;
                assert_int_equal(d.len, len);
                assert_memory_equal(d.buf, frame, len);
            } else {
                assert_int_equal(event, EB_SLIP_MORE);
            }
        }
        assert_int_equal(frames, 1);
    }
    assert_int_equal(d.outside_total, 0);
}

static void tells_when_a_frame_begins(void **state)
{
    uint8_t buf[8];
    eb_slip_t d;
    size_t used;

    (void)state;
    eb_slip_init(&d, buf, sizeof(buf));
    assert_false(eb_slip_started(&d));
    (void)eb_slip_push(&d, (const uint8_t *)"noise", 5, &used);
    assert_false(eb_slip_started(&d));
    (void)eb_slip_push(&d, (const uint8_t *)"\xC0", 1, &used);
    assert_false(eb_slip_started(&d)); /* a delimiter alone may be the end of another */
    (void)eb_slip_push(&d, (const uint8_t *)"\x07", 1, &used);
    assert_true(eb_slip_started(&d));
    assert_int_equal(eb_slip_push(&d, (const uint8_t *)"\xC0", 1, &used), EB_SLIP_FRAME);
    assert_false(eb_slip_started(&d));
}

static void too_long_is_an_error_and_the_next_frame_whole(void **state)
{
    const uint8_t wire[] = {0xC0, 1, 2, 3, 4, 5, 6, 7, 0xC0, 0xC0, 9, 8, 7, 6, 0xC0};
    eb_slip_event_t events[4];
    uint8_t buf[4];
    eb_slip_t d;

    (void)state;
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(push_all(&d, wire, sizeof(wire), events, 4), 2);
    assert_int_equal(events[0], EB_SLIP_TOO_LONG);
    assert_int_equal(events[1], EB_SLIP_FRAME);
    assert_int_equal(d.len, 4);
    assert_memory_equal(d.buf, "\x09\x08\x07\x06", 4);
}

static void exactly_full_is_no_error(void **state)
{
    const uint8_t wire[] = {0xC0, 0xDB, 0xDC, 2, 3, 0xDB, 0xDD, 0xC0};
    eb_slip_event_t events[2];
    uint8_t buf[4];
    eb_slip_t d;

    (void)state;
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(push_all(&d, wire, sizeof(wire), events, 2), 1);
    assert_int_equal(events[0], EB_SLIP_FRAME);
    assert_int_equal(d.len, 4);
}

static void bad_escape_drops_the_frame(void **state)
{
    const uint8_t wire[] = {0xC0, 1, 0xDB, 0x33, 4, 5, 0xC0, 0xC0, 6, 0xC0};
    const uint8_t cut[] = {0xC0, 1, 0xDB, 0xC0, 0xC0, 6, 0xC0}; /* the escaped byte is lost */
    eb_slip_event_t events[4];
    uint8_t buf[16];
    eb_slip_t d;

    (void)state;
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(push_all(&d, wire, sizeof(wire), events, 4), 2);
    assert_int_equal(events[0], EB_SLIP_INVALID_ESCAPE);
    assert_int_equal(events[1], EB_SLIP_FRAME);
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(push_all(&d, cut, sizeof(cut), events, 4), 2);
    assert_int_equal(events[0], EB_SLIP_INVALID_ESCAPE);
    assert_int_equal(events[1], EB_SLIP_FRAME);
    assert_int_equal(d.buf[0], 6);
}

/* A lost delimiter costs the frame it belongs to, or the next, and never more. */
static void comes_back_in_step_after_a_lost_delimiter(void **state)
{
    const uint8_t no_start[] = {1, 1, 0xC0, 0xC0, 2, 2, 0xC0, 0xC0, 3, 3, 0xC0};
    const uint8_t no_end[] = {0xC0, 1, 1, 0xC0, 2, 2, 0xC0, 0xC0, 3, 3, 0xC0};
    eb_slip_event_t events[4];
    uint8_t buf[16];
    eb_slip_t d;

    (void)state;
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(push_all(&d, no_start, sizeof(no_start), events, 4), 2);
    assert_int_equal(d.buf[0], 3);
    assert_int_equal(d.outside_total, 2);
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(push_all(&d, no_end, sizeof(no_end), events, 4), 2);
    assert_int_equal(d.buf[0], 3);
    assert_int_equal(d.outside_total, 2);
}

static void keeps_the_last_bytes_outside(void **state)
{
    uint8_t text[EB_SLIP_OUTSIDE_BYTES + 100], out[EB_SLIP_OUTSIDE_BYTES + 1], buf[4];
    eb_slip_t d;
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)('a' + i % 26);
    }
    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(eb_slip_outside(&d, out, sizeof(out)), 0);
    (void)eb_slip_push(&d, text, 10, &used);
    assert_int_equal(eb_slip_outside(&d, out, sizeof(out)), 10);
    assert_memory_equal(out, text, 10);
    assert_int_equal(eb_slip_outside(&d, out, 3), 3);
    assert_memory_equal(out, text + 7, 3);
    (void)eb_slip_push(&d, text + 10, sizeof(text) - 10, &used);
    assert_int_equal(d.outside_total, sizeof(text));
    assert_int_equal(eb_slip_outside(&d, out, sizeof(out)), EB_SLIP_OUTSIDE_BYTES);
    assert_memory_equal(out, text + 100, EB_SLIP_OUTSIDE_BYTES);
}

static void decodes_to_another_place(void **state)
{
    const uint8_t wire[] = {0xC0, 1, 2, 0xC0, 0xC0, 3, 4, 5, 0xC0};
    uint8_t first[2], second[3];
    eb_slip_t d;
    size_t used = 0, more = 0;

    (void)state;
    eb_slip_init(&d, first, sizeof(first));
    assert_int_equal(eb_slip_push(&d, wire, sizeof(wire), &used), EB_SLIP_FRAME);
    eb_slip_set_buf(&d, second, sizeof(second));
    assert_int_equal(eb_slip_push(&d, wire + used, sizeof(wire) - used, &more), EB_SLIP_FRAME);
    assert_memory_equal(first, "\x01\x02", 2);
    assert_memory_equal(second, "\x03\x04\x05", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_specials),
        cmocka_unit_test(decodes_any_cut),
        cmocka_unit_test(tells_when_a_frame_begins),
        cmocka_unit_test(too_long_is_an_error_and_the_next_frame_whole),
        cmocka_unit_test(exactly_full_is_no_error),
        cmocka_unit_test(bad_escape_drops_the_frame),
        cmocka_unit_test(comes_back_in_step_after_a_lost_delimiter),
        cmocka_unit_test(keeps_the_last_bytes_outside),
        cmocka_unit_test(decodes_to_another_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
