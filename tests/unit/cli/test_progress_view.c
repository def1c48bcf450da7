/* test_progress_view.c: progress with a clock of our own, on a terminal and off it. */
#include "human.h"
#include "progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MB (1024u * 1024u)

typedef struct screen {
    eb_term_t term;
    eb_progress_view_t view;
    char *text;
    size_t len;
} screen_t;

static screen_t screen;

static int start(bool tty)
{
    memset(&screen, 0, sizeof(screen));
    screen.term = (eb_term_t){
        .file = open_memstream(&screen.text, &screen.len),
        .tty = tty,
        .width = tty ? 80 : 0,
    };
    eb_progress_init(&screen.view, &screen.term, "/dev/ttyUSB0");
    return screen.term.file == NULL;
}

static int on_terminal(void **state)
{
    (void)state;
    return start(true);
}

static int on_file(void **state)
{
    (void)state;
    return start(false);
}

static int finish(void **state)
{
    (void)state;
    fclose(screen.term.file);
    free(screen.text);
    return 0;
}

static void update(eb_phase_t phase, uint64_t done, uint64_t total, int64_t now_ms)
{
    const eb_progress_t progress = {.phase = phase, .done = done, .total = total};

    eb_progress_update(&screen.view, &progress, now_ms);
}

static size_t count(char c)
{
    size_t n = 0;

    fflush(screen.term.file);
    for (const char *p = screen.text; *p != '\0'; p++) {
        n += *p == c;
    }
    return n;
}

static void assert_shown(const char *text)
{
    fflush(screen.term.file);
    if (strstr(screen.text, text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, screen.text);
    }
}

/* What the last redrawing shows. */
static const char *last_line(void)
{
    fflush(screen.term.file);
    return strrchr(screen.text, '\r');
}

static void redrawn_in_place_at_most_8_times_a_second(void **state)
{
    (void)state;
    for (int ms = 0; ms <= 10000; ms += 5) {
        update(EB_PHASE_READ, (uint64_t)ms * 100, 4 * MB, ms);
    }
    assert_int_equal(count('\n'), 0);
    assert_in_range(count('\r'), 60, 81);
}

static void line_tells_bytes_percent_rate_and_time_left(void **state)
{
    (void)state;
    /* 64 KB a second of 4 MB: after 16 s a quarter is done, 48 s are left. */
    for (int ms = 0; ms <= 16000; ms += 125) {
        update(EB_PHASE_READ, (uint64_t)ms * 65536 / 1000, 4 * MB, ms);
    }
    const char *line = last_line();
    assert_non_null(strstr(line, "Reading"));
    assert_non_null(strstr(line, " 25 %"));
    assert_non_null(strstr(line, "1.0 of 4 MB"));
    assert_non_null(strstr(line, "64.0 KB/s"));
    assert_non_null(strstr(line, "0:48 left"));
}

static void rate_follows_the_last_seconds(void **state)
{
    (void)state;
    for (int ms = 0; ms <= 10000; ms += 100) {
        update(EB_PHASE_READ, (uint64_t)ms * 100, 64 * MB, ms);
    }
    uint64_t base = 10000 * 100;
    for (int ms = 100; ms <= 10000; ms += 100) {
        update(EB_PHASE_READ, base + (uint64_t)ms * 10, 64 * MB, 10000 + ms);
    }
    assert_in_range((int64_t)eb_progress_rate(&screen.view, 20000), 9900, 10100);
}

static void line_never_reaches_the_last_column(void **state)
{
    (void)state;
    for (int ms = 0; ms <= 60000; ms += 125) {
        update(EB_PHASE_READ, 0xFFFFFFFFu / 60000 * (uint64_t)ms, 0xFFFFFFFFu, ms);
    }
    fflush(screen.term.file);
    for (const char *line = screen.text; line != NULL && *line == '\r';) {
        const char *end = strstr(line, "\033[K");
        assert_non_null(end);
        assert_in_range(end - line - 1, 1, 79);
        line = strchr(end, '\r');
    }
}

static void hundred_percent_only_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(eb_human_percent(4194303, 4194304), 99);
    assert_int_equal(eb_human_percent(4194304, 4194304), 100);
    assert_int_equal(eb_human_percent(0, 4194304), 0);
    update(EB_PHASE_READ, 4 * MB - 1, 4 * MB, 0);
    assert_shown(" 99 %");
}

static void hidden_for_notes_and_drawn_again(void **state)
{
    (void)state;
    update(EB_PHASE_READ, MB, 4 * MB, 1000);
    eb_progress_hide(&screen.view);
    fflush(screen.term.file);
    assert_string_equal(screen.text + screen.len - 4, "\r\033[K");
    eb_progress_hide(&screen.view);
    assert_int_equal(count('\r'), 2);
    eb_progress_tick(&screen.view, 1001);
    assert_int_equal(count('\r'), 3);
    eb_progress_end(&screen.view);
    assert_int_equal(count('\r'), 4);
    eb_progress_tick(&screen.view, 5000);
    assert_int_equal(count('\r'), 4);
}

static void connecting_shows_attempts_and_life(void **state)
{
    (void)state;
    update(EB_PHASE_CONNECT, 0, 7, 0);
    assert_shown("Connecting to /dev/ttyUSB0");
    assert_null(strstr(screen.text, "attempt"));
    eb_progress_tick(&screen.view, 130);
    eb_progress_tick(&screen.view, 260);
    assert_int_equal(count('\r'), 3);
    update(EB_PHASE_CONNECT, 2, 7, 400);
    assert_shown("attempt 3 of 7");
    update(EB_PHASE_CONNECT, 40, 0, 800);
    assert_shown("attempt 41, until Ctrl-C");
}

static void plain_lines_now_and_then(void **state)
{
    (void)state;
    /* 90 s for 4 MB: one line at the start, then every 10 %. */
    for (int ms = 0; ms <= 90000; ms += 50) {
        update(EB_PHASE_READ, (uint64_t)4 * MB * (uint64_t)ms / 90000, 4 * MB, ms);
    }
    assert_int_equal(count('\n'), 11);
    assert_int_equal(count('\r'), 0);
    assert_int_equal(count('\033'), 0);
    assert_shown("Reading   50 %  2.0 of 4 MB");
}

static void plain_lines_when_it_is_slow(void **state)
{
    (void)state;
    /* 1 % in 60 s: a line every 10 s all the same. */
    for (int ms = 0; ms <= 60000; ms += 100) {
        update(EB_PHASE_READ, (uint64_t)4 * MB * (uint64_t)ms / 6000000, 4 * MB, ms);
    }
    assert_int_equal(count('\n'), 7);
}

static void plain_lines_when_it_is_fast(void **state)
{
    (void)state;
    /* All in half a second: the line at the start is enough. */
    for (int ms = 0; ms <= 500; ms += 5) {
        update(EB_PHASE_READ, (uint64_t)4 * MB * (uint64_t)ms / 500, 4 * MB, ms);
    }
    assert_int_equal(count('\n'), 1);
}

static void plain_lines_spare_short_phases(void **state)
{
    (void)state;
    for (int ms = 0; ms <= 900; ms += 5) {
        update(EB_PHASE_HASH, (uint64_t)4 * MB * (uint64_t)ms / 900, 4 * MB, ms);
    }
    assert_int_equal(count('\n'), 0);
    /* Slow ones are told of. */
    for (int ms = 0; ms <= 9000; ms += 5) {
        update(EB_PHASE_CHECK, (uint64_t)4 * MB * (uint64_t)ms / 9000, 4 * MB, 1000 + ms);
    }
    assert_in_range(count('\n'), 4, 10);
}

static void sizes_for_people(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0 bytes"},         {1, "1 byte"},      {1023, "1023 bytes"}, {1024, "1 KB"},
        {24576, "24 KB"},       {1536, "1.5 KB"},   {1048575, "1024 KB"}, {4 * MB, "4 MB"},
        {MB * 3 / 2, "1.5 MB"}, {16 * MB, "16 MB"}, {1234567, "1.2 MB"},
    };
    char text[EB_HUMAN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        eb_human_size(rows[i].bytes, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void times_for_people(void **state)
{
    char text[EB_HUMAN_BYTES];

    (void)state;
    eb_human_clock(7, text);
    assert_string_equal(text, "0:07");
    eb_human_clock(3723, text);
    assert_string_equal(text, "1:02:03");
    eb_human_seconds(0.42, text);
    assert_string_equal(text, "0.4 s");
    eb_human_seconds(14.4, text);
    assert_string_equal(text, "14 s");
    eb_human_seconds(125.2, text);
    assert_string_equal(text, "2 min 5 s");
    setenv("TZ", "UTC-1", 1);
    eb_human_local_time("2026-11-21T23:15:00Z", text);
    assert_string_equal(text, "2026-11-22 00:15");
    eb_human_local_time("yesterday", text);
    assert_string_equal(text, "-");
    eb_human_local_time("", text);
    assert_string_equal(text, "-");
}

#define ON_TERMINAL(f) cmocka_unit_test_setup_teardown(f, on_terminal, finish)
#define ON_FILE(f)     cmocka_unit_test_setup_teardown(f, on_file, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TERMINAL(redrawn_in_place_at_most_8_times_a_second),
        ON_TERMINAL(line_tells_bytes_percent_rate_and_time_left),
        ON_TERMINAL(rate_follows_the_last_seconds),
        ON_TERMINAL(line_never_reaches_the_last_column),
        ON_TERMINAL(hundred_percent_only_at_the_end),
        ON_TERMINAL(hidden_for_notes_and_drawn_again),
        ON_TERMINAL(connecting_shows_attempts_and_life),
        ON_FILE(plain_lines_now_and_then),
        ON_FILE(plain_lines_when_it_is_slow),
        ON_FILE(plain_lines_when_it_is_fast),
        ON_FILE(plain_lines_spare_short_phases),
        cmocka_unit_test(sizes_for_people),
        cmocka_unit_test(times_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
