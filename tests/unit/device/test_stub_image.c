#include "chip_row.h"
#include "espbackup/session.h"
#include "stub_embedded.h"
#include "stub_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static eb_code_t parse(const char *json, eb_stub_image_t *image, eb_err_t *err)
{
    return eb_stub_image_parse(json, strlen(json), "test.json", image, err);
}

static void decodes_base64(void **state)
{
    uint8_t out[16];

    (void)state;
    assert_int_equal(eb_base64_decode("", out), 0);
    assert_int_equal(eb_base64_decode("Zg==", out), 1);
    assert_memory_equal(out, "f", 1);
    assert_int_equal(eb_base64_decode("Zm8=", out), 2);
    assert_memory_equal(out, "fo", 2);
    assert_int_equal(eb_base64_decode("Zm9vYmFy", out), 6);
    assert_memory_equal(out, "foobar", 6);
    assert_int_equal(eb_base64_decode("+/+/", out), 3);
    assert_memory_equal(out, "\xFB\xFF\xBF", 3);
}

static void refuses_what_is_no_base64(void **state)
{
    static const char *const bad[] = {"Z",     "Zg",       "Zg=",  "Zg==Zg==", "Zm9v!mFy",
                                      "Zm9\n", "Zm=vYmFy", "====", "Z===",     "Zm9vYm=y"};
    uint8_t out[16];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(eb_base64_decode(bad[i], out), SIZE_MAX);
    }
}

static void parses_a_stub(void **state)
{
    const char *json = "{\"entry\": 1074434092, \"text\": \"Zm9v\", \"text_start\": 1074429952, "
                       "\"data\": \"Zg==\", \"data_start\": 1073605996, \"bss_start\": 4, "
                       "\"plugins\": {\"x\": [1]}}";
    eb_stub_image_t image;
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(parse(json, &image, &err), EB_OK);
    assert_int_equal(image.entry, 1074434092);
    assert_int_equal(image.text.addr, 1074429952);
    assert_int_equal(image.text.len, 3);
    assert_memory_equal(image.text.bytes, "foo", 3);
    assert_int_equal(image.data.addr, 1073605996);
    assert_int_equal(image.data.len, 1);
    eb_stub_image_free(&image);
}

static void data_may_be_missing(void **state)
{
    eb_stub_image_t image;
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(parse("{\"entry\":1,\"text\":\"Zm9v\",\"text_start\":2}", &image, &err),
                     EB_OK);
    assert_null(image.data.bytes);
    assert_int_equal(image.data.len, 0);
    eb_stub_image_free(&image);
    eb_stub_image_free(NULL);
}

static void refuses_what_is_no_stub(void **state)
{
    static const struct {
        const char *json, *word;
    } bad[] = {
        {"", "test.json"},
        {"{", "test.json"},
        {"[]", "test.json"},
        {"{\"text\":\"Zm9v\",\"text_start\":2}", "entry"},
        {"{\"entry\":0,\"text\":\"Zm9v\",\"text_start\":2}", "entry"},
        {"{\"entry\":4294967296,\"text\":\"Zm9v\",\"text_start\":2}", "entry"},
        {"{\"entry\":1,\"text_start\":2}", "text"},
        {"{\"entry\":1,\"text\":7,\"text_start\":2}", "text"},
        {"{\"entry\":1,\"text\":\"Zm9v\"}", "text_start"},
        {"{\"entry\":1,\"text\":\"Zm9v\",\"text_start\":-1}", "text_start"},
        {"{\"entry\":1,\"text\":\"Zm9\",\"text_start\":2}", "base64"},
        {"{\"entry\":1,\"text\":\"\",\"text_start\":2}", "base64"},
        {"{\"entry\":1,\"text\":\"Zm9v\",\"text_start\":2,\"data\":\"Zg==\"}", "data_start"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        eb_stub_image_t image;
        eb_err_t err = {0};

        assert_int_equal(parse(bad[i].json, &image, &err), EB_ERR_STUB);
        assert_non_null(strstr(err.message, "test.json"));
        assert_non_null(strstr(err.message, bad[i].word));
        eb_stub_image_free(&image);
    }
}

/* Each stub in the program is one, and each chip that should have one has. */
static void embedded_stubs_are_stubs(void **state)
{
    (void)state;
    if (eb_stub_file_count == 0) {
        skip();
    }
    for (size_t i = 0; i < eb_stub_file_count; i++) {
        const eb_stub_file_t *file = &eb_stub_files[i];
        eb_stub_image_t image;
        eb_err_t err = {0};

        assert_int_equal(strlen(file->json), file->len);
        assert_int_equal(eb_stub_image_parse(file->json, file->len, file->name, &image, &err),
                         EB_OK);
        assert_true(image.text.len > 1024);
        assert_true(image.entry >= image.text.addr &&
                    image.entry < image.text.addr + image.text.len);
        eb_stub_image_free(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_base64),          cmocka_unit_test(refuses_what_is_no_base64),
        cmocka_unit_test(parses_a_stub),           cmocka_unit_test(data_may_be_missing),
        cmocka_unit_test(refuses_what_is_no_stub), cmocka_unit_test(embedded_stubs_are_stubs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
