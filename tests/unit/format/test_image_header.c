/* Other flash settings in an image: byte for byte what esptool 5.6.0 makes of the same image (see
 * make_vectors.py), and whatever part of it is asked for. */
#include "bytes.h"
#include "format_vectors.h"
#include "image_header.h"
#include "range.h"

#include <string.h>

#define IMAGE_MAX 512

typedef struct image {
    uint8_t *bytes;
    size_t len;
    uint32_t fail_at; /* reads that reach there fail; 0: none */
} image_t;

static bool read_image(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    const image_t *image = user;

    if (!eb_range_within(offset, count, image->len) ||
        (image->fail_at != 0 && offset + count > image->fail_at)) {
        return false;
    }
    memcpy(bytes, image->bytes + offset, count);
    return true;
}

static int set_up(void **state)
{
    image_t *image = calloc(1, sizeof(*image));

    image->bytes = load_vector("app_c3.bin", &image->len);
    assert_true(image->len > 32 && image->len < IMAGE_MAX);
    *state = image;
    return 0;
}

static int tear_down(void **state)
{
    image_t *image = *state;

    free(image->bytes);
    free(image);
    return 0;
}

static eb_code_t make(image_t *image, uint32_t chip_id, eb_flash_settings_t settings,
                      eb_header_patch_t *patch, eb_err_t *err)
{
    return eb_header_patch_make(read_image, image, (uint32_t)image->len, chip_id, &settings, patch,
                                err);
}

static void esptool_makes_the_same(void **state)
{
    static const struct {
        const char *file;
        uint32_t chip_id;
        eb_flash_settings_t settings;
    } rows[] = {
        {"header_qio_40m_8mb.bin", 5, {"qio", "40m", "8MB"}},
        {"header_dout_20m_128mb.bin", 5, {"DOUT", "20M", "128mb"}},
        {"header_keep_26m.bin", 5, {NULL, "26m", "keep"}},
        {"header_c2_15m.bin", 12, {"keep", "15m", "2MB"}},
        {"header_c6_80m.bin", 13, {"qout", "80m", NULL}},
        {"header_h2_16m.bin", 16, {NULL, "16m", NULL}},
    };
    image_t *image = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        eb_header_patch_t patch;
        eb_err_t err = {0};
        uint8_t bytes[IMAGE_MAX];
        size_t len;
        uint8_t *theirs = load_vector(rows[i].file, &len);
        assert_int_equal(make(image, rows[i].chip_id, rows[i].settings, &patch, &err), EB_OK);
        assert_true(patch.changed && patch.has_hash);
        memcpy(bytes, image->bytes, image->len);
        eb_header_patch_apply(&patch, 0, bytes, (uint32_t)image->len);
        assert_int_equal(len, image->len);
        assert_memory_equal(bytes, theirs, len);
        free(theirs);
    }
}

static void any_part_of_the_image_is_patched_alike(void **state)
{
    image_t *image = *state;
    eb_header_patch_t patch;
    uint8_t whole[IMAGE_MAX], part[IMAGE_MAX];

    assert_int_equal(make(image, 5, (eb_flash_settings_t){"qio", NULL, NULL}, &patch, NULL), EB_OK);
    memcpy(whole, image->bytes, image->len);
    eb_header_patch_apply(&patch, 0, whole, (uint32_t)image->len);
    for (uint32_t size = 1; size < 40; size++) {
        for (uint32_t at = 0; at < image->len; at += size) {
            uint32_t count = eb_min_u32(size, (uint32_t)image->len - at);
            memcpy(part + at, image->bytes + at, count);
            eb_header_patch_apply(&patch, at, part + at, count);
        }
        assert_memory_equal(part, whole, image->len);
    }
    /* What lies behind the image stays. */
    memset(part, 0x77, sizeof(part));
    eb_header_patch_apply(&patch, (uint32_t)image->len, part, 64);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(part[i], 0x77);
    }
}

static void settings_that_it_has_change_nothing(void **state)
{
    image_t *image = *state;
    eb_header_patch_t patch;
    uint8_t bytes[IMAGE_MAX];

    assert_int_equal(make(image, 5, (eb_flash_settings_t){"dio", "80m", "4MB"}, &patch, NULL),
                     EB_OK);
    assert_false(patch.changed);
    memcpy(bytes, image->bytes, image->len);
    eb_header_patch_apply(&patch, 0, bytes, (uint32_t)image->len);
    assert_memory_equal(bytes, image->bytes, image->len);
    assert_false(eb_flash_settings_any(&(eb_flash_settings_t){NULL, "keep", NULL}));
    assert_true(eb_flash_settings_any(&(eb_flash_settings_t){NULL, NULL, "4MB"}));
}

static void words_that_are_not_known_are_named(void **state)
{
    image_t *image = *state;
    eb_header_patch_t patch;
    eb_err_t err = {0};

    assert_int_equal(make(image, 5, (eb_flash_settings_t){"fast", NULL, NULL}, &patch, &err),
                     EB_ERR_USAGE);
    assert_non_null(strstr(err.message, "flash mode \"fast\""));
    assert_non_null(strstr(err.message, "qio, qout, dio, dout, or keep"));
    assert_int_equal(make(image, 16, (eb_flash_settings_t){NULL, "80m", NULL}, &patch, &err),
                     EB_ERR_USAGE);
    assert_non_null(strstr(err.message, "48m, 24m, 16m, 12m, or keep"));
    assert_int_equal(make(image, 25, (eb_flash_settings_t){NULL, "16m", NULL}, &patch, &err),
                     EB_ERR_USAGE);
    assert_non_null(strstr(err.message, "knows 48m, 24m, or keep"));
    assert_int_equal(make(image, 28, (eb_flash_settings_t){NULL, "12m", NULL}, &patch, &err),
                     EB_ERR_USAGE);
    assert_int_equal(make(image, 32, (eb_flash_settings_t){NULL, "26m", NULL}, &patch, &err),
                     EB_ERR_USAGE);
    assert_non_null(strstr(err.message, "80m, 40m, 20m, or keep"));
    assert_int_equal(make(image, 5, (eb_flash_settings_t){NULL, NULL, "3MB"}, &patch, &err),
                     EB_ERR_USAGE);
    assert_non_null(strstr(err.message, "1MB, 2MB, 4MB, 8MB, 16MB, 32MB, 64MB, 128MB, or keep"));
    assert_false(patch.changed);
    assert_int_equal(make(image, UINT32_MAX, (eb_flash_settings_t){"qio", NULL, NULL}, &patch,
                          &err),
                     EB_ERR_UNSUPPORTED);
}

/* What is no sound image is left alone: these bytes may be ciphertext or data. */
static void only_a_sound_image_is_changed(void **state)
{
    image_t *image = *state;
    const eb_flash_settings_t settings = {"qio", NULL, NULL};
    eb_header_patch_t patch;
    eb_err_t err = {0};

    for (size_t i = 0; i < image->len; i++) {
        if (i == 23) { /* tells that there is no hash, and then it is sound */
            continue;
        }
        image->bytes[i] ^= 0x01;
        assert_int_equal(make(image, 5, settings, &patch, &err), EB_ERR_IMAGE_INVALID);
        assert_false(patch.changed);
        image->bytes[i] ^= 0x01;
    }
    assert_int_equal(make(image, 5, settings, &patch, &err), EB_OK);
    image->len--;
    assert_int_equal(make(image, 5, settings, &patch, &err), EB_ERR_IMAGE_INVALID);
    image->len++;
    image->fail_at = 200;
    assert_int_equal(make(image, 5, settings, &patch, &err), EB_ERR_IMAGE_INVALID);
}

/* Its header is another one; where there are two, bytes 2 and 3 of the first are no settings. */
static void an_image_for_the_esp8266_is_left_alone(void **state)
{
    static const uint8_t short_image[48] = {0xE9, 1,    2,    0x40, 4,
                                            0,    0x10, 0x40, /**/
                                            0,    0,    0x10, 0x40, 4,
                                            0,    0,    0, /**/
                                            1,    2,    3,    4,    [31] = 0xEF ^ 1 ^ 2 ^ 3 ^ 4};
    static const uint8_t double_image[48] = {
        0xEA, 4, 0,    0x40, 4,    0, 0x10, 0x40, /**/
        0,    0, 0,    0,    4,    0, 0,    0,    /**/
        1,    2, 3,    4,    0xE9, 1, 2,    0x40, /**/
        4,    0, 0x10, 0x40, 0,    0, 0x10, 0x40, /**/
        4,    0, 0,    0,    5,    6, 7,    8,    [47] = 0xEF ^ 5 ^ 6 ^ 7 ^ 8};
    const uint8_t *const images[] = {short_image, double_image};
    image_t *image = *state;
    eb_header_patch_t patch;
    eb_err_t err = {0};

    for (size_t i = 0; i < 2; i++) {
        eb_app_image_t seen;
        memcpy(image->bytes, images[i], 48);
        image->len = 48;
        eb_app_image_check(read_image, image, 48, &seen);
        assert_int_equal(seen.state, EB_IMAGE_VALID);
        assert_int_equal(make(image, 9, (eb_flash_settings_t){"qio", NULL, "1MB"}, &patch, &err),
                         EB_ERR_UNSUPPORTED);
        assert_false(patch.changed);
        assert_non_null(strstr(err.message, "names no chip"));
    }
}

/* Without an appended hash the two bytes are all. */
static void an_image_without_hash(void **state)
{
    image_t *image = *state;
    eb_header_patch_t patch;
    uint8_t bytes[IMAGE_MAX];

    image->bytes[23] = 0;
    image->len -= 32;
    assert_int_equal(make(image, 5, (eb_flash_settings_t){"qio", NULL, NULL}, &patch, NULL), EB_OK);
    assert_true(patch.changed);
    assert_false(patch.has_hash);
    memcpy(bytes, image->bytes, image->len);
    eb_header_patch_apply(&patch, 0, bytes, (uint32_t)image->len);
    assert_int_equal(bytes[2], 0);
    bytes[2] = image->bytes[2];
    assert_memory_equal(bytes, image->bytes, image->len);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(esptool_makes_the_same),
        TEST(any_part_of_the_image_is_patched_alike),
        TEST(settings_that_it_has_change_nothing),
        TEST(words_that_are_not_known_are_named),
        TEST(only_a_sound_image_is_changed),
        TEST(an_image_for_the_esp8266_is_left_alone),
        TEST(an_image_without_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
