/* Answers have no checksum: one damaged byte, wherever it falls, changes nothing of what is said of
 * a chip and its flash. */
#include "session_fixture.h"

/* Of what comes from the board; before that there is only the answer to SYNC. */
#define FROM_BYTE 100u
#define STEP      7u

typedef struct identity {
    eb_chip_info_t chip;
    eb_flash_info_t flash;
} identity_t;

/* false: the connection failed, which is no wrong word. */
static bool identify(board_t *b, identity_t *out)
{
    bool connected = connect_board(b) == EB_OK;

    if (connected) {
        out->chip = *eb_session_chip(b->session);
        out->flash = *eb_session_flash(b->session);
    }
    return connected;
}

static board_t *plain_board(const char *chip)
{
    board_t *b = new_board(chip, SIM_LINK_TCP);

    b->chip_options.efuse_set = "encrypted";
    b->chip_options.no_sfdp = true;
    b->session_options.no_stub = true;
    return b;
}

static void assert_same(const identity_t *told, const identity_t *is)
{
    assert_string_equal(told->chip.description, is->chip.description);
    assert_int_equal(told->chip.feature_count, is->chip.feature_count);
    assert_int_equal(told->chip.mac_count, is->chip.mac_count);
    for (size_t i = 0; i < is->chip.mac_count; i++) {
        assert_string_equal(told->chip.macs[i].text, is->chip.macs[i].text);
    }
    assert_int_equal(told->chip.security.flash_encryption, is->chip.security.flash_encryption);
    assert_int_equal(told->chip.security.raw_flags, is->chip.security.raw_flags);
    assert_int_equal(told->chip.security.raw_crypt_cnt, is->chip.security.raw_crypt_cnt);
    assert_int_equal(told->flash.jedec_id, is->flash.jedec_id);
    assert_int_equal(told->flash.size_bytes, is->flash.size_bytes);
    assert_string_equal(told->flash.voltage, is->flash.voltage);
    assert_int_equal(told->flash.has_unique_id, is->flash.has_unique_id);
    assert_memory_equal(told->flash.unique_id, is->flash.unique_id, sizeof(is->flash.unique_id));
}

static void check_chip(const char *chip)
{
    identity_t is, told;
    sim_board_report_t report;
    board_t *b = plain_board(chip);
    size_t connected = 0, tries = 0;

    assert_true(identify(b, &is));
    const uint64_t bytes = stats_of(b).wire_bytes_in;
    free_board(b);
    for (uint64_t at = FROM_BYTE; at < bytes; at += STEP) {
        b = plain_board(chip);
        faults(b, "flip=1", at);
        b->options.faults.dir[SIM_TO_CHIP] = false;
        b->options.faults.after = at;
        b->options.faults.max = 1;
        tries++;
        if (identify(b, &told)) {
            connected++;
            assert_same(&told, &is);
        }
        sim_board_get_report(b->board, &report);
        assert_int_equal(report.faults[SIM_TO_HOST].flips, 1);
        free_board(b);
    }
    assert_true(connected > tries / 2);
}

static void one_damaged_byte_changes_nothing(void **state)
{
    (void)state;
    check_chip("esp32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_damaged_byte_changes_nothing),
    };

    flash = calloc(1, FLASH_BYTES);
    if (flash == NULL) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(flash);
    return failed;
}
