#include "range.h"
#include "verified_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void only_whole_units_are_settled(void **state)
{
    eb_verified_map_t map;
    eb_range_t run;

    (void)state;
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){100, 4000}, NULL), EB_OK);
    assert_int_equal(map.unit_count, 5); /* [100,1024) ... [4096,4100) */
    eb_verified_map_set(&map, (eb_range_t){101, 923}, EB_HOW_READ);
    assert_int_equal(map.verified_bytes, 0);
    eb_verified_map_set(&map, (eb_range_t){0, 2047}, EB_HOW_READ);
    assert_int_equal(map.verified_bytes, 924);
    eb_verified_map_set(&map, (eb_range_t){4096, 4}, EB_HOW_ERASED);
    assert_int_equal(map.verified_bytes, 928);
    assert_true(eb_verified_map_next_open(&map, 0, &run));
    assert_int_equal(run.addr, 1024);
    assert_int_equal(run.size, 3072);
    eb_how_t how;
    assert_true(eb_verified_map_next_run(&map, 0, &run, &how));
    assert_int_equal(how, EB_HOW_READ);
    assert_int_equal(run.addr, 100);
    assert_int_equal(run.size, 924);
    assert_true(eb_verified_map_next_verified(&map, 1024, &run));
    assert_int_equal(run.addr, 4096);
    assert_int_equal(run.size, 4);
    eb_verified_map_set(&map, (eb_range_t){0, UINT32_MAX}, EB_HOW_PRIOR);
    assert_int_equal(map.verified_bytes, 4000);
    assert_false(eb_verified_map_next_open(&map, 0, &run));
    eb_verified_map_set(&map, (eb_range_t){1024, 1024}, EB_HOW_OPEN);
    assert_int_equal(map.verified_bytes, 4000 - 1024);
    eb_verified_map_free(&map);
}

static void totals_tell_the_ways(void **state)
{
    eb_verified_map_t map;
    eb_settled_t totals;

    (void)state;
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){0, 6 * 1024}, NULL), EB_OK);
    for (uint32_t how = EB_HOW_READ; how <= EB_HOW_UNPROVED; how++) {
        eb_verified_map_set(&map, (eb_range_t){how * 1024, 1024}, (eb_how_t)how);
    }
    eb_range_t run;
    eb_how_t of_run;
    uint64_t at = 0;
    for (uint32_t how = EB_HOW_OPEN; how <= EB_HOW_UNPROVED; how++) {
        assert_true(eb_verified_map_next_run(&map, at, &run, &of_run));
        assert_int_equal(of_run, how);
        assert_int_equal(run.addr, how * 1024);
        assert_int_equal(run.size, 1024);
        at = eb_range_end(run);
    }
    assert_false(eb_verified_map_next_run(&map, at, &run, &of_run));
    eb_verified_map_totals(&map, &totals);
    assert_int_equal(totals.read, 1024);
    assert_int_equal(totals.erased, 1024);
    assert_int_equal(totals.prior, 1024);
    assert_int_equal(totals.resumed, 1024);
    assert_int_equal(totals.unverified, 1024);
    eb_verified_map_free(&map);
}

static void ranges_reach_to_the_last_address(void **state)
{
    eb_verified_map_t map;
    eb_range_t run;

    (void)state;
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){0xFFFFF000u, 0x1000}, NULL), EB_OK);
    assert_int_equal(map.unit_count, 4);
    eb_verified_map_set(&map, (eb_range_t){0xFFFFFC00u, 0x400}, EB_HOW_READ);
    assert_true(eb_verified_map_next_open(&map, 0, &run));
    assert_int_equal(run.size, 0xC00);
    assert_false(eb_verified_map_next_open(&map, 0xFFFFFC00u, &run));
    run = eb_range_common((eb_range_t){0, 10}, (eb_range_t){10, 10});
    assert_int_equal(run.size, 0);
    run = eb_range_common((eb_range_t){0xFFFFFFF0u, 16}, (eb_range_t){0xFFFFFFF8u, 8});
    assert_int_equal(run.size, 8);
    eb_verified_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_whole_units_are_settled),
        cmocka_unit_test(totals_tell_the_ways),
        cmocka_unit_test(ranges_reach_to_the_last_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
