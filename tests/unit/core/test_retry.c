/* Small reads and digests that are made again until they succeed. */
#include "fake_session.h"
#include "retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES (1u << 20)

typedef struct fixture {
    eb_session_t *board;
    eb_retry_t retry;
    uint8_t bytes[EB_SECTOR_BYTES];
    eb_err_t err;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    f->board = fake_new(FLASH_BYTES, 1);
    fake_fill(f->board, 0, FLASH_BYTES, 2);
    eb_retry_init(&f->retry, f->board, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;

    fake_free(f->board);
    free(f);
    return 0;
}

static eb_code_t read_at(fixture_t *f, uint32_t addr)
{
    return eb_retry_read(&f->retry, addr, EB_SECTOR_BYTES, f->bytes, &f->err);
}

static void assert_read(fixture_t *f, uint32_t addr)
{
    assert_int_equal(read_at(f, addr), EB_OK);
    assert_memory_equal(f->bytes, f->board->bytes + addr, EB_SECTOR_BYTES);
}

static void a_read_is_asked_for_by_digest_once(void **state)
{
    fixture_t *f = *state;

    assert_read(f, 0x12000);
    assert_int_equal(f->board->reads, 1);
    assert_int_equal(f->board->digests, 1);
    assert_int_equal(f->board->digest_bytes, EB_SECTOR_BYTES);
}

/* One bit of the address of one request: the read's, or the digest's that checks it. */
static void a_request_with_a_wrong_address_is_made_again(void **state)
{
    fixture_t *f = *state;

    for (unsigned bit = 0; bit < 19; bit++) {
        fake_forget(f->board);
        f->board->damage = (fake_damage_t){.read = 1, .bit = bit};
        assert_read(f, 0x12000);
        assert_int_equal(f->board->reads, 2);
        fake_forget(f->board);
        f->board->damage = (fake_damage_t){.digest = 1, .bit = bit};
        assert_read(f, 0x12000);
    }
}

static void digests_that_never_agree_come_to_an_end(void **state)
{
    fixture_t *f = *state;

    f->board->wrong_rate = 1;
    assert_int_equal(read_at(f, 0x12000), EB_ERR_UNVERIFIED);
    assert_int_equal(f->err.code, EB_ERR_UNVERIFIED);
    assert_true(f->board->reads < 100);
}

static const eb_range_t sector = {0x12000, EB_SECTOR_BYTES};

static void bytes_match_where_the_chip_has_the_same(void **state)
{
    fixture_t *f = *state;
    bool equal = false;

    memcpy(f->bytes, f->board->bytes + sector.addr, sector.size);
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &equal, &f->err), EB_OK);
    assert_true(equal);
    f->bytes[sector.size - 1] ^= 1;
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &equal, &f->err), EB_OK);
    assert_false(equal);
    assert_int_equal(f->board->digests, 2);
    assert_int_equal(f->board->reads, 0);
}

static void a_range_is_erased_or_not(void **state)
{
    fixture_t *f = *state;
    bool erased = true;

    assert_int_equal(eb_retry_is_erased(&f->retry, sector, &erased, &f->err), EB_OK);
    assert_false(erased);
    assert_false(eb_retry_answer_is_erased(&f->retry, sector.size));
    memset(f->board->bytes + sector.addr, 0xFF, sector.size);
    assert_int_equal(eb_retry_is_erased(&f->retry, sector, &erased, &f->err), EB_OK);
    assert_true(erased);
    assert_true(eb_retry_answer_is_erased(&f->retry, sector.size));
    assert_false(eb_retry_answer_is_erased(&f->retry, sector.size - 1));
    assert_int_equal(f->board->digests, 2);
}

static void a_digest_that_is_lost_is_asked_for_again(void **state)
{
    fixture_t *f = *state;
    bool equal = false, erased = true;

    memcpy(f->bytes, f->board->bytes + sector.addr, sector.size);
    f->board->broken = true;
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &equal, &f->err), EB_OK);
    assert_true(equal);
    f->board->broken = true;
    assert_int_equal(eb_retry_is_erased(&f->retry, sector, &erased, &f->err), EB_OK);
    assert_false(erased);
    assert_int_equal(f->board->recoveries, 2);
    f->board->gone = -1;
    f->board->broken = true;
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &equal, &f->err),
                     EB_ERR_PORT_LOST);
    assert_false(equal);
    assert_int_equal(f->err.code, EB_ERR_PORT_LOST);
}

/* Else a read whose bytes never match would be made for ever. */
static void only_bytes_that_match_are_progress(void **state)
{
    fixture_t *f = *state;
    bool equal;

    f->retry.failures_in_row = 5;
    memset(f->bytes, 0, sector.size);
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &equal, &f->err), EB_OK);
    assert_int_equal(f->retry.failures_in_row, 5);
    memcpy(f->bytes, f->board->bytes + sector.addr, sector.size);
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &equal, &f->err), EB_OK);
    assert_int_equal(f->retry.failures_in_row, 0);
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void cancel_comes_before_the_question(void **state)
{
    fixture_t *f = *state;
    const eb_events_t ev = {.cancelled = always};
    bool answer;

    eb_retry_init(&f->retry, f->board, &ev);
    assert_int_equal(eb_retry_matches(&f->retry, sector, f->bytes, &answer, &f->err),
                     EB_ERR_CANCELLED);
    assert_int_equal(eb_retry_is_erased(&f->retry, sector, &answer, &f->err), EB_ERR_CANCELLED);
    assert_int_equal(f->board->digests, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_is_asked_for_by_digest_once),
        TEST(a_request_with_a_wrong_address_is_made_again),
        TEST(digests_that_never_agree_come_to_an_end),
        TEST(bytes_match_where_the_chip_has_the_same),
        TEST(a_range_is_erased_or_not),
        TEST(a_digest_that_is_lost_is_asked_for_again),
        TEST(only_bytes_that_match_are_progress),
        TEST(cancel_comes_before_the_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
