/* screen.h: a terminal in memory, for one test at a time: SCREEN_TEST(f) in the list of tests. */
#ifndef EB_TEST_SCREEN_H
#define EB_TEST_SCREEN_H

#include "term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static eb_term_t term;
static char *screen_text;
static size_t screen_len;

static int open_screen(void **state)
{
    (void)state;
    screen_text = NULL;
    term = (eb_term_t){.file = open_memstream(&screen_text, &screen_len)};
    return term.file == NULL;
}

static int close_screen(void **state)
{
    (void)state;
    fclose(term.file);
    free(screen_text);
    return 0;
}

static const char *shown(void)
{
    fflush(term.file);
    return screen_text;
}

static void assert_shown(const char *part)
{
    if (strstr(shown(), part) == NULL) {
        fail_msg("'%s' is not in:\n%s", part, screen_text);
    }
}

static void assert_not_shown(const char *part)
{
    if (strstr(shown(), part) != NULL) {
        fail_msg("'%s' is in:\n%s", part, screen_text);
    }
}

#define SCREEN_TEST(f) cmocka_unit_test_setup_teardown(f, open_screen, close_screen)

#endif
