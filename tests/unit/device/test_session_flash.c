/* Flash parts that a stub or the ROM bootloader must be handled with care for. */
#include "session_fixture.h"

#define SMALL_18V 0xC22534 /* 1 MB of a 1.8 V series: a capacity code that no stub knows */

static const char *const four_byte_chips[] = {"esp32s3", "esp32p4", "esp32c5", "esp32c61",
                                              "esp32s31"};

static void check_digest_of(board_t *b, const uint8_t *bytes, uint32_t addr, uint32_t size)
{
    uint8_t ours[EB_MD5_BYTES], theirs[EB_MD5_BYTES];

    if (eb_flash_digest(b->session, addr, size, theirs, &b->err) != EB_OK) {
        fail_msg("digest: %s", b->err.message);
    }
    eb_md5(bytes, size, ours);
    assert_memory_equal(theirs, ours, sizeof(ours));
}

static void a_stub_that_misreads_the_flash_is_not_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(four_byte_chips) / sizeof(four_byte_chips[0]); i++) {
        board_t *b = new_board(four_byte_chips[i], SIM_LINK_RFC2217);

        b->chip_options.jedec_id = SMALL_18V;
        must_connect(b);
        assert_false(stats_of(b).stub);
        assert_non_null(strstr(b->notes, "the stub misreads this flash"));
        assert_int_equal(eb_session_flash(b->session)->size_bytes, FLASH_BYTES);
        check_digest_of(b, flash + 0x8000, 0x8000, 4096);
        check_read(b, 0x8000, 4096);
        assert_int_equal(eb_session_recover(b->session, &b->err), EB_OK);
        assert_false(stats_of(b).stub);
        free_board(b);
    }
}

/* Nothing to compare: the id alone tells that writes of the stub would be ignored. */
static void nor_for_such_a_flash_without_data(void **state)
{
    board_t *b = new_board("esp32s3", SIM_LINK_RFC2217);

    (void)state;
    b->chip_options.flash_path = NULL;
    b->chip_options.flash_size = FLASH_BYTES;
    b->chip_options.jedec_id = SMALL_18V;
    must_connect(b);
    assert_false(stats_of(b).stub);
    free_board(b);
    b = new_board("esp32s3", SIM_LINK_RFC2217);
    b->chip_options.flash_path = NULL;
    b->chip_options.flash_size = FLASH_BYTES;
    must_connect(b);
    assert_true(stats_of(b).stub);
    free_board(b);
}

static void without_a_reset_line_that_is_an_error(void **state)
{
    board_t *b = new_board("esp32s3", SIM_LINK_TCP);

    (void)state;
    b->chip_options.jedec_id = SMALL_18V;
    assert_int_equal(connect_board(b), EB_ERR_STUB);
    assert_non_null(strstr(b->err.message, "misreads this flash"));
    assert_int_equal(b->err.reason, EB_REASON_BY_HAND);
    free_board(b);
}

/* An erase that goes on while the stub starts: the stub would read no id. */
static void the_stub_waits_for_a_busy_flash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(four_byte_chips) / sizeof(four_byte_chips[0]); i++) {
        board_t *b = new_board(four_byte_chips[i], SIM_LINK_TCP);

        b->chip_options.flash_busy_ms = 1500;
        must_connect(b);
        assert_true(stats_of(b).stub);
        assert_non_null(strstr(b->notes, "busy"));
        check_read(b, 0x8000, 4096);
        free_board(b);
    }
}

/* Where the ROM bootloader is told by eFuses, and where by the user. */
static void check_pins(const char *chip, const char *efuses, const char *flash_at, const char *told,
                       bool answers)
{
    for (int no_stub = 0; no_stub < 2; no_stub++) {
        board_t *b = new_board(chip, SIM_LINK_RFC2217);

        b->chip_options.efuse_set = efuses;
        b->chip_options.flash_pins = flash_at;
        b->session_options.spi_connection = told;
        b->session_options.no_stub = no_stub != 0;
        must_connect(b);
        assert_int_equal(eb_session_flash(b->session)->known, answers);
        if (answers) {
            check_read(b, 0x8000, 4096);
            assert_int_equal(eb_session_recover(b->session, &b->err), EB_OK);
            check_read(b, 0x8000, 4096);
        }
        free_board(b);
    }
}

static void a_flash_is_found_on_its_pins(void **state)
{
    (void)state;
    check_pins("esp32", NULL, NULL, NULL, true);
    check_pins("esp32", NULL, NULL, "spi", true);
    check_pins("esp32", NULL, NULL, "HSPI", false);
    check_pins("esp32", "pico-d4", NULL, NULL, true);
    check_pins("esp32", "pico-d4", "SPI", "SPI", true);
    check_pins("esp32", NULL, "HSPI", "HSPI", true);
    check_pins("esp32", NULL, "HSPI", NULL, false);
    check_pins("esp32", NULL, "6,17,8,11,16", "6,17,8,11,16", true);
    check_pins("esp32c3", NULL, "1,2,3,4,5", "1,2,3,4,5", true);
    check_pins("esp32s3", NULL, "12,13,11,46,10", "12,13,11,46,10", true);
}

static void check_pins_refused(const char *chip, const char *told, eb_code_t code,
                               const char *words)
{
    board_t *b = new_board(chip, SIM_LINK_TCP);

    b->session_options.spi_connection = told;
    assert_int_equal(connect_board(b), code);
    if (strstr(b->err.message, words) == NULL) {
        fail_msg("%s", b->err.message);
    }
    free_board(b);
}

static void pins_that_a_chip_has_not_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "6",
                                      "6,17,8,11",
                                      "6,17,8,11,16,7",
                                      "6,17,8,11,x",
                                      "6, 17,8,11,16",
                                      "-6,17,8,11,16",
                                      "6,17,8,11,100",
                                      "SPI2"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_pins_refused("esp32", bad[i], EB_ERR_USAGE, "CLK,Q,D,HD,CS");
    }
    check_pins_refused("esp32", "6,17,8,30,16", EB_ERR_UNSUPPORTED, "no flash on GPIO30");
    check_pins_refused("esp32s3", "6,17,8,47,16", EB_ERR_UNSUPPORTED, "no flash on GPIO47");
    check_pins_refused("esp32c6", "6,17,8,11,16", EB_ERR_UNSUPPORTED, "fixed pins");
    check_pins_refused("esp32c3", "HSPI", EB_ERR_UNSUPPORTED, "HSPI");
    check_pins_refused("esp8266", "HSPI", EB_ERR_UNSUPPORTED, "HSPI");
}

/* As a program left it. EN does not reset the flash. */
static void check_start(const char *chip, const char *start, const char *efuses)
{
    for (int no_stub = 0; no_stub < 2; no_stub++) {
        board_t *b = new_board(chip, SIM_LINK_TCP);

        b->chip_options.flash_start = start;
        b->chip_options.efuse_set = efuses;
        b->chip_options.flash_size = strcmp(start, "4-byte") == 0 ? 32u << 20 : 0;
        b->session_options.no_stub = no_stub != 0;
        must_connect(b);
        assert_int_equal(eb_session_need_flash(b->session, &b->err), EB_OK);
        assert_int_equal(stats_of(b).stub, no_stub == 0);
        check_digest_of(b, flash + 0x8000, 0x8000, 4096);
        check_read(b, 0x8000, 4096);
        free_board(b);
    }
}

static void a_flash_left_in_a_mode_is_brought_back(void **state)
{
    static const char *const starts[] = {"power-down", "4-byte", "qpi"};
    static const char *const chips[] = {"esp32", "esp32c3", "esp32s3", "esp32p4"};

    (void)state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        for (size_t k = 0; k < sizeof(chips) / sizeof(chips[0]); k++) {
            check_start(chips[k], starts[i], NULL);
        }
    }
    check_start("esp32", "power-down", "pico-d4");
    /* Its ROM bootloader cannot read, so it has no place in check_start. */
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i += 2) {
        board_t *b = new_board("esp8266", SIM_LINK_TCP);

        b->chip_options.flash_start = starts[i];
        b->session_options.no_stub = true;
        must_connect(b);
        assert_int_equal(eb_session_need_flash(b->session, &b->err), EB_OK);
        assert_int_equal(eb_session_flash(b->session)->size_bytes, FLASH_BYTES);
        free_board(b);
    }
}

#define XMC_1MB     0x204014
#define XMC_UNKNOWN 0x203814

/* An XMC part that starts wrong, at the first power-on and at one in the middle of the work. */
static void check_misbooted(const char *chip, bool no_stub)
{
    board_t *b = new_board(chip, SIM_LINK_RFC2217);
    uint32_t at = 0;

    b->chip_options.flash_start = "mis-booted";
    b->chip_options.jedec_id = XMC_1MB;
    b->session_options.no_stub = no_stub;
    faults(b, "unplug@150000", 1);
    b->options.replug_ms = 500;
    must_connect(b);
    assert_int_equal(eb_session_flash(b->session)->jedec_id, XMC_1MB);
    assert_int_equal(stats_of(b).stub, !no_stub);
    assert_non_null(strstr(b->notes, "it was started again"));
    for (int lost = 0; at < FLASH_BYTES / 4 && lost <= 1;) {
        eb_read_result_t result;
        uint8_t buf[8192];

        if (eb_flash_read(b->session, at, sizeof(buf), buf, NULL, NULL, &result, &b->err) ==
            EB_OK) {
            assert_memory_equal(buf, flash + at, sizeof(buf));
            at += sizeof(buf);
        } else if (eb_session_recover(b->session, &b->err) != EB_OK) {
            fail_msg("recover: %s", b->err.message);
        } else {
            lost++;
        }
    }
    assert_int_equal(at, FLASH_BYTES / 4);
    free_board(b);
}

static void a_flash_that_starts_wrong_is_started_again(void **state)
{
    static const char *const chips[] = {"esp32", "esp32c3", "esp32s3", "esp32p4"};

    (void)state;
    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
        check_misbooted(chips[i], false);
        check_misbooted(chips[i], true);
    }
    check_misbooted("esp8266", false);
}

/* Nothing tells whether it started well. */
static void of_an_unknown_part_that_is_a_warning(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);

    (void)state;
    b->chip_options.jedec_id = XMC_UNKNOWN;
    must_connect(b);
    assert_non_null(strstr(b->notes, "none of the known ids of XMC"));
    check_read(b, 0x8000, 4096);
    free_board(b);
    b = new_board("esp32c3", SIM_LINK_TCP);
    b->chip_options.jedec_id = XMC_1MB;
    must_connect(b);
    assert_null(strstr(b->notes, "XMC"));
    free_board(b);
}

/* It knows these capacity codes, but is as wrong about a busy flash. */
static void so_does_a_stub_of_the_first_generation(void **state)
{
    (void)state;
    for (uint32_t busy_ms = 0; busy_ms <= 1500; busy_ms += 1500) {
        board_t *b = new_board("esp32s3", SIM_LINK_TCP);

        b->session_options.stub_path = EB_TEST_BUILD_DATA_DIR "/stubs/legacy-4.12/esp32s3.json";
        b->chip_options.jedec_id = SMALL_18V;
        b->chip_options.flash_busy_ms = busy_ms;
        must_connect(b);
        assert_true(stats_of(b).stub);
        check_read(b, 0x8000, 4096);
        free_board(b);
    }
}

/* What stub or ROM bootloader cannot address is told before the first byte, with what helps. */
static void check_reach(const char *chip, const char *stub_path, bool no_stub, eb_reason_t reason)
{
    board_t *b = new_board(chip, SIM_LINK_TCP);
    const uint64_t whole = 32u << 20, limit = 16u << 20;

    b->chip_options.flash_path = NULL;
    b->chip_options.flash_size = (uint32_t)whole;
    b->session_options.stub_path = stub_path;
    b->session_options.no_stub = no_stub;
    must_connect(b);
    if (reason == EB_REASON_NONE) {
        assert_int_equal(eb_session_reach(b->session), whole);
        assert_int_equal(eb_session_check_range(b->session, 0, whole, &b->err), EB_OK);
        assert_null(strstr(b->notes, "can address"));
    } else {
        assert_int_equal(eb_session_reach(b->session), limit);
        assert_int_equal(eb_session_check_range(b->session, 0, limit, &b->err), EB_OK);
        assert_int_equal(eb_session_check_range(b->session, limit - 1, 2, &b->err),
                         EB_ERR_UNSUPPORTED);
        assert_int_equal(b->err.reason, reason);
        assert_string_equal(b->err.hint, "16MB");
        assert_non_null(strstr(b->notes, "only the first 16 MB of the 32 MB of flash"));
    }
    assert_int_equal(eb_session_check_range(b->session, 0, whole + 1, &b->err), EB_ERR_USAGE);
    assert_int_equal(eb_session_check_range(b->session, 0, 0, &b->err), EB_ERR_USAGE);
    free_board(b);
}

static void a_range_out_of_reach_is_refused_with_what_helps(void **state)
{
    (void)state;
    check_reach("esp32s2", NULL, false, EB_REASON_WITHIN_REACH);
    check_reach("esp32s2", NULL, true, EB_REASON_WITHIN_REACH);
    check_reach("esp32s3", NULL, false, EB_REASON_NONE);
    check_reach("esp32s3", NULL, true, EB_REASON_ALLOW_STUB);
    check_reach("esp32h4", NULL, false, EB_REASON_NONE);
    check_reach("esp32h4", EB_TEST_BUILD_DATA_DIR "/stubs/v2-1.2.2/esp32h4.json", false,
                EB_REASON_OWN_STUB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stub_that_misreads_the_flash_is_not_used),
        cmocka_unit_test(nor_for_such_a_flash_without_data),
        cmocka_unit_test(without_a_reset_line_that_is_an_error),
        cmocka_unit_test(a_flash_is_found_on_its_pins),
        cmocka_unit_test(pins_that_a_chip_has_not_are_refused),
        cmocka_unit_test(a_flash_left_in_a_mode_is_brought_back),
        cmocka_unit_test(a_flash_that_starts_wrong_is_started_again),
        cmocka_unit_test(of_an_unknown_part_that_is_a_warning),
        cmocka_unit_test(the_stub_waits_for_a_busy_flash),
        cmocka_unit_test(a_range_out_of_reach_is_refused_with_what_helps),
        cmocka_unit_test(so_does_a_stub_of_the_first_generation),
    };

    return RUN_WITH_FLASH(tests);
}
