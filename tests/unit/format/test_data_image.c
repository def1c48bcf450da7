/* test_data_image.c: data images against bytes made by another implementation (Python's struct and
 * zlib), and each field that may be damaged. */
#include "bytes.h"
#include "data_image.h"
#include "mime_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONTENT_AT 0xD0u /* of two files */
#define SIZE       0xD9u

/* clang-format off */
/* struct.pack("<6I24x", 0xe0917763, 1, 2, 0xd9, crc, 1600000000), then for each file
 * struct.pack("<32s4I32s", name, time, length, offset, 0, type), then b"Hi there\n". */
static const uint8_t expected[SIZE] = {
    0x63, 0x77, 0x91, 0xe0, 1, 0, 0, 0, 2, 0, 0, 0, 0xd9, 0, 0, 0,
    0x78, 0x7b, 0x66, 0x93, 0x00, 0x10, 0x5e, 0x5f,
    [0x30] = 'a', '.', 't', 'x', 't',
    [0x50] = 1, 0x10, 0x5e, 0x5f, 9, 0, 0, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0,
    't', 'e', 'x', 't', '/', 'p', 'l', 'a', 'i', 'n',
    [0x80] = 'e', 'm', 'p', 't', 'y',
    [0xA0] = 2, 0x10, 0x5e, 0x5f, 0, 0, 0, 0, 0xd9, 0, 0, 0, 0, 0, 0, 0,
    'x', '/', 'y',
    [0xD0] = 'H', 'i', ' ', 't', 'h', 'e', 'r', 'e', '\n',
};
/* clang-format on */

static uint8_t bytes[SIZE + 16];
static eb_data_image_t image;
static eb_err_t err;

static int fresh(void **state)
{
    (void)state;
    memset(bytes, 0xFF, sizeof(bytes));
    memcpy(bytes, expected, SIZE);
    return 0;
}

static void writes_the_bytes(void **state)
{
    eb_data_file_t files[] = {
        {.name = "a.txt", .type = "text/plain", .time_unix = 1600000001, .size = 9},
        {.name = "empty", .type = "x/y", .time_unix = 1600000002},
    };
    eb_data_image_t made = {.files = files, .count = 2, .time_unix = 1600000000};
    const uint8_t *contents[] = {(const uint8_t *)"Hi there\n", NULL};
    uint8_t *out;

    (void)state;
    assert_int_equal(eb_data_image_write(&made, contents, &out, &err), EB_OK);
    assert_int_equal(made.size, SIZE);
    assert_memory_equal(out, expected, SIZE);
    assert_int_equal(made.crc, eb_get_le32(expected + 0x10));
    free(out);
}

static void reads_them_back(void **state)
{
    (void)state;
    assert_int_equal(eb_data_image_read(bytes, sizeof(bytes), &image, &err), EB_OK);
    assert_int_equal(image.count, 2);
    assert_int_equal(image.size, SIZE);
    assert_int_equal(image.time_unix, 1600000000);
    assert_true(image.crc_matches);
    assert_string_equal(image.files[0].name, "a.txt");
    assert_string_equal(image.files[0].type, "text/plain");
    assert_int_equal(image.files[0].time_unix, 1600000001);
    assert_int_equal(image.files[0].size, 9);
    assert_int_equal(image.files[0].offset, CONTENT_AT);
    assert_string_equal(image.files[1].name, "empty");
    assert_int_equal(image.files[1].size, 0);
    eb_data_image_free(&image);
}

static void sizes_are_counted(void **state)
{
    eb_data_file_t files[] = {{.size = UINT32_MAX}, {.size = 9}};

    (void)state;
    assert_int_equal(eb_data_image_size(NULL, 0), EB_DATA_HEADER_BYTES);
    assert_int_equal(eb_data_image_size(files + 1, 1), 48 + 80 + 9);
    assert_int_equal(eb_data_image_size(files, 2), 0);
}

static void a_changed_byte_is_told(void **state)
{
    (void)state;
    for (size_t at = 0x14; at < SIZE; at += 7) {
        fresh(NULL);
        bytes[at] ^= 0x20;
        if (eb_data_image_read(bytes, SIZE, &image, &err) == EB_OK) {
            assert_false(image.crc_matches);
            eb_data_image_free(&image);
        }
    }
}

static void expect_invalid(const char *field)
{
    assert_int_equal(eb_data_image_read(bytes, SIZE, &image, &err), EB_ERR_IMAGE_INVALID);
    if (strncmp(err.message, field, strlen(field)) != 0) {
        fail_msg("'%s' does not begin with '%s'", err.message, field);
    }
    assert_null(image.files);
}

static void each_damaged_field_has_its_name(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        const char *field;
    } cases[] = {
        {0x00, 0xE0917762, "magic"},
        {0x04, 2, "version"},
        {0x04, 0, "version"},
        {0x08, 3, "number of files"},
        {0x08, UINT32_MAX, "number of files"},
        {0x0C, SIZE + 1, "total size"},
        {0x0C, 47, "total size"},
        {0x54, 10, "file 1: size"},
        {0x54, UINT32_MAX, "file 1: size"},
        {0x58, 0xCF, "file 1: offset"},
        {0x58, UINT32_MAX, "file 1: offset"},
        {0xA8, 0xDA, "file 2: offset"},
        {0xA8, 0xD1, "offset: 'empty' at 0xd1 overlaps 'a.txt'"},
        {0x30, 0, "file 1: name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fresh(NULL);
        eb_put_le32(bytes + cases[i].at, cases[i].value);
        expect_invalid(cases[i].field);
    }
    fresh(NULL);
    memset(bytes + 0x30, 'x', 32);
    expect_invalid("file 1: name");
    fresh(NULL);
    memset(bytes + 0xB0, 'x', 32);
    expect_invalid("file 2: type");
    fresh(NULL);
    memcpy(bytes + 0x80, "a.txt", 6);
    expect_invalid("name: two files are 'a.txt'");
    assert_int_equal(eb_data_image_read(bytes, 47, &image, &err), EB_ERR_IMAGE_INVALID);
    assert_non_null(strstr(err.message, "size"));
}

static void names_may_not_leave_a_folder(void **state)
{
    static const char *const unsafe[] = {
        "",           ".",    "..",       "/etc/passwd", "a/b",
        "..\\b",      "C:x",  "nul",      "Com1",        "LPT9.txt",
        "aux.tar.gz", "a\nb", "a\x1b[2J", "\xff",        "a\xe2\x80\xae-b",
    };
    static const char *const safe[] = {"a",     "...", ".hidden",           "console", "com",
                                       "com10", "-x",  "Z\xc3\xbcrich.txt", "nulls",   "a b"};

    (void)state;
    for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
        if (eb_data_name_why_unsafe(unsafe[i]) == NULL) {
            fail_msg("'%s' was let through", unsafe[i]);
        }
    }
    for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
        if (eb_data_name_why_unsafe(safe[i]) != NULL) {
            fail_msg("'%s' %s", safe[i], eb_data_name_why_unsafe(safe[i]));
        }
    }
}

/* Endings that several types claim, and names without one. */
static void types_are_those_of_mime_types(void **state)
{
    static const char *const cases[][2] = {
        {"a.html", "text/html"},
        {"A.HTML", "text/html"},
        {"x.js", "application/javascript"},
        {"x.xml", "application/xml"},
        {"x.wav", "audio/wave"},
        {"x.mp4", "video/mp4"},
        {"x.ico", "image/vnd.microsoft.icon"},
        {"x.tar.gz", "application/gzip"},
        {"txt", "text/plain"},
        {".json", "application/json"},
        {"cert.pem", "application/x-x509-ca-cert"},
        {"x.bin", "application/octet-stream"},
        {"x.", "application/octet-stream"},
        {"x.nosuch", "application/octet-stream"},
    };

    (void)state;
    assert_string_equal(eb_mime_type("README"), "text/plain");
    assert_string_equal(eb_mime_type("LICENSE"), "text/plain");
    assert_string_equal(eb_mime_type("readme"), "application/octet-stream");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && eb_mime_known(); i++) {
        assert_string_equal(eb_mime_type(cases[i][0]), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_bytes),
        cmocka_unit_test_setup(reads_them_back, fresh),
        cmocka_unit_test(sizes_are_counted),
        cmocka_unit_test(a_changed_byte_is_told),
        cmocka_unit_test(each_damaged_field_has_its_name),
        cmocka_unit_test(names_may_not_leave_a_folder),
        cmocka_unit_test(types_are_those_of_mime_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
