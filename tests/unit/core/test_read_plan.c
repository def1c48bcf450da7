/* The planner against flashes in memory: it ends, covers all, and takes little more time than it
 * must. Time is modelled: 921600 baud and the digest of an ESP32 (docs/performance.md). */
#include "bytes.h"
#include "fake_session.h"
#include "range.h"
#include "read_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MB            (1024u * 1024u)
#define FLASH_BYTES   (4u * MB)
#define STEPS_MAX     20000
#define READ_S_BYTE   (11.5 / MB)
#define DIGEST_S_BYTE (1.3 / MB)
#define ROUND_TRIP_S  0.002

static double digest_s_byte = DIGEST_S_BYTE;

typedef struct model {
    const uint8_t *flash, *earlier, *left;
    eb_link_speed_t speed;
    double seconds;
    uint64_t read_bytes, digest_bytes;
    unsigned steps;
} model_t;

static uint8_t *make_flash(void)
{
    uint8_t *bytes = malloc(FLASH_BYTES);

    memset(bytes, 0xFF, FLASH_BYTES);
    return bytes;
}

static void scramble(uint8_t *bytes, uint32_t addr, uint32_t size, uint64_t seed)
{
    for (uint32_t i = 0; i < size; i++) {
        bytes[addr + i] = (uint8_t)(fake_random(&seed) >> 33);
    }
}

static bool is_erased(const uint8_t *bytes, uint32_t size)
{
    return bytes[0] == 0xFF && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool guess_holds(const model_t *m, const eb_read_plan_step_t *step)
{
    const uint8_t *old = step->guess == EB_ORIGIN_EARLIER ? m->earlier : m->left;

    if (step->guess == EB_ORIGIN_ERASED) {
        return is_erased(m->flash + step->range.addr, step->range.size);
    }
    return memcmp(m->flash + step->range.addr, old + step->range.addr, step->range.size) == 0;
}

static void take_step(model_t *m, eb_read_plan_t *plan, eb_verified_map_t *map,
                      const eb_read_plan_step_t *step)
{
    uint32_t size = step->range.size;
    uint32_t tail = eb_min_u32(size, 4096);
    uint32_t tail_addr = step->range.addr + size - tail;

    if (step->guess != EB_ORIGIN_NONE) {
        bool right = guess_holds(m, step);
        m->seconds += m->speed.round_trip_s + size * m->speed.digest_s_per_byte;
        m->digest_bytes += size;
        eb_read_plan_guessed(plan, step, right);
        if (right) {
            eb_verified_map_set(map, step->range, EB_ORIGIN_ERASED);
        }
        return;
    }
    m->seconds += 2 * m->speed.round_trip_s + size * m->speed.read_s_per_byte;
    m->read_bytes += size;
    bool as_earlier =
        m->earlier != NULL && memcmp(m->flash + tail_addr, m->earlier + tail_addr, tail) == 0;
    eb_read_plan_was_read(plan, step, is_erased(m->flash + tail_addr, tail), as_earlier);
    eb_verified_map_set(map, step->range, EB_ORIGIN_READ);
}

static void run_model(model_t *m, eb_read_plan_t *plan, eb_range_t range)
{
    eb_verified_map_t map;
    eb_read_plan_step_t step;

    plan->speed = m->speed;
    assert_int_equal(eb_verified_map_init(&map, range, NULL), EB_OK);
    while (eb_read_plan_next(plan, &map, &step)) {
        eb_range_t open;
        assert_true(++m->steps < STEPS_MAX);
        assert_true(step.range.size > 0 && step.range.size <= EB_PLAN_STEP_MAX_BYTES);
        assert_true(eb_verified_map_next_open(&map, step.range.addr, &open));
        assert_int_equal(open.addr, step.range.addr); /* nothing verified is verified again */
        assert_true(open.size >= step.range.size);
        take_step(m, plan, &map, &step);
    }
    assert_int_equal(map.verified_bytes, range.size);
    eb_verified_map_free(&map);
}

static model_t make_model(const uint8_t *flash)
{
    model_t m = {.flash = flash};

    m.speed = (eb_link_speed_t){READ_S_BYTE, digest_s_byte, ROUND_TRIP_S};
    return m;
}

static double run_plain(model_t *m)
{
    eb_read_plan_t plan;

    eb_read_plan_init(&plan, (eb_range_t){0, FLASH_BYTES});
    run_model(m, &plan, (eb_range_t){0, FLASH_BYTES});
    return m->seconds;
}

static void random_data_costs_little_more_than_reading_it(void **state)
{
    static const double read_s[] = {91.8, 22.9, 11.5, 5.3};
    static const double round_trip_s[] = {0.002, 0.017};
    uint8_t *flash = make_flash();

    (void)state;
    scramble(flash, 0, FLASH_BYTES, 1);
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++) {
            model_t m = make_model(flash);
            m.speed.read_s_per_byte = read_s[i] / MB;
            m.speed.round_trip_s = round_trip_s[k];
            run_plain(&m);
            assert_int_equal(m.read_bytes, FLASH_BYTES);
            assert_true(m.seconds < 4 * read_s[i] * (k == 0 ? 1.02 : 1.04));
        }
    }
    free(flash);
}

static void an_erased_flash_is_not_read(void **state)
{
    uint8_t *flash = make_flash();
    model_t m = make_model(flash);

    (void)state;
    assert_true(run_plain(&m) < 4 * 1.3 * 1.05);
    assert_int_equal(m.read_bytes, 0);
    free(flash);
}

static void data_and_blank_in_turn_are_told_apart(void **state)
{
    uint8_t *flash = make_flash();
    model_t m = make_model(flash);
    uint32_t used = 0;

    (void)state;
    for (uint32_t addr = 0; addr < FLASH_BYTES; addr += 512 * 1024) {
        scramble(flash, addr + 0x3000, 150 * 1024, addr);
        used += 150 * 1024;
    }
    run_plain(&m);
    double ideal_s = used * READ_S_BYTE + (FLASH_BYTES - used) * DIGEST_S_BYTE;
    assert_true(m.seconds < ideal_s * 1.3);
    assert_true(m.seconds < FLASH_BYTES * READ_S_BYTE * 0.65);
    free(flash);
}

static double run_since(const uint8_t *flash, const uint8_t *earlier, model_t *m)
{
    eb_read_plan_t plan;

    *m = make_model(flash);
    m->earlier = earlier;
    eb_read_plan_init(&plan, (eb_range_t){0, FLASH_BYTES});
    plan.earlier = (eb_range_t){0, FLASH_BYTES};
    run_model(m, &plan, (eb_range_t){0, FLASH_BYTES});
    return m->seconds;
}

static void an_unchanged_board_is_not_read(void **state)
{
    uint8_t *flash = make_flash();
    model_t m;

    (void)state;
    scramble(flash, 0, FLASH_BYTES, 2);
    assert_true(run_since(flash, flash, &m) < 4 * 1.3 * 1.05);
    assert_int_equal(m.read_bytes, 0);
    free(flash);
}

static void few_changed_sectors_cost_few_reads(void **state)
{
    uint8_t *flash = make_flash(), *earlier = make_flash();
    uint64_t seed = 3;
    model_t m;

    (void)state;
    scramble(earlier, 0, FLASH_BYTES, 2);
    memcpy(flash, earlier, FLASH_BYTES);
    for (int i = 0; i < 20; i++) { /* 2 % */
        uint32_t sector = (uint32_t)(fake_random(&seed) % (FLASH_BYTES / 4096));
        scramble(flash, sector * 4096, 4096, seed);
    }
    assert_true(run_since(flash, earlier, &m) < 4 * READ_S_BYTE * MB * 0.4);
    assert_true(m.read_bytes < 20 * 4096 * 4);
    free(flash);
    free(earlier);
}

/* Quick digests make a large guess worth it right behind a change, where it is mostly wrong. */
static void a_short_change_is_not_read_far_beyond_its_end(void **state)
{
    uint8_t *flash = make_flash(), *earlier = make_flash();
    model_t m;

    (void)state;
    scramble(earlier, 0, FLASH_BYTES, 2);
    memcpy(flash, earlier, FLASH_BYTES);
    for (uint32_t i = 0; i < 4; i++) {
        scramble(flash, (2 * i + 1) * (FLASH_BYTES / 8), 5 * 4096, 3 + i);
    }
    digest_s_byte = 0.6 / MB;
    (void)run_since(flash, earlier, &m);
    digest_s_byte = DIGEST_S_BYTE;
    assert_true(m.read_bytes <= 4 * 12 * 4096);
    free(flash);
    free(earlier);
}

static void a_prior_that_is_all_wrong_costs_little(void **state)
{
    uint8_t *flash = make_flash(), *earlier = make_flash();
    model_t m;

    (void)state;
    scramble(earlier, 0, FLASH_BYTES, 2);
    scramble(flash, 0, FLASH_BYTES, 4);
    assert_true(run_since(flash, earlier, &m) < 4 * READ_S_BYTE * MB * 1.08);
    free(flash);
    free(earlier);
}

static void what_a_run_left_is_checked_and_the_rest_is_read(void **state)
{
    uint8_t *flash = make_flash(), *left_bytes = make_flash();
    eb_verified_map_t left;
    eb_read_plan_t plan;

    (void)state;
    scramble(flash, 0, FLASH_BYTES, 5);
    memcpy(left_bytes, flash, FLASH_BYTES);
    left_bytes[0x123456] ^= 1; /* the board changed meanwhile */
    model_t m = make_model(flash);
    m.left = left_bytes;
    eb_read_plan_init(&plan, (eb_range_t){0, FLASH_BYTES});
    assert_int_equal(eb_verified_map_init(&left, (eb_range_t){0, FLASH_BYTES}, NULL), EB_OK);
    eb_verified_map_set(&left, (eb_range_t){0, 3 * MB}, EB_ORIGIN_READ);
    plan.resumable = &left;
    run_model(&m, &plan, (eb_range_t){0, FLASH_BYTES});
    assert_true(m.read_bytes >= MB + 4096 && m.read_bytes < MB + 128 * 1024);
    eb_verified_map_free(&left);
    free(flash);
    free(left_bytes);
}

static void any_range_is_covered(void **state)
{
    uint8_t *flash = make_flash();
    uint64_t seed = 6;
    eb_partition_table_t *table = calloc(1, sizeof(*table));

    (void)state;
    table->present = true;
    table->addr = 0x8000;
    table->count = 2;
    table->entries[0] = (eb_partition_t){.type = 0, .addr = 0x10000, .size = MB};
    table->entries[0].app.state = EB_IMAGE_UNCHECKED;
    table->entries[1] = (eb_partition_t){.type = 1, .subtype = 2, .size = 0x6123};
    for (int i = 0; i < 16; i++) {
        uint32_t addr = (uint32_t)(fake_random(&seed) % FLASH_BYTES);
        scramble(flash, addr, (uint32_t)(fake_random(&seed) % (FLASH_BYTES - addr)) / 8, seed);
    }
    for (int i = 0; i < 200; i++) {
        eb_read_plan_t plan;
        uint32_t addr = (uint32_t)(fake_random(&seed) % FLASH_BYTES);
        uint32_t size = 1 + (uint32_t)(fake_random(&seed) % (FLASH_BYTES - addr));
        model_t m = make_model(flash);
        eb_read_plan_init(&plan, (eb_range_t){addr, size});
        /* A table whose addresses and lengths lie on no boundary, and an earlier backup that does
         * not either. */
        table->entries[0].app.length_bytes = 1 + (uint32_t)(fake_random(&seed) % 0xFFFFF);
        table->entries[1].addr = 0x110000 + (uint32_t)(fake_random(&seed) % 5000);
        eb_regions_use_table(&plan.regions, table, 0x1001, 0x4fff);
        if (i % 2 == 0) {
            m.earlier = flash;
            plan.earlier = (eb_range_t){addr + size / 3, size / 2};
        }
        run_model(&m, &plan, (eb_range_t){addr, size});
    }
    free(table);
    free(flash);
}

static void regions_follow_the_table(void **state)
{
    eb_partition_table_t *table = calloc(1, sizeof(*table));
    eb_read_plan_t plan;

    (void)state;
    table->present = true;
    table->addr = 0x8000;
    table->count = 2;
    table->entries[0] = (eb_partition_t){.type = 0, .subtype = 0, .addr = 0x10000, .size = MB};
    table->entries[0].app.state = EB_IMAGE_UNCHECKED;
    table->entries[0].app.length_bytes = 0x80000;
    table->entries[1] = (eb_partition_t){.type = 1, .subtype = 2, .addr = 0x9000, .size = 0x6000};
    eb_read_plan_init(&plan, (eb_range_t){0, FLASH_BYTES});
    eb_regions_use_table(&plan.regions, table, 0x1000, 0x5000);
    static const eb_region_t want[] = {
        {{0, 0x1000}, EB_LIKELY_YES},       {{0x1000, 0x5000}, EB_LIKELY_NO},
        {{0x6000, 0x2000}, EB_LIKELY_YES},  {{0x8000, 0x1000}, EB_LIKELY_NO},
        {{0x9000, 0x6000}, EB_LIKELY_EVEN}, {{0xF000, 0x1000}, EB_LIKELY_YES},
        {{0x10000, 0x80000}, EB_LIKELY_NO}, {{0x90000, FLASH_BYTES - 0x90000}, EB_LIKELY_YES},
    };
    assert_int_equal(plan.regions.count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(plan.regions.list[i].range.addr, want[i].range.addr);
        assert_int_equal(plan.regions.list[i].range.size, want[i].range.size);
        assert_int_equal(plan.regions.list[i].erased, want[i].erased);
    }
    free(table);
}

static void a_failed_read_is_asked_for_in_smaller_pieces(void **state)
{
    eb_verified_map_t map;
    eb_read_plan_t plan;
    eb_read_plan_step_t step;
    uint32_t before = FLASH_BYTES;

    (void)state;
    eb_read_plan_init(&plan, (eb_range_t){0, FLASH_BYTES});
    plan.only_resumed = true; /* no guess comes first */
    plan.speed = (eb_link_speed_t){READ_S_BYTE, DIGEST_S_BYTE, ROUND_TRIP_S};
    assert_int_equal(eb_verified_map_init(&map, (eb_range_t){0, FLASH_BYTES}, NULL), EB_OK);
    for (int i = 0; i < 8; i++) {
        assert_true(eb_read_plan_next(&plan, &map, &step));
        assert_int_equal(step.range.addr, 0);
        assert_true(step.range.size < before || step.range.size == EB_MAP_UNIT_BYTES);
        before = step.range.size;
        eb_read_plan_read_failed(&plan, &step, 0);
    }
    assert_int_equal(before, EB_MAP_UNIT_BYTES);
    eb_verified_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_data_costs_little_more_than_reading_it),
        cmocka_unit_test(an_erased_flash_is_not_read),
        cmocka_unit_test(data_and_blank_in_turn_are_told_apart),
        cmocka_unit_test(an_unchanged_board_is_not_read),
        cmocka_unit_test(few_changed_sectors_cost_few_reads),
        cmocka_unit_test(a_short_change_is_not_read_far_beyond_its_end),
        cmocka_unit_test(a_prior_that_is_all_wrong_costs_little),
        cmocka_unit_test(what_a_run_left_is_checked_and_the_rest_is_read),
        cmocka_unit_test(any_range_is_covered),
        cmocka_unit_test(regions_follow_the_table),
        cmocka_unit_test(a_failed_read_is_asked_for_in_smaller_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
