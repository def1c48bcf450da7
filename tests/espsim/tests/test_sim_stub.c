/*
 * test_sim_stub.c: what the recordings do not show: starting stubs, crashes, refusals, and the
 * READ_FLASH rules of both generations.
 *
 * Argument: folder of stubs (legacy-4.12/, v2-1.2.2/, v2-1.4.1/).
 */
#include "fake_uart.h"
#include "sim_chip_internal.h"
#include "sim_digest.h"
#include "stub_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct which {
    const char *chip, *generation;
} which_t;

static const char *stubs_dir;
static sim_chip_t *chip;
static sim_uart_t uart;
static size_t at; /* in what the chip sent */
static uint8_t frame[20000];
static size_t frame_bytes;

static int setup(void **state)
{
    const which_t *which = *state;
    memset(&uart, 0, sizeof(uart));
    at = 0;
    chip = sim_chip_new(&(sim_chip_options_t){.chip = which->chip});
    return chip == NULL;
}

static int teardown(void **state)
{
    (void)state;
    sim_chip_free(chip);
    fake_uart_free(&uart);
    return 0;
}

#define SEND(op, ...)                                                                              \
    do {                                                                                           \
        const uint32_t values_[] = {__VA_ARGS__};                                                  \
        fake_uart_send_words(&uart, op, values_, sizeof(values_) / 4);                             \
    } while (0)

static void send_stub(const which_t *which, bool damage)
{
    stub_file_t stub;
    assert_true(stub_file_load(&stub, stubs_dir, which->generation, which->chip));
    if (damage) {
        stub.text.bytes[1234] ^= 0x10;
    }
    stub_file_send(&stub, &uart);
    stub_file_free(&stub);
}

static bool next(void)
{
    frame_bytes = fake_uart_next_frame(&uart, &at, frame, sizeof(frame));
    return frame_bytes != SIZE_MAX;
}

/* Skip to the stub's greeting. */
static bool next_is_ohai_somewhere(void)
{
    while (next()) {
        if (frame_bytes == 4 && memcmp(frame, "OHAI", 4) == 0) {
            return true;
        }
    }
    return false;
}

static void expect_status(uint8_t op, unsigned status)
{
    assert_true(next());
    assert_int_equal(frame[0], 1);
    assert_int_equal(frame[1], op);
    assert_int_equal(frame[frame_bytes - 2] << 8 | frame[frame_bytes - 1], status);
}

static void expect_digest(uint32_t addr, uint32_t count)
{
    uint8_t digest[16];
    assert_true(next());
    assert_int_equal(frame_bytes, 16);
    struct md5_ctx md5;
    md5_init(&md5);
    md5_update(&md5, count, sim_flash_cells(chip->flash) + addr);
    sim_md5_result(&md5, digest);
    assert_memory_equal(frame, digest, 16);
}

static void expect_data(uint32_t addr, uint32_t count)
{
    assert_true(next());
    assert_int_equal(frame_bytes, count);
    assert_memory_equal(frame, sim_flash_cells(chip->flash) + addr, count);
}

/* Acknowledged after the packet, as the chip waits. */
static void send_ack(uint32_t total)
{
    uint8_t ack[4];
    fake_uart_pause(&uart);
    sim_put_le32(ack, total);
    fake_uart_send_frame(&uart, ack, sizeof(ack));
}

static void fill_flash(void)
{
    uint8_t *cells = sim_flash_cells(chip->flash);
    for (uint32_t i = 0; i < 0x10000; i++) {
        cells[i] = (uint8_t)(i * 37u >> 3);
    }
}

static bool sent_text(const char *text)
{
    return uart.from_chip.count != 0 &&
           memmem(uart.from_chip.bytes, uart.from_chip.count, text, strlen(text)) != NULL;
}

static bool is_v2(const which_t *which)
{
    return which->generation[0] == 'v';
}

static void run_to_ohai(void)
{
    sim_chip_run(chip, &uart, true);
    assert_true(next_is_ohai_somewhere());
}

/* ---- tests ---- */

static void test_stub_starts_and_syncs(void **state)
{
    send_stub(*state, false);
    fake_uart_send_sync(&uart);
    run_to_ohai();
    for (int i = 0; i < 8; i++) {
        expect_status(0x08, 0);
        assert_int_equal(frame_bytes, 10);
        assert_int_equal(sim_le32(frame + 4), 0);
    }
    assert_false(next());
    sim_chip_counters_t counters;
    sim_chip_get_counters(chip, &counters);
    assert_int_equal(counters.stub_starts, 1);
}

static void test_damaged_stub_crashes(void **state)
{
    send_stub(*state, true);
    uart.download_strap = true;
    sim_chip_run(chip, &uart, true);
    assert_false(next_is_ohai_somewhere());
    assert_true(sent_text("xception"));
    assert_true(sent_text("rst:0x10"));
    sim_chip_counters_t counters;
    sim_chip_get_counters(chip, &counters);
    assert_int_equal(counters.stub_crashes, 1);
}

static void test_read_with_acknowledgements(void **state)
{
    fill_flash();
    send_stub(*state, false);
    SEND(0xD2, 0x1003, 0x1234, 0x1000, 64);
    send_ack(0x1000);
    send_ack(0x1234);
    SEND(0x0A, 0x40001000);
    run_to_ohai();
    expect_status(0xD2, 0);
    expect_data(0x1003, 0x1000);
    expect_data(0x2003, 0x234);
    expect_digest(0x1003, 0x1234);
    expect_status(0x0A, 0);
}

static void test_read_ends_on_other_frame(void **state)
{
    fill_flash();
    send_stub(*state, false);
    SEND(0xD2, 0, 0x4000, 0x1000, 64);
    send_ack(0x1000);
    fake_uart_pause(&uart);
    fake_uart_send_frame(&uart, "x", 1);
    SEND(0x0A, 0x40001000);
    run_to_ohai();
    expect_status(0xD2, 0);
    expect_data(0, 0x1000);
    expect_data(0x1000, 0x1000);
    expect_digest(0, 0x2000);
    expect_status(0x0A, 0);
}

/* Legacy counts bytes in flight; v2 has one packet whatever is asked. */
static void test_read_in_flight(void **state)
{
    fill_flash();
    send_stub(*state, false);
    SEND(0xD2, 0, 0x3000, 0x1000, 0x2000);
    run_to_ohai();
    expect_status(0xD2, 0);
    expect_data(0, 0x1000);
    assert_int_equal(next(), !is_v2(*state));
    assert_false(next());
}

/* v2 counts acknowledgements without a sign: one before the first packet stops it for ever. */
static void test_read_early_acknowledgement(void **state)
{
    fill_flash();
    send_stub(*state, false);
    SEND(0xD2, 0, 0x3000, 0x1000, 64);
    fake_uart_send_frame(&uart, "\x00\x10\x00\x00", 4);
    send_ack(0x2000);
    send_ack(0x3000);
    run_to_ohai();
    expect_status(0xD2, 0);
    if (!is_v2(*state)) {
        expect_data(0, 0x1000);
        expect_data(0x1000, 0x1000);
        expect_data(0x2000, 0x1000);
        expect_digest(0, 0x3000);
    }
    assert_false(next());
}

static void test_read_packet_too_large(void **state)
{
    send_stub(*state, false);
    SEND(0xD2, 0, 0x4000, 0x2000, 64);
    SEND(0x0A, 0x40001000);
    SEND(0x0A, 0x40001000);
    run_to_ohai();
    expect_status(0xD2, 0);
    if (is_v2(*state)) {
        expect_status(0x0A, 0xC000);
        expect_status(0x0A, 0);
    }
    assert_false(next());
}

static void test_erase_alignment(void **state)
{
    send_stub(*state, false);
    SEND(0xD1, 0x1001, 0x1000);
    SEND(0xD1, 0x1000, 0x1001);
    SEND(0xD1, 0x1000, 0x1000);
    run_to_ohai();
    unsigned refused = is_v2(*state) ? 0xC000 : 0x0100;
    expect_status(0xD1, refused);
    expect_status(0xD1, refused);
    expect_status(0xD1, 0);
}

static void test_write_error_comes_late(void **state)
{
    uint8_t data[1024] = {0};
    send_stub(*state, false);
    SEND(0x0B, 0, 0x2000, 0x10000, 0x1000, 0x100, 0xFFFF); /* the flash ends at 2000h */
    SEND(0x02, 0x800, 2, 0x400, 0x1C00);
    fake_uart_send_data(&uart, 0x03, 0, data, sizeof(data));
    fake_uart_send_data(&uart, 0x03, 1, data, sizeof(data)); /* beyond the end */
    SEND(0x04, 1);
    run_to_ohai();
    expect_status(0x0B, 0);
    expect_status(0x02, 0);
    expect_status(0x03, 0);
    expect_status(0x03, 0);
    expect_status(0x04, 0xC400);
    assert_int_equal(sim_flash_cells(chip->flash)[0x1C00], 0);
    assert_int_equal(sim_flash_cells(chip->flash)[0x2000], 0xFF);
}

static void test_blank_sectors_are_not_erased(void **state)
{
    uint8_t data[0x2000] = {0};
    sim_chip_counters_t counters;
    send_stub(*state, false);
    SEND(0x02, sizeof(data), 1, 0x4000, 0x10000);
    fake_uart_send_data(&uart, 0x03, 0, data, sizeof(data));
    SEND(0x04, 1);
    run_to_ohai();
    sim_chip_get_counters(chip, &counters);
    assert_int_equal(counters.sector_erases, is_v2(*state) ? 0 : 2);
    assert_int_equal(counters.bytes_programmed, sizeof(data));
}

static void test_bad_checksum_and_unknown_command(void **state)
{
    uint8_t args[20] = {4, 0, 0, 0};
    send_stub(*state, false);
    SEND(0x02, 4, 1, 0x4000, 0);
    fake_uart_send_command(&uart, 0x03, 0x00, args, sizeof(args));
    fake_uart_send_command(&uart, 0x77, 0, NULL, 0);
    run_to_ohai();
    expect_status(0x02, 0);
    expect_status(0x03, 0xC100);
    expect_status(0x77, is_v2(*state) ? 0xC300 : 0xFF00);
}

static void test_baud_change(void **state)
{
    send_stub(*state, false);
    SEND(0x0F, 921600, 115200);
    run_to_ohai();
    expect_status(0x0F, 0);
    assert_int_equal(uart.baud, 921600);
}

static void test_stub_that_never_starts(void **state)
{
    chip->stub_never_starts = true;
    send_stub(*state, false);
    fake_uart_send_sync(&uart);
    sim_chip_run(chip, &uart, true);
    assert_false(next_is_ohai_somewhere());
}

/* ---- the ROM ---- */

static void test_run_mode_is_deaf(void **state)
{
    (void)state;
    sim_flash_cells(chip->flash)[chip->row->boot.bootloader_addr] = 0xE9;
    fake_uart_send_sync(&uart);
    sim_chip_run(chip, &uart, false);
    assert_false(next());
    assert_true(sent_text("SPI_FAST_FLASH_BOOT"));
}

static void test_rom_limits(void **state)
{
    (void)state;
    SEND(0x0D, 0, 0);
    SEND(0x0E, 0x1FFFC0, 64);
    SEND(0x0E, 0x200000, 64); /* the ROM believes in 2 MB */
    SEND(0x0E, 0, 65);
    SEND(0x0B, 0, 0x400000, 0x10000, 0x1000, 0x100, 0xFFFF);
    SEND(0x0E, 0x200000, 64);
    sim_chip_run(chip, &uart, true);
    static const struct {
        uint8_t op;
        size_t bytes;
        unsigned error;
    } rows[] = {{0x0D, 12, 0},      {0x0E, 76, 0}, {0x0E, 12, 0x0109},
                {0x0E, 12, 0x010A}, {0x0B, 12, 0}, {0x0E, 76, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(next());
        assert_int_equal(frame[1], rows[i].op);
        assert_int_equal(frame_bytes, rows[i].bytes);
        assert_int_equal(frame[frame_bytes - 4] << 8 | frame[frame_bytes - 3], rows[i].error);
    }
}

static void test_rom_refuses_bad_checksum(void **state)
{
    (void)state;
    uint8_t args[20] = {4, 0, 0, 0};
    SEND(0x05, 4, 1, 4, 0x3FFE8000);
    fake_uart_send_command(&uart, 0x07, 0x12, args, sizeof(args));
    sim_chip_run(chip, &uart, true);
    assert_true(next());
    assert_true(next());
    assert_int_equal(frame[8] << 8 | frame[9], 0x0107);
}

static void test_secure_download_mode(void **state)
{
    (void)state;
    sim_chip_free(chip);
    chip = sim_chip_new(&(sim_chip_options_t){.chip = "esp32c3", .efuse_set = "secure-download"});
    assert_non_null(chip);
    fake_uart_send_command(&uart, 0x14, 0, NULL, 0);
    SEND(0x0A, 0x40001000);
    sim_chip_run(chip, &uart, true);
    assert_true(next());
    assert_int_equal(frame_bytes, 32);
    assert_int_equal(sim_le32(frame + 8) & 4, 4);
    assert_true(next());
    assert_int_equal(frame[8] << 8 | frame[9], 0x0105);
}

static void test_watchdog_reset(void **state)
{
    (void)state;
    const sim_watchdog_t *dog = &chip->row->watchdog;
    SEND(0x09, dog->protect, dog->key, UINT32_MAX, 0);
    SEND(0x09, dog->config1, 2000, UINT32_MAX, 0);
    SEND(0x09, dog->config0, 1u << 31 | 5u << 28 | 1u << 8 | 2u, UINT32_MAX, 0);
    SEND(0x09, dog->protect, 0, UINT32_MAX, 0);
    uart.download_strap = true;
    sim_chip_run(chip, &uart, true);
    assert_true(sent_text("RTCWDT"));
    sim_chip_counters_t counters;
    sim_chip_get_counters(chip, &counters);
    assert_int_equal(counters.resets, 2);
}

/* Which stubs raise the clocks on a UART, and which reach a flash above 16 MB. */
static void test_stub_clocks_and_reach(void **state)
{
    static const struct {
        which_t which;
        bool boosted, far;
    } rows[] = {
        {{"esp32s3", "legacy-4.12"}, false, true}, {{"esp32s3", "v2-1.2.2"}, false, true},
        {{"esp32s3", "v2-1.4.1"}, true, true},     {{"esp32c3", "v2-1.4.1"}, false, false},
        {{"esp32c6", "v2-1.2.2"}, false, false},   {{"esp32c6", "v2-1.4.1"}, true, false},
        {{"esp32h4", "v2-1.2.2"}, false, false},   {{"esp32h4", "v2-1.4.1"}, true, true},
        {{"esp32h21", "v2-1.4.1"}, true, false},   {{"esp32s31", "v2-1.2.2"}, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s %s\n", rows[i].which.chip, rows[i].which.generation);
        uart = (sim_uart_t){0};
        at = 0;
        chip = sim_chip_new(
            &(sim_chip_options_t){.chip = rows[i].which.chip, .flash_size = UINT64_C(32) << 20});
        assert_non_null(chip);
        fake_uart_send_sync(&uart);
        send_stub(&rows[i].which, false);
        sim_chip_run(chip, &uart, true);
        assert_true(next_is_ohai_somewhere());
        assert_int_equal(chip->speed.md5_us < chip->row->plain.md5_us, rows[i].boosted);
        assert_int_equal(chip->four_byte, rows[i].far);
        sim_chip_free(chip);
        chip = NULL;
        fake_uart_free(&uart);
    }
}

static which_t stubs[] = {{"esp32", "legacy-4.12"}, {"esp32c3", "legacy-4.12"},
                          {"esp32", "v2-1.2.2"},    {"esp32c3", "v2-1.2.2"},
                          {"esp32", "v2-1.4.1"},    {"esp32c3", "v2-1.4.1"}};
static which_t esp32_rom = {"esp32", ""}, esp32c3_rom = {"esp32c3", ""};

#define ON(test, which) {#test, test, setup, teardown, which}
#define ON_ALL(test)                                                                               \
    ON(test, &stubs[0]), ON(test, &stubs[1]), ON(test, &stubs[2]), ON(test, &stubs[3]),            \
        ON(test, &stubs[4]), ON(test, &stubs[5])

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(test_stub_starts_and_syncs),
        ON_ALL(test_damaged_stub_crashes),
        ON_ALL(test_read_with_acknowledgements),
        ON_ALL(test_read_ends_on_other_frame),
        ON_ALL(test_read_in_flight),
        ON_ALL(test_read_early_acknowledgement),
        ON_ALL(test_read_packet_too_large),
        ON_ALL(test_erase_alignment),
        ON_ALL(test_write_error_comes_late),
        ON_ALL(test_blank_sectors_are_not_erased),
        ON_ALL(test_bad_checksum_and_unknown_command),
        ON_ALL(test_baud_change),
        ON_ALL(test_stub_that_never_starts),
        cmocka_unit_test(test_stub_clocks_and_reach),
        ON(test_run_mode_is_deaf, &esp32_rom),
        ON(test_run_mode_is_deaf, &esp32c3_rom),
        ON(test_rom_limits, &esp32_rom),
        ON(test_rom_limits, &esp32c3_rom),
        ON(test_rom_refuses_bad_checksum, &esp32_rom),
        ON(test_secure_download_mode, &esp32c3_rom),
        ON(test_watchdog_reset, &esp32c3_rom),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s STUBS\n", argv[0]);
        return 2;
    }
    stubs_dir = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
