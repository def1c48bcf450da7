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

/* One bit of the address of one request: the read's, or the digest's that proves it. */
static void a_request_gone_astray_is_made_again(void **state)
{
    fixture_t *f = *state;

    for (unsigned bit = 0; bit < 19; bit++) {
        fake_forget(f->board);
        f->board->stray = (fake_stray_t){.read = 1, .bit = bit};
        assert_read(f, 0x12000);
        assert_int_equal(f->board->reads, 2);
        fake_forget(f->board);
        f->board->stray = (fake_stray_t){.digest = 1, .bit = bit};
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

static void without_digests_it_is_read_only(void **state)
{
    fixture_t *f = *state;

    f->board->has_digest = false;
    assert_read(f, 0x12000);
    assert_int_equal(f->board->reads, 1);
    assert_int_equal(f->board->digests, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_is_asked_for_by_digest_once),
        TEST(a_request_gone_astray_is_made_again),
        TEST(digests_that_never_agree_come_to_an_end),
        TEST(without_digests_it_is_read_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
