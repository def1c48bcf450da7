/* Lines whose bytes come late: a mobile network, a satellite, a computer that has much to do. */
#include "session_fixture.h"

/* Bytes from the chip to the host are late, those to the chip are not. */
static board_t *late_board(const char *chip, unsigned late_ms)
{
    board_t *b = new_board(chip, SIM_LINK_RFC2217);

    b->options.wire_real = true;
    b->options.latency_us = late_ms * 1000;
    b->session_options.baud = 460800;
    return b;
}

/* Read, write and verify; only what is late costs more time. */
static void check_work(board_t *b)
{
    uint8_t bytes[8192], digest[EB_MD5_BYTES], theirs[EB_MD5_BYTES];
    eb_write_result_t result;

    check_read(b, 0x1003, 0x12345);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    if (eb_flash_write(b->session, 0x8000, sizeof(bytes), bytes, NULL, NULL, &result, &b->err) !=
            EB_OK ||
        eb_flash_digest(b->session, 0x8000, sizeof(bytes), theirs, &b->err) != EB_OK) {
        fail_msg("%s", b->err.message);
    }
    eb_md5(bytes, sizeof(bytes), digest);
    assert_memory_equal(digest, theirs, sizeof(digest));
    assert_int_equal(stats_of(b).retries, 0);
    assert_int_equal(stats_of(b).slowdowns, 0);
}

static void a_late_line_is_only_slow(void **state)
{
    static const unsigned late_ms[] = {50, 150, 300, 600, 1000, 1400};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(late_ms) / sizeof(late_ms[0]); i++) {
        board_t *b = late_board(i % 2 == 0 ? "esp32" : "esp32c3", late_ms[i / 2]);

        must_connect(b);
        assert_true(stats_of(b).stub);
        assert_int_equal(stats_of(b).reconnects, 0);
        check_work(b);
        free_board(b);
    }
}

static void a_rom_bootloader_may_answer_late_too(void **state)
{
    (void)state;
    for (unsigned late_ms = 300; late_ms <= 1200; late_ms += 300) {
        board_t *b = late_board("esp32c3", late_ms);

        b->session_options.no_stub = true;
        must_connect(b);
        check_work(b);
        free_board(b);
    }
}

/* The answers to one attempt come behind the reset of the next, and are no answers to that one. */
static void answers_later_than_an_attempt_waits_are_got_over(void **state)
{
    (void)state;
    for (unsigned late_ms = 1600; late_ms <= 3000; late_ms += 200) {
        board_t *b = late_board("esp32", late_ms);

        must_connect(b);
        assert_in_range(stats_of(b).reconnects, 1, 2);
        check_work(b);
        free_board(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_line_is_only_slow),
        cmocka_unit_test(a_rom_bootloader_may_answer_late_too),
        cmocka_unit_test(answers_later_than_an_attempt_waits_are_got_over),
    };

    return RUN_WITH_FLASH(tests);
}
