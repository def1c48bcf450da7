/* test_args.c: the command line against the tables. */
#include "args.h"
#include "command_table.h"
#include "number_parse.h"
#include "suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARGV_MAX 16

static eb_args_t args;
static eb_err_t err;

/* Parse the words up to NULL. */
static eb_code_t parse(const char *first, ...)
{
    static char *argv[ARGV_MAX];
    int argc = 0;
    va_list words;

    argv[argc++] = "espbackup";
    va_start(words, first);
    for (const char *word = first; word != NULL; word = va_arg(words, const char *)) {
        assert_true(argc < ARGV_MAX);
        argv[argc++] = (char *)(uintptr_t)word;
    }
    va_end(words);
    err = (eb_err_t){0};
    return eb_args_parse(eb_commands, argc, argv, &args, &err);
}

static void assert_says(const char *text)
{
    if (strstr(err.message, text) == NULL && strstr(err.hint, text) == NULL) {
        fail_msg("'%s' is not in '%s' / '%s'", text, err.message, err.hint);
    }
}

static int clear_env(void **state)
{
    (void)state;
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        for (size_t e = 0; e < EB_OPT_ENV_MAX && eb_opt_row((eb_opt_t)i)->env[e] != NULL; e++) {
            unsetenv(eb_opt_row((eb_opt_t)i)->env[e]);
        }
    }
    return 0;
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        bool suffixes;
        eb_number_fault_t fault;
        uint64_t value;
    } cases[] = {
        {"0", true, EB_NUMBER_OK, 0},
        {"65536", false, EB_NUMBER_OK, 65536},
        {"0x10000", true, EB_NUMBER_OK, 0x10000},
        {"0XfF", true, EB_NUMBER_OK, 255},
        {"64K", true, EB_NUMBER_OK, 65536},
        {"64k", true, EB_NUMBER_OK, 65536},
        {"4MB", true, EB_NUMBER_OK, 4194304},
        {"4MiB", true, EB_NUMBER_OK, 4194304},
        {"1G", true, EB_NUMBER_OK, 1073741824},
        {"18446744073709551615", true, EB_NUMBER_OK, UINT64_MAX},
        {"18446744073709551616", true, EB_NUMBER_OVERFLOW, 0},
        {"0xffffffffffffffff", true, EB_NUMBER_OK, UINT64_MAX},
        {"0x10000000000000000", true, EB_NUMBER_OVERFLOW, 0},
        {"18014398509481984K", true, EB_NUMBER_OVERFLOW, 0},
        {"18014398509481983K", true, EB_NUMBER_OK, UINT64_C(18014398509481983) * 1024},
        {"64K", false, EB_NUMBER_SUFFIX, 0},
        {"12Q", true, EB_NUMBER_SUFFIX, 0},
        {"0x10K", true, EB_NUMBER_SUFFIX, 0},
        {"1 K", true, EB_NUMBER_SUFFIX, 0},
        {"1.5M", true, EB_NUMBER_SUFFIX, 0},
        {"", true, EB_NUMBER_SYNTAX, 0},
        {"0x", true, EB_NUMBER_SYNTAX, 0},
        {"-1", true, EB_NUMBER_SYNTAX, 0},
        {"+1", true, EB_NUMBER_SYNTAX, 0},
        {" 1", true, EB_NUMBER_SYNTAX, 0},
        {"K", true, EB_NUMBER_SYNTAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 77;
        eb_number_fault_t fault = eb_number_parse(cases[i].text, cases[i].suffixes, &value);
        if (fault != cases[i].fault || value != cases[i].value) {
            fail_msg("'%s': fault %d, value %llu", cases[i].text, (int)fault,
                     (unsigned long long)value);
        }
    }
}

static void globals_before_and_after(void **state)
{
    (void)state;
    assert_int_equal(parse("-p", "/dev/x", "backup", "--json", "--baud=460800", NULL), EB_OK);
    assert_ptr_equal(args.command, &eb_cmd_backup);
    assert_string_equal(eb_arg_text(&args, EB_OPT_PORT), "/dev/x");
    assert_int_equal(eb_arg_number(&args, EB_OPT_BAUD), 460800);
    assert_true(eb_arg_flag(&args, EB_OPT_JSON));
    assert_false(eb_arg_flag(&args, EB_OPT_QUIET));
}

static void own_option_before_command(void **state)
{
    (void)state;
    assert_int_equal(parse("--offset", "64K", "backup", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_OFFSET), 65536);
}

static void short_options(void **state)
{
    (void)state;
    assert_int_equal(parse("-qv", "-p/dev/x", "-b=115200", "list", NULL), EB_OK);
    assert_true(eb_arg_flag(&args, EB_OPT_QUIET) && eb_arg_flag(&args, EB_OPT_VERBOSE));
    assert_string_equal(eb_arg_text(&args, EB_OPT_PORT), "/dev/x");
    assert_int_equal(eb_arg_number(&args, EB_OPT_BAUD), 115200);
}

static void dash_and_underscore(void **state)
{
    (void)state;
    assert_int_equal(parse("--no_stub", "--before", "no_reset_no_sync", "--connect_attempts", "0",
                           "chip_info", NULL),
                     EB_OK);
    assert_ptr_equal(args.command, &eb_cmd_chip_info);
    assert_true(eb_arg_flag(&args, EB_OPT_NO_STUB));
    assert_int_equal(eb_arg_number(&args, EB_OPT_BEFORE), 3);
    assert_true(args.values[EB_OPT_CONNECT_ATTEMPTS].set);
}

static void last_one_counts(void **state)
{
    (void)state;
    assert_int_equal(parse("--baud", "auto", "--baud", "9600", "list", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_BAUD), 9600);
    assert_int_equal(parse("--baud", "9600", "--baud", "auto", "list", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_BAUD), 0);
}

static void repeated_option(void **state)
{
    const char *names[EB_ARGS_REPEATED_MAX];

    (void)state;
    assert_int_equal(parse("--partition", "nvs", "restore", "x", "--partition=otadata", NULL),
                     EB_OK);
    assert_int_equal(eb_arg_list(&args, EB_OPT_PARTITION, names), 2);
    assert_string_equal(names[0], "nvs");
    assert_string_equal(names[1], "otadata");
    assert_int_equal(eb_arg_list(&args, EB_OPT_NOTE, names), 0);
    assert_int_equal(parse("restore", "x", "--partition=", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("restore", "x", "--partition", "nvs", "--size", "4K", NULL),
                     EB_ERR_USAGE);
    assert_says("--partition and --size cannot be used together");
}

static void words_for_zero(void **state)
{
    (void)state;
    assert_int_equal(parse("restore", "x", "--flash-size", "keep", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_FLASH_SIZE), 0);
    assert_int_equal(parse("restore", "x", "--flash-size", "detect", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_FLASH_SIZE), 0);
    assert_int_equal(parse("restore", "x", "--flash-size", "4MB", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_FLASH_SIZE), 4194304);
    assert_int_equal(parse("restore", "x", "--flash-size", "some", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("restore", "x", "--flash-mode", "DIO?", NULL), EB_ERR_USAGE);
    assert_says("keep, qio, qout, dio or dout");
}

static void words_of_commands(void **state)
{
    (void)state;
    assert_int_equal(parse("restore", NULL), EB_ERR_USAGE);
    assert_says("'restore' needs BACKUP");
    assert_int_equal(parse("restore", "a", "b", NULL), EB_ERR_USAGE);
    assert_says("'b' is one word too many");
    assert_int_equal(parse("diff", "a", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("diff", "a", "board", NULL), EB_OK);
    assert_int_equal(parse("erase", NULL), EB_OK);
    assert_int_equal(parse("erase", "0x9000", "24K", "x", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("write_flash", NULL), EB_ERR_USAGE);
    assert_says("'espbackup restore'");
}

static void ranges(void **state)
{
    uint32_t addr = 1, size = 1;

    (void)state;
    assert_int_equal(eb_range_parse("0x9000", "24K", &addr, &size, &err), EB_OK);
    assert_int_equal(addr, 0x9000);
    assert_int_equal(size, 0x6000);
    assert_int_equal(eb_range_parse("0xfffff000", "4K", &addr, &size, &err), EB_OK);
    assert_int_equal(eb_range_parse("0xfffff000", "8K", &addr, &size, &err), EB_ERR_USAGE);
    assert_says("'0xfffff000'");
    assert_int_equal(eb_range_parse("0x9000", "0", &addr, &size, &err), EB_ERR_USAGE);
    assert_says("SIZE '0'");
    assert_int_equal(eb_range_parse("4G", "4K", &addr, &size, &err), EB_ERR_USAGE);
    assert_says("ADDR '4G'");
    assert_int_equal(eb_range_parse("nvs", "4K", &addr, &size, &err), EB_ERR_USAGE);
}

static void chip_names(void **state)
{
    (void)state;
    assert_int_equal(parse("-c", "ESP32-C3", "chip-info", NULL), EB_OK);
    assert_string_equal(eb_arg_text(&args, EB_OPT_CHIP), "esp32c3");
    setenv("ESPTOOL_CHIP", "esp32", 1);
    assert_int_equal(parse("-c", "auto", "chip-info", NULL), EB_OK);
    assert_null(eb_arg_text(&args, EB_OPT_CHIP));
    assert_int_equal(parse("chip-info", NULL), EB_OK);
    assert_string_equal(eb_arg_text(&args, EB_OPT_CHIP), "esp32");
    assert_int_equal(parse("-c", "esp9000", "chip-info", NULL), EB_ERR_USAGE);
    assert_says("esp9000");
    assert_says("esp32c3");
}

static void environment(void **state)
{
    (void)state;
    setenv("ESPTOOL_PORT", "/dev/tool", 1);
    assert_int_equal(parse("backup", NULL), EB_OK);
    assert_string_equal(eb_arg_text(&args, EB_OPT_PORT), "/dev/tool");
    assert_true(args.values[EB_OPT_PORT].from_env);
    setenv("ESPBACKUP_PORT", "/dev/own", 1);
    assert_int_equal(parse("backup", NULL), EB_OK);
    assert_string_equal(eb_arg_text(&args, EB_OPT_PORT), "/dev/own");
    assert_int_equal(parse("backup", "-p", "/dev/arg", NULL), EB_OK);
    assert_string_equal(eb_arg_text(&args, EB_OPT_PORT), "/dev/arg");
    setenv("ESPBACKUP_PORT", "", 1);
    assert_int_equal(parse("backup", NULL), EB_OK);
    assert_string_equal(eb_arg_text(&args, EB_OPT_PORT), "/dev/tool");
}

static void bad_environment_is_named(void **state)
{
    (void)state;
    setenv("ESPTOOL_BAUD", "fast", 1);
    assert_int_equal(parse("backup", NULL), EB_ERR_USAGE);
    assert_says("ESPTOOL_BAUD 'fast'");
    /* A command that opens no board does not retry. */
    assert_int_equal(parse("list", NULL), EB_OK);
}

static void bad_values_name_value_and_expectation(void **state)
{
    (void)state;
    assert_int_equal(parse("backup", "--baud", "fast", NULL), EB_ERR_USAGE);
    assert_says("'fast'");
    assert_says("auto or a whole number");
    assert_int_equal(parse("backup", "--baud", "2M", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("backup", "--baud", "99999999999999999999", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("backup", "--size", "12Q", NULL), EB_ERR_USAGE);
    assert_says("'12Q'");
    assert_says("4MB");
    assert_int_equal(parse("backup", "--size", "0", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("backup", "--size", "4G", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("backup", "--offset", "-5", NULL), EB_ERR_USAGE);
    assert_says("'-5'");
    assert_int_equal(parse("backup", "--before", "sometimes", NULL), EB_ERR_USAGE);
    assert_says("default-reset, usb-reset, no-reset or no-reset-no-sync");
    assert_int_equal(parse("backup", "--after", "hard-rest", NULL), EB_ERR_USAGE);
    assert_says("did you mean 'hard-reset'?");
    assert_int_equal(parse("backup", "--port=", NULL), EB_ERR_USAGE);
    assert_says("--port is empty");
}

static void typos(void **state)
{
    (void)state;
    assert_int_equal(parse("bakcup", NULL), EB_ERR_USAGE);
    assert_says("'espbackup backup'");
    assert_int_equal(parse("lst", NULL), EB_ERR_USAGE);
    assert_says("'espbackup list'");
    assert_int_equal(parse("read_flash", NULL), EB_ERR_USAGE);
    assert_says("'espbackup backup'");
    assert_int_equal(parse("zebra", NULL), EB_ERR_USAGE);
    assert_null(strstr(err.hint, "did you mean"));
    assert_int_equal(parse("--connect-atempts", "3", "list", NULL), EB_ERR_USAGE);
    assert_says("'--connect-atempts'");
    assert_says("did you mean '--connect-attempts'?");
    assert_int_equal(parse("-z", "list", NULL), EB_ERR_USAGE);
    assert_says("'-z'");
}

static void wrong_places(void **state)
{
    (void)state;
    assert_int_equal(parse("list", "--force", NULL), EB_ERR_USAGE);
    assert_says("'list' does not take --force");
    assert_says("backup");
    assert_int_equal(parse("backup", "extra", NULL), EB_ERR_USAGE);
    assert_says("'extra'");
    assert_int_equal(parse("backup", "--note", NULL), EB_ERR_USAGE);
    assert_says("--note needs a value: TEXT");
    assert_int_equal(parse("backup", "--note", "--json", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("backup", "--note=--json", NULL), EB_OK);
    assert_int_equal(parse("backup", "--json=yes", NULL), EB_ERR_USAGE);
    assert_says("takes no value");
    assert_int_equal(parse("backup", "--no-stub", "--stub", "x", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("backup", "--full", "--since", "x", NULL), EB_ERR_USAGE);
    assert_int_equal(parse("help", "--", "--json", NULL), EB_OK);
    assert_int_equal(args.word_count, 1);
    assert_false(eb_arg_flag(&args, EB_OPT_JSON));
}

static void no_command(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, NULL), EB_OK);
    assert_null(args.command);
    assert_int_equal(parse("--help", NULL), EB_OK);
    assert_true(eb_arg_flag(&args, EB_OPT_HELP));
}

static void json_is_seen_in_spite_of_errors(void **state)
{
    char *late[] = {"espbackup", "--bogus", "--json", NULL};
    char *word[] = {"espbackup", "--", "--json", NULL};

    (void)state;
    assert_true(eb_args_want_json(3, late));
    assert_false(eb_args_want_json(3, word));
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(eb_suggest_distance("", ""), 0);
    assert_int_equal(eb_suggest_distance("abc", ""), 3);
    assert_int_equal(eb_suggest_distance("", "abc"), 3);
    assert_int_equal(eb_suggest_distance("backup", "backup"), 0);
    assert_int_equal(eb_suggest_distance("bakcup", "backup"), 1);
    assert_int_equal(eb_suggest_distance("kitten", "sitting"), 3);
    assert_true(eb_suggest_distance("x", "a word that is a good deal longer than forty bytes") >=
                40);
}

static void groups(void **state)
{
    (void)state;
    assert_int_equal(parse("image", "-o", "x", "pack", "a", "b", NULL), EB_OK);
    assert_ptr_equal(args.command, &eb_cmd_image_pack);
    assert_int_equal(args.word_count, 2);
    assert_string_equal(args.words[0], "a");
    assert_int_equal(parse("image", "--help", NULL), EB_OK);
    assert_ptr_equal(args.command, &eb_cmd_image);
    assert_int_equal(parse("image", NULL), EB_ERR_USAGE);
    assert_says("'image' needs COMMAND");
    assert_int_equal(parse("image", "lsit", "x", NULL), EB_ERR_USAGE);
    assert_says("did you mean 'espbackup image list'?");
    assert_int_equal(parse("image", "list", NULL), EB_ERR_USAGE);
    assert_says("'image list' needs FILE");
    assert_int_equal(parse("image", "list", "--force", "x", NULL), EB_ERR_USAGE);
    assert_says("commands that take --force:");
    assert_says("image pack, image extract");
    assert_int_equal(parse("pack", "x", NULL), EB_ERR_USAGE);
    assert_says("did you mean 'espbackup image pack'?");
}

/* An option of some commands has an environment too, and other commands do not look. */
static void environment_of_a_command(void **state)
{
    (void)state;
    setenv("SOURCE_DATE_EPOCH", "7", 1);
    assert_int_equal(parse("image", "pack", "a", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_TIME), 7);
    assert_int_equal(parse("image", "pack", "a", "--time", "9", NULL), EB_OK);
    assert_int_equal(eb_arg_number(&args, EB_OPT_TIME), 9);
    setenv("SOURCE_DATE_EPOCH", "x", 1);
    assert_int_equal(parse("list", NULL), EB_OK);
    assert_false(eb_arg_flag(&args, EB_OPT_TIME));
    assert_int_equal(parse("image", "pack", "a", NULL), EB_ERR_USAGE);
    assert_says("SOURCE_DATE_EPOCH 'x'");
    unsetenv("SOURCE_DATE_EPOCH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test_setup(globals_before_and_after, clear_env),
        cmocka_unit_test_setup(own_option_before_command, clear_env),
        cmocka_unit_test_setup(short_options, clear_env),
        cmocka_unit_test_setup(dash_and_underscore, clear_env),
        cmocka_unit_test_setup(last_one_counts, clear_env),
        cmocka_unit_test_setup(repeated_option, clear_env),
        cmocka_unit_test_setup(words_for_zero, clear_env),
        cmocka_unit_test_setup(words_of_commands, clear_env),
        cmocka_unit_test(ranges),
        cmocka_unit_test_setup(chip_names, clear_env),
        cmocka_unit_test_setup(environment, clear_env),
        cmocka_unit_test_setup(bad_environment_is_named, clear_env),
        cmocka_unit_test_setup(bad_values_name_value_and_expectation, clear_env),
        cmocka_unit_test_setup(typos, clear_env),
        cmocka_unit_test_setup(wrong_places, clear_env),
        cmocka_unit_test_setup(no_command, clear_env),
        cmocka_unit_test_setup(groups, clear_env),
        cmocka_unit_test_setup(environment_of_a_command, clear_env),
        cmocka_unit_test(json_is_seen_in_spite_of_errors),
        cmocka_unit_test(distances),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
