/* test_question.c: what counts as yes. */
#include "question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char shown[256];

static bool never(void)
{
    return false;
}

static bool at_once(void)
{
    return true;
}

/* keep_open: the terminal is still there, and nobody typed more. */
static eb_answer_t answer_to(const char *typed, bool keep_open, bool (*stopped)(void))
{
    int ends[2];
    FILE *out = fmemopen(shown, sizeof(shown), "w");

    assert_non_null(out);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], typed, strlen(typed)), strlen(typed));
    if (!keep_open) {
        close(ends[1]);
    }
    eb_answer_t answer = eb_question_ask(out, ends[0], "Continue?", stopped);
    fclose(out);
    close(ends[0]);
    if (keep_open) {
        close(ends[1]);
    }
    return answer;
}

static void only_yes_is_yes(void **state)
{
    static const struct {
        const char *typed;
        eb_answer_t answer;
    } rows[] = {
        {"y\n", EB_ANSWER_YES},     {"Y\n", EB_ANSWER_YES},    {"yes\n", EB_ANSWER_YES},
        {" Yes \n", EB_ANSWER_YES}, {"y\r\n", EB_ANSWER_YES},  {"\n", EB_ANSWER_NO},
        {"n\n", EB_ANSWER_NO},      {"no\n", EB_ANSWER_NO},    {"yesno\n", EB_ANSWER_NO},
        {"ja\n", EB_ANSWER_NO},     {"y y\n", EB_ANSWER_NO},   {" \n", EB_ANSWER_NO},
        {"n\ny\n", EB_ANSWER_NO},   {"y\nn\n", EB_ANSWER_YES}, {"", EB_ANSWER_NO},
        {"y", EB_ANSWER_NO}, /* the input ended before the line did */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (answer_to(rows[i].typed, false, never) != rows[i].answer) {
            fail_msg("'%s' was taken for something else", rows[i].typed);
        }
        assert_int_equal(strncmp(shown, "Continue? [y/N] ", 13), 0);
    }
}

static void a_long_line_is_no(void **state)
{
    char line[200];

    (void)state;
    memset(line, ' ', sizeof(line));
    memcpy(line, "y", 1);
    memcpy(line + sizeof(line) - 2, "\n", 2);
    assert_int_equal(answer_to(line, true, never), EB_ANSWER_NO);
}

static void a_signal_ends_the_waiting(void **state)
{
    (void)state;
    assert_int_equal(answer_to("", true, at_once), EB_ANSWER_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_yes_is_yes),
        cmocka_unit_test(a_long_line_is_no),
        cmocka_unit_test(a_signal_ends_the_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
