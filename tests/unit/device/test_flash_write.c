/* Writing and erasing on simulated boards: what arrives, what is left alone, what is told. */
#include "seeds.h"
#include "session_fixture.h"

#define WRITE_ADDR  0x13000u
#define WRITE_BYTES 0x25000u

static uint8_t *new_content(void)
{
    uint8_t *bytes = malloc(WRITE_BYTES);
    uint32_t random = 1;

    assert_non_null(bytes);
    for (uint32_t i = 0; i < WRITE_BYTES; i++) {
        random = random * 1664525u + 1013904223u;
        /* Does not deflate, so that many blocks go over the wire; a part does. */
        bytes[i] = i < 0x9000 || i > 0xC000 ? (uint8_t)(random >> 24) : 0xFF;
    }
    return bytes;
}

static eb_code_t write_all(board_t *b, const uint8_t *bytes, eb_write_result_t *result)
{
    return eb_flash_write(b->session, WRITE_ADDR, WRITE_BYTES, bytes, NULL, NULL, result, &b->err);
}

static bool board_holds(board_t *b, uint32_t addr, uint32_t size, const uint8_t *bytes)
{
    uint8_t ours[EB_MD5_BYTES], theirs[EB_MD5_BYTES];
    eb_code_t code = EB_ERR_LINE;

    for (int i = 0; code == EB_ERR_LINE && i < 5; i++) {
        code = eb_flash_digest(b->session, addr, size, theirs, &b->err);
    }
    if (code != EB_OK) {
        fail_msg("digest: %s", b->err.message);
    }
    eb_md5(bytes, size, ours);
    return memcmp(ours, theirs, sizeof(ours)) == 0;
}

static void check_round_trip(const char *chip, bool no_stub)
{
    board_t *b = new_board(chip, SIM_LINK_TCP);
    uint8_t *bytes = new_content();
    eb_write_result_t result;
    sim_chip_counters_t before, after;

    b->session_options.no_stub = no_stub;
    must_connect(b);
    sim_chip_get_counters(b->chip, &before);
    if (write_all(b, bytes, &result) != EB_OK) {
        fail_msg("%s: %s", chip, b->err.message);
    }
    sim_chip_get_counters(b->chip, &after);
    assert_int_equal(result.done, WRITE_BYTES);
    assert_int_equal(result.touched, WRITE_BYTES);
    if (no_stub) {
        assert_int_equal(result.wire_bytes, WRITE_BYTES);
    } else {
        assert_true(result.wire_bytes < WRITE_BYTES);
    }
    /* What was asked for is erased, once, and nothing else. */
    assert_int_equal((after.sector_erases - before.sector_erases) * EB_SECTOR_BYTES +
                         (after.block_erases - before.block_erases) * EB_BLOCK_BYTES,
                     WRITE_BYTES);
    assert_true(board_holds(b, WRITE_ADDR, WRITE_BYTES, bytes));
    check_read(b, WRITE_ADDR - EB_SECTOR_BYTES, EB_SECTOR_BYTES);
    check_read(b, WRITE_ADDR + WRITE_BYTES, EB_SECTOR_BYTES);
    free(bytes);
    free_board(b);
}

static void writes_what_it_was_given_and_nothing_else(void **state)
{
    (void)state;
    check_round_trip("esp32", false);
    check_round_trip("esp32", true);
    check_round_trip("esp32c3", false);
    check_round_trip("esp32c3", true);
}

static void check_erase(const char *chip, bool no_stub)
{
    board_t *b = new_board(chip, SIM_LINK_TCP);
    uint8_t erased[EB_MD5_BYTES], theirs[EB_MD5_BYTES];
    eb_write_result_t result;

    b->session_options.no_stub = no_stub;
    must_connect(b);
    assert_int_equal(eb_flash_erase(b->session, 0x5000, 0x23000, &result, &b->err), EB_OK);
    assert_int_equal(result.done, 0x23000);
    assert_int_equal(eb_flash_digest(b->session, 0x5000, 0x23000, theirs, &b->err), EB_OK);
    eb_md5_erased(0x23000, erased);
    assert_memory_equal(theirs, erased, sizeof(erased));
    check_read(b, 0x4000, 0x1000);
    check_read(b, 0x28000, 0x1000);
    free_board(b);
}

static void erases_the_sectors_and_no_others(void **state)
{
    (void)state;
    check_erase("esp32", false);
    check_erase("esp32", true);
    check_erase("esp32c3", false);
    check_erase("esp32c3", true);
}

static void refuses_what_is_not_whole_sectors_or_beyond(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);
    uint8_t *bytes = new_content();
    eb_write_result_t result;

    (void)state;
    must_connect(b);
    assert_int_not_equal(
        eb_flash_write(b->session, 0x100, 0x1000, bytes, NULL, NULL, &result, &b->err), EB_OK);
    assert_int_not_equal(eb_flash_erase(b->session, 0x1000, 0x100, &result, &b->err), EB_OK);
    assert_int_equal(eb_flash_write(b->session, FLASH_BYTES - 0x1000, 0x2000, bytes, NULL, NULL,
                                    &result, &b->err),
                     EB_ERR_USAGE);
    assert_int_equal(result.touched, 0);
    check_read(b, 0, FLASH_BYTES);
    free(bytes);
    free_board(b);
}

/* Damage to a block is seen by the board; sooner or later the write ends well. */
static void gets_through_a_line_that_flips_bits(void **state)
{
    uint8_t *bytes = new_content();
    uint32_t retries = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= seed_count(8); seed++) {
        board_t *b = new_board(seed % 2 ? "esp32" : "esp32c3", SIM_LINK_RFC2217);
        eb_write_result_t result;
        bool done = false;

        faults(b, "flip=3e-5", seed);
        b->options.faults.dir[SIM_TO_HOST] = false;
        b->options.faults.after = 25000; /* not the stub */
        must_connect(b);
        for (int i = 0; !done && i < 10; i++) {
            const eb_code_t code = write_all(b, bytes, &result);

            /* Acknowledged is not verified, but a failure never claims to be done. */
            assert_int_equal(result.done, code == EB_OK ? WRITE_BYTES : 0);
            assert_int_equal(result.touched, WRITE_BYTES);
            if (code != EB_OK) {
                assert_int_equal(eb_session_recover(b->session, &b->err), EB_OK);
            }
            done = board_holds(b, WRITE_ADDR, WRITE_BYTES, bytes);
        }
        assert_true(done);
        retries += stats_of(b).retries;
        free_board(b);
    }
    assert_true(retries > 0);
    free(bytes);
}

static void tells_that_a_reset_leaves_the_range_unknown(void **state)
{
    board_t *b = new_board("esp32", SIM_LINK_RFC2217);
    uint8_t *bytes = new_content();
    eb_write_result_t result;

    (void)state;
    faults(b, "reset@30000", 1);
    b->options.faults.dir[SIM_TO_HOST] = false;
    must_connect(b);
    assert_int_not_equal(write_all(b, bytes, &result), EB_OK);
    assert_int_equal(result.done, 0);
    assert_int_equal(result.touched, WRITE_BYTES);
    assert_int_equal(eb_session_recover(b->session, &b->err), EB_OK);
    assert_int_equal(write_all(b, bytes, &result), EB_OK);
    assert_true(board_holds(b, WRITE_ADDR, WRITE_BYTES, bytes));
    free(bytes);
    free_board(b);
}

/* The board acknowledges what it did not do: only the digest can tell. */
static void an_acknowledgement_does_not_verify_a_write(void **state)
{
    board_t *b = new_board("esp32c3", SIM_LINK_TCP);
    uint8_t *bytes = new_content();
    eb_write_result_t result;

    (void)state;
    b->chip_options.lying_write_every = 50;
    must_connect(b);
    assert_int_equal(write_all(b, bytes, &result), EB_OK);
    assert_false(board_holds(b, WRITE_ADDR, WRITE_BYTES, bytes));
    free(bytes);
    free_board(b);
}

static void check_protection(uint32_t jedec_id, uint16_t status, bool expected)
{
    board_t *b = new_board("esp32", SIM_LINK_TCP);
    eb_write_result_t result;
    uint8_t theirs[EB_MD5_BYTES], erased[EB_MD5_BYTES];
    bool is_protected;
    uint16_t read;

    b->chip_options.jedec_id = jedec_id;
    b->chip_options.flash_status = status;
    must_connect(b);
    assert_int_equal(eb_flash_protection(b->session, &is_protected, &read, &b->err), EB_OK);
    assert_int_equal(is_protected, expected);
    assert_int_equal(read & 0xFF, status & 0xFF);
    /* What is told is so. */
    assert_int_equal(eb_flash_erase(b->session, FLASH_BYTES - 0x1000, 0x1000, &result, &b->err),
                     EB_OK);
    assert_int_equal(eb_flash_digest(b->session, FLASH_BYTES - 0x1000, 0x1000, theirs, &b->err),
                     EB_OK);
    eb_md5_erased(0x1000, erased);
    assert_int_equal(memcmp(theirs, erased, sizeof(erased)) != 0, expected);
    free_board(b);
}

static void reads_the_protection_bits(void **state)
{
    (void)state;
    check_protection(0xEF4014, 0, false);
    check_protection(0xEF4014, 0x04, true);
    check_protection(0xEF4014, 0x4000, true); /* CMP alone: all */
    check_protection(0xC84014, 0x4000, true);
    check_protection(0xC84014, 0x401C, false); /* and of all: nothing */
    check_protection(0xC22014, 0x20, true);    /* BP3 alone */
    check_protection(0x9D6014, 0x20, true);
    check_protection(0xEF4014, 0x20, false);   /* TB alone */
    check_protection(0xC22014, 0x4000, false); /* no CMP */
}

static void the_rom_clears_the_protection(void **state)
{
    static const uint16_t statuses[] = {0x1C, 0x4000};

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        board_t *b = new_board("esp32c3", SIM_LINK_TCP);
        uint8_t *bytes = new_content();
        eb_write_result_t result;

        b->chip_options.flash_status = statuses[i];
        b->session_options.no_stub = true;
        must_connect(b);
        if (write_all(b, bytes, &result) != EB_OK) {
            fail_msg("%s", b->err.message);
        }
        assert_true(board_holds(b, WRITE_ADDR, WRITE_BYTES, bytes));
        free(bytes);
        free_board(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_was_given_and_nothing_else),
        cmocka_unit_test(erases_the_sectors_and_no_others),
        cmocka_unit_test(refuses_what_is_not_whole_sectors_or_beyond),
        cmocka_unit_test(gets_through_a_line_that_flips_bits),
        cmocka_unit_test(tells_that_a_reset_leaves_the_range_unknown),
        cmocka_unit_test(an_acknowledgement_does_not_verify_a_write),
        cmocka_unit_test(reads_the_protection_bits),
        cmocka_unit_test(the_rom_clears_the_protection),
    };

    return RUN_WITH_FLASH(tests);
}
