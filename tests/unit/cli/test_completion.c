/* test_completion.c: what `espbackup __complete` answers, without a shell. */
#include "args.h"
#include "command_table.h"
#include "complete.h"
#include "completion_scripts.h"
#include "espbackup/session.h"
#include "sidecar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 16

static char folder[] = "/tmp/test_completion_XXXXXX";

/* The answer for "word word |kept|typed": the cursor's word follows the last blank. */
static char *answer_as(const char *format, const char *line, const char *kept)
{
    static char text[256], kept_word[64], typed[128];
    char *argv[WORDS_MAX] = {"espbackup", EB_COMPLETE_WORD, (char *)(uintptr_t)format};
    int argc = 3;
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);

    assert_non_null(file);
    snprintf(text, sizeof(text), "%s", line);
    char *word = strrchr(text, ' ');
    word = word != NULL ? word + 1 : text;
    assert_int_equal(strncmp(word, kept, strlen(kept)), 0);
    snprintf(kept_word, sizeof(kept_word), "=%s", kept);
    snprintf(typed, sizeof(typed), "=%s", word + strlen(kept));
    *word = '\0';
    for (char *at = strtok(text, " "); at != NULL; at = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX - 2);
        argv[argc++] = at;
    }
    argv[argc++] = kept_word;
    argv[argc++] = typed;
    eb_complete(eb_commands, argc, argv, file);
    fclose(file);
    return out;
}

static void assert_answer(const char *line, const char *expected)
{
    char *text = answer_as("words", line, "");

    if (strcmp(text, expected) != 0) {
        fail_msg("'%s' gives\n%sinstead of\n%s", line, text, expected);
    }
    free(text);
}

/* Whether the answer has the line. */
static bool offers(const char *line, const char *word)
{
    char *text = answer_as("words", line, "");
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "\n%s\n", word);
    char *whole = malloc(strlen(text) + 2);

    assert_non_null(whole);
    sprintf(whole, "\n%s", text);
    const bool found = strstr(whole, wanted) != NULL;
    free(whole);
    free(text);
    return found;
}

/* -- all that the tables have ---------------------------------------------------------------- */

static void every_command_is_offered(void **state)
{
    (void)state;
    for (size_t i = 0; eb_commands[i] != NULL; i++) {
        const char *space = strrchr(eb_commands[i]->name, ' ');
        char line[64];

        snprintf(line, sizeof(line), "%.*s",
                 space != NULL ? (int)(space - eb_commands[i]->name) : 0, eb_commands[i]->name);
        snprintf(line + strlen(line), sizeof(line) - strlen(line), space != NULL ? " " : "");
        assert_true(offers(line, space != NULL ? space + 1 : eb_commands[i]->name));
        char help[80];
        snprintf(help, sizeof(help), "help %s", line);
        assert_true(offers(help, space != NULL ? space + 1 : eb_commands[i]->name));
    }
}

static void every_option_is_offered_where_it_is_taken(void **state)
{
    (void)state;
    for (size_t c = 0; eb_commands[c] != NULL; c++) {
        for (int i = 0; i < EB_OPT_COUNT; i++) {
            const eb_opt_row_t *row = eb_opt_row((eb_opt_t)i);
            char line[96], name[64];

            snprintf(line, sizeof(line), "%s --", eb_commands[c]->name);
            snprintf(name, sizeof(name), "--%s", row->name);
            const bool wanted = !row->hidden && eb_command_uses(eb_commands[c], (eb_opt_t)i);
            if (offers(line, name) != wanted) {
                fail_msg("'espbackup %s' %s", line, name);
            }
        }
    }
}

/* Each value is completed, or its row says that only the user knows it. */
static void every_value_has_a_kind(void **state)
{
    (void)state;
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        const eb_opt_row_t *row = eb_opt_row((eb_opt_t)i);

        if ((row->type == EB_OPT_TYPE_TEXT) != (row->kind != EB_VALUE_NOT_SAID)) {
            fail_msg("--%s: kind", row->name);
        }
        for (size_t k = 0; row->choices != NULL && row->choices[k] != NULL; k++) {
            char line[96], word[96];
            snprintf(line, sizeof(line), "--%s ", row->name);
            assert_true(offers(line, row->choices[k]));
            snprintf(line, sizeof(line), "--%s=", row->name);
            snprintf(word, sizeof(word), "--%s=%s", row->name, row->choices[k]);
            assert_true(offers(line, word));
        }
    }
    for (size_t c = 0; eb_commands[c] != NULL; c++) {
        const eb_command_t *command = eb_commands[c];
        if ((command->max_args > 0) != (command->arg_kinds[0] != EB_VALUE_NOT_SAID) ||
            (command->max_args > 1) != (command->arg_kinds[1] != EB_VALUE_NOT_SAID)) {
            fail_msg("%s: arg_kinds", command->name);
        }
    }
}

/* -- the cursor ------------------------------------------------------------------------------ */

static void values(void **state)
{
    (void)state;
    assert_answer("--after h", "hard-reset\n:none \n");
    assert_answer("--after=h", "--after=hard-reset\n:none --after=\n");
    assert_answer("--chip esp8", "esp8266\n:none \n");
    assert_answer("-c=esp8", "-c=esp8266\n:none -c=\n");
    assert_answer("-qcesp8", "-qcesp8266\n:none -qc\n");
    assert_answer("--baud ", "auto\n:none \n");
    assert_answer("backup --flash-size ", "detect\nkeep\n:none \n");
    assert_answer("backup --note ", ":none \n");
    assert_answer("backup --output x", ":files \n");
    assert_answer("backup --output=x", ":files --output=\n");
    assert_answer("backup -ox", ":files -o\n");
    assert_answer("--dir x", ":folders \n");
    assert_answer("image pack ", ":files \n");
    assert_answer("image pack a b", ":files \n");
    assert_answer("image upload --device ", "electron\n:none \n");
    for (size_t i = 0; eb_chip_id_at(i) != NULL; i++) {
        assert_true(offers("--chip ", eb_chip_id_at(i)));
    }
    assert_true(offers("completion ", "powershell"));
    assert_true(offers("backup --port ", "all"));
    assert_false(offers("restore --port ", "all"));
    assert_true(offers("restore --port r", "rfc2217://"));
}

static void words(void **state)
{
    (void)state;
    assert_answer("--quiet restor", "restore\n:none \n");
    assert_answer("--chip esp32 --dir x restor", "restore\n:none \n");
    assert_answer("nonsense restor", "restore\n:none \n"); /* what is wrong may become right */
    assert_answer("--chip nonsense restor", "restore\n:none \n");
    assert_answer("help image pac", "pack\n:none \n");
    assert_answer("help nonsense ", ":none \n");
    assert_answer("version x", ":none \n");
    assert_true(offers("version ", "--json"));
    assert_answer("backup --chip --qui", "--quiet\n:none \n"); /* the value was forgotten */
    assert_answer("backup --quiet --qui", ":none \n");         /* once is enough */
    assert_answer("backup --port x --por", "--port\n:none \n");
    assert_answer("backup -- --qui", ":none \n");
    assert_answer("restore -- --qui", ":files \n");
    assert_answer("backup --ou=x", ":none \n");
    assert_answer("backup --quiet=x", ":none \n");
    assert_answer("backup -Zx", ":none \n");
}

static void formats(void **state)
{
    char *text = answer_as("described", "versio", "");
    char *malformed[] = {"espbackup", EB_COMPLETE_WORD, "words", "backup", "=", NULL};

    (void)state;
    assert_string_equal(text, "version\tshow the version of espbackup\n:none \n");
    free(text);
    /* bash keeps what stands before a colon or an equals sign, and wants the rest. */
    text = answer_as("words", "--port=socket:", "--port=socket:");
    assert_string_equal(text, "//\n:none \n");
    free(text);
    text = answer_as("words", "backup --output=x", "--output=");
    assert_string_equal(text, ":files \n");
    free(text);
    for (int argc = 2; argc <= 5; argc++) {
        char *out = NULL;
        size_t len = 0;
        FILE *file = open_memstream(&out, &len);
        assert_non_null(file);
        eb_complete(eb_commands, argc, malformed, file);
        fclose(file);
        assert_string_equal(out, ":none \n");
        free(out);
    }
}

/* -- backups --------------------------------------------------------------------------------- */

static void make_file(const char *name, const void *bytes, size_t len)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

/* A partition table with one partition, where a whole flash has it. */
static void make_image(const char *name, const char *label)
{
    static uint8_t image[0x9000];
    uint8_t *entry = image + 0x8000;

    memset(image, 0xff, sizeof(image));
    memset(entry, 0, 32);
    entry[0] = 0xaa;
    entry[1] = 0x50;
    entry[2] = 1; /* data */
    entry[3] = 2; /* nvs */
    entry[5] = 0x90;
    entry[9] = 0x60;
    strncpy((char *)entry + 12, label, 16);
    make_file(name, image, sizeof(image));
}

static void backups_newest_first(void **state)
{
    (void)state;
    make_file("esp32_backup_20250101_000000.bin", "", 0);
    make_file("esp32s3_nvs_20260101_000000_2.bin", "", 0);
    make_file("before update.bin", "", 0);
    make_file("a_nearly_2026_000000.bin", "", 0);
    make_file("unfinished_20270101_000000.bin.part", "", 0);
    make_file("tab\there.bin", "", 0);
    assert_answer("restore ",
                  "latest\nesp32s3_nvs_20260101_000000_2\nesp32_backup_20250101_000000\n"
                  "a_nearly_2026_000000\nbefore update\n:none \n");
    assert_answer("restore esp32_", "esp32_backup_20250101_000000\n:none \n");
    assert_answer("backup --since b", "before update\n:none \n");
    assert_answer("diff b", "board\nbefore update\n:none \n");
    assert_answer("diff latest boar", "board\n:none \n");
    assert_answer("restore ./x", ":files \n"); /* a path, then */
    char *text = answer_as("escaped", "restore bef", "");
    assert_string_equal(text, "before\\ update\n:none \n");
    free(text);
    unsetenv("ESPBACKUP_DIR");
    char line[128];
    snprintf(line, sizeof(line), "--dir %s restore esp32_", folder);
    assert_answer(line, "esp32_backup_20250101_000000\n:none \n");
    setenv("HOME", folder, 1);
    setenv("ESPBACKUP_DIR", "~/none", 1);
    assert_answer("--dir ~/. restore esp32_", "esp32_backup_20250101_000000\n:none \n");
    assert_answer("restore esp", ":files \n"); /* a folder that is not there */
    assert_int_not_equal(access("none", F_OK), 0);
    setenv("ESPBACKUP_DIR", folder, 1);
}

static void partitions(void **state)
{
    (void)state;
    assert_answer("erase ", "bootloader\npartition_table\n:none \n"); /* no table anywhere */
    make_image("board_20260601_000000.bin", "settings");
    make_image("board_20260501_000000.bin", "old one");
    assert_answer("erase s", "settings\n:none \n");
    assert_answer("erase 0x9000 s", ":none \n");
    assert_answer("show latest s", "settings\n:none \n");
    assert_answer("show board s", "settings\n:none \n");
    assert_answer("show board_20260501_000000 o", "old one\n:none \n");
    assert_answer("show board_20260501_000000.bin s", ":none \n");
    assert_answer("restore board_20260501_000000 --partition o", "old one\n:none \n");
    assert_answer("backup-partition --from board_20260501_000000 o", "old one\n:none \n");
    assert_answer("backup-partition bootloader s", "settings\n:none \n");
    assert_answer("show nothing s", ":none \n");
    char *text = answer_as("described", "erase s", "");
    assert_string_equal(text, "settings\tdata/nvs, 24 KB at 0x9000\n:none \n");
    free(text);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || setenv("ESPBACKUP_DIR", folder, 1) != 0;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_offered),
        cmocka_unit_test(every_option_is_offered_where_it_is_taken),
        cmocka_unit_test(every_value_has_a_kind),
        cmocka_unit_test(values),
        cmocka_unit_test(words),
        cmocka_unit_test(formats),
        cmocka_unit_test(backups_newest_first),
        cmocka_unit_test(partitions),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
