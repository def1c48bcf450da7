/* Hints: words for each reason and each code, and what is put together. */
#include "hints.h"
#include "platform.h"
#include "system_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void each_code_and_each_reason_has_words(void **state)
{
    char text[EB_HINT_BYTES];

    (void)state;
    for (int i = 0; i < EB_CODE_COUNT; i++) {
        const eb_err_t err = {.code = (eb_code_t)i};
        eb_hint(&err, text);
        assert_true(i == EB_OK || i == EB_ERR_DIFFERENT || text[0] != '\0');
        assert_string_not_equal(text, "(null)"); /* no row */
    }
    for (int i = EB_REASON_NONE + 1; i < EB_REASON_COUNT; i++) {
        const eb_err_t err = {.code = EB_OK, .reason = (eb_reason_t)i, .hint = "x"};
        eb_hint(&err, text);
        assert_true(strlen(text) > 1);
        assert_null(strstr(text, "%s"));
    }
}

/* What only other systems have helps nobody. */
static void words_are_of_this_system(void **state)
{
    static const char *const of_linux[] = {"/dev/", "sudo", "udev", "apt-get", "as root"};
    const bool is_windows = eb_platform_is_separator('\\');
    char text[EB_HINT_BYTES];
    size_t found = strstr(eb_system_port, "/dev/") != NULL;

    (void)state;
    for (int i = 0; i < EB_CODE_COUNT + EB_REASON_COUNT; i++) {
        const bool is_code = i < EB_CODE_COUNT;
        const eb_err_t err = {.code = is_code ? (eb_code_t)i : EB_OK,
                              .reason = is_code ? EB_REASON_NONE : (eb_reason_t)(i - EB_CODE_COUNT),
                              .hint = ""};
        eb_hint(&err, text);
        for (size_t k = 0; k < sizeof(of_linux) / sizeof(of_linux[0]); k++) {
            found += strstr(text, of_linux[k]) != NULL;
        }
    }
    assert_true(is_windows ? found == 0 : found > 3);
}

static void own_words_come_before_those_of_the_code(void **state)
{
    eb_err_t err = {.code = EB_ERR_LINE};
    char text[EB_HINT_BYTES];

    (void)state;
    eb_err_hint(&err, "do this");
    eb_hint(&err, text);
    assert_string_equal(text, "do this");
}

static void the_gap_of_a_reason_is_filled(void **state)
{
    eb_err_t err = {.code = EB_ERR_UNFINISHED};
    char text[EB_HINT_BYTES];

    (void)state;
    eb_err_hint(&err, "my.bin");
    eb_err_reason(&err, EB_REASON_FINISH_NAMED);
    eb_hint(&err, text);
    assert_non_null(strstr(text, "espbackup restore my.bin"));
}

static void an_unfinished_change_says_how_to_finish_last(void **state)
{
    eb_err_t err = {.code = EB_ERR_UNFINISHED};
    char text[EB_HINT_BYTES];

    (void)state;
    eb_hint(&err, text);
    assert_string_equal(text, "run the same command again to finish the job");
    eb_err_reason(&err, EB_REASON_PLUG_IN);
    eb_hint(&err, text);
    assert_non_null(strstr(text, "plug the board in"));
    assert_non_null(strstr(text, "; then run the same command again to finish the job"));
}

/* A refusal that --force overrides says so in the same words everywhere. */
static void force_has_one_phrase(void **state)
{
    char text[EB_HINT_BYTES];

    (void)state;
    for (int i = EB_REASON_FORCE; i <= EB_REASON_FORCE_SAVED; i++) {
        const eb_err_t err = {.code = EB_ERR_REFUSED, .reason = (eb_reason_t)i};
        eb_hint(&err, text);
        assert_non_null(strstr(text, "add --force to continue anyway"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_and_each_reason_has_words),
        cmocka_unit_test(words_are_of_this_system),
        cmocka_unit_test(own_words_come_before_those_of_the_code),
        cmocka_unit_test(force_has_one_phrase),
        cmocka_unit_test(the_gap_of_a_reason_is_filled),
        cmocka_unit_test(an_unfinished_change_says_how_to_finish_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
