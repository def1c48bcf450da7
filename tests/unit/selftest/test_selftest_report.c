/* test_selftest_report.c: the report of a self-test, and the simulated board that it makes. */
#include "render_json.h"
#include "selftest_fixture.h"
#include "sim_model.h"

/* -- report, model and back ------------------------------------------------------------------- */

static char *report_of(const eb_selftest_result_t *r)
{
    eb_json_t *root = eb_json_new_object();

    eb_json_selftest(root, r);
    char *text = eb_json_print(root);
    eb_json_free(root);
    assert_non_null(text);
    return text;
}

static void same(const char *what, double second, double first)
{
    if (second < 0.99 * first || second > 1.01 * first) {
        fail_msg("%s: %.1f, and %.1f at first", what, second, first);
    }
}

static void check_same(const eb_selftest_result_t *a, const eb_selftest_result_t *b)
{
    same("round trip of the ROM", (double)b->rom.round_trip_us, (double)a->rom.round_trip_us);
    same("round trip of the stub", (double)b->stub.round_trip_us, (double)a->stub.round_trip_us);
    same("MD5 of the ROM", (double)b->rom.digest_us_per_mib, (double)a->rom.digest_us_per_mib);
    same("MD5 of the stub", (double)b->stub.digest_us_per_mib, (double)a->stub.digest_us_per_mib);
    same("reads of the ROM", b->rom.read_bytes_per_s, a->rom.read_bytes_per_s);
    same("upload", b->stub_upload_us, a->stub_upload_us);
    same("start", b->stub_start_us, a->stub_start_us);
    assert_int_equal(b->rom_reads_in_flight, a->rom_reads_in_flight);
    for (size_t i = 0; i < a->rate_count; i++) {
        assert_int_equal(b->rates[i].holds, a->rates[i].holds);
        same("reads of the stub", b->rates[i].read_bytes_per_s, a->rates[i].read_bytes_per_s);
    }
    same("sector", (double)b->scratch.sector_erase_us, (double)a->scratch.sector_erase_us);
    same("block", (double)b->scratch.block_erase_us, (double)a->scratch.block_erase_us);
    same("programming", b->scratch.program_bytes_per_s, a->scratch.program_bytes_per_s);
}

/* A board unlike every row: its report makes a simulated board that has the same report. */
static void test_model(void **state)
{
    const eb_selftest_options_t options = with_scratch();
    char why[64];
    board_t *b = timed_board("esp32c3");

    (void)state;
    b->options.latency_us = 15700;
    b->options.max_baud = 460800;
    b->chip_options.timing = (sim_timing_t){.rom_4k = 31000,
                                            .stub_4k = 4300,
                                            .rom_command = 730,
                                            .stub_start = 61000,
                                            .sector_erase = 88000,
                                            .block_erase = 411000,
                                            .program_4k = 27000};
    eb_selftest_result_t *first = run(b, &options);
    char *report = report_of(first);
    near("MD5 of the ROM", (double)first->rom.digest_us_per_mib, 31000.0 * MIB_4K);
    near("MD5 of the stub", (double)first->stub.digest_us_per_mib, 4300.0 * MIB_4K);
    near("sector", (double)first->scratch.sector_erase_us, 88000);
    close_and_check(b);

    b = new_board("esp32c3", SIM_LINK_RFC2217);
    assert_true(sim_model_parse(report, &b->chip_options.timing, &b->options, why, sizeof(why)));
    assert_int_equal(b->options.max_baud, 460800);
    eb_selftest_result_t *second = run(b, &options);
    check_same(first, second);
    close_and_check(b);
    free(report);
    free(first);
    free(second);
}

/* Nothing that tells whose board it is. */
static void test_report_has_no_secrets(void **state)
{
    static const char mac[] = "7c:df:a1:00:11:22";
    const eb_selftest_options_t options = with_scratch();
    board_t *b = timed_board("esp32c3");

    (void)state;
    b->chip_options.mac = mac;
    eb_selftest_result_t *r = run(b, &options);
    (void)snprintf(r->port.name, sizeof(r->port.name), "/dev/secret-port");
    (void)snprintf(r->port.serial, sizeof(r->port.serial), "secret-serial");
    (void)snprintf(r->port.usb_path, sizeof(r->port.usb_path), "secret-path");
    (void)snprintf(r->scratch.saved_path, sizeof(r->scratch.saved_path), "/home/secret-user");
    assert_string_equal(eb_chip_mac(&r->chip), mac);
    char *report = report_of(r);
    assert_null(strstr(report, mac));
    assert_null(strstr(report, "secret"));
    assert_null(strstr(report, "unique"));
    free(report);
    free(r);
    close_and_check(b);
}

static void test_model_refused(void **state)
{
    static const char *const wrong[] = {"", "{}", "[1]", "{\"selftest_format\": 2}",
                                        "{\"selftest_format\": 1"};
    sim_timing_t timing = {0};
    sim_board_options_t board = {0};
    char why[64];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(sim_model_parse(wrong[i], &timing, &board, why, sizeof(why)));
    }
    /* A report in which nothing was measured changes nothing. */
    assert_true(sim_model_parse("{\"selftest_format\": 1}", &timing, &board, why, sizeof(why)));
    assert_int_equal(timing.rom_4k, 0);
    assert_int_equal(board.max_baud, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_report_has_no_secrets),
        cmocka_unit_test(test_model_refused),
    };

    make_folder();
    const int failed = RUN_WITH_FLASH(tests);
    drop_folder();
    return failed;
}
