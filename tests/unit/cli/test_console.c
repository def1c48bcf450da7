/* test_console.c: what goes to standard error, and what a signal does. */
#include "console.h"
#include "signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static eb_console_t console;
static char *text;
static size_t text_len;

static void open_console(bool quiet, eb_level_t level, bool color)
{
    text = NULL;
    eb_term_t term = {.file = open_memstream(&text, &text_len), .color = color};
    assert_non_null(term.file);
    eb_console_init(&console, &term, quiet, level);
}

/* What was written; valid until the next call. */
static const char *written(void)
{
    static char copy[4096];

    fclose(console.term.file);
    assert_true(text_len < sizeof(copy));
    memcpy(copy, text, text_len + 1);
    free(text);
    return copy;
}

static void notes_by_level(void **state)
{
    (void)state;
    open_console(false, EB_LEVEL_NOTE, false);
    eb_event_note(&console.events, EB_LEVEL_WARNING, "w%d", 1);
    eb_event_note(&console.events, EB_LEVEL_NOTE, "n");
    eb_event_note(&console.events, EB_LEVEL_DETAIL, "d");
    eb_event_note(&console.events, EB_LEVEL_TRACE, "t");
    assert_string_equal(written(), "warning: w1\nnote: n\n");
    open_console(false, EB_LEVEL_TRACE, false);
    eb_event_note(&console.events, EB_LEVEL_DETAIL, "d");
    eb_event_note(&console.events, EB_LEVEL_TRACE, "t");
    assert_string_equal(written(), "d\nt\n");
}

static void a_note_is_said_once(void **state)
{
    (void)state;
    open_console(false, EB_LEVEL_TRACE, false);
    eb_event_note(&console.events, EB_LEVEL_NOTE, "same");
    eb_event_note(&console.events, EB_LEVEL_NOTE, "same");
    eb_event_note(&console.events, EB_LEVEL_NOTE, "other");
    eb_event_note(&console.events, EB_LEVEL_NOTE, "same");
    /* A trace is complete. */
    eb_event_note(&console.events, EB_LEVEL_TRACE, "frame");
    eb_event_note(&console.events, EB_LEVEL_TRACE, "frame");
    assert_string_equal(written(), "note: same\nnote: other\nnote: same\nframe\nframe\n");
}

static void quiet_leaves_errors(void **state)
{
    eb_err_t err;

    (void)state;
    open_console(true, EB_LEVEL_NOTE, false);
    eb_console_connecting(&console, "/dev/x");
    eb_event_progress(&console.events, EB_PHASE_READ, 1, 2);
    eb_event_note(&console.events, EB_LEVEL_WARNING, "w");
    eb_console_note(&console, EB_LEVEL_WARNING, "w");
    eb_err_set(&err, EB_ERR_PORT_BUSY, "port /dev/x is busy");
    eb_err_hint(&err, "close minicom");
    eb_console_error(&console, &err);
    assert_string_equal(written(), "espbackup: port /dev/x is busy\n  hint: close minicom\n");
}

static void error_is_one_line_whatever_it_holds(void **state)
{
    eb_err_t err;

    (void)state;
    open_console(false, EB_LEVEL_NOTE, false);
    eb_err_set(&err, EB_ERR_DIFFERENT, "a\nb\033[2J");
    eb_console_error(&console, &err);
    assert_string_equal(written(), "espbackup: a?b?[2J\n");
}

static void color_only_where_it_is_wanted(void **state)
{
    eb_err_t err;

    (void)state;
    open_console(false, EB_LEVEL_NOTE, true);
    eb_err_set(&err, EB_ERR_DIFFERENT, "x");
    eb_console_error(&console, &err);
    assert_string_equal(written(), "\033[1;31mespbackup: \033[0mx\n");
}

static void terminal_detection(void **state)
{
    eb_term_t term;
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    eb_term_init(&term, file, EB_COLOR_AUTO, false);
    assert_false(term.tty || term.color);
    assert_int_equal(term.width, 0);
    eb_term_init(&term, file, EB_COLOR_ALWAYS, false);
    assert_true(term.color && !term.tty);
    unsetenv("NO_COLOR");
    eb_term_init(&term, file, EB_COLOR_AUTO, true);
    assert_true(term.color && term.tty);
    assert_int_equal(term.width, 80);
    setenv("NO_COLOR", "1", 1);
    eb_term_init(&term, file, EB_COLOR_AUTO, true);
    assert_false(term.color);
    fclose(file);
}

/* Last: the flag stays. */
static void signal_cancels_and_is_told_once(void **state)
{
    (void)state;
    /* Whoever started this may ignore it, as shells do for what runs in the background. */
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    open_console(false, EB_LEVEL_NOTE, false);
    eb_signals_install();
    assert_false(eb_event_cancelled(&console.events));
    raise(SIGINT);
    assert_int_equal(eb_signals_caught(), SIGINT);
    assert_true(eb_event_cancelled(&console.events));
    assert_true(eb_event_cancelled(&console.events));
    /* Within the grace a second one changes nothing: we are still here. */
    raise(SIGTERM);
    raise(SIGINT);
    assert_int_equal(eb_signals_caught(), SIGINT);
    assert_string_equal(written(), "Stopping and restarting the board\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_by_level),
        cmocka_unit_test(a_note_is_said_once),
        cmocka_unit_test(quiet_leaves_errors),
        cmocka_unit_test(error_is_one_line_whatever_it_holds),
        cmocka_unit_test(color_only_where_it_is_wanted),
        cmocka_unit_test(terminal_detection),
        cmocka_unit_test(signal_cancels_and_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
