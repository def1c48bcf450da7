/* test_cli_tables.c: the tables against themselves, the help, the man page and docs/exit-codes.md.
 */
#include "cli.h"
#include "command_table.h"
#include "espbackup/session.h"
#include "usage.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DOCS EB_TEST_DATA_DIR "/../../docs/"

static char *read_doc(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 65536);

    if (file == NULL || text == NULL) {
        fail_msg("cannot read %s", path);
    }
    size_t len = fread(text, 1, 65535, file);
    assert_true(len > 0 && len < 65535);
    fclose(file);
    return text;
}

/* Help as on an output that is no terminal; to be freed. */
static char *help_of(const eb_command_t *command)
{
    char *text = NULL;
    size_t len = 0;
    eb_term_t term = {.file = open_memstream(&text, &len)};

    assert_non_null(term.file);
    eb_usage_print(&term, eb_commands, command);
    fclose(term.file);
    return text;
}

/* "no-stub" as the man page writes it: "\-\-no\-stub". */
static void man_name(const char *dashes, const char *name, char *out, size_t cap)
{
    char plain[64];
    size_t used = 0;

    snprintf(plain, sizeof(plain), "%s%s", dashes, name);
    for (const char *p = plain; *p != '\0'; p++) {
        used += (size_t)snprintf(out + used, cap - used, "%s%c", *p == '-' ? "\\" : "", *p);
    }
}

/* Whether `word` stands in text and does not go on there. */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        if (!isalnum((unsigned char)at[len]) && at[len] != '-' &&
            !(at[len] == '\\' && at[len + 1] == '-')) {
            return true;
        }
    }
    return false;
}

static void rows_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        const eb_opt_row_t *row = eb_opt_row((eb_opt_t)i);

        assert_non_null(row->name);
        assert_true(row->help != NULL && row->help[0] != '\0');
        assert_true((row->type == EB_OPT_TYPE_FLAG) == (row->value_name == NULL));
        assert_true((row->type == EB_OPT_TYPE_CHOICE) == (row->choices != NULL));
        assert_true(row->group != 0);
        if (row->type == EB_OPT_TYPE_NUMBER || row->type == EB_OPT_TYPE_SIZE) {
            assert_true(row->min < row->max);
        }
        assert_int_equal(eb_opt_find(row->name, strlen(row->name)), i);
        if (row->letter != '\0') {
            assert_int_equal(eb_opt_find_letter(row->letter), i);
        }
        assert_null(strchr(row->name, '_'));
    }
}

static void choices_are_the_enums(void **state)
{
    const char *const *before = eb_opt_row(EB_OPT_BEFORE)->choices;
    const char *const *after = eb_opt_row(EB_OPT_AFTER)->choices;
    const char *const *color = eb_opt_row(EB_OPT_COLOR)->choices;

    (void)state;
    assert_string_equal(before[EB_BEFORE_DEFAULT_RESET], "default-reset");
    assert_string_equal(before[EB_BEFORE_USB_RESET], "usb-reset");
    assert_string_equal(before[EB_BEFORE_NO_RESET], "no-reset");
    assert_string_equal(before[EB_BEFORE_NO_RESET_NO_SYNC], "no-reset-no-sync");
    assert_null(before[EB_BEFORE_NO_RESET_NO_SYNC + 1]);
    assert_string_equal(after[EB_AFTER_HARD_RESET], "hard-reset");
    assert_string_equal(after[EB_AFTER_SOFT_RESET], "soft-reset");
    assert_string_equal(after[EB_AFTER_WATCHDOG_RESET], "watchdog-reset");
    assert_string_equal(after[EB_AFTER_NO_RESET], "no-reset");
    assert_string_equal(after[EB_AFTER_NO_RESET_STUB], "no-reset-stub");
    assert_null(after[EB_AFTER_NO_RESET_STUB + 1]);
    assert_string_equal(color[EB_COLOR_AUTO], "auto");
    assert_string_equal(color[EB_COLOR_ALWAYS], "always");
    assert_string_equal(color[EB_COLOR_NEVER], "never");
}

static void commands_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; eb_commands[i] != NULL; i++) {
        const eb_command_t *command = eb_commands[i];

        assert_ptr_equal(eb_command_find(eb_commands, command->name), command);
        assert_non_null(command->summary);
        assert_non_null(command->about);
        size_t under = 0;
        for (size_t c = 0; eb_commands[c] != NULL; c++) {
            under += eb_command_is_under(eb_commands[c], command);
        }
        assert_int_equal(command->run == NULL, under > 0);
        assert_true((command->max_args == 0) == (command->args[0] == '\0'));
        assert_true(command->min_args <= command->max_args);
        for (const eb_opt_t *a = command->options; *a != EB_OPT_COUNT; a++) {
            for (const eb_opt_t *b = a + 1; *b != EB_OPT_COUNT; b++) {
                assert_int_not_equal(*a, *b);
            }
        }
    }
}

/* An option that no command takes would be a promise that nothing keeps. */
static void each_option_is_taken(void **state)
{
    (void)state;
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        bool taken = false;
        for (size_t c = 0; eb_commands[c] != NULL; c++) {
            taken = taken || eb_command_takes(eb_commands[c], (eb_opt_t)i);
        }
        assert_true(taken);
    }
}

static void help_tells_everything(void **state)
{
    char *whole = help_of(NULL);
    char name[64];

    (void)state;
    for (size_t c = 0; eb_commands[c] != NULL; c++) {
        const eb_command_t *command = eb_commands[c];
        char *text = help_of(command);

        assert_int_equal(has_word(whole, command->name), eb_command_is_under(command, NULL));
        for (const eb_opt_t *opt = command->options; *opt != EB_OPT_COUNT; opt++) {
            snprintf(name, sizeof(name), "--%s", eb_opt_row(*opt)->name);
            assert_true(has_word(text, name));
        }
        free(text);
    }
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        const eb_opt_row_t *row = eb_opt_row((eb_opt_t)i);
        snprintf(name, sizeof(name), "--%s", row->name);
        if (row->group != EB_OPT_GROUP_COMMAND) {
            assert_int_equal(has_word(whole, name), !row->hidden);
        }
    }
    free(whole);
}

static void help_fits_80_columns(void **state)
{
    (void)state;
    for (size_t c = 0;; c++) {
        char *text = help_of(eb_commands[c]);
        for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            if (strlen(line) > 80) {
                fail_msg("too long: %s", line);
            }
            assert_true(line[0] != '\0' && line[strlen(line) - 1] != ' ');
        }
        free(text);
        if (eb_commands[c] == NULL) {
            return;
        }
    }
}

static void man_page_has_every_option_and_command(void **state)
{
    char *man = read_doc(DOCS "espbackup.1");
    char word[128];

    (void)state;
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        const eb_opt_row_t *row = eb_opt_row((eb_opt_t)i);
        man_name("--", row->name, word, sizeof(word));
        if (has_word(man, word) == row->hidden) {
            fail_msg("--%s %s the man page", row->name,
                     row->hidden ? "must not be in" : "is missing in");
        }
        for (size_t e = 0; e < EB_OPT_ENV_MAX && row->env[e] != NULL; e++) {
            if (!has_word(man, row->env[e])) {
                fail_msg("%s is not in the man page", row->env[e]);
            }
        }
        for (size_t c = 0; row->choices != NULL && row->choices[c] != NULL; c++) {
            man_name("", row->choices[c], word, sizeof(word));
            if (!has_word(man, word)) {
                fail_msg("%s is not in the man page", row->choices[c]);
            }
        }
    }
    for (size_t c = 0; eb_commands[c] != NULL; c++) {
        char heading[140];
        man_name("", eb_commands[c]->name, word, sizeof(word));
        snprintf(heading, sizeof(heading), ".SS %s\n", word);
        if (strstr(man, heading) == NULL) {
            fail_msg("no section '%s' in the man page", heading);
        }
    }
    free(man);
}

/* The other way round: what the man page names is there. */
static void man_page_has_nothing_else(void **state)
{
    char *man = read_doc(DOCS "espbackup.1");
    size_t seen = 0;

    (void)state;
    for (const char *at = strstr(man, "\\-\\-"); at != NULL; at = strstr(at + 1, "\\-\\-")) {
        char name[64];
        size_t len = 0;

        for (const char *p = at + 4; len < sizeof(name) - 1; p++) {
            if (*p == '\\' && p[1] == '-') {
                continue;
            }
            if (!islower((unsigned char)*p) && *p != '-') {
                break;
            }
            name[len++] = *p;
        }
        name[len] = '\0';
        if (eb_opt_find(name, len) == EB_OPT_COUNT) {
            fail_msg("the man page has --%s", name);
        }
        seen++;
    }
    assert_true(seen >= EB_OPT_COUNT - 1);
    free(man);
}

static void statuses_are_documented(void **state)
{
    char *doc = read_doc(DOCS "exit-codes.md");
    char line[96];

    (void)state;
    for (int i = 1; i < EB_CODE_COUNT; i++) {
        const eb_code_row_t *row = eb_code_row((eb_code_t)i);
        snprintf(line, sizeof(line), "| `%s` | %d |", row->name, row->exit_status);
        if (strstr(doc, line) == NULL) {
            fail_msg("no row '%s'", line);
        }
        snprintf(line, sizeof(line), "\n| %d | ", row->exit_status);
        if (strstr(doc, line) == NULL) {
            fail_msg("no status %d", row->exit_status);
        }
    }
    free(doc);
}

/* The promise of the table of exit statuses, in words of our own. */
static void statuses(void **state)
{
    static const struct {
        eb_code_t code;
        int status;
    } rows[] = {
        {EB_OK, 0},
        {EB_ERR_INTERNAL, 1},
        {EB_ERR_DISK_FULL, 1},
        {EB_ERR_USAGE, 2},
        {EB_ERR_DIFFERENT, 3},
        {EB_ERR_PORT_NOT_FOUND, 4},
        {EB_ERR_PORT_BUSY, 4},
        {EB_ERR_PORT_LOST, 4},
        {EB_ERR_NO_ANSWER, 4},
        {EB_ERR_WRONG_BOOT_MODE, 4},
        {EB_ERR_REFUSED, 5},
        {EB_ERR_UNSUPPORTED, 5},
        {EB_ERR_CHIP_MISMATCH, 5},
        {EB_ERR_IMAGE_INVALID, 6},
        {EB_ERR_SIDECAR_INVALID, 6},
        {EB_ERR_UNFINISHED, 7},
        {EB_ERR_CANCELLED, 130},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(eb_code_row(rows[i].code)->exit_status, rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(choices_are_the_enums),
        cmocka_unit_test(commands_are_whole),
        cmocka_unit_test(each_option_is_taken),
        cmocka_unit_test(help_tells_everything),
        cmocka_unit_test(help_fits_80_columns),
        cmocka_unit_test(man_page_has_every_option_and_command),
        cmocka_unit_test(man_page_has_nothing_else),
        cmocka_unit_test(statuses_are_documented),
        cmocka_unit_test(statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
