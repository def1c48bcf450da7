/* selftest_measure.c: what the ROM bootloader or the stub takes for a round trip, MD5 and reads. */
#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "selftest_steps.h"

#include <stdlib.h>

#define ROUND_TRIPS  15u
#define DIGEST_SMALL (64u * 1024u) /* the difference of the two is free of the round trip */
#define DIGEST_LARGE (512u * 1024u)

uint32_t selftest_at_most(const selftest_t *t, uint32_t size)
{
    return (uint32_t)eb_min_u64(size, t->result->flash.size_bytes);
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

eb_code_t selftest_round_trip(selftest_t *t, eb_selftest_program_t *p, eb_err_t *err)
{
    int64_t us[ROUND_TRIPS], wire_us = 0;
    eb_code_t code = EB_OK;

    for (size_t i = 0; code == EB_OK && i < ROUND_TRIPS; i++) {
        code = eb_session_round_trip(t->session, &us[i], &wire_us, err);
    }
    if (code == EB_OK) {
        qsort(us, ROUND_TRIPS, sizeof(us[0]), by_value);
        p->round_trip_us = us[ROUND_TRIPS / 2];
        p->round_trip_wire_us = wire_us;
    }
    return code;
}

static eb_code_t time_digest(selftest_t *t, uint32_t size, int64_t *us, eb_err_t *err)
{
    uint8_t md5[EB_MD5_BYTES];
    const int64_t started_us = eb_clock_us();
    const eb_code_t code = eb_flash_digest(t->session, 0, size, md5, err);

    *us = eb_clock_us() - started_us;
    return code;
}

static eb_code_t measure_digest(selftest_t *t, eb_selftest_program_t *p, eb_err_t *err)
{
    const uint32_t large = selftest_at_most(t, DIGEST_LARGE);
    int64_t small_us = 0, large_us = 0;

    if (!eb_session_has_digest(t->session) || large <= DIGEST_SMALL) {
        return EB_OK;
    }
    eb_code_t code = time_digest(t, DIGEST_SMALL, &small_us, err);
    if (code == EB_OK) {
        code = time_digest(t, large, &large_us, err);
    }
    if (code == EB_OK) {
        p->digest_us_per_mib = (large_us - small_us) * (1024 * 1024) / (large - DIGEST_SMALL);
    }
    return code;
}

eb_code_t selftest_time_read(selftest_t *t, uint32_t size, uint32_t *bytes_per_s, eb_err_t *err)
{
    eb_read_result_t read;
    const int64_t started_us = eb_clock_us();
    const eb_code_t code = eb_flash_read(t->session, 0, size, t->buf, NULL, NULL, &read, err);
    const int64_t us = eb_clock_us() - started_us;

    if (code == EB_OK && us > 0) {
        *bytes_per_s = (uint32_t)((uint64_t)size * 1000000u / (uint64_t)us);
    }
    return code;
}

eb_code_t selftest_measure(selftest_t *t, eb_selftest_program_t *p, uint32_t read_bytes,
                           eb_err_t *err)
{
    eb_session_stats_t stats;
    eb_code_t code = selftest_round_trip(t, p, err);

    eb_session_get_stats(t->session, &stats);
    p->baud = stats.baud;
    if (code == EB_OK) {
        code = measure_digest(t, p, err);
    }
    if (code == EB_OK && eb_session_need_read(t->session, NULL) == EB_OK) {
        code = selftest_time_read(t, read_bytes, &p->read_bytes_per_s, err);
    }
    return code;
}
