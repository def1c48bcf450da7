/* JSON: what is refused, that errors name the field, and that what is written is read back. */
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static eb_json_t *parse(const char *text)
{
    eb_json_t *root;
    eb_err_t err;

    assert_int_equal(eb_json_parse(text, strlen(text), &root, &err), EB_OK);
    assert_non_null(root);
    return root;
}

static void bad_documents_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "{]",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\":1} x",
        "{\"a\":1}{",
        "{\"a\":1}1",
        "{'a':1}",
        "{\"a\" 1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":1-2}",
        "{\"a\":0x10}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":tru}",
        "{\"a\":truefalse}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"open}",
        "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xC0\x80\"}",
        "\xEF\xBB\xBF{}",
        "{\"a\":1,\"a\":2}",
        "{\"b\":{\"x\":1,\"y\":2,\"x\":3}}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":1}\f",
        "// no\n{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        eb_json_t *root = (eb_json_t *)(void *)&root;
        eb_err_t err;

        if (eb_json_parse(bad[i], strlen(bad[i]), &root, &err) != EB_ERR_SIDECAR_INVALID) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_null(root);
        assert_true(err.message[0] != '\0');
    }
}

static void nul_inside_and_length_count(void **state)
{
    eb_json_t *root;

    (void)state;
    assert_int_equal(eb_json_parse("{}\0", 3, &root, NULL), EB_ERR_SIDECAR_INVALID);
    assert_int_equal(eb_json_parse("{\"a\":\"\0\"}", 10, &root, NULL), EB_ERR_SIDECAR_INVALID);
    /* Not terminated: the byte behind the length is not looked at. */
    assert_int_equal(eb_json_parse("{}}", 2, &root, NULL), EB_OK);
    eb_json_free(root);
}

static void depth_is_limited(void **state)
{
    char text[200];
    eb_json_t *root;

    (void)state;
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    assert_int_equal(eb_json_parse(text, 66, &root, NULL), EB_ERR_SIDECAR_INVALID);
    assert_int_equal(eb_json_parse(text + 1, 64, &root, NULL), EB_OK);
    eb_json_free(root);
}

static void duplicate_key_is_named_with_its_path(void **state)
{
    static const char text[] = "{\"b\":{\"x\":1,\"x\":3}}";
    eb_json_t *root;
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_json_parse(text, strlen(text), &root, &err), EB_ERR_SIDECAR_INVALID);
    assert_string_equal(err.message, "b.x: given twice");
}

/* Objects with few keys and with many are looked through in different ways. */
static void a_duplicate_is_found_among_many_keys(void **state)
{
    char text[1000];
    eb_json_t *root;
    eb_err_t err;

    (void)state;
    for (int count = 2; count <= 60; count++) {
        size_t used = 0;

        for (int i = 0; i < count; i++) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%c\"k%d\":1",
                                     i == 0 ? '{' : ',', i);
        }
        (void)snprintf(text + used, sizeof(text) - used, "}");
        assert_int_equal(eb_json_parse(text, strlen(text), &root, &err), EB_OK);
        eb_json_free(root);
        (void)snprintf(text + used, sizeof(text) - used, ",\"k1\":2}");
        assert_int_equal(eb_json_parse(text, strlen(text), &root, &err), EB_ERR_SIDECAR_INVALID);
        assert_string_equal(err.message, "k1: given twice");
    }
}

static void errors_name_the_field_in_full(void **state)
{
    eb_json_t *root = parse("{\"flash\":{\"size_bytes\":\"4\",\"a\":[{\"n\":1},{\"n\":true}]}}");
    const eb_json_t *flash = NULL, *a = NULL;
    const char *text = "kept";
    int64_t value = 77;
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_json_get_object(root, "flash", &flash, &err), EB_OK);
    assert_int_equal(eb_json_get_int(flash, "size_bytes", 0, 10, &value, &err),
                     EB_ERR_SIDECAR_INVALID);
    assert_string_equal(err.message, "flash.size_bytes: expected a whole number");
    assert_int_equal(eb_json_get_int(flash, "Size_Bytes", 0, 10, &value, &err),
                     EB_ERR_SIDECAR_INVALID);
    assert_string_equal(err.message, "flash.Size_Bytes: missing");
    assert_int_equal(eb_json_get_array(flash, "a", &a, &err), EB_OK);
    assert_int_equal(eb_json_count(a), 2);
    assert_int_equal(eb_json_get_int(eb_json_at(a, 0), "n", 2, 10, &value, &err),
                     EB_ERR_SIDECAR_INVALID);
    assert_string_equal(err.message, "flash.a[0].n: 1 is out of range, expected 2 to 10");
    assert_int_equal(eb_json_get_text(eb_json_at(a, 1), "n", &text, &err), EB_ERR_SIDECAR_INVALID);
    assert_string_equal(err.message, "flash.a[1].n: expected text");
    assert_null(eb_json_at(a, 2));
    assert_int_equal(eb_json_get_object(root, "none", &flash, &err), EB_ERR_SIDECAR_INVALID);
    assert_string_equal(err.message, "none: missing");
    assert_int_equal(value, 77);
    assert_string_equal(text, "kept");
    eb_json_free(root);
}

static void whole_numbers_are_exact_or_refused(void **state)
{
    eb_json_t *root = parse("{\"big\":9007199254740991,\"bigger\":9007199254740993,\"half\":1.5,"
                            "\"neg\":-5,\"exp\":1e3,\"huge\":1e400,\"u32\":4294967295}");
    int64_t value = 0;
    double number;

    (void)state;
    assert_int_equal(eb_json_get_int(root, "big", 0, EB_JSON_INT_MAX, &value, NULL), EB_OK);
    assert_int_equal(value, 9007199254740991);
    assert_int_equal(eb_json_get_int(root, "u32", 0, UINT32_MAX, &value, NULL), EB_OK);
    assert_int_equal(value, 4294967295);
    assert_int_equal(eb_json_get_int(root, "exp", 0, 1000, &value, NULL), EB_OK);
    assert_int_equal(value, 1000);
    assert_int_equal(eb_json_get_int(root, "neg", -5, 0, &value, NULL), EB_OK);
    assert_int_equal(value, -5);
    assert_int_not_equal(eb_json_get_int(root, "neg", 0, 9, &value, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_int(root, "bigger", 0, INT64_MAX, &value, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_int(root, "half", 0, 9, &value, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_int(root, "huge", INT64_MIN, INT64_MAX, &value, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_number(root, "huge", &number, NULL), EB_OK);
    assert_int_equal(eb_json_get_number(root, "half", &number, NULL), EB_OK);
    assert_true(number == 1.5);
    eb_json_free(root);
}

static void types_are_not_mixed_up(void **state)
{
    eb_json_t *root = parse("{\"t\":true,\"f\":false,\"n\":null,\"s\":\"abc\",\"i\":1,\"o\":{}}");
    const eb_json_t *node;
    bool flag = false;
    char text[4];

    (void)state;
    assert_int_equal(eb_json_get_bool(root, "t", &flag, NULL), EB_OK);
    assert_true(flag);
    assert_int_equal(eb_json_get_bool(root, "f", &flag, NULL), EB_OK);
    assert_false(flag);
    assert_int_not_equal(eb_json_get_bool(root, "i", &flag, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_bool(root, "n", &flag, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_object(root, "s", &node, NULL), EB_OK);
    assert_int_not_equal(eb_json_get_array(root, "o", &node, NULL), EB_OK);
    assert_false(eb_json_has(root, "n"));
    assert_false(eb_json_has(root, "S"));
    assert_true(eb_json_has(root, "s"));
    assert_int_equal(eb_json_copy_text(root, "s", text, 4, NULL), EB_OK);
    assert_string_equal(text, "abc");
    assert_int_not_equal(eb_json_copy_text(root, "s", text, 3, NULL), EB_OK);
    assert_string_equal(text, "abc");
    eb_json_free(root);
}

static void a_document_that_is_no_object_has_no_fields(void **state)
{
    eb_json_t *root = parse("[1]");
    const char *text;
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_json_get_text(root, "a", &text, &err), EB_ERR_SIDECAR_INVALID);
    assert_false(eb_json_has(root, "a"));
    assert_int_equal(eb_json_count(root), 1);
    eb_json_free(root);
    eb_json_free(NULL);
}

static void what_is_written_is_read_back(void **state)
{
    eb_json_t *root = eb_json_new_object(), *back, *list;
    const eb_json_t *node;
    const char *text;
    int64_t value;
    double number;
    char *print;

    (void)state;
    eb_json_add_text(root, "text", "a\"\\\n\x01\xC3\xA4\xFF");
    eb_json_add_int(root, "int", EB_JSON_INT_MAX);
    eb_json_add_number(eb_json_add_object(root, "sub"), "number", 0.1);
    list = eb_json_add_array(root, "list");
    eb_json_add_int(list, NULL, -1);
    eb_json_add_bool(eb_json_append_object(list), "yes", true);
    eb_json_add_null(root, "none");
    print = eb_json_print(root);
    eb_json_free(root);
    assert_non_null(print);
    assert_int_equal(print[strlen(print) - 1], '\n');
    assert_non_null(strstr(print, "9007199254740991"));

    back = parse(print);
    free(print);
    assert_int_equal(eb_json_get_text(back, "text", &text, NULL), EB_OK);
    assert_string_equal(text, "a\"\\\n\x01\xC3\xA4\xEF\xBF\xBD");
    assert_int_equal(eb_json_get_int(back, "int", 0, EB_JSON_INT_MAX, &value, NULL), EB_OK);
    assert_int_equal(value, EB_JSON_INT_MAX);
    assert_int_equal(eb_json_get_object(back, "sub", &node, NULL), EB_OK);
    assert_int_equal(eb_json_get_number(node, "number", &number, NULL), EB_OK);
    assert_true(number == 0.1);
    assert_int_equal(eb_json_get_array(back, "list", &node, NULL), EB_OK);
    assert_int_equal(eb_json_count(node), 2);
    assert_true(eb_json_has(eb_json_at(node, 1), "yes"));
    assert_false(eb_json_has(back, "none"));
    eb_json_free(back);
}

/* No memory for a node and a misuse end in the same mark: nothing half written may look whole. */
/* A terminal obeys them, and a file that is read by people turns its lines. */
static void unsafe_characters_are_escaped(void **state)
{
    static const char *const unsafe[] = {
        "\x1B[2J",      "\x7F",         "\xC2\x80",     "\xC2\x9B",
        "\xD8\x9C",     "\xE2\x80\x8E", "\xE2\x80\xAE", "\xE2\x80\xA8",
        "\xE2\x81\xA6", "\xE2\x81\xA9", "\xEF\xBB\xBF",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
        eb_json_t *root = eb_json_new_object(), *back;
        const char *value;
        char *text;

        eb_json_add_text(root, "a", unsafe[i]);
        text = eb_json_print(root);
        assert_non_null(text);
        assert_null(strstr(text, unsafe[i]));
        assert_non_null(strstr(text, "\\u"));
        assert_int_equal(eb_json_parse(text, strlen(text), &back, NULL), EB_OK);
        assert_int_equal(eb_json_get_text(back, "a", &value, NULL), EB_OK);
        assert_string_equal(value, unsafe[i]);
        eb_json_free(back);
        eb_json_free(root);
        free(text);
    }
}

static void a_failed_addition_shows_at_the_end(void **state)
{
    eb_json_t *root = eb_json_new_object();
    eb_json_t *list = eb_json_add_array(root, "list");
    char *print = eb_json_print(root);

    (void)state;
    assert_non_null(print);
    free(print);
    eb_json_add_int(eb_json_append_object(list), NULL, 1);
    assert_null(eb_json_print(root));
    eb_json_free(root);
}

static void no_node_takes_additions_quietly(void **state)
{
    (void)state;
    eb_json_add_int(NULL, "a", 1);
    assert_null(eb_json_add_object(NULL, "b"));
    assert_null(eb_json_append_object(NULL));
    assert_null(eb_json_print(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents_are_refused),
        cmocka_unit_test(nul_inside_and_length_count),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(duplicate_key_is_named_with_its_path),
        cmocka_unit_test(a_duplicate_is_found_among_many_keys),
        cmocka_unit_test(errors_name_the_field_in_full),
        cmocka_unit_test(whole_numbers_are_exact_or_refused),
        cmocka_unit_test(types_are_not_mixed_up),
        cmocka_unit_test(a_document_that_is_no_object_has_no_fields),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(unsafe_characters_are_escaped),
        cmocka_unit_test(a_failed_addition_shows_at_the_end),
        cmocka_unit_test(no_node_takes_additions_quietly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
