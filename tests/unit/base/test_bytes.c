/* Bytes: little endian, ranges, hex; and UTF-8. */
#include "bytes.h"
#include "range.h"
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void little_endian_round_trip(void **state)
{
    uint8_t b[4] = {0x78, 0x56, 0x34, 0xF2};

    (void)state;
    assert_int_equal(eb_get_le16(b), 0x5678);
    assert_int_equal(eb_get_le32(b), 0xF2345678);
    eb_put_le32(b, 0x01020304);
    assert_memory_equal(b, "\x04\x03\x02\x01", 4);
    eb_put_le16(b, 0xFFFE);
    assert_memory_equal(b, "\xFE\xFF\x02\x01", 4);
}

static void ranges_do_not_overflow(void **state)
{
    (void)state;
    assert_true(eb_range_within(0, 0, 0));
    assert_true(eb_range_within(0, 10, 10));
    assert_true(eb_range_within(10, 0, 10));
    assert_false(eb_range_within(11, 0, 10));
    assert_false(eb_range_within(1, 10, 10));
    assert_false(eb_range_within(UINT64_MAX, 2, 10));
    assert_false(eb_range_within(2, UINT64_MAX, 10));
    assert_true(eb_range_within(1, UINT64_MAX - 1, UINT64_MAX));
}

static void a_hex_digit_has_a_value(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF", others[] = "/:@G`g \x80";

    (void)state;
    for (int i = 0; digits[i] != '\0'; i++) {
        assert_int_equal(eb_hex_digit(digits[i]), i < 16 ? i : i - 6);
    }
    for (size_t i = 0; i < sizeof(others); i++) { /* the NUL too */
        assert_int_equal(eb_hex_digit(others[i]), -1);
    }
}

static void hex_both_ways(void **state)
{
    const uint8_t bytes[] = {0x00, 0x9A, 0xFF};
    uint8_t back[3];
    char text[7];

    (void)state;
    eb_hex_encode(bytes, sizeof(bytes), text);
    assert_string_equal(text, "009aff");
    assert_true(eb_hex_decode("009AfF", back, 3));
    assert_memory_equal(back, bytes, 3);
    assert_true(eb_hex_decode("", back, 0));
}

static void hex_refuses_what_is_not_exact(void **state)
{
    static const char *const bad[] = {"",        "0",      "00",     "009a",   "009af",
                                      "009aff0", "009afg", "009 ff", "-09aff", "0x9aff"};
    uint8_t back[3];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(eb_hex_decode(bad[i], back, 3));
    }
}

static void utf8_sequences(void **state)
{
    static const struct {
        const char *text;
        size_t len, expected;
    } cases[] = {
        {"a", 1, 1},
        {"\xC3\xA4", 2, 2},
        {"\xE2\x82\xAC", 3, 3},
        {"\xF0\x9F\x98\x80", 4, 4},
        {"", 0, 0},
        {"\xC3", 1, 0},
        {"\xC3(", 2, 0},
        {"\xC0\x80", 2, 0}, /* NUL, overlong */
        {"\xE0\x80\x80", 3, 0},
        {"\xED\xA0\x80", 3, 0},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, 0}, /* over U+10FFFF */
        {"\xF8\x88\x80\x80", 4, 0},
        {"\x80", 1, 0},
        {"\xFF", 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(eb_utf8_sequence(cases[i].text, cases[i].len), cases[i].expected);
    }
}

static void utf8_clean_replaces_each_bad_byte(void **state)
{
    char *clean = eb_utf8_clean("a\xFF\xC3\xA4\xE2\x82");

    (void)state;
    assert_string_equal(clean, "a\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD");
    free(clean);
    clean = eb_utf8_clean("");
    assert_string_equal(clean, "");
    free(clean);
}

static void erased_is_ff_to_the_last_byte(void **state)
{
    uint8_t bytes[64];

    (void)state;
    memset(bytes, 0xFF, sizeof(bytes));
    assert_true(eb_bytes_erased(bytes, 0));
    assert_true(eb_bytes_erased(bytes, 1));
    assert_true(eb_bytes_erased(bytes, sizeof(bytes)));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 0xFE;
        assert_false(eb_bytes_erased(bytes, sizeof(bytes)));
        assert_true(eb_bytes_erased(bytes, i));
        bytes[i] = 0xFF;
    }
    memset(bytes, 0, sizeof(bytes));
    assert_false(eb_bytes_erased(bytes, sizeof(bytes)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erased_is_ff_to_the_last_byte),
        cmocka_unit_test(little_endian_round_trip),
        cmocka_unit_test(ranges_do_not_overflow),
        cmocka_unit_test(a_hex_digit_has_a_value),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(hex_refuses_what_is_not_exact),
        cmocka_unit_test(utf8_sequences),
        cmocka_unit_test(utf8_clean_replaces_each_bad_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
