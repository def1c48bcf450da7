/* Errors: the table of codes, setting once, wrapping, hints. */
#include "espbackup/err.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void table_has_one_complete_row_for_each_code(void **state)
{
    (void)state;
    for (int i = 0; i < EB_CODE_COUNT; i++) {
        const eb_code_row_t *row = eb_code_row((eb_code_t)i);

        assert_int_equal(row->code, i);
        assert_true(strlen(row->name) > 1);
        for (const char *c = row->name; *c != '\0'; c++) {
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        }
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(row->name, eb_code_row((eb_code_t)j)->name);
        }
        /* Success alone exits with 0. */
        assert_int_equal(row->exit_status == 0, i == EB_OK);
    }
}

static void exit_statuses_are_those_of_the_documentation(void **state)
{
    static const struct {
        eb_code_t code;
        int status;
    } expected[] = {
        {EB_ERR_USAGE, 2},          {EB_ERR_CANCELLED, 130},
        {EB_ERR_PORT_NOT_FOUND, 4}, {EB_ERR_PORT_BUSY, 4},
        {EB_ERR_PORT_DENIED, 4},    {EB_ERR_PORT_LOST, 4},
        {EB_ERR_NO_ANSWER, 4},      {EB_ERR_WRONG_BOOT_MODE, 4},
        {EB_ERR_GARBAGE, 4},        {EB_ERR_TIMEOUT, 4},
        {EB_ERR_LINE, 4},           {EB_ERR_UNVERIFIED, 4},
        {EB_ERR_CHIP_RESET, 4},     {EB_ERR_CHIP_UNKNOWN, 5},
        {EB_ERR_CHIP_MISMATCH, 5},  {EB_ERR_UNSUPPORTED, 5},
        {EB_ERR_REFUSED, 5},        {EB_ERR_FILE_EXISTS, 5},
        {EB_ERR_IMAGE_INVALID, 6},  {EB_ERR_SIDECAR_INVALID, 6},
        {EB_ERR_DIFFERENT, 3},      {EB_ERR_UNFINISHED, 7},
        {EB_ERR_INTERNAL, 1},       {EB_ERR_DISK_FULL, 1},
        {EB_ERR_FILE_IO, 1},        {EB_ERR_FILE_ACCESS, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(eb_code_row(expected[i].code)->exit_status, expected[i].status);
    }
}

/* Only a fault of the connection, a refusal by the board, or a stub that died leads to a retry. */
static void only_faults_on_the_way_to_the_board_are_retried(void **state)
{
    static const struct {
        eb_code_t code;
        eb_remedy_t remedy;
        bool reply_lost, transient;
    } expected[] = {
        {EB_ERR_LINE, EB_REMEDY_AGAIN, true, true},
        {EB_ERR_PROTOCOL, EB_REMEDY_AGAIN, true, true},
        {EB_ERR_DEVICE, EB_REMEDY_AGAIN, false, false},
        {EB_ERR_TIMEOUT, EB_REMEDY_RECOVER, true, true},
        {EB_ERR_GARBAGE, EB_REMEDY_RECOVER, false, true},
        {EB_ERR_NO_ANSWER, EB_REMEDY_RECOVER, false, true},
        {EB_ERR_WRONG_BOOT_MODE, EB_REMEDY_RECOVER, false, true},
        {EB_ERR_CHIP_RESET, EB_REMEDY_RECOVER, false, true},
        {EB_ERR_PORT_LOST, EB_REMEDY_RECOVER, false, false},
        {EB_ERR_STUB, EB_REMEDY_RECOVER, false, false},
    };
    const size_t count = sizeof(expected) / sizeof(expected[0]);

    (void)state;
    for (int i = 0; i < EB_CODE_COUNT; i++) {
        const eb_code_row_t *row = eb_code_row((eb_code_t)i);
        size_t at = 0;

        while (at < count && expected[at].code != row->code) {
            at++;
        }
        assert_int_equal(row->remedy, at < count ? expected[at].remedy : EB_REMEDY_NONE);
        assert_int_equal(row->reply_lost, at < count && expected[at].reply_lost);
        assert_int_equal(row->transient, at < count && expected[at].transient);
        /* Recovery never stops for a failure that recovery is the remedy of. */
        assert_false(row->ends_recovery && row->remedy != EB_REMEDY_NONE);
    }
    assert_true(eb_code_row(EB_ERR_CANCELLED)->ends_recovery);
    assert_true(eb_code_row(EB_ERR_CHIP_MISMATCH)->ends_recovery);
}

static void the_failure_that_says_most_is_told(void **state)
{
    (void)state;
    assert_true(eb_code_row(EB_ERR_CANCELLED)->attempt_rank >
                eb_code_row(EB_ERR_WRONG_BOOT_MODE)->attempt_rank);
    assert_true(eb_code_row(EB_ERR_WRONG_BOOT_MODE)->attempt_rank >
                eb_code_row(EB_ERR_GARBAGE)->attempt_rank);
    assert_true(eb_code_row(EB_ERR_GARBAGE)->attempt_rank >
                eb_code_row(EB_ERR_NO_ANSWER)->attempt_rank);
    assert_true(eb_code_row(EB_ERR_CHIP_MISMATCH)->port_rank >
                eb_code_row(EB_ERR_PORT_BUSY)->port_rank);
    assert_int_equal(eb_code_row(EB_ERR_PORT_BUSY)->port_rank,
                     eb_code_row(EB_ERR_PORT_DENIED)->port_rank);
    assert_true(eb_code_row(EB_ERR_PORT_BUSY)->port_rank >
                eb_code_row(EB_ERR_NO_ANSWER)->port_rank);
    assert_true(eb_code_row(EB_ERR_NO_ANSWER)->port_rank >
                eb_code_row(EB_ERR_PORT_NOT_FOUND)->port_rank);
}

static void unknown_code_is_internal(void **state)
{
    (void)state;
    assert_int_equal(eb_code_row(EB_CODE_COUNT)->code, EB_ERR_INTERNAL);
    assert_int_equal(eb_code_row((eb_code_t)-1)->code, EB_ERR_INTERNAL);
}

static void set_clears_what_was_there(void **state)
{
    eb_err_t err;

    (void)state;
    memset(&err, 'x', sizeof(err));
    assert_int_equal(eb_err_set(&err, EB_ERR_LINE, "lost %d bytes", 3), EB_ERR_LINE);
    assert_int_equal(err.code, EB_ERR_LINE);
    assert_int_equal(err.os_errno, 0);
    assert_int_equal(err.device_status, 0);
    assert_string_equal(err.message, "lost 3 bytes");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.where, "set_clears_what_was_there");
    assert_int_equal(err.reason, EB_REASON_NONE);
}

static void message_may_hold_the_old_message(void **state)
{
    eb_err_t err;

    (void)state;
    eb_err_set(&err, EB_ERR_LINE, "inner");
    eb_err_set(&err, EB_ERR_TIMEOUT, "outer of %s", err.message);
    assert_string_equal(err.message, "outer of inner");
}

static void errno_is_kept_and_spelled_out(void **state)
{
    eb_err_t err;

    (void)state;
    assert_int_equal(eb_err_set_errno(&err, EB_ERR_FILE_IO, ENOENT, "cannot open %s", "a"),
                     EB_ERR_FILE_IO);
    assert_int_equal(err.os_errno, ENOENT);
    assert_string_equal(err.message, "cannot open a: No such file or directory");
}

static void wrap_puts_words_in_front_and_keeps_the_rest(void **state)
{
    eb_err_t err;

    (void)state;
    eb_err_set_errno(&err, EB_ERR_FILE_IO, EIO, "cannot read x");
    eb_err_hint(&err, "try %s", "again");
    eb_err_reason(&err, EB_REASON_PLUG_IN);
    err.device_status = 7;
    assert_int_equal(eb_err_wrap(&err, "backup %d", 1), EB_ERR_FILE_IO);
    assert_string_equal(err.message, "backup 1: cannot read x: Input/output error");
    assert_string_equal(err.hint, "try again");
    assert_int_equal(err.reason, EB_REASON_PLUG_IN);
    assert_int_equal(err.os_errno, EIO);
    assert_int_equal(err.device_status, 7);
    assert_string_equal(err.where, "wrap_puts_words_in_front_and_keeps_the_rest");
}

static void long_texts_are_cut_and_terminated(void **state)
{
    char text[2 * EB_ERR_TEXT_BYTES];
    eb_err_t err;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    eb_err_set_errno(&err, EB_ERR_FILE_IO, EIO, "%s", text);
    eb_err_hint(&err, "%s", text);
    assert_int_equal(strlen(err.message), EB_ERR_TEXT_BYTES - 1);
    assert_int_equal(strlen(err.hint), EB_ERR_TEXT_BYTES - 1);
    eb_err_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.message), EB_ERR_TEXT_BYTES - 1);
    eb_err_set(&err, EB_ERR_LINE, "b");
    eb_err_wrap(&err, "front");
    assert_string_equal(err.message, "front: b");
}

static void null_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(eb_err_set(NULL, EB_ERR_LINE, "x"), EB_ERR_LINE);
    assert_int_equal(eb_err_set_errno(NULL, EB_ERR_LINE, EIO, "x"), EB_ERR_LINE);
    eb_err_hint(NULL, "x");
    assert_int_not_equal(eb_err_wrap(NULL, "x"), EB_OK);
    eb_err_reason(NULL, EB_REASON_PLUG_IN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_has_one_complete_row_for_each_code),
        cmocka_unit_test(exit_statuses_are_those_of_the_documentation),
        cmocka_unit_test(only_faults_on_the_way_to_the_board_are_retried),
        cmocka_unit_test(the_failure_that_says_most_is_told),
        cmocka_unit_test(unknown_code_is_internal),
        cmocka_unit_test(set_clears_what_was_there),
        cmocka_unit_test(message_may_hold_the_old_message),
        cmocka_unit_test(errno_is_kept_and_spelled_out),
        cmocka_unit_test(wrap_puts_words_in_front_and_keeps_the_rest),
        cmocka_unit_test(long_texts_are_cut_and_terminated),
        cmocka_unit_test(null_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
