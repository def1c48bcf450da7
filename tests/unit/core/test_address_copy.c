/* Whether a read may have been answered from an address that differs in one bit. */
#include "address_check.h"
#include "fake_session.h"
#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FLASH_BYTES  0x80000u
#define SECTOR_BYTES 0x1000u

typedef struct image {
    uint8_t bytes[FLASH_BYTES];
    eb_range_t range;
} image_t;

static image_t img;

static eb_code_t bytes_of(void *user, uint32_t addr, uint32_t size, uint8_t *bytes, eb_err_t *err)
{
    const image_t *image = user;

    (void)err;
    assert_true(addr >= image->range.addr && (uint64_t)addr + size <= eb_range_end(image->range));
    memcpy(bytes, image->bytes + addr, size);
    return EB_OK;
}

static eb_code_t no_bytes(void *user, uint32_t addr, uint32_t size, uint8_t *bytes, eb_err_t *err)
{
    (void)user;
    (void)addr;
    (void)size;
    (void)bytes;
    return eb_err_set(err, EB_ERR_FILE_IO, "no bytes");
}

static bool possible(uint32_t addr, uint32_t size, uint32_t spot_addr)
{
    const eb_checked_read_t read = {{addr, size}, {spot_addr, SECTOR_BYTES}};
    bool found = false;

    assert_int_equal(eb_address_copy_possible(&read, img.range, FLASH_BYTES, bytes_of, &img, &found,
                                              NULL),
                     EB_OK);
    return found;
}

static int set_up(void **state)
{
    uint64_t seed = 7;

    (void)state;
    img.range = (eb_range_t){0, FLASH_BYTES};
    for (uint32_t i = 0; i < FLASH_BYTES; i++) {
        img.bytes[i] = (uint8_t)(fake_random(&seed) >> 32);
    }
    return 0;
}

static void different_bytes_everywhere_have_no_copy(void **state)
{
    (void)state;
    for (uint32_t addr = 0; addr < FLASH_BYTES; addr += 0x10000) {
        assert_false(possible(addr, 0x10000, addr + 0xF000));
    }
    assert_false(possible(0x13000, 0x25000, 0x37000));
    assert_false(possible(0x1234, 0x2345, 0x2000));
}

/* The image of a read that was answered from another address, on a flash where the spot is the same
 * at both; all else is right. */
static void read_from_elsewhere(uint32_t addr, uint32_t from, uint32_t size, uint32_t spot)
{
    const uint32_t apart = from > addr ? from - addr : addr - from;
    const uint32_t low = from > addr ? spot : spot - apart;

    for (uint32_t at = low + apart; at < low + apart + SECTOR_BYTES; at++) {
        img.bytes[at] = img.bytes[at - apart];
    }
    memmove(img.bytes + addr, img.bytes + from, size);
}

/* Each bit that stays in the flash, up and down, with and without overlap. */
static void each_bit_is_looked_at(void **state)
{
    static const uint32_t addrs[] = {0x20000, 0x2F000, 0x2FFFF, 0x57000};
    const uint32_t size = 0x8000;

    for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
        for (uint32_t bit = 1; bit < FLASH_BYTES; bit <<= 1) {
            const uint32_t spot = addrs[i] + size - SECTOR_BYTES;
            (void)set_up(state);
            read_from_elsewhere(addrs[i], addrs[i] ^ bit, size, spot);
            if (!possible(addrs[i], size, spot)) {
                fail_msg("0x%x read from 0x%x: not seen", addrs[i], addrs[i] ^ bit);
            }
        }
    }
}

/* Two builds of a program that differ in few bytes, as they are. */
static void nearly_equal_is_no_copy(void **state)
{
    (void)state;
    memcpy(img.bytes + 0x40000, img.bytes, 0x40000);
    img.bytes[0x40000 + 0x7654] ^= 1;
    assert_false(possible(0, 0x10000, 0xF000));
    assert_true(possible(0x10000, 0x10000, 0x1F000));
    assert_true(possible(0x50000, 0x10000, 0x5F000));
}

/* What lies outside of the image may be equal. */
static void unknown_bytes_may_be_a_copy(void **state)
{
    (void)state;
    img.range = (eb_range_t){0x20000, 0x20000};
    assert_true(possible(0x20000, 0x10000, 0x2F000));
    img.range = (eb_range_t){0, FLASH_BYTES / 2};
    assert_true(possible(0x10000, 0x10000, 0x1F000));
}

/* A flash that is no power of two: an address beyond it is answered with nothing, or an error. */
static void addresses_beyond_the_flash_are_left_out(void **state)
{
    const eb_checked_read_t read = {{0x30000, 0x10000}, {0x3F000, SECTOR_BYTES}};
    bool found = true;

    (void)state;
    img.range = (eb_range_t){0, 0x60000};
    assert_int_equal(
        eb_address_copy_possible(&read, img.range, 0x60000, bytes_of, &img, &found, NULL), EB_OK);
    assert_false(found);
}

static void bytes_that_cannot_be_had_are_an_error(void **state)
{
    const eb_checked_read_t read = {{0, 0x2000}, {0x1000, SECTOR_BYTES}};
    eb_err_t err = {0};
    bool found = true;

    (void)state;
    assert_int_equal(eb_address_copy_possible(&read, img.range, FLASH_BYTES, no_bytes, &img, &found,
                                              &err),
                     EB_ERR_FILE_IO);
    assert_false(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(different_bytes_everywhere_have_no_copy, set_up),
        cmocka_unit_test_setup(each_bit_is_looked_at, set_up),
        cmocka_unit_test_setup(nearly_equal_is_no_copy, set_up),
        cmocka_unit_test_setup(unknown_bytes_may_be_a_copy, set_up),
        cmocka_unit_test_setup(addresses_beyond_the_flash_are_left_out, set_up),
        cmocka_unit_test_setup(bytes_that_cannot_be_had_are_an_error, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
