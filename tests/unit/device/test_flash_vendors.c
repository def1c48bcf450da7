#include "flash_vendors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sizes_by_capacity_byte(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t size;
    } rows[] = {
        {0xC84016, 4u << 20},  {0xEF4018, 16u << 20},  {0xEF4019, 32u << 20},
        {0xEF4014, 1u << 20},  {0xEF4012, 256u << 10}, {0xEF701C, 256u << 20},
        {0xEF4020, 64u << 20}, {0xEF4021, 128u << 20}, {0xEF4022, 256u << 20},
        {0xC22536, 4u << 20},  {0xC2253A, 64u << 20},  {0xC22532, 256u << 10},
        {0x1F8701, 4u << 20},  {0x1F8401, 512u << 10}, {0x1F8901, 16u << 20},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(eb_flash_size_by_jedec(rows[i].id), rows[i].size);
    }
}

/* What is not known is not guessed. */
static void other_capacity_bytes_say_nothing(void **state)
{
    static const uint32_t ids[] = {0xFFFFFF, 0x000000, 0xEF400F, 0xEF401D, 0xEF401F,
                                   0xEF4023, 0xEF4031, 0xEF403B, 0x1F8300, 0x1F8A00};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(eb_flash_size_by_jedec(ids[i]), 0);
    }
}

static void sizes_by_sfdp(void **state)
{
    (void)state;
    assert_int_equal(eb_flash_size_by_sfdp(0x01FFFFFF), 4u << 20);
    assert_int_equal(eb_flash_size_by_sfdp(0x7FFFFFFF), 256u << 20);
    assert_int_equal(eb_flash_size_by_sfdp(0x80000020), 512u << 20); /* 2^32 bits */
    assert_int_equal(eb_flash_size_by_sfdp(0x00000000), 0);
    assert_int_equal(eb_flash_size_by_sfdp(0xFFFFFFFF), 0);
    assert_int_equal(eb_flash_size_by_sfdp(0x8000001F), 0);
    assert_int_equal(eb_flash_size_by_sfdp(0x80000021), 0); /* 1 GiB is nothing these boards have */
    assert_int_equal(eb_flash_size_by_sfdp(0x01FFFFFE), 0); /* not whole bytes */
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(eb_flash_vendor_name(0xC84016), "GigaDevice");
    assert_string_equal(eb_flash_vendor_name(0xEF4018), "Winbond");
    assert_null(eb_flash_vendor_name(0x774016));
    assert_string_equal(eb_flash_part_name(0xC84016), "GD25Q32");
    assert_string_equal(eb_flash_part_name(0xEF4018), "W25Q128");
    assert_null(eb_flash_part_name(0xEF5018));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_capacity_byte),
        cmocka_unit_test(other_capacity_bytes_say_nothing),
        cmocka_unit_test(sizes_by_sfdp),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
