#include "range.h"
#include "verified_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void only_whole_units_are_verified(void **state)
{
    eb_verified_map_t map;
    eb_range_t run;

    (void)state;
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){100, 4000}, NULL), EB_OK);
    assert_int_equal(map.unit_count, 5); /* [100,1024) ... [4096,4100) */
    eb_verified_map_set(&map, (eb_range_t){101, 923}, EB_ORIGIN_READ);
    assert_int_equal(map.verified_bytes, 0);
    eb_verified_map_set(&map, (eb_range_t){0, 2047}, EB_ORIGIN_READ);
    assert_int_equal(map.verified_bytes, 924);
    eb_verified_map_set(&map, (eb_range_t){4096, 4}, EB_ORIGIN_ERASED);
    assert_int_equal(map.verified_bytes, 928);
    assert_true(eb_verified_map_next_open(&map, 0, &run));
    assert_int_equal(run.addr, 1024);
    assert_int_equal(run.size, 3072);
    eb_origin_t origin;
    assert_true(eb_verified_map_next_run(&map, 0, &run, &origin));
    assert_int_equal(origin, EB_ORIGIN_READ);
    assert_int_equal(run.addr, 100);
    assert_int_equal(run.size, 924);
    assert_true(eb_verified_map_next_verified(&map, 1024, &run));
    assert_int_equal(run.addr, 4096);
    assert_int_equal(run.size, 4);
    eb_verified_map_set(&map, (eb_range_t){0, UINT32_MAX}, EB_ORIGIN_EARLIER);
    assert_int_equal(map.verified_bytes, 4000);
    assert_false(eb_verified_map_next_open(&map, 0, &run));
    eb_verified_map_set(&map, (eb_range_t){1024, 1024}, EB_ORIGIN_NONE);
    assert_int_equal(map.verified_bytes, 4000 - 1024);
    eb_verified_map_free(&map);
}

static void totals_tell_the_origins(void **state)
{
    eb_verified_map_t map;
    eb_origins_t totals;

    (void)state;
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){0, EB_ORIGIN_COUNT * 1024}, NULL),
                     EB_OK);
    for (uint32_t origin = EB_ORIGIN_READ; origin < EB_ORIGIN_COUNT; origin++) {
        eb_verified_map_set(&map, (eb_range_t){origin * 1024, 1024}, (eb_origin_t)origin);
    }
    eb_range_t run;
    eb_origin_t of_run;
    uint64_t at = 0;
    for (uint32_t origin = EB_ORIGIN_NONE; origin < EB_ORIGIN_COUNT; origin++) {
        assert_true(eb_verified_map_next_run(&map, at, &run, &of_run));
        assert_int_equal(of_run, origin);
        assert_int_equal(run.addr, origin * 1024);
        assert_int_equal(run.size, 1024);
        at = eb_range_end(run);
    }
    assert_false(eb_verified_map_next_run(&map, at, &run, &of_run));
    eb_verified_map_totals(&map, &totals);
    for (int i = 0; i < EB_ORIGIN_COUNT; i++) {
        assert_int_equal(totals.bytes[i], 1024);
    }
    eb_verified_map_free(&map);
}

static void ranges_reach_to_the_last_address(void **state)
{
    eb_verified_map_t map;
    eb_range_t run;

    (void)state;
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){0xFFFFF000u, 0x1000}, NULL), EB_OK);
    assert_int_equal(map.unit_count, 4);
    eb_verified_map_set(&map, (eb_range_t){0xFFFFFC00u, 0x400}, EB_ORIGIN_READ);
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
        cmocka_unit_test(only_whole_units_are_verified),
        cmocka_unit_test(totals_tell_the_origins),
        cmocka_unit_test(ranges_reach_to_the_last_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
