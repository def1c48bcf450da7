/* Images of the chip whose header has 8 bytes. */
#include "app_image_slot.h"

#define SLOT_BYTES 0x400u

static int set_up(void **state)
{
    (void)state;
    slot.bytes = malloc(SLOT_BYTES);
    assert_non_null(slot.bytes);
    memset(slot.bytes, 0xFF, SLOT_BYTES);
    slot.len = SLOT_BYTES;
    slot.hole = UINT32_MAX;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(slot.bytes);
    return 0;
}

/* As `esptool elf2image` makes them for the ESP8266: 8 bytes of header, here two segments of 8 and
 * 4 bytes, no hash. */
static const uint8_t short_image[] = {0xE9,
                                      2,
                                      2,
                                      0x40,
                                      0x04,
                                      0x00,
                                      0x10,
                                      0x40, /* entry 0x40100004 */
                                      0x00,
                                      0x00,
                                      0x10,
                                      0x40,
                                      8,
                                      0,
                                      0,
                                      0,
                                      1,
                                      2,
                                      3,
                                      4, /* 0x40100000 */
                                      5,
                                      6,
                                      7,
                                      8, /**/
                                      0x00,
                                      0x80,
                                      0xFE,
                                      0x3F,
                                      4,
                                      0,
                                      0,
                                      0, /* 0x3FFE8000 */
                                      9,
                                      10,
                                      11,
                                      12, /**/
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0, /* to the end of a line */
                                      0xEF ^ 1 ^ 2 ^ 3 ^ 4 ^ 5 ^ 6 ^ 7 ^ 8 ^ 9 ^ 10 ^ 11 ^ 12};

static void short_headers_are_walked_too(void **state)
{
    (void)state;
    assert_int_equal(sizeof(short_image), 48);
    memcpy(slot.bytes, short_image, sizeof(short_image));
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, sizeof(short_image));
    assert_int_equal(image.entry_addr, 0x40100004);
    assert_int_equal(image.flash_size_code, 4);
    assert_int_equal(image.chip_id, EB_IMAGE_CHIP_NONE);
    assert_false(image.hash_appended);
    assert_false(image.desc.present);
    for (size_t at = 16; at < sizeof(short_image); at++) {
        if (at >= 24 && at < 32) {
            continue; /* a header of a segment */
        }
        slot.bytes[at] ^= 0x10;
        /* Padding is not covered by anything. */
        assert_int_equal(check((uint32_t)slot.len),
                         at >= 36 && at < 47 ? EB_IMAGE_VALID : EB_IMAGE_DAMAGED);
        slot.bytes[at] ^= 0x10;
    }
    eb_app_image_peek(slot.bytes, 15, &image);
    assert_int_equal(image.state, EB_IMAGE_DAMAGED);
}

/* -- the other images of the chip with the short header -----------------------------------------
 */

#define SUM_AT    0x33Fu /* of sdk_image and of double_image */
#define IMAGE_END 0x340u

static uint32_t put_segment(uint32_t at, uint32_t addr, uint32_t size, uint8_t seed, uint8_t *sum)
{
    eb_put_le32(slot.bytes + at, addr);
    eb_put_le32(slot.bytes + at + 4, size);
    for (uint32_t i = 0; i < size; i++) {
        slot.bytes[at + 8 + i] = (uint8_t)(seed + i * 7);
        *sum ^= slot.bytes[at + 8 + i];
    }
    return at + 8 + size;
}

static void put_header(uint32_t at, uint8_t magic, uint8_t count, uint8_t settings)
{
    const uint8_t bytes[8] = {magic, count, settings, settings, 0x04, 0, 0x10, 0x40};

    memcpy(slot.bytes + at, bytes, sizeof(bytes));
}

static void put_desc(uint32_t at, uint8_t *sum)
{
    uint8_t before = 0, after = 0;

    for (uint32_t i = 0; i < 256; i++) {
        before ^= slot.bytes[at + i];
    }
    memset(slot.bytes + at, 0, 256);
    eb_put_le32(slot.bytes + at, 0xABCD5432);
    memcpy(slot.bytes + at + 16, "1.0", 3);
    memcpy(slot.bytes + at + 48, "door", 4);
    for (uint32_t i = 0; i < 256; i++) {
        after ^= slot.bytes[at + i];
    }
    *sum ^= before ^ after;
}

static void blank(void)
{
    memset(slot.bytes, 0xFF, slot.len);
    memset(slot.bytes + 0x300, 0, 0x40);
}

/* Flash-mapped text, then data with the description at its start, then RAM. */
static void sdk_image(void)
{
    uint8_t sum = 0xEF;

    blank();
    put_header(0, 0xE9, 3, 0x42);
    uint32_t at = put_segment(8, 0x40210010, 0x100, 3, &sum);
    uint32_t data = at;
    at = put_segment(at, 0x40210118, 0x110, 5, &sum);
    put_desc(data + 8, &sum);
    at = put_segment(at, 0x3FFE8000, 0x108, 9, &sum);
    assert_in_range(at, IMAGE_END - 16, IMAGE_END - 1);
    slot.bytes[SUM_AT] = sum;
}

/* A segment that stays in flash, then a second header and RAM. */
static void double_image(bool covers_first)
{
    uint8_t first = 0, sum = 0xEF;

    blank();
    put_header(0, 0xEA, 4, 0x01);
    uint32_t at = put_segment(8, 0, 0x210, 3, &first);
    put_header(at, 0xE9, 1, 0x42);
    at = put_segment(at + 8, 0x40100000, 0x100, 5, &sum);
    assert_in_range(at, IMAGE_END - 16, IMAGE_END - 1);
    slot.bytes[SUM_AT] = covers_first ? sum ^ first : sum;
}

/* CRC-32 of double_image(false) as esptool's elf2image and gen_appbin append it. */
static void append_crc(void)
{
    uint32_t crc = 0xFFFFFFFFu;

    for (uint32_t i = 0; i < IMAGE_END; i++) {
        crc ^= slot.bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    crc = ~crc;
    eb_put_le32(slot.bytes + IMAGE_END, crc & 0x80000000u ? ~crc : crc + 1);
}

static void flash_mapped_segments_come_behind_a_short_header_too(void **state)
{
    (void)state;
    sdk_image();
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, IMAGE_END);
    assert_int_equal(image.chip_id, EB_IMAGE_CHIP_NONE);
    assert_int_equal(image.flash_size_code, 4);
    assert_false(image.hash_appended);
    assert_true(image.desc.present); /* in the second segment */
    assert_string_equal(image.desc.project, "door");
    assert_string_equal(image.desc.version, "1.0");
    assert_int_equal(measure((uint32_t)slot.len), EB_IMAGE_UNCHECKED);
    assert_int_equal(image.length_bytes, IMAGE_END);
    assert_string_equal(image.desc.project, "door");
    slot.bytes[0x20] ^= 1;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
    assert_string_equal(image.desc.project, "door");
}

static void a_hash_that_nothing_announces_counts(void **state)
{
    (void)state;
    sdk_image();
    eb_sha256(slot.bytes, IMAGE_END, slot.bytes + IMAGE_END);
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_true(image.hash_appended);
    assert_int_equal(image.length_bytes, IMAGE_END + 32);
    assert_int_equal(check(IMAGE_END + 31), EB_IMAGE_VALID); /* not at hand: the checksum holds */
    assert_false(image.hash_appended);
    slot.bytes[2] ^= 1; /* no checksum covers it */
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
    slot.bytes[2] ^= 1;
    /* Without a description it may be of a build that appends none. */
    memcpy(slot.bytes, short_image, sizeof(short_image));
    memset(slot.bytes + sizeof(short_image), 0x3C, 31);
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, sizeof(short_image));
}

static void double_headers_are_walked_too(void **state)
{
    (void)state;
    for (int covers_first = 0; covers_first < 2; covers_first++) {
        double_image(covers_first != 0);
        assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
        assert_int_equal(image.length_bytes, IMAGE_END);
        assert_int_equal(image.chip_id, EB_IMAGE_CHIP_NONE);
        assert_int_equal(image.flash_size_code, 4); /* of the second header */
        assert_int_equal(image.flash_mode, 0x42);
        assert_false(image.desc.present);
        assert_int_equal(measure((uint32_t)slot.len), EB_IMAGE_UNCHECKED);
        assert_int_equal(image.length_bytes, IMAGE_END);
        slot.bytes[0x230] ^= 1; /* RAM */
        assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
        slot.bytes[0x230] ^= 1;
        for (uint32_t limit = 16; limit < IMAGE_END; limit += 4) {
            assert_int_equal(check(limit), EB_IMAGE_DAMAGED);
            assert_int_equal(measure(limit), EB_IMAGE_DAMAGED);
        }
    }
}

static void a_crc_covers_the_first_segment(void **state)
{
    (void)state;
    double_image(false);
    append_crc();
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, IMAGE_END + 4);
    for (uint32_t at = 16; at < IMAGE_END + 4; at++) {
        slot.bytes[at] ^= 0x10;
        assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
        slot.bytes[at] ^= 0x10;
    }
    assert_int_equal(check(IMAGE_END), EB_IMAGE_VALID); /* the CRC is not at hand */
    assert_int_equal(image.length_bytes, IMAGE_END);
}

/* Other data behind an image without a CRC-32 fill the line. */
static void data_behind_an_image_is_no_crc(void **state)
{
    (void)state;
    double_image(false);
    memset(slot.bytes + IMAGE_END, 0xA5, 4);
    memset(slot.bytes + IMAGE_END + 4, 0x5A, 4);
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    slot.bytes[IMAGE_END] = 0x5A;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, IMAGE_END);
    memset(slot.bytes + IMAGE_END + 4, 0xFF, 4);
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
    assert_int_equal(check(IMAGE_END + 4), EB_IMAGE_DAMAGED);
}

/* As Arduino makes it, behind its bootloader: a segment of odd length, and 8 bytes filled in later.
 */
static void arduino_fills_bytes_in_after_the_checksum(void **state)
{
    uint8_t sum = 0xEF;

    (void)state;
    blank();
    put_header(0, 0xE9, 2, 0x42);
    uint32_t at = put_segment(8, 0x40201010, 0x140, 3, &sum);
    at = put_segment(at, 0x40100000, 0x1DA, 5, &sum);
    assert_in_range(at, IMAGE_END - 16, IMAGE_END - 1);
    for (uint32_t i = 16; i < 24; i++) {
        sum ^= slot.bytes[i];
        slot.bytes[i] = 0;
    }
    slot.bytes[SUM_AT] = sum;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID); /* by the core of old */
    eb_put_le32(slot.bytes + 16, 0x1000 + IMAGE_END);
    eb_put_le32(slot.bytes + 20, 0x12345678);
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, IMAGE_END);
    slot.bytes[0x40] ^= 1;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
    slot.bytes[0x40] ^= 1;
    slot.bytes[16] ^= 1; /* another length: these bytes are no exception */
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
}

static void hostile_double_headers_are_damage(void **state)
{
    static const struct {
        uint32_t at;
        uint8_t value;
    } rows[] = {
        {0x220, 0xEA}, {0x221, 0}, {0x221, 17}, /* the second header */
        {12, 0x12},    {15, 1},                 /* length of the first segment */
    };

    (void)state;
    double_image(false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t before = slot.bytes[rows[i].at];

        slot.bytes[rows[i].at] = rows[i].value;
        assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_DAMAGED);
        assert_int_equal(image.length_bytes, 0);
        slot.bytes[rows[i].at] = before;
    }
    slot.bytes[1] = 5;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_OPAQUE);
    slot.bytes[1] = 4;
    slot.bytes[8] = 1; /* an address where none is */
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_OPAQUE);
    eb_app_image_peek(slot.bytes, 15, &image);
    assert_int_equal(image.state, EB_IMAGE_DAMAGED);
    slot.hole = 0x218; /* not even the second header */
    slot.bytes[8] = 0;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_UNCHECKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(short_headers_are_walked_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flash_mapped_segments_come_behind_a_short_header_too,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hash_that_nothing_announces_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(double_headers_are_walked_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crc_covers_the_first_segment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(data_behind_an_image_is_no_crc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arduino_fills_bytes_in_after_the_checksum, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(hostile_double_headers_are_damage, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("app_image_short", tests, NULL, NULL);
}
