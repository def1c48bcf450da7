/* Sessions with simulated boards: what open finds, how it fails, and reads. */
#include "held_net.h"
#include "session_fixture.h"

/* -- what a session finds and reads ----------------------------------------------------------- */

static void check_digest(board_t *b, uint32_t addr, uint32_t size)
{
    uint8_t ours[EB_MD5_BYTES], theirs[EB_MD5_BYTES];

    if (eb_flash_digest(b->session, addr, size, theirs, &b->err) != EB_OK) {
        fail_msg("digest: %s", b->err.message);
    }
    eb_md5(flash + addr, size, ours);
    assert_memory_equal(ours, theirs, sizeof(ours));
}

static void check_board(const char *chip, sim_link_kind_t link, bool no_stub)
{
    board_t *b = new_board(chip, link);
    const eb_chip_info_t *info;
    const eb_flash_info_t *found;

    b->chip_options.mac = "24:0a:c4:01:02:03";
    b->session_options.no_stub = no_stub;
    must_connect(b);
    info = eb_session_chip(b->session);
    found = eb_session_flash(b->session);
    assert_string_equal(info->id, chip);
    assert_string_equal(info->macs[0].kind, "base");
    assert_string_equal(info->macs[0].text, "24:0a:c4:01:02:03");
    assert_int_equal(info->crystal_mhz, 40);
    assert_int_equal(info->security.flash_encryption, EB_NO);
    assert_int_equal(info->security.secure_boot, EB_NO);
    assert_true(info->security.raw_valid);
    assert_true(found->known);
    assert_int_equal(found->size_bytes, FLASH_BYTES);
    assert_string_equal(found->size_source, "jedec");
    assert_true(found->sfdp);
    assert_int_equal(stats_of(b).stub, !no_stub);
    assert_int_equal(stats_of(b).baud, link == SIM_LINK_TCP ? 0 : 921600);
    check_digest(b, 0, FLASH_BYTES);
    check_digest(b, 0x1003, 0x1234);
    check_read(b, 0, 3 * 4096);
    check_read(b, 0x1003, 0x1234);
    check_read(b, FLASH_BYTES - 1, 1);
    free_board(b);
}

static void finds_and_reads(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        check_board(i & 1 ? "esp32c3" : "esp32", i & 2 ? SIM_LINK_RFC2217 : SIM_LINK_TCP, i & 4);
    }
}

/* Raw TCP has no rate of its own. The board has: the one that it was told, until it is reset. */
static void a_rate_on_request_is_told_over_tcp(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        board_t *b = new_board("esp32c3", SIM_LINK_TCP);

        b->session_options.no_stub = i == 1;
        b->session_options.baud = 460800;
        faults(b, "hangup@120000", 1);
        must_connect(b);
        assert_int_equal(stats_of(b).baud, 460800);
        while (stats_of(b).reconnects == 0) {
            eb_read_result_t result;
            uint8_t buf[4096];
            if (eb_flash_read(b->session, 0, sizeof(buf), buf, NULL, NULL, &result, &b->err) !=
                    EB_OK &&
                eb_session_recover(b->session, &b->err) != EB_OK) {
                fail_msg("recover: %s", b->err.message);
            }
        }
        assert_int_equal(stats_of(b).baud, 460800);
        check_read(b, 0, 3 * 4096);
        free_board(b);
    }
}

static void tells_the_security_state(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->chip_options.efuse_set = "encrypted";
    must_connect(b);
    assert_int_equal(eb_session_chip(b->session)->security.flash_encryption, EB_YES);
    free_board(b);
    b = new_board("esp32c3", SIM_LINK_TCP);
    b->chip_options.efuse_set = "secure-boot";
    must_connect(b);
    assert_int_equal(eb_session_chip(b->session)->security.secure_boot, EB_YES);
    free_board(b);
}

/* Two ROMs do not jump into RAM then: of one there is no way to a stub, of the other a detour. */
static void secure_boot_and_stubs(void **state)
{
    static const struct {
        const char *chip;
        bool stub;
    } rows[] = {{"esp32c3", false}, {"esp32s3", true}, {"esp32c6", true}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        board_t *b = new_board(rows[i].chip, SIM_LINK_TCP);

        b->chip_options.efuse_set = "secure-boot";
        must_connect(b);
        assert_int_equal(eb_session_chip(b->session)->security.secure_boot, EB_YES);
        assert_int_equal(stats_of(b).stub, rows[i].stub);
        assert_int_equal(strstr(b->notes, "secure boot") != NULL, !rows[i].stub);
        check_read(b, 0, 8192);
        free_board(b);
    }
}

static void secure_download_mode_lets_no_flash_be_read(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);
    uint8_t md5[EB_MD5_BYTES];

    (void)state;
    b->chip_options.efuse_set = "secure-download";
    must_connect(b);
    assert_int_equal(eb_session_chip(b->session)->security.secure_download_mode, EB_YES);
    assert_string_equal(eb_session_chip(b->session)->id, "esp32c3");
    assert_false(stats_of(b).stub);
    assert_int_equal(eb_flash_digest(b->session, 0, 4096, md5, &b->err), EB_ERR_REFUSED);
    free_board(b);
}

static void a_mute_flash_is_known_to_be_mute(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->chip_options.mute_flash = true;
    must_connect(b);
    assert_false(eb_session_flash(b->session)->known);
    assert_int_equal(eb_session_need_flash(b->session, &b->err), EB_ERR_FLASH_MUTE);
    assert_non_null(strstr(b->err.message, "ffffff"));
    free_board(b);
}

static void a_stub_that_runs_already_is_told_of(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);

    (void)state;
    b->session_options.after = EB_AFTER_NO_RESET;
    must_connect(b);
    assert_int_equal(eb_session_close(b->session, &b->err), EB_OK);
    assert_null(strstr(b->notes, "runs on the board already"));
    b->session_options.no_stub = true;
    must_connect(b);
    assert_true(stats_of(b).stub);
    assert_non_null(strstr(b->notes, "a stub runs on the board already"));
    check_read(b, 0, 4096);
    free_board(b);
    b = new_board("esp32c3", SIM_LINK_TCP);
    b->session_options.no_stub = true;
    must_connect(b);
    assert_null(strstr(b->notes, "runs on the board already"));
    free_board(b);
}

/* Seen where no flash is on the pins. */
static void an_id_without_manufacturer_is_mute(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->chip_options.jedec_id = 0xFFFF3F;
    must_connect(b);
    assert_int_equal(eb_session_need_flash(b->session, &b->err), EB_ERR_FLASH_MUTE);
    free_board(b);
}

/* Whoever talked to the board before left in the middle of an erase, and there is no reset line; a
 * reset would not stop the flash either. */
static void a_busy_flash_is_not_mute(void **state)
{
    for (int no_stub = 0; no_stub < 2; no_stub++) {
        board_t *b = new_board("esp32", SIM_LINK_TCP);
        uint8_t md5[EB_MD5_BYTES];

        (void)state;
        b->chip_options.flash_busy_ms = 1500;
        b->session_options.no_stub = no_stub != 0;
        must_connect(b);
        assert_int_equal(eb_session_need_flash(b->session, &b->err), EB_OK);
        assert_int_equal(eb_session_flash(b->session)->size_bytes, FLASH_BYTES);
        assert_int_equal(eb_flash_digest(b->session, 0, 4096, md5, &b->err), EB_OK);
        assert_non_null(strstr(b->notes, "busy"));
        free_board(b);
    }
}

static void the_size_is_not_guessed(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->chip_options.jedec_id = 0xEF4077; /* says nothing */
    b->chip_options.no_sfdp = true;
    must_connect(b);
    assert_int_equal(eb_session_need_flash(b->session, &b->err), EB_ERR_FLASH_SIZE);
    free_board(b);
    b = new_board("esp32", SIM_LINK_TCP);
    b->chip_options.jedec_id = 0xEF4077;
    must_connect(b);
    assert_string_equal(eb_session_flash(b->session)->size_source, "sfdp");
    free_board(b);
    b = new_board("esp32", SIM_LINK_TCP);
    b->chip_options.jedec_id = 0xEF4018; /* 16 MB, and the table says otherwise */
    must_connect(b);
    assert_int_equal(eb_session_flash(b->session)->size_bytes, 0);
    assert_non_null(strstr(b->notes, "SFDP"));
    free_board(b);
    b = new_board("esp32", SIM_LINK_TCP);
    b->chip_options.jedec_id = 0xEF4018;
    b->session_options.flash_size = FLASH_BYTES;
    must_connect(b);
    assert_string_equal(eb_session_flash(b->session)->size_source, "option");
    check_digest(b, 0, FLASH_BYTES);
    free_board(b);
}

/* -- stubs ------------------------------------------------------------------------------------ */

static void a_stub_that_does_not_start_ends_in_the_rom(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_RFC2217);

    (void)state;
    b->chip_options.stub_never_starts = true;
    must_connect(b);
    assert_false(stats_of(b).stub);
    assert_non_null(strstr(stats_of(b).stub_note, "did not start"));
    check_read(b, 0, 8192);
    free_board(b);
}

/* Without lines nobody can reset it: that is an error, and soon. */
static void a_stub_that_does_not_start_needs_a_reset(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);
    int64_t began = eb_clock_ms();

    (void)state;
    b->chip_options.stub_never_starts = true;
    assert_int_equal(connect_board(b), EB_ERR_STUB);
    assert_null(b->session);
    assert_true(eb_clock_ms() - began < 10000);
    assert_int_equal(b->err.reason, EB_REASON_BY_HAND);
    free_board(b);
}

static void a_bad_stub_file_is_an_error(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->session_options.stub_path = b->flash_path;
    assert_int_equal(connect_board(b), EB_ERR_STUB);
    assert_non_null(strstr(b->err.message, b->flash_path));
    free_board(b);
}

/* A session that was left in the stub goes on with it, without another upload. */
static void a_running_stub_is_used(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);
    sim_chip_counters_t counters;

    (void)state;
    b->session_options.after = EB_AFTER_NO_RESET_STUB;
    must_connect(b);
    assert_int_equal(eb_session_close(b->session, &b->err), EB_OK);
    b->session = NULL;
    must_connect(b);
    assert_true(stats_of(b).stub);
    assert_int_equal(eb_session_chip(b->session)->crystal_mhz, 40);
    check_read(b, 4096, 4096);
    sim_chip_get_counters(b->chip, &counters);
    assert_int_equal(counters.stub_starts, 1);
    free_board(b);
}

/* -- how connecting fails --------------------------------------------------------------------- */

static void serve_nothing(void *user)
{
    char byte;

    (void)user;
    while (held_recv(&byte, 1, HELD_NEVER) >= 0) {
    }
}

static void serve_noise(void *user)
{
    uint8_t noise[64], byte;
    int n;

    (void)user;
    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (uint8_t)(0x80 + i);
    }
    while ((n = held_recv(&byte, 1, HELD_NEVER)) >= 0) {
        if (n > 0) {
            held_send(noise, sizeof(noise));
        }
    }
}

static eb_code_t open_server(void (*serve)(void *), eb_err_t *err)
{
    const eb_session_options_t options = {.port = "socket://held:1", .connect_attempts = 1};
    eb_session_t *session = NULL;
    eb_code_t code;

    held_server_start(serve, NULL);
    code = eb_session_open(&options, NULL, &session, err);
    assert_null(session);
    held_server_join();
    return code;
}

static void silence_and_noise_are_told_apart(void **state)
{
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(open_server(serve_nothing, &err), EB_ERR_NO_ANSWER);
    assert_int_equal(open_server(serve_noise, &err), EB_ERR_GARBAGE);
}

static void a_program_that_runs_is_quoted(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->options.boot_download = false;
    b->options.reset_on_connect = true;
    assert_int_equal(connect_board(b), EB_ERR_WRONG_BOOT_MODE);
    assert_non_null(strstr(b->err.message, "boot:0x13"));
    free_board(b);
}

static void the_wrong_chip_is_refused(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->session_options.chip = "ESP32-C3";
    assert_int_equal(connect_board(b), EB_ERR_CHIP_MISMATCH);
    assert_non_null(strstr(b->err.message, "ESP32-C3"));
    b->session_options.chip = "esp33";
    assert_int_equal(connect_board(b), EB_ERR_USAGE);
    b->session_options.chip = "ESP_32";
    must_connect(b);
    free_board(b);
}

static bool say_cancelled(void *user)
{
    (void)user;
    return true;
}

static void cancel_ends_connecting(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_RFC2217);
    int64_t began;

    (void)state;
    power_on(b);
    b->ev.cancelled = say_cancelled;
    b->session_options.connect_attempts = 0;
    began = eb_clock_ms();
    assert_int_equal(connect_board(b), EB_ERR_CANCELLED);
    assert_true(eb_clock_ms() - began < 1000);
    free_board(b);
}

static bool second_attempt; /* set when it begins */

static void watch_attempts(void *user, const eb_progress_t *progress)
{
    (void)user;
    second_attempt = progress->phase == EB_PHASE_CONNECT && progress->done > 0;
}

static bool cancelled_at_second_attempt(void *user)
{
    (void)user;
    return second_attempt;
}

/* The first attempt finds a running program, which says more than other failures, but not than
 * this. */
static void cancel_is_told_after_another_failure(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->options.boot_download = false;
    b->options.reset_on_connect = true;
    second_attempt = false;
    b->ev.progress = watch_attempts;
    b->ev.cancelled = cancelled_at_second_attempt;
    b->session_options.connect_attempts = 0;
    assert_int_equal(connect_board(b), EB_ERR_CANCELLED);
    free_board(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_and_reads),
        cmocka_unit_test(a_rate_on_request_is_told_over_tcp),
        cmocka_unit_test(tells_the_security_state),
        cmocka_unit_test(secure_boot_and_stubs),
        cmocka_unit_test(secure_download_mode_lets_no_flash_be_read),
        cmocka_unit_test(a_mute_flash_is_known_to_be_mute),
        cmocka_unit_test(a_busy_flash_is_not_mute),
        cmocka_unit_test(a_stub_that_runs_already_is_told_of),
        cmocka_unit_test(an_id_without_manufacturer_is_mute),
        cmocka_unit_test(the_size_is_not_guessed),
        cmocka_unit_test(a_stub_that_does_not_start_ends_in_the_rom),
        cmocka_unit_test(a_stub_that_does_not_start_needs_a_reset),
        cmocka_unit_test(a_bad_stub_file_is_an_error),
        cmocka_unit_test(a_running_stub_is_used),
        cmocka_unit_test(silence_and_noise_are_told_apart),
        cmocka_unit_test(a_program_that_runs_is_quoted),
        cmocka_unit_test(the_wrong_chip_is_refused),
        cmocka_unit_test(cancel_ends_connecting),
        cmocka_unit_test(cancel_is_told_after_another_failure),
    };

    return RUN_WITH_FLASH(tests);
}
