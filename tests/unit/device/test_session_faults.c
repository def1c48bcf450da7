/* Sessions with simulated boards on bad lines: nothing wrong gets through, and boards come back. */
#include "seeds.h"
#include "session_fixture.h"
#include "session_impl.h"

#define LEGACY_STUB EB_TEST_BUILD_DATA_DIR "/stubs/legacy-4.12/esp8266.json"

#define SYNC_BYTES 46 /* a SYNC with its SLIP frame */

/* Reads all of it, as often as it takes, and never gets a wrong byte. */
static void read_through(board_t *b, uint32_t chunk, uint32_t total, int patience)
{
    uint8_t *buf = malloc(chunk);
    uint32_t at = 0;

    assert_non_null(buf);
    while (at < total) {
        const uint32_t size = chunk < total - at ? chunk : total - at;
        eb_read_result_t result;
        eb_code_t code = eb_flash_read(b->session, at, size, buf, NULL, NULL, &result, &b->err);

        if (code == EB_OK) {
            assert_true(result.verified);
            assert_memory_equal(buf, flash + at, size);
            at += size;
            continue;
        }
        assert_false(result.verified);
        if (patience-- == 0 || eb_session_recover(b->session, &b->err) != EB_OK) {
            fail_msg("at 0x%x: %s", (unsigned)at, b->err.message);
        }
    }
    free(buf);
}

static void check_faults(const char *chip, sim_link_kind_t link, bool no_stub, const char *text,
                         uint64_t seed)
{
    board_t *b = new_board(chip, link);

    b->session_options.no_stub = no_stub;
    b->session_options.connect_attempts = 4;
    faults(b, text, seed);
    must_connect(b);
    read_through(b, 16384, FLASH_BYTES / 4, 200);
    free_board(b);
}

static void damaged_bytes_never_get_through(void **state)
{
    static const char *const kinds[] = {"flip=3e-5", "drop=3e-5", "insert=3e-5", "dup=3e-5"};

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        check_faults("esp32", SIM_LINK_TCP, false, kinds[i], i);
        check_faults("esp32c3", SIM_LINK_RFC2217, true, kinds[i], i);
    }
}

/* A damaged request leaves zeros where the answer comes, or attaches other pins: a flash without
 * power answers the same. */
static void damaged_requests_are_no_mute_flash(void **state)
{
    int connected = 0;

    (void)state;
    for (uint64_t seed = 0; seed < seed_count(300); seed++) {
        board_t *b = new_board(seed % 2 == 0 ? "esp32" : "esp32c3", SIM_LINK_TCP);

        b->session_options.no_stub = true;
        faults(b, "flip=3e-3", seed);
        b->options.faults.dir[SIM_TO_HOST] = false;
        if (connect_board(b) == EB_OK) {
            connected++;
            assert_true(eb_session_flash(b->session)->known);
        }
        free_board(b);
    }
    assert_true(connected > (int)seed_count(100));
}

/* A request that loses a byte is refused like a command that the chip does not know. */
static void a_damaged_request_is_no_unknown_chip(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < seed_count(200); seed++) {
        board_t *b = new_board("esp32c3", SIM_LINK_TCP);

        b->session_options.no_stub = true;
        faults(b, "drop=0.05", seed);
        b->options.faults.dir[SIM_TO_HOST] = false;
        b->options.faults.after = SYNC_BYTES;
        b->options.faults.max = 1;
        must_connect(b);
        free_board(b);
    }
}

/* There is no reset line, but the ROM bootloader answers by itself. */
static void a_reset_while_the_stub_starts_is_overcome(void **state)
{
    (void)state;
    for (int at = 6000; at < 9000; at += 20 * (int)seed_step()) {
        char text[32];
        board_t *b = new_board("esp32c3", SIM_LINK_TCP);

        (void)snprintf(text, sizeof(text), "reset@%d", at);
        faults(b, text, 1);
        must_connect(b);
        free_board(b);
    }
}

static void a_reset_in_the_middle_is_overcome(void **state)
{
    for (int i = 0; i < 2; i++) {
        board_t *b = new_board(i == 0 ? "esp32" : "esp32c3", SIM_LINK_RFC2217);

        (void)state;
        faults(b, "reset@150000", 1);
        b->session_options.connect_attempts = 4;
        must_connect(b);
        read_through(b, 65536, FLASH_BYTES / 4, 3);
        assert_true(stats_of(b).reconnects >= 1);
        assert_true(stats_of(b).stub);
        assert_int_equal(stats_of(b).baud, 921600);
        free_board(b);
    }
}

/*
 * The ROM of a board that started anew has its flash pins off: it reads FF, and its digest of that
 * agrees. On a raw link in download mode the same ROM answers before and after.
 */
static void a_rom_that_restarted_does_not_verify_ff(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        board_t *b = new_board(seed % 2 == 0 ? "esp32" : "esp32c3", SIM_LINK_TCP);

        b->session_options.no_stub = true;
        faults(b, seed < 2 ? "reset-every=20000" : "reset-every=20000,flip=2e-4", seed);
        b->options.faults.dir[SIM_TO_CHIP] = false;
        b->options.faults.after = 4000;
        must_connect(b);
        read_through(b, 4096, 64 * 1024, 400);
        free_board(b);
    }
}

static void an_unplugged_board_is_waited_for(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);

    (void)state;
    faults(b, "unplug@150000", 1);
    b->options.replug_ms = 700;
    must_connect(b);
    read_through(b, 65536, FLASH_BYTES / 4, 3);
    assert_int_equal(stats_of(b).reconnects, 1);
    free_board(b);
}

static void slows_down_step_by_step(void **state)
{
    static const uint32_t steps[] = {460800, 230400, 115200};
    board_t *b = new_board("esp32c3", SIM_LINK_RFC2217);

    (void)state;
    b->session_options.connect_attempts = 4;
    must_connect(b);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(eb_session_slow_down(b->session, &b->err), EB_OK);
        assert_int_equal(stats_of(b).baud, steps[i]);
        check_read(b, 0, 8192);
    }
    assert_int_equal(eb_session_slow_down(b->session, &b->err), EB_ERR_UNSUPPORTED);
    assert_int_equal(stats_of(b).slowdowns, 3);
    check_read(b, 0, 8192);
    free_board(b);
}

/* The stub of the ESP8266 does not know its crystal: what it makes of a rate depends on the divider
 * that there is. Going down is a command all the same, not a reset. */
static void check_slow_down_esp8266(uint32_t crystal_mhz, const char *stub)
{
    static const uint32_t steps[] = {460800, 230400, 115200};
    board_t *b = new_board("esp8266", SIM_LINK_RFC2217);

    b->chip_options.crystal_mhz = crystal_mhz;
    b->session_options.stub_path = stub;
    must_connect(b);
    assert_true(stats_of(b).stub);
    assert_int_equal(stats_of(b).baud, 921600);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(eb_session_slow_down(b->session, &b->err), EB_OK);
        assert_int_equal(stats_of(b).baud, steps[i]);
        assert_int_equal(stats_of(b).reconnects, 0);
        check_read(b, 0, 8192);
    }
    free_board(b);
}

static void an_esp8266_slows_down_without_a_reset(void **state)
{
    (void)state;
    for (uint32_t crystal_mhz = 26; crystal_mhz <= 40; crystal_mhz += 14) {
        check_slow_down_esp8266(crystal_mhz, NULL);
        check_slow_down_esp8266(crystal_mhz, LEGACY_STUB);
    }
}

/* Of the commands that load a stub most are long; the ROM calls those that lost or won a byte
 * malformed, those with another byte wrong by checksum. */
static void a_stub_is_loaded_over_a_bad_line(void **state)
{
    static const char *const kinds[] = {"flip=3e-4", "drop=3e-4", "insert=3e-4", "dup=3e-4"};

    (void)state;
    for (uint64_t i = 0; i < seed_count(12); i++) {
        board_t *b = new_board(i % 2 == 0 ? "esp32" : "esp8266", SIM_LINK_TCP);

        faults(b, kinds[i % 4], i);
        b->options.faults.dir[SIM_TO_HOST] = false;
        must_connect(b);
        if (!stats_of(b).stub) {
            fail_msg("seed %d: %s", (int)i, b->notes);
        }
        assert_true(stats_of(b).retries > 0);
        free_board(b);
    }
}

/* Bytes that the computer sends until the stub of the first generation is left running. */
static uint64_t leave_stub_running(board_t *b)
{
    uint64_t sent;

    b->session_options.stub_path = EB_TEST_BUILD_DATA_DIR "/stubs/legacy-4.12/esp32.json";
    b->session_options.after = EB_AFTER_NO_RESET;
    must_connect(b);
    assert_true(stats_of(b).stub);
    sent = stats_of(b).wire_bytes_out;
    assert_int_equal(eb_session_close(b->session, &b->err), EB_OK);
    b->session = NULL;
    return sent;
}

/* All that it is sent in some seconds reaches it at once. */
static void a_slow_stub_stays_in_step(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);
    const uint64_t sent = leave_stub_running(b);

    (void)state;
    free_board(b);
    for (uint64_t stall_ms = 500; stall_ms <= 4000; stall_ms += 250) {
        b = new_board("esp32", SIM_LINK_TCP);
        faults(b, "stall=1", 1);
        b->options.faults.dir[SIM_TO_HOST] = false;
        b->options.faults.after = sent + 1;
        b->options.faults.max = 1;
        b->options.faults.stall_ms = stall_ms;
        assert_int_equal(leave_stub_running(b), sent);
        b->session_options.connect_attempts = 4;
        must_connect(b);
        assert_true(stats_of(b).stub);
        check_read(b, 0x8000, 4096);
        free_board(b);
    }
}

/* Nothing tells the crystal, and the ROM takes it for another: a rate that it sets may be wrong. */
static void a_rate_that_is_not_known_is_not_set(void **state)
{
    static const uint32_t crystals_mhz[] = {26, 40};

    (void)state;
    for (size_t i = 0; i < sizeof(crystals_mhz) / sizeof(crystals_mhz[0]); i++) {
        board_t *b = new_board("esp32c2", SIM_LINK_RFC2217);

        b->chip_options.efuse_set = "secure-download";
        b->chip_options.crystal_mhz = crystals_mhz[i];
        must_connect(b);
        assert_int_equal(eb_session_chip(b->session)->crystal_mhz, 0);
        assert_int_equal(stats_of(b).baud, 115200);
        assert_int_equal(stats_of(b).reconnects, 0);
        free_board(b);
    }
}

/* What a board of another kind, put in the place of ours, looks like. */
static void another_chip_is_no_matter_of_options(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_RFC2217);

    (void)state;
    must_connect(b);
    b->session->row = eb_chip_row_by_name("esp32");
    b->session->out_of_step = true;
    assert_int_equal(eb_session_recover(b->session, &b->err), EB_ERR_CHIP_MISMATCH);
    assert_non_null(strstr(b->err.message, "an ESP32-C3, not the ESP32"));
    assert_int_equal(b->err.reason, EB_REASON_NONE);
    free_board(b);
    b = new_board("esp32c3", SIM_LINK_RFC2217);
    b->session_options.chip = "esp32";
    assert_int_equal(connect_board(b), EB_ERR_CHIP_MISMATCH);
    assert_int_equal(b->err.reason, EB_REASON_CHIP_ASKED);
    free_board(b);
}

/* A ROM bootloader without the command, or in a mode without it: the line stays as it is. */
static void a_refused_rate_is_no_fault(void **state)
{
    (void)state;
    for (int secure = 0; secure < 2; secure++) {
        board_t *b = new_board("esp32c3", SIM_LINK_RFC2217);

        b->chip_options.refuses_baud = true;
        b->chip_options.efuse_set = secure != 0 ? "secure-download" : NULL;
        b->session_options.no_stub = true;
        must_connect(b);
        assert_int_equal(stats_of(b).baud, 115200);
        assert_int_equal(stats_of(b).slowdowns, 0);
        assert_int_equal(stats_of(b).reconnects, 0);
        if (secure == 0) {
            check_read(b, 0x8000, 4096);
            assert_int_equal(eb_session_recover(b->session, &b->err), EB_OK);
            check_read(b, 0x8000, 4096);
        }
        free_board(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_stub_stays_in_step),
        cmocka_unit_test(a_rate_that_is_not_known_is_not_set),
        cmocka_unit_test(a_stub_is_loaded_over_a_bad_line),
        cmocka_unit_test(damaged_bytes_never_get_through),
        cmocka_unit_test(damaged_requests_are_no_mute_flash),
        cmocka_unit_test(a_damaged_request_is_no_unknown_chip),
        cmocka_unit_test(a_reset_while_the_stub_starts_is_overcome),
        cmocka_unit_test(a_reset_in_the_middle_is_overcome),
        cmocka_unit_test(a_rom_that_restarted_does_not_verify_ff),
        cmocka_unit_test(an_unplugged_board_is_waited_for),
        cmocka_unit_test(slows_down_step_by_step),
        cmocka_unit_test(a_refused_rate_is_no_fault),
        cmocka_unit_test(another_chip_is_no_matter_of_options),
        cmocka_unit_test(an_esp8266_slows_down_without_a_reset),
    };

    return RUN_WITH_FLASH(tests);
}
