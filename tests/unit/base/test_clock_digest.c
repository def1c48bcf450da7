/* Clock and digests against known values. */
#include "bytes.h"
#include "clock.h"
#include "digest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    char text[65];

    eb_hex_encode(bytes, len, text);
    assert_string_equal(text, expected);
}

static void known_digests(void **state)
{
    uint8_t out[32];

    (void)state;
    eb_md5("abc", 3, out);
    assert_hex(out, 16, "900150983cd24fb0d6963f7d28e17f72");
    eb_md5("", 0, out);
    assert_hex(out, 16, "d41d8cd98f00b204e9800998ecf8427e");
    eb_sha256("abc", 3, out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
    eb_digest_t *d = eb_digest_new(EB_DIGEST_SHA256);
    uint8_t out[32], whole[32];

    (void)state;
    assert_non_null(d);
    eb_sha256("hello world", 11, whole);
    for (int round = 0; round < 2; round++) {
        eb_digest_reset(d);
        eb_digest_update(d, "hello ", 6);
        eb_digest_update(d, "", 0);
        eb_digest_update(d, "world", 5);
        eb_digest_finish(d, out);
        assert_memory_equal(out, whole, 32);
    }
    eb_digest_free(d);
    eb_digest_free(NULL);
}

static void erased_equals_a_buffer_of_ff(void **state)
{
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 65536};
    uint8_t expected[16], out[16];
    uint8_t *ff = malloc(65536);

    (void)state;
    assert_non_null(ff);
    memset(ff, 0xFF, 65536);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        eb_md5(ff, lengths[i], expected);
        eb_md5_erased(lengths[i], out);
        assert_memory_equal(out, expected, 16);
    }
    free(ff);
}

static void on_alarm(int number)
{
    (void)number;
}

static void sleep_goes_on_after_a_signal(void **state)
{
    const struct itimerval soon = {.it_value.tv_usec = 5000};
    struct sigaction action = {.sa_handler = on_alarm};
    int64_t start_us;

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    start_us = eb_clock_us();
    eb_sleep_ms(30);
    assert_true(eb_clock_us() - start_us >= 30000);
    eb_sleep_ms(0);
    eb_sleep_ms(-5);
}

static void time_left_is_never_negative(void **state)
{
    const int64_t now = eb_clock_ms();

    (void)state;
    assert_int_equal(eb_clock_left_ms(now - 1000), 0);
    assert_in_range(eb_clock_left_ms(now + 1000000), 1, 1000000);
    assert_true(eb_clock_unix() > 1700000000);
}

static void times_as_text(void **state)
{
    char text[24], stamp[16], small[5] = "zzzz";

    (void)state;
    eb_clock_utc_text(1795256100, text, sizeof(text));
    assert_string_equal(text, "2026-11-21T10:15:00Z");
    assert_int_equal(setenv("TZ", "XYZ-2", 1), 0);
    tzset();
    eb_clock_local_stamp(1795256100, stamp, sizeof(stamp));
    assert_string_equal(stamp, "20261121_121500");
    eb_clock_utc_text(1795256100, small, sizeof(small));
    assert_string_equal(small, "");
}

static void reads_back_a_time_of_day(void **state)
{
    /* First and last days, leap days and the years without one. */
    static const int64_t times[] = {0,          951782399,  951782400,  951868799,
                                    951868800,  1709164800, 1795910400, 4107542399,
                                    4107542400, 4294967296, 2147483647, 253402300799};
    char text[EB_TIME_TEXT_BYTES];
    int64_t back;

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        eb_clock_utc_text(times[i], text, sizeof(text));
        assert_true(eb_clock_read_utc(text, &back));
        assert_int_equal(back, times[i]);
    }
    static const char *const wrong[] = {"",
                                        "yesterday",
                                        "2026-11-21T10:15:00",
                                        "2026-02-30T10:15:00Z",
                                        "2026-11-21T24:00:00Z",
                                        "2026-11-21T10:15:00Zx",
                                        "2026-1-21T10:15:00Z",
                                        " 2026-11-21T10:15:00Z"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(eb_clock_read_utc(wrong[i], &back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_a_time_of_day),
        cmocka_unit_test(known_digests),
        cmocka_unit_test(pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(erased_equals_a_buffer_of_ff),
        cmocka_unit_test(sleep_goes_on_after_a_signal),
        cmocka_unit_test(time_left_is_never_negative),
        cmocka_unit_test(times_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
