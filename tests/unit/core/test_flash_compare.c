/* The board against wanted bytes: sector by sector the truth, and for few digests. */
#include "bytes.h"
#include "core_fixture.h"
#include "flash_compare.h"
#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MB          (1024u * 1024u)
#define FLASH_BYTES (4 * MB)

typedef struct fixture {
    eb_session_t *board;
    watch_t watch;
    uint8_t *wanted; /* FLASH_BYTES, by flash address */
    eb_spans_t spans;
    eb_err_t err;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    f->board = fake_new(FLASH_BYTES, 1);
    f->wanted = malloc(FLASH_BYTES);
    board_fill_realistic(f->board);
    memcpy(f->wanted, f->board->bytes, FLASH_BYTES);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;

    eb_spans_free(&f->spans);
    fake_free(f->board);
    free(f->wanted);
    free(f);
    return 0;
}

static eb_code_t give(void *user, uint32_t addr, uint32_t size, uint8_t *bytes, eb_err_t *err)
{
    const fixture_t *f = user;

    (void)err;
    assert_true(size > 0 && size <= EB_BLOCK_BYTES && eb_range_within(addr, size, FLASH_BYTES));
    memcpy(bytes, f->wanted + addr, size);
    return EB_OK;
}

static eb_code_t compare(fixture_t *f, uint32_t addr, uint32_t size)
{
    eb_spans_free(&f->spans);
    watch_init(&f->watch, f->board);
    memset(&f->err, 0, sizeof(f->err));
    return eb_flash_compare(f->board, addr, size, give, f, NULL, &f->watch.ev, &f->spans, &f->err);
}

/* The spans cover the range without gaps and tell of each sector whether it differs. */
static void assert_true_spans(const fixture_t *f, uint32_t addr, uint32_t size)
{
    uint32_t at = addr;

    for (size_t i = 0; i < f->spans.count; i++) {
        const eb_flash_span_t *span = &f->spans.spans[i];
        uint32_t end = span->addr + span->size;
        assert_int_equal(span->addr, at);
        if (i > 0) {
            assert_true(span->state != f->spans.spans[i - 1].state);
            assert_int_equal(at % EB_SECTOR_BYTES, 0);
        }
        while (at < end) {
            uint32_t count = eb_min_u32(EB_SECTOR_BYTES - at % EB_SECTOR_BYTES, end - at);
            bool equal = memcmp(f->wanted + at, f->board->bytes + at, count) == 0;
            assert_int_equal(span->state, equal ? EB_SPAN_SAME : EB_SPAN_OLD);
            at += count;
        }
    }
    assert_int_equal(at, addr + size);
    assert_int_equal(f->watch.done[EB_PHASE_CHECK], size);
    assert_int_equal(f->watch.total[EB_PHASE_CHECK], size);
    assert_null(memchr(f->board->told + addr, 0, size));
}

static void an_equal_board_costs_few_digests(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(compare(f, 0, FLASH_BYTES), EB_OK);
    assert_true_spans(f, 0, FLASH_BYTES);
    assert_int_equal(f->spans.count, 1);
    assert_true(f->board->digests <= 20);
    assert_int_equal(f->board->digest_bytes, FLASH_BYTES);
    assert_int_equal(f->board->reads, 0);
}

static void one_byte_is_found(void **state)
{
    fixture_t *f = *state;
    static const uint32_t at[] = {0, 0xFFF, 0x1000, 0x12345, FLASH_BYTES / 2, FLASH_BYTES - 1};

    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        fake_forget(f->board);
        f->wanted[at[i]] ^= 1;
        assert_int_equal(compare(f, 0, FLASH_BYTES), EB_OK);
        assert_true_spans(f, 0, FLASH_BYTES);
        assert_int_equal(eb_spans_bytes(&f->spans, EB_SPAN_OLD), EB_SECTOR_BYTES);
        assert_true(f->board->digest_bytes < FLASH_BYTES + 2 * MB);
        assert_true(f->board->digests < 60);
        f->wanted[at[i]] ^= 1;
    }
}

/* 2 % of the sectors: what a restore after small changes meets. */
static void scattered_sectors_cost_little_more_than_one_pass(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 3;

    for (int i = 0; i < 20; i++) {
        f->wanted[fake_random(&seed) % FLASH_BYTES] ^= 0x40;
    }
    assert_int_equal(compare(f, 0, FLASH_BYTES), EB_OK);
    assert_true_spans(f, 0, FLASH_BYTES);
    assert_true(f->board->digest_bytes < 2 * FLASH_BYTES);
    assert_true(f->board->digests < 300);
}

static void a_board_of_other_content_is_hashed_about_once(void **state)
{
    fixture_t *f = *state;

    fake_fill(f->board, 0, FLASH_BYTES, 77);
    assert_int_equal(compare(f, 0, FLASH_BYTES), EB_OK);
    assert_true_spans(f, 0, FLASH_BYTES);
    assert_int_equal(f->spans.count, 1);
    assert_true(f->board->digest_bytes < FLASH_BYTES + FLASH_BYTES / 4);
}

static void an_erased_board_needs_no_sector_digests(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes, 0xFF, FLASH_BYTES);
    assert_int_equal(compare(f, 0, FLASH_BYTES), EB_OK);
    assert_true_spans(f, 0, FLASH_BYTES);
    assert_true(f->spans.count > 4);
    assert_true(f->board->digests < 70);
    assert_int_equal(f->board->digest_bytes, FLASH_BYTES);
}

static void ranges_need_no_alignment(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 9;

    for (int i = 0; i < 120; i++) {
        uint32_t addr = (uint32_t)(fake_random(&seed) % (FLASH_BYTES - 1));
        uint32_t size = 1 + (uint32_t)(fake_random(&seed) % 300000);
        size = eb_min_u32(size, FLASH_BYTES - addr);
        fake_forget(f->board);
        for (int k = 0; k < i % 5; k++) {
            f->wanted[addr + fake_random(&seed) % size] ^= 2;
        }
        assert_int_equal(compare(f, addr, size), EB_OK);
        assert_true_spans(f, addr, size);
        memcpy(f->wanted, f->board->bytes, FLASH_BYTES);
    }
    assert_int_equal(compare(f, 0x5000, 0), EB_OK);
    assert_int_equal(f->spans.count, 0);
    assert_int_equal(compare(f, 0xFFFFF000, 0x2000), EB_ERR_USAGE);
}

static void seeded_boards_and_bad_lines_give_the_truth(void **state)
{
    fixture_t *f = *state;

    for (uint64_t seed = 0; seed < seed_count(60); seed++) {
        uint64_t random = seed;
        for (int run = 0; run < (int)(seed % 7); run++) {
            uint32_t addr = (uint32_t)(fake_random(&random) % (MB - 100000));
            uint32_t size = 1 + (uint32_t)(fake_random(&random) % 100000);
            if (run % 3 == 0) {
                memset(f->board->bytes + addr, 0xFF, size);
            } else {
                fake_fill(f->board, addr, size, random);
            }
        }
        fake_forget(f->board);
        f->board->seed = seed;
        f->board->error_rate = seed % 2 == 0 ? 0 : 1e-4;
        assert_int_equal(compare(f, 0, MB), EB_OK);
        assert_true_spans(f, 0, MB);
    }
}

/* Digests that are damaged on the way are no differences. */
static void damaged_digests_do_not_differ(void **state)
{
    fixture_t *f = *state;

    for (uint64_t seed = 0; seed < seed_count(40); seed++) {
        fake_forget(f->board);
        f->board->seed = seed;
        f->board->wrong_rate = 0.1;
        f->board->stats.retries = 1; /* such a line was noticed before */
        fake_fill(f->board, (uint32_t)(seed * 20000), 30000, seed);
        assert_int_equal(compare(f, 0, MB), EB_OK);
        assert_true_spans(f, 0, MB);
    }
    fake_forget(f->board);
    f->board->wrong_rate = 1;
    assert_int_equal(compare(f, 0, MB), EB_ERR_UNVERIFIED);
    assert_int_equal(f->spans.count, 0);
}

static void a_lost_board_ends_it(void **state)
{
    fixture_t *f = *state;

    f->board->lost_at = 500;
    assert_int_equal(compare(f, 0, FLASH_BYTES), EB_ERR_PORT_LOST);
    assert_int_equal(f->spans.count, 0);
    assert_null(f->spans.spans);
    assert_true(f->board->recoveries < 10);
}

static void a_hopeless_line_ends_it(void **state)
{
    fixture_t *f = *state;

    f->board->error_rate = 0.2;
    eb_code_t code = compare(f, 0, FLASH_BYTES);
    assert_int_equal(eb_code_row(code)->exit_status, 4);
    assert_int_equal(f->spans.count, 0);
    assert_true(f->board->digests < 1000);
}

static void cancel_ends_it(void **state)
{
    fixture_t *f = *state;

    f->board->cancel_at = 300;
    assert_int_equal(compare(f, 0, FLASH_BYTES), EB_ERR_CANCELLED);
    assert_true(f->board->digests < 10);
}

static eb_code_t refuse(void *user, uint32_t addr, uint32_t size, uint8_t *bytes, eb_err_t *err)
{
    (void)user;
    (void)size;
    (void)bytes;
    return eb_err_set(err, EB_ERR_FILE_IO, "no bytes at 0x%x", addr);
}

static void wanted_bytes_that_fail_end_it(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(eb_flash_compare(f->board, 0x4000, 0x9000, refuse, f, NULL, NULL, &f->spans,
                                      &f->err),
                     EB_ERR_FILE_IO);
    assert_string_equal(f->err.message, "no bytes at 0x4000");
}

/* -- without asking about everything ---------------------------------------------------------- */

static eb_code_t compare_leaping(fixture_t *f, eb_compare_ahead_t *ahead)
{
    *ahead = (eb_compare_ahead_t){.allowed = true,
                                  .total_bytes = FLASH_BYTES,
                                  .speed = {10.0 / 921600, 2.7 / MB, 0.003}};
    eb_spans_free(&f->spans);
    fake_forget(f->board);
    watch_init(&f->watch, f->board);
    return eb_flash_compare(f->board, 0, FLASH_BYTES, give, f, ahead, &f->watch.ev, &f->spans,
                            &f->err);
}

/* SAME is the truth, and OLD is but for what was not asked. *extra: OLD that is as wanted. */
static void assert_sound_spans(const fixture_t *f, const eb_compare_ahead_t *ahead, uint64_t *extra)
{
    uint32_t at = 0;

    *extra = 0;
    for (size_t i = 0; i < f->spans.count; i++) {
        const eb_flash_span_t *span = &f->spans.spans[i];
        assert_int_equal(span->addr, at);
        for (uint32_t end = at + span->size; at < end; at += EB_SECTOR_BYTES) {
            bool equal = memcmp(f->wanted + at, f->board->bytes + at, EB_SECTOR_BYTES) == 0;
            assert_true(equal || span->state == EB_SPAN_OLD);
            *extra += equal && span->state == EB_SPAN_OLD ? EB_SECTOR_BYTES : 0;
        }
    }
    assert_int_equal(at, FLASH_BYTES);
    assert_true(*extra <= ahead->skipped_bytes);
    assert_int_equal(f->watch.done[EB_PHASE_CHECK], FLASH_BYTES);
}

static void other_content_is_mostly_not_hashed(void **state)
{
    fixture_t *f = *state;
    eb_compare_ahead_t ahead;
    uint64_t extra;

    fake_fill(f->board, 0, FLASH_BYTES, 77);
    assert_int_equal(compare_leaping(f, &ahead), EB_OK);
    assert_sound_spans(f, &ahead, &extra);
    assert_int_equal(f->spans.count, 1);
    assert_int_equal(extra, 0);
    assert_true(f->board->digest_bytes < FLASH_BYTES / 8);
    assert_int_equal(f->board->digest_bytes, ahead.digest_cost.bytes);
    assert_int_equal(f->board->digests, ahead.digest_cost.calls);
    assert_true(ahead.skipped_bytes > FLASH_BYTES - FLASH_BYTES / 8);
}

/* Where other content ends and equal content begins: the border is found to the sector. */
static void the_end_of_a_leap_is_looked_for(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 5;

    for (int i = 0; i < 40; i++) {
        uint32_t end = MB + (uint32_t)(fake_random(&seed) % (2 * MB)) / 4096 * 4096;
        eb_compare_ahead_t ahead;
        uint64_t extra;
        memcpy(f->board->bytes, f->wanted, FLASH_BYTES);
        fake_fill(f->board, 0, end, seed);
        assert_int_equal(compare_leaping(f, &ahead), EB_OK);
        assert_sound_spans(f, &ahead, &extra);
        assert_true(ahead.skipped_bytes > MB / 2);
        assert_int_equal(extra, 0);
        assert_int_equal(eb_spans_bytes(&f->spans, EB_SPAN_OLD), end);
    }
}

/* What shall be blank between data may well be, whatever the board holds else. */
static void a_leap_ends_where_blank_begins(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 7;

    memcpy(f->wanted + 2 * MB, f->wanted + 0x10000, 0x30000);
    memcpy(f->wanted + 2 * MB + 0x38000, f->wanted + 0x10000, 0x30000);
    for (uint32_t at = 0; at < FLASH_BYTES; at += EB_SECTOR_BYTES) {
        bool blank = at >= 2 * MB + 0x30000 && at < 2 * MB + 0x38000;
        fake_fill(f->board, at, blank ? 0 : EB_SECTOR_BYTES, fake_random(&seed));
    }
    memset(f->wanted + 2 * MB + 0x30000, 0xFF, 0x8000);
    memset(f->board->bytes + 2 * MB + 0x30000, 0xFF, 0x8000);
    eb_compare_ahead_t ahead;
    uint64_t extra;
    assert_int_equal(compare_leaping(f, &ahead), EB_OK);
    assert_sound_spans(f, &ahead, &extra);
    assert_int_equal(extra, 0);
    assert_int_equal(eb_spans_bytes(&f->spans, EB_SPAN_SAME), 0x8000);
}

/* A board of which little differs is told sector by sector, wherever that lies. */
static void two_percent_are_found_exactly(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 4;

    for (int i = 0; i < 40; i++) {
        uint32_t runs = 1 + (uint32_t)i % 4, size = FLASH_BYTES / 50 / runs / 4096 * 4096;
        eb_compare_ahead_t ahead;
        memcpy(f->board->bytes, f->wanted, FLASH_BYTES);
        for (uint32_t k = 0; k < runs; k++) {
            uint32_t at = i == 0 ? 0 : (uint32_t)(fake_random(&seed) % (FLASH_BYTES - size));
            fake_fill(f->board, at / 4096 * 4096, size, seed);
        }
        assert_int_equal(compare_leaping(f, &ahead), EB_OK);
        assert_true_spans(f, 0, FLASH_BYTES);
        assert_int_equal(ahead.skipped_bytes, 0);
    }
}

static void leaps_never_call_same_what_differs(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 6, skipped = 0;

    for (uint64_t i = 0; i < seed_count(60); i++) {
        eb_compare_ahead_t ahead;
        uint64_t extra;
        memcpy(f->board->bytes, f->wanted, FLASH_BYTES);
        fake_fill(f->board, 0, MB, seed);
        for (uint32_t at = 0; at < FLASH_BYTES;) {
            uint32_t size = 4096 * (1 + (uint32_t)(fake_random(&seed) % 128));
            size = eb_min_u32(size, FLASH_BYTES - at);
            if (fake_random(&seed) % 8 != 0) {
                fake_fill(f->board, at, size, seed);
            }
            at += size;
        }
        assert_int_equal(compare_leaping(f, &ahead), EB_OK);
        assert_sound_spans(f, &ahead, &extra);
        assert_true(extra < FLASH_BYTES / 10);
        skipped += ahead.skipped_bytes;
    }
    assert_true(skipped > seed_count(60) * MB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_equal_board_costs_few_digests),
        TEST(one_byte_is_found),
        TEST(scattered_sectors_cost_little_more_than_one_pass),
        TEST(a_board_of_other_content_is_hashed_about_once),
        TEST(an_erased_board_needs_no_sector_digests),
        TEST(ranges_need_no_alignment),
        TEST(seeded_boards_and_bad_lines_give_the_truth),
        TEST(damaged_digests_do_not_differ),
        TEST(a_lost_board_ends_it),
        TEST(a_hopeless_line_ends_it),
        TEST(cancel_ends_it),
        TEST(wanted_bytes_that_fail_end_it),
        TEST(other_content_is_mostly_not_hashed),
        TEST(the_end_of_a_leap_is_looked_for),
        TEST(a_leap_ends_where_blank_begins),
        TEST(two_percent_are_found_exactly),
        TEST(leaps_never_call_same_what_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
