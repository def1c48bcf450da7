/* Maps of the flash: which areas there are, and sums over lists of ranges. */
#include "flash_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KB 1024u

static eb_partition_table_t table;

static void add_entry(const char *label, uint32_t addr, uint32_t size)
{
    eb_partition_t *entry = &table.entries[table.count++];

    *entry = (eb_partition_t){.addr = addr, .size = size};
    strncpy(entry->label, label, sizeof(entry->label) - 1);
}

static int set_up(void **state)
{
    (void)state;
    table = (eb_partition_table_t){.present = true, .addr = 0x8000};
    add_entry("nvs", 0x9000, 16 * KB);
    add_entry("ota_0", 0x10000, 64 * KB);
    add_entry("ota_1", 0x20000, 64 * KB);
    return 0;
}

static void assert_area(const eb_flash_map_t *map, size_t i, const char *name, uint32_t addr,
                        uint64_t size)
{
    assert_true(i < map->area_count);
    assert_string_equal(map->areas[i].name, name);
    assert_int_equal(map->areas[i].addr, addr);
    assert_int_equal(map->areas[i].size_bytes, size);
}

static void areas_fill_the_range(void **state)
{
    const eb_areas_t areas = {.table = &table, .bootloader_addr = 0x1000};
    eb_flash_map_t map = {0};

    (void)state;
    assert_int_equal(eb_flash_map_begin(&map, 0, 256 * KB, &areas, 2, NULL), EB_OK);
    assert_int_equal(map.area_count, 8);
    assert_area(&map, 0, "", 0, 0x1000);
    assert_area(&map, 1, "bootloader", 0x1000, 0x7000);
    assert_area(&map, 2, "partition table", 0x8000, 0x1000);
    assert_area(&map, 3, "nvs", 0x9000, 0x4000);
    assert_area(&map, 4, "", 0xD000, 0x3000);
    assert_area(&map, 5, "ota_0", 0x10000, 0x10000);
    assert_area(&map, 6, "ota_1", 0x20000, 0x10000);
    assert_area(&map, 7, "", 0x30000, 0x10000);
    for (size_t i = 0; i < map.area_count; i++) {
        assert_int_equal(map.areas[i].boots, i == 6);
    }
    /* An image of a part cuts them. */
    assert_int_equal(eb_flash_map_begin(&map, 0xA000, 0x7000, &areas, -1, NULL), EB_OK);
    assert_int_equal(map.area_count, 3);
    assert_area(&map, 0, "nvs", 0xA000, 0x3000);
    assert_area(&map, 2, "ota_0", 0x10000, 0x1000);
    assert_false(map.areas[2].boots);
    eb_flash_map_free(&map);
    eb_flash_map_free(&map);
    eb_flash_map_free(NULL);
}

/* The first of the table's order keeps what both have, and is one area all the same. */
static void what_overlaps_is_cut(void **state)
{
    const eb_areas_t areas = {.table = &table, .bootloader_addr = UINT32_MAX};
    eb_flash_map_t map = {0};

    (void)state;
    add_entry("over", 0x28000, 64 * KB);
    assert_int_equal(eb_flash_map_begin(&map, 0x20000, 0x20000, &areas, -1, NULL), EB_OK);
    assert_int_equal(map.area_count, 3);
    assert_area(&map, 0, "ota_1", 0x20000, 0x10000);
    assert_area(&map, 1, "over", 0x30000, 0x8000);
    assert_area(&map, 2, "", 0x38000, 0x8000);
    eb_flash_map_free(&map);
}

static void without_a_table_there_is_one_area(void **state)
{
    const eb_areas_t areas = {0};
    eb_flash_map_t map = {0};

    (void)state;
    assert_int_equal(eb_flash_map_begin(&map, 0, 1ull << 32, &areas, -1, NULL), EB_OK);
    assert_int_equal(map.area_count, 1);
    assert_area(&map, 0, "", 0, 1ull << 32);
    eb_flash_map_free(&map);
}

static void ranges_that_touch_are_joined_and_summed(void **state)
{
    eb_map_ranges_t ranges = {0};
    eb_flash_map_t map = {0};

    (void)state;
    assert_int_equal(eb_map_ranges_bytes(&ranges, 0, UINT64_MAX), 0);
    assert_int_equal(eb_map_ranges_add(&ranges, 0x1000, 0x1000, NULL), EB_OK);
    assert_int_equal(eb_map_ranges_add(&ranges, 0x2000, 0x1000, NULL), EB_OK);
    assert_int_equal(eb_map_ranges_add(&ranges, 0x4000, 0x10, NULL), EB_OK);
    assert_int_equal(eb_map_ranges_add(&ranges, 0xFFFFF000, 0x1000, NULL), EB_OK);
    assert_int_equal(ranges.count, 3);
    assert_int_equal(eb_map_ranges_bytes(&ranges, 0, UINT64_MAX), 0x3010);
    assert_int_equal(eb_map_ranges_bytes(&ranges, 0, 0x1000), 0);
    assert_int_equal(eb_map_ranges_bytes(&ranges, 0x1800, 0x4008), 0x1808);
    assert_int_equal(eb_map_ranges_bytes(&ranges, 0x3000, 0x4000), 0);
    assert_int_equal(eb_map_ranges_bytes(&ranges, 0x4010, 0xFFFFFFFF), 0xFFF);
    map.erased = ranges;
    eb_flash_map_free(&map);
}

static void differing_bytes_are_of_their_area(void **state)
{
    const eb_areas_t areas = {.table = &table, .bootloader_addr = UINT32_MAX};
    eb_flash_map_t map = {0};

    (void)state;
    assert_int_equal(eb_flash_map_begin(&map, 0x9000, 0x17000, &areas, -1, NULL), EB_OK);
    assert_int_equal(eb_flash_map_add_difference(&map, (eb_range_t){0x9000, 8}, 3, NULL), EB_OK);
    assert_int_equal(eb_flash_map_add_difference(&map, (eb_range_t){0x9100, 1}, 1, NULL), EB_OK);
    assert_int_equal(eb_flash_map_add_difference(&map, (eb_range_t){0x1FFFF, 1}, 1, NULL), EB_OK);
    assert_int_equal(map.areas[0].differing_bytes, 4);
    assert_int_equal(map.areas[1].differing_bytes, 0);
    assert_int_equal(map.areas[2].differing_bytes, 1);
    assert_int_equal(eb_map_ranges_bytes(&map.differing, 0, UINT64_MAX), 10);
    eb_flash_map_free(&map);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(areas_fill_the_range),
        TEST(what_overlaps_is_cut),
        TEST(without_a_table_there_is_one_area),
        TEST(ranges_that_touch_are_joined_and_summed),
        TEST(differing_bytes_are_of_their_area),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
