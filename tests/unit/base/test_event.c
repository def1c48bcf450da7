/* Events: levels, missing callbacks, cancel. */
#include "espbackup/event.h"
#include "espbackup/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct seen {
    int notes;
    char text[2000];
    eb_level_t level;
    eb_progress_t progress;
    bool cancel;
} seen_t;

static void on_note(void *user, eb_level_t level, const char *text)
{
    seen_t *seen = user;

    seen->notes++;
    seen->level = level;
    assert_true(strlen(text) < sizeof(seen->text));
    memcpy(seen->text, text, strlen(text) + 1);
}

static void on_progress(void *user, const eb_progress_t *progress)
{
    ((seen_t *)user)->progress = *progress;
}

static bool on_cancelled(void *user)
{
    return ((seen_t *)user)->cancel;
}

static void notes_over_the_level_are_not_made(void **state)
{
    seen_t seen = {0};
    const eb_events_t ev = {.user = &seen, .note = on_note, .max_level = EB_LEVEL_NOTE};

    (void)state;
    assert_true(eb_event_wants(&ev, EB_LEVEL_WARNING));
    assert_false(eb_event_wants(&ev, EB_LEVEL_DETAIL));
    eb_event_note(&ev, EB_LEVEL_DETAIL, "no");
    assert_int_equal(seen.notes, 0);
    eb_event_note(&ev, EB_LEVEL_NOTE, "yes %d", 5);
    assert_int_equal(seen.notes, 1);
    assert_int_equal(seen.level, EB_LEVEL_NOTE);
    assert_string_equal(seen.text, "yes 5");
}

static void long_note_is_cut(void **state)
{
    char text[3000];
    seen_t seen = {0};
    const eb_events_t ev = {.user = &seen, .note = on_note};

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    eb_event_note(&ev, EB_LEVEL_WARNING, "%s", text);
    assert_int_equal(seen.notes, 1);
    assert_true(strlen(seen.text) > 500);
}

static void progress_and_cancel_reach_the_user(void **state)
{
    seen_t seen = {.cancel = true};
    const eb_events_t ev = {.user = &seen, .progress = on_progress, .cancelled = on_cancelled};

    (void)state;
    eb_event_progress(&ev, EB_PHASE_READ, 3, 9);
    assert_int_equal(seen.progress.phase, EB_PHASE_READ);
    assert_int_equal(seen.progress.done, 3);
    assert_int_equal(seen.progress.total, 9);
    assert_true(eb_event_cancelled(&ev));
    seen.cancel = false;
    assert_false(eb_event_cancelled(&ev));
}

static void nothing_is_needed(void **state)
{
    const eb_events_t empty = {.max_level = EB_LEVEL_TRACE};

    (void)state;
    eb_event_note(NULL, EB_LEVEL_WARNING, "x");
    eb_event_note(&empty, EB_LEVEL_WARNING, "x");
    eb_event_progress(NULL, EB_PHASE_READ, 0, 1);
    eb_event_progress(&empty, EB_PHASE_READ, 0, 1);
    assert_false(eb_event_cancelled(NULL));
    assert_false(eb_event_cancelled(&empty));
    assert_false(eb_event_wants(NULL, EB_LEVEL_WARNING));
    assert_false(eb_event_wants(&empty, EB_LEVEL_WARNING));
}

static void version_begins_with_three_numbers(void **state)
{
    const size_t numbers = strspn(eb_version(), "0123456789.");
    int major, minor, patch, used = 0;

    (void)state;
    assert_int_equal(sscanf(eb_version(), "%d.%d.%d%n", &major, &minor, &patch, &used), 3);
    assert_int_equal(used, numbers);
    assert_true(eb_version()[numbers] == '\0' || eb_version()[numbers] == '-');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_over_the_level_are_not_made),  cmocka_unit_test(long_note_is_cut),
        cmocka_unit_test(progress_and_cancel_reach_the_user), cmocka_unit_test(nothing_is_needed),
        cmocka_unit_test(version_begins_with_three_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
