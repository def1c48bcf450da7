/* The list of where each range came from: what is written, and what is refused. */
#include "origin_ranges.h"
#include "sample_sidecar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES 0x400000u

static eb_sidecar_t sample, back;

static char *written(void)
{
    char *text = NULL;

    assert_int_equal(eb_sidecar_write(&sample, &text, NULL), EB_OK);
    return text;
}

/* The sidecar with the first `from` made `to`. */
static char *changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *out = calloc(1, strlen(text) + strlen(to) + 1);

    assert_non_null(at);
    assert_non_null(out);
    memcpy(out, text, (size_t)(at - text));
    strcat(out, to);
    strcat(out, at + strlen(from));
    return out;
}

static void a_list_that_is_not_sound_is_refused(void **state)
{
    static const char first[] = "0x0+0x110000 read", second[] = "0x110000+0x2f0000 erased";
    static const struct {
        const char *from, *to, *words;
    } rows[] = {
        {first, "0x0+0x110000 guessed",
         "origin_ranges[0]: \"0x0+0x110000 guessed\", expected 0x0+"},
        {first, "0x0+0x110000  read", "origin_ranges[0]"},
        {first, "0x0+0x0110000 read", "origin_ranges[0]"},
        {first, "0x0+0x110000 read ", "origin_ranges[0]"},
        {first, "0x0+0x0 read", "origin_ranges[0]"},
        {first, "0x0+0xfffffffff read", "origin_ranges[0]"},
        {first, "-0x0+0x110000 read", "origin_ranges[0]"},
        {first, "", "origin_ranges[0]"},
        {first, "0x0+0x110000 received", "origin_ranges[0]"},
        {first, "0x1000+0x110000 read", "origin_ranges[0]"},
        {second, "0x100000+0x300000 erased", "origin_ranges[1]"},
        {second, "0x110000+0x2e0000 erased", "origin_ranges: ends at 0x3f0000"},
        {second, "0x110000+0x2f0000 earlier_backup", "but origins.erased is"},
        {"\"0x110000+0x2f0000 erased\"", "7", "origin_ranges[1]: expected text"},
        {"[\"0x0+0x110000 read\", \"0x110000+0x2f0000 erased\"]", "7", "origin_ranges: expected"},
    };

    (void)state;
    sample_sidecar(&sample);
    char *text = written();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        eb_err_t err = {0};
        char *bad = changed(text, rows[i].from, rows[i].to);

        assert_int_equal(eb_sidecar_read(bad, strlen(bad), &back, &err), EB_ERR_SIDECAR_INVALID);
        if (strstr(err.message, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].to, err.message);
        }
        free(bad);
    }
    free(text);
}

/* An image with very many ranges, or of an older espbackup, has the sums alone. */
static void it_may_be_missing_or_too_long(void **state)
{
    static eb_origin_range_t many[EB_ORIGIN_RANGES_MAX + 1];

    (void)state;
    sample_sidecar(&sample);
    for (uint32_t i = 0; i <= EB_ORIGIN_RANGES_MAX; i++) {
        many[i] =
            (eb_origin_range_t){i * 1024, 1024, i % 2 != 0 ? EB_ORIGIN_READ : EB_ORIGIN_ERASED};
    }
    many[EB_ORIGIN_RANGES_MAX - 1].size += FLASH_BYTES - EB_ORIGIN_RANGES_MAX * 1024;
    sample.ranges = many;
    sample.range_count = EB_ORIGIN_RANGES_MAX;
    sample.origins.bytes[EB_ORIGIN_ERASED] = EB_ORIGIN_RANGES_MAX / 2 * 1024;
    sample.origins.bytes[EB_ORIGIN_READ] = FLASH_BYTES - sample.origins.bytes[EB_ORIGIN_ERASED];
    char *text = written();
    assert_int_equal(eb_sidecar_read(text, strlen(text), &back, NULL), EB_OK);
    assert_non_null(strstr(text, "\"0x400+0x400 read\""));
    char *without = changed(text, "\"origin_ranges\":", "\"other\":");
    assert_int_equal(eb_sidecar_read(without, strlen(without), &back, NULL), EB_OK);
    free(without);
    free(text);
    sample.range_count = EB_ORIGIN_RANGES_MAX + 1;
    text = written();
    assert_int_equal(eb_sidecar_read(text, strlen(text), &back, NULL), EB_OK);
    assert_non_null(strstr(text, "\"origin_ranges\":\tnull"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_that_is_not_sound_is_refused),
        cmocka_unit_test(it_may_be_missing_or_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
