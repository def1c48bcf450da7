/* Whether to look before writing: not where nearly all differs, always where little does. */
#include "compare_ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KB     1024u
#define MB     (1024u * KB)
#define SECTOR (4 * KB)

/* 921600 baud, an adapter of the quicker sort, the digest of an ESP32. */
static eb_compare_ahead_t make(uint64_t total_bytes)
{
    return (eb_compare_ahead_t){.allowed = true,
                                .total_bytes = total_bytes,
                                .speed = {10.0 / 921600, 0.6 / MB, 0.003}};
}

static void ask(eb_compare_ahead_t *ahead, unsigned sectors, bool equal)
{
    for (unsigned i = 0; i < sectors; i++) {
        eb_compare_ahead_compared(ahead, SECTOR, equal);
    }
}

/* Sectors asked about until the first skip; more than `most`: none. */
static unsigned asked_before_leap(eb_compare_ahead_t ahead, bool blank, unsigned most)
{
    unsigned asked = 0;

    while (asked <= most && eb_compare_ahead_skip_bytes(&ahead, blank) == 0) {
        ask(&ahead, 1, false);
        asked++;
    }
    return asked;
}

/* What differs may be the very first that is asked about, and may lie in one piece. */
static void two_percent_are_asked_about(void **state)
{
    (void)state;
    for (uint64_t total = 64 * KB; total <= 128u * MB; total *= 2) {
        unsigned changed = (unsigned)(total / SECTOR * 2 / 100);
        eb_compare_ahead_t ahead = make(total);
        for (unsigned i = 0; i < changed; i++) {
            ask(&ahead, 1, false);
            assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 0);
            assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, true), 0);
        }
    }
}

static void other_content_is_soon_leapt_over(void **state)
{
    (void)state;
    for (uint64_t total = MB; total <= 128u * MB; total *= 2) {
        eb_compare_ahead_t ahead = make(total);
        uint64_t asked = 0;
        for (uint64_t done = 0; done < total;) {
            uint32_t size = eb_compare_ahead_skip_bytes(&ahead, done > total / 2);
            assert_true(size % SECTOR == 0 && size <= 256 * KB);
            eb_compare_ahead_skipped(&ahead, size);
            ask(&ahead, 1, false);
            asked += SECTOR;
            done += size + SECTOR;
        }
        assert_true(asked <= 64 * KB + total / 16);
        assert_true(ahead.skipped_bytes >= total - asked);
    }
}

/* A skip is never longer than the run before it, and one equal sector ends the run. */
static void leaps_grow_with_the_run(void **state)
{
    (void)state;
    eb_compare_ahead_t ahead = make(MB);

    ask(&ahead, 24, false);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 96 * KB);
    eb_compare_ahead_skipped(&ahead, 96 * KB);
    ask(&ahead, 1, false);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 196 * KB);
    ask(&ahead, 1, true);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 0);
    ask(&ahead, 8, false);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 32 * KB);
    assert_int_equal(ahead.skipped_bytes, 96 * KB);
}

/* In runs or not: what is equal is worth finding. */
static void a_board_that_is_half_equal_is_asked_about(void **state)
{
    (void)state;
    eb_compare_ahead_t ahead = make(4 * MB);

    ask(&ahead, 300, true);
    ask(&ahead, 300, false);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 0);
    ask(&ahead, 3000, false);
    assert_true(eb_compare_ahead_skip_bytes(&ahead, false) > 0);
}

/* The dearer a digest beside what it may save, the sooner it is left out. */
static void the_cost_decides(void **state)
{
    (void)state;
    eb_compare_ahead_t ahead = make(MB);
    unsigned few;

    ask(&ahead, 10, true);
    few = asked_before_leap(ahead, false, 1000);
    assert_true(few > 16 && few < 100);
    assert_true(asked_before_leap(ahead, true, 1000) <=
                few); /* to erase takes less than to write */
    ahead.speed.digest_s_per_byte = 2.7 / MB;
    assert_true(asked_before_leap(ahead, false, 1000) < few);
    ahead.speed = make(MB).speed;
    ahead.speed.round_trip_s = 0.017;
    assert_true(asked_before_leap(ahead, false, 1000) < few);
    ahead.speed = make(MB).speed;
    ahead.speed.read_s_per_byte = 10.0 / 115200;
    assert_true(asked_before_leap(ahead, false, 1000) > few);
}

/* Sectors all over it differ: no need to go through its beginning first. One that is equal ends
 * that for good. */
static void another_board_is_leapt_over_at_once(void **state)
{
    (void)state;
    eb_compare_ahead_t ahead = make(16 * MB);

    ask(&ahead, 8, false);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 0);
    ahead.is_other = true;
    ahead.run_bytes = 0;
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 64 * KB);
    ask(&ahead, 1, true);
    ask(&ahead, 100, false);
    assert_int_equal(eb_compare_ahead_skip_bytes(&ahead, false), 0);
}

static void what_is_not_allowed_is_not_done(void **state)
{
    (void)state;
    eb_compare_ahead_t ahead = make(MB);

    ahead.allowed = false;
    assert_int_equal(asked_before_leap(ahead, false, 1000), 1001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_percent_are_asked_about),
        cmocka_unit_test(other_content_is_soon_leapt_over),
        cmocka_unit_test(leaps_grow_with_the_run),
        cmocka_unit_test(a_board_that_is_half_equal_is_asked_about),
        cmocka_unit_test(the_cost_decides),
        cmocka_unit_test(another_board_is_leapt_over_at_once),
        cmocka_unit_test(what_is_not_allowed_is_not_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
