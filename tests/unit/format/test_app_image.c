#include "app_image_slot.h"

/* app_c3.bin: 352 bytes; DRAM segment of 0x104 bytes, IRAM segment of 4, checksum at 0x13F, hash.
 */
#define HASH_FLAG_BIT (23u * 8u)
#define CHECKSUM_AT   0x13Fu
#define HASH_AT       0x140u

static int setup(void **state)
{
    (void)state;
    slot.bytes = load_vector("app_c3.bin", &slot.len);
    slot.hole = UINT32_MAX;
    assert_int_equal(slot.len, 352);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(slot.bytes);
    return 0;
}

static void rehash(void)
{
    eb_sha256(slot.bytes, HASH_AT, slot.bytes + HASH_AT);
}

static void reads_the_image_of_elf2image(void **state)
{
    uint8_t elf_hash[32];

    (void)state;
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, 352);
    assert_int_equal(image.chip_id, 5);
    assert_int_equal(image.flash_mode, 2);        /* DIO */
    assert_int_equal(image.flash_freq_code, 0xF); /* 80 MHz */
    assert_int_equal(image.flash_size_code, 2);   /* 4 MB */
    assert_int_equal(image.entry_addr, 0x40380400);
    assert_true(image.hash_appended);
    assert_true(image.desc.present);
    assert_string_equal(image.desc.project, "format_vector");
    assert_string_equal(image.desc.version, "v1.2.3-vector");
    assert_string_equal(image.desc.idf_version, "v5.5.1");
    assert_string_equal(image.desc.build_date, "Nov 21 2026");
    assert_string_equal(image.desc.build_time, "12:34:56");
    assert_int_equal(image.desc.secure_version, 7);
    memcpy(elf_hash, slot.bytes + 0xB0, sizeof(elf_hash)); /* --elf-sha256-offset */
    assert_memory_equal(image.desc.elf_sha256, elf_hash, sizeof(elf_hash));
}

static void peek_sees_the_start_alone(void **state)
{
    (void)state;
    eb_app_image_peek(slot.bytes, EB_APP_IMAGE_PEEK_BYTES, &image);
    assert_int_equal(image.state, EB_IMAGE_UNCHECKED);
    assert_int_equal(image.length_bytes, 0);
    assert_string_equal(image.desc.version, "v1.2.3-vector");
    eb_app_image_peek(slot.bytes, EB_APP_IMAGE_PEEK_BYTES - 1, &image);
    assert_int_equal(image.state, EB_IMAGE_UNCHECKED);
    assert_false(image.desc.present); /* half a description is none */
    eb_app_image_peek(slot.bytes, 31, &image);
    assert_int_equal(image.state, EB_IMAGE_DAMAGED);
}

static void measure_needs_no_body(void **state)
{
    (void)state;
    memset(slot.bytes + 0x12C, 0, 4); /* damage that only a checksum finds */
    assert_int_equal(measure(352), EB_IMAGE_UNCHECKED);
    assert_int_equal(image.length_bytes, 352);
    assert_true(image.desc.present);
}

/* An update that was cut off; with one byte of the hash it may be whole. */
static void measure_sees_an_erased_hash(void **state)
{
    (void)state;
    memset(slot.bytes + HASH_AT + 16, 0xFF, 16);
    assert_int_equal(measure(352), EB_IMAGE_DAMAGED);
    slot.bytes[HASH_AT + 31] = 0;
    assert_int_equal(measure(352), EB_IMAGE_UNCHECKED);
}

/* Whatever bit flips, the image is not VALID any more, but for the one that says "no hash". */
static void any_flipped_bit_is_found(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < slot.len * 8; bit++) {
        slot.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit != HASH_FLAG_BIT) {
            assert_int_not_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
        }
        slot.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(check((uint32_t)slot.len), EB_IMAGE_VALID);
}

static void the_checksum_counts_even_when_the_hash_holds(void **state)
{
    (void)state;
    slot.bytes[CHECKSUM_AT] ^= 1;
    rehash();
    assert_int_equal(check(352), EB_IMAGE_DAMAGED);
    assert_int_equal(image.length_bytes, 352);
}

static void without_an_appended_hash_the_checksum_decides(void **state)
{
    (void)state;
    slot.bytes[23] = 0;
    slot.len = HASH_AT;
    assert_int_equal(check(HASH_AT), EB_IMAGE_VALID);
    assert_int_equal(image.length_bytes, HASH_AT);
    assert_false(image.hash_appended);
    slot.bytes[0x30] ^= 0x40;
    assert_int_equal(check(HASH_AT), EB_IMAGE_DAMAGED);
}

static void an_image_must_fit_its_slot(void **state)
{
    (void)state;
    for (uint32_t limit = 32; limit < 352; limit++) {
        assert_int_equal(check(limit), EB_IMAGE_DAMAGED);
        assert_int_equal(image.length_bytes, 0);
        assert_int_equal(measure(limit), EB_IMAGE_DAMAGED);
    }
}

static void bytes_that_are_not_at_hand_are_not_damage(void **state)
{
    (void)state;
    slot.hole = EB_APP_IMAGE_PEEK_BYTES;
    assert_int_equal(check(352), EB_IMAGE_UNCHECKED);
    assert_int_equal(measure(352), EB_IMAGE_UNCHECKED);
    slot.hole = HASH_AT; /* all but the hash */
    assert_int_equal(check(352), EB_IMAGE_UNCHECKED);
    slot.hole = 16; /* not even the header: nothing can be said */
    assert_int_equal(check(352), EB_IMAGE_OPAQUE);
}

static void hostile_headers_are_damage(void **state)
{
    static const struct {
        uint32_t at, value;
    } rows[] = {
        {0x18 + 4, 0xFFFFFFFC}, /* segment length: overflow of offset + length */
        {0x18 + 4, 0x00FFFFFC}, /* far beyond the slot */
        {0x18 + 4, 0x01000000}, /* 16 MiB */
        {0x18 + 4, 0x00000102}, /* not whole words */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t before = eb_get_le32(slot.bytes + rows[i].at);

        eb_put_le32(slot.bytes + rows[i].at, rows[i].value);
        assert_int_equal(check(352), EB_IMAGE_DAMAGED);
        assert_int_equal(measure(UINT32_MAX),
                         rows[i].value == 0x00FFFFFC ? EB_IMAGE_UNCHECKED : EB_IMAGE_DAMAGED);
        assert_int_equal(image.length_bytes, 0);
        eb_put_le32(slot.bytes + rows[i].at, before);
    }
    slot.bytes[1] = 0;
    assert_int_equal(check(352), EB_IMAGE_DAMAGED);
    slot.bytes[1] = 17;
    eb_app_image_peek(slot.bytes, slot.len, &image);
    assert_int_equal(image.state, EB_IMAGE_DAMAGED);
    slot.bytes[1] = 16;
    eb_app_image_peek(slot.bytes, slot.len, &image);
    assert_int_equal(image.state, EB_IMAGE_UNCHECKED);
}

static void erased_and_foreign_slots(void **state)
{
    (void)state;
    memset(slot.bytes, 0xFF, slot.len);
    assert_int_equal(check(352), EB_IMAGE_NONE);
    slot.bytes[100] = 0;
    assert_int_equal(check(352), EB_IMAGE_OPAQUE);
    memset(slot.bytes, 0x3C, slot.len);
    assert_int_equal(check(352), EB_IMAGE_OPAQUE);
    assert_false(image.desc.present);
    assert_int_equal(check(0), EB_IMAGE_OPAQUE);
    eb_app_image_peek(NULL, 0, &image);
    assert_int_equal(image.state, EB_IMAGE_OPAQUE);
}

static void texts_of_the_description_are_clean(void **state)
{
    (void)state;
    memset(slot.bytes + 0x30, 'v', 32); /* version: no NUL in its field */
    memcpy(slot.bytes + 0x50, "\033]0;x\007\xC3", 8);
    eb_app_image_peek(slot.bytes, EB_APP_IMAGE_PEEK_BYTES, &image);
    assert_string_equal(image.desc.version, "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv");
    assert_string_equal(image.desc.project, "?]0;x??");
    eb_put_le32(slot.bytes + 0x20, 0xABCD5433);
    eb_app_image_peek(slot.bytes, EB_APP_IMAGE_PEEK_BYTES, &image);
    assert_false(image.desc.present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_the_image_of_elf2image, setup, teardown),
        cmocka_unit_test_setup_teardown(peek_sees_the_start_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(measure_needs_no_body, setup, teardown),
        cmocka_unit_test_setup_teardown(measure_sees_an_erased_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(any_flipped_bit_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(the_checksum_counts_even_when_the_hash_holds, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_an_appended_hash_the_checksum_decides, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_image_must_fit_its_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_at_hand_are_not_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_headers_are_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(erased_and_foreign_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_of_the_description_are_clean, setup, teardown),
    };

    return cmocka_run_group_tests_name("app_image", tests, NULL, NULL);
}
