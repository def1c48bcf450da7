/*
 * test_sim_rom.c: what differs between the ROM loaders of the chips: rates, erasing, commands; and
 * that the rows are complete.
 */
#include "fake_uart.h"
#include "sim_chip_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { OP_FLASH_BEGIN = 0x02, OP_SYNC = 0x08, OP_READ_REG = 0x0A, OP_CHANGE_BAUD = 0x0F };
enum { OP_MD5 = 0x13, FRAME_MAX = 128 };

static sim_uart_t uart;
static sim_chip_t *chip;

static void start(const char *name, uint32_t crystal_mhz)
{
    memset(&uart, 0, sizeof(uart));
    chip = sim_chip_new(&(sim_chip_options_t){.chip = name, .crystal_mhz = crystal_mhz});
    assert_non_null(chip);
}

static void send_sync(void)
{
    uint8_t sync[36] = {7, 7, 0x12, 0x20};
    memset(sync + 4, 0x55, 32);
    fake_uart_send_command(&uart, OP_SYNC, 0, sync, sizeof(sync));
}

static void send_words(uint8_t op, const uint32_t *words, size_t count)
{
    uint8_t args[32];
    for (size_t i = 0; i < count; i++) {
        sim_put_le32(args + 4 * i, words[i]);
    }
    fake_uart_send_command(&uart, op, 0, args, 4 * count);
}

/* The first reply to `op`; its size. */
static size_t reply_to(uint8_t op, uint8_t frame[FRAME_MAX])
{
    size_t at = 0, count;
    while ((count = fake_uart_next_frame(&uart, &at, frame, FRAME_MAX)) != SIZE_MAX) {
        if (count >= 8 && frame[0] == 1 && frame[1] == op) {
            return count;
        }
    }
    fail_msg("no reply to %02x", op);
    return 0;
}

static void finish(void)
{
    sim_chip_free(chip);
    fake_uart_free(&uart);
    chip = NULL;
}

static uint32_t divider(void)
{
    return sim_bus_read(chip, chip->row->uart.clkdiv_reg) & 0xFFFFFu;
}

static void test_boot_text_at_the_rate_of_a_wrong_crystal(void **state)
{
    (void)state;
    start("esp8266", 26);
    sim_chip_run(chip, &uart, true);
    assert_int_equal(uart.baud, 74927); /* 52 MHz / (80 MHz / 115200) */
    finish();
    start("esp32c2", 26);
    sim_chip_run(chip, &uart, true);
    assert_int_equal(uart.baud, 74880);
    finish();
    start("esp32", 26);
    sim_chip_run(chip, &uart, true);
    assert_int_equal(uart.baud, 115200);
    finish();
}

static void test_the_first_sync_sets_the_rate(void **state)
{
    (void)state;
    start("esp32", 40);
    uart.host_baud = 74880;
    send_sync();
    sim_chip_run(chip, &uart, true);
    assert_int_equal(chip->baud, 74880);
    assert_int_equal(divider(), 40000000 / 74880 - 1);
    uart.baud = 9600; /* no later one does */
    sim_learn_baud(chip);
    assert_int_equal(chip->baud, 74880);
    finish();
}

/* The host must ask for another rate than it wants, by what the calibration says. */
static void check_esp32_rate(uint32_t crystal_mhz, uint32_t asked, uint32_t got)
{
    start("esp32", crystal_mhz);
    uart.host_baud = 115200;
    send_sync();
    send_words(OP_CHANGE_BAUD, (uint32_t[]){asked, 0}, 2);
    sim_chip_run(chip, &uart, true);
    assert_in_range(chip->baud, got - 2, got + 2);
    finish();
}

static void test_esp32_rate_follows_its_calibration(void **state)
{
    (void)state;
    check_esp32_rate(40, 456300, 460800);
    check_esp32_rate(40, 460800, 465344);
    check_esp32_rate(26, 456300, 460800);
}

static void test_esp32c2_takes_its_crystal_for_40_mhz(void **state)
{
    (void)state;
    start("esp32c2", 26);
    uart.host_baud = 115200;
    send_sync();
    send_words(OP_CHANGE_BAUD, (uint32_t[]){460800 * 40 / 26, 0}, 2);
    sim_chip_run(chip, &uart, true);
    assert_in_range(chip->baud, 460790, 460810);
    finish();
}

static void check_erased(const char *name, uint32_t addr, uint32_t bytes, uint32_t erased)
{
    start(name, 0);
    memset(sim_flash_cells(chip->flash), 0, (size_t)sim_flash_size(chip->flash));
    send_sync();
    if (chip->row->rom.has_flash_params) {
        send_words(0x0D, (uint32_t[]){0, 0}, 2);
    }
    send_words(OP_FLASH_BEGIN, (uint32_t[]){bytes, 0, 1024, addr}, 4);
    sim_chip_run(chip, &uart, true);
    const uint8_t *cells = sim_flash_cells(chip->flash);
    for (uint32_t at = 0; at < 0x80000; at += SIM_FLASH_SECTOR) {
        assert_int_equal(cells[at], at >= addr && at < addr + erased ? 0xFF : 0);
    }
    finish();
}

static void test_esp8266_erases_the_head_twice(void **state)
{
    (void)state;
    check_erased("esp32", 0xE000, 0x6000, 0x6000);
    check_erased("esp8266", 0xE000, 0x6000, 0x8000);
    check_erased("esp8266", 0xE000, 0x1000, 0x2000);
    check_erased("esp8266", 0x10000, 0x20000, 0x30000);
}

static void check_refused(uint8_t op, const uint32_t *words, size_t count)
{
    uint8_t frame[FRAME_MAX];
    start("esp8266", 0);
    send_sync();
    send_words(OP_READ_REG, (uint32_t[]){0x40001000}, 1);
    send_words(op, words, count);
    sim_chip_run(chip, &uart, true);
    /* Under the number of the command before it; the good one comes first. */
    assert_int_equal(reply_to(OP_READ_REG, frame), 8 + 2);
    assert_int_equal(sim_le32(frame + 4), 0xFFF0C101);
    assert_int_equal(atomic_load(&chip->refused_commands), 1);
    finish();
}

static void test_esp8266_has_the_first_commands_only(void **state)
{
    (void)state;
    check_refused(OP_CHANGE_BAUD, (uint32_t[]){460800, 0}, 2);
    check_refused(OP_MD5, (uint32_t[]){0, 4096, 0, 0}, 4);
    check_refused(0x0E, (uint32_t[]){0, 64}, 2);
    check_refused(0x0D, (uint32_t[]){0, 0}, 2);
    check_refused(0x14, NULL, 0);
}

static void test_flash_without_power_reads_ff(void **state)
{
    (void)state;
    uint8_t byte = 0;
    memset(&uart, 0, sizeof(uart));
    chip = sim_chip_new(&(sim_chip_options_t){.chip = "esp32p4", .efuse_set = "rev3.1"});
    assert_non_null(chip);
    chip->uart = &uart;
    chip->flash_limit = SIM_FLASH_SECTOR;
    chip->flash_attached = true;
    memset(sim_flash_cells(chip->flash), 0x55, SIM_FLASH_SECTOR);
    assert_true(sim_spi_read(chip, 0, &byte, 1));
    assert_int_equal(byte, 0xFF);
    sim_bus_write(chip, chip->row->flash_power_reg, 3);
    assert_true(sim_spi_read(chip, 0, &byte, 1));
    assert_int_equal(byte, 0x55);
    finish();
}

/* A boot from flash, then a host's reset into the loader over USB, as one life of the chip. */
static void boot_over_usb(void)
{
    memset(&uart, 0, sizeof(uart));
    chip =
        sim_chip_new(&(sim_chip_options_t){.chip = "esp32c3", .usb_jtag = true, .watchdog_ms = 50});
    assert_non_null(chip);
    chip->app_ran = true;
    send_sync();
}

static void test_a_watchdog_of_the_app_bites_over_usb(void **state)
{
    (void)state;
    boot_over_usb();
    chip->app_ran = false; /* after power-on there is none */
    sim_chip_run(chip, &uart, true);
    assert_false(chip->self_reset);
    finish();
    boot_over_usb();
    sim_chip_run(chip, &uart, true);
    assert_true(chip->self_reset);
    assert_int_equal(chip->cause, SIM_RESET_WATCHDOG);
    finish();
}

static void test_a_host_can_switch_that_watchdog_off(void **state)
{
    (void)state;
    const uint32_t all = UINT32_MAX;
    boot_over_usb();
    const sim_watchdog_t *dog = &chip->row->watchdog;
    send_words(0x09, (uint32_t[]){dog->protect, dog->key, all, 0}, 4);
    send_words(0x09, (uint32_t[]){dog->config0, 0, all, 0}, 4);
    send_words(0x09, (uint32_t[]){dog->protect, 0, all, 0}, 4);
    sim_chip_run(chip, &uart, true);
    assert_false(chip->self_reset);
    finish();
    boot_over_usb();
    send_words(0x09, (uint32_t[]){dog->config0, 0, all, 0}, 4); /* locked */
    sim_chip_run(chip, &uart, true);
    assert_true(chip->self_reset);
    finish();
}

static bool has_stub(const char *name)
{
    for (size_t i = 0; i < sim_stub_row_count; i++) {
        if (strcmp(sim_stub_rows[i].chip, name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_chip_row_count; i++) {
        const sim_chip_row_t *row = &sim_chip_rows[i];
        assert_true(has_stub(row->name) || strcmp(row->name, "esp32e22") == 0);
        assert_int_not_equal(row->crystals_mhz[0], 0);
        assert_int_not_equal(row->uart.clkdiv_reg, 0);
        assert_int_not_equal(row->uart.clock_per_crystal, 0);
        assert_int_not_equal(row->plain.spi_us, 0);
        assert_in_range(row->mac_low, row->efuse_base, row->efuse_base + row->efuse_size - 8);
        sim_chip_t *made = sim_chip_new(&(sim_chip_options_t){.chip = row->name});
        assert_non_null(made); /* there is a typical eFuse set */
        sim_chip_free(made);
    }
    for (size_t i = 0; i < sim_efuse_row_count; i++) {
        const sim_efuse_row_t *set = &sim_efuse_rows[i];
        sim_chip_t *made =
            sim_chip_new(&(sim_chip_options_t){.chip = set->chip, .efuse_set = set->name});
        assert_non_null(made);
        assert_true(set->stub == NULL || has_stub(set->stub));
        assert_true(!set->flash_off || made->row->flash_power_reg != 0);
        assert_true(!set->octal_flash || made->row->octal.spi_us != 0);
        for (size_t word = 0; word < set->word_count; word++) {
            assert_in_range(set->words[word].addr, made->row->efuse_base,
                            made->row->efuse_base + made->row->efuse_size - 4);
        }
        sim_chip_free(made);
    }
}

/* Field by field what Espressif's public eFuse tables say; every other bit as on a typical part. */
static void test_security_is_burnt_where_each_chip_has_it(void **state)
{
    static const struct {
        const char *chip;
        uint32_t crypt_reg, crypt_shift, boot_reg, boot_bit, download_reg, download_bit;
    } rows[] = {
        {"esp32s2", 0x3F41A034, 18, 0x3F41A038, 20, 0x3F41A03C, 5},
        {"esp32s3", 0x60007034, 18, 0x60007038, 20, 0x6000703C, 5},
        {"esp32c2", 0x60008830, 7, 0x60008830, 21, 0x60008830, 16},
        {"esp32c3", 0x60008834, 18, 0x60008838, 20, 0x6000883C, 5},
        {"esp32c5", 0x600B4834, 16, 0x600B4838, 25, 0x600B483C, 5},
        {"esp32c6", 0x600B0834, 18, 0x600B0838, 20, 0x600B083C, 5},
        {"esp32c61", 0x600B4830, 23, 0x600B4834, 26, 0x600B4838, 4},
        {"esp32e22", 0, 0, 0xC4008038, 20, 0, 0}, /* the others are not public */
        {"esp32h2", 0x600B0834, 18, 0x600B0838, 20, 0x600B083C, 5},
        {"esp32h21", 0x600B4034, 18, 0x600B4038, 20, 0x600B403C, 5},
        {"esp32h4", 0x600B1830, 23, 0x600B1838, 5, 0x600B183C, 3},
        {"esp32p4", 0x5012D034, 18, 0x5012D038, 20, 0x5012D03C, 5},
        {"esp32s31", 0x20715034, 21, 0x2071503C, 2, 0x2071503C, 21},
    };
    static const char *const sets[] = {"typical", "encrypted", "secure-boot", "secure-download"};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned set = 0; set < 4; set++) {
            const uint32_t encrypted = set == 1 || set == 3, boot = set >= 2, download = set == 3;
            uint8_t info[20];
            chip =
                sim_chip_new(&(sim_chip_options_t){.chip = rows[i].chip, .efuse_set = sets[set]});
            assert_non_null(chip);
            sim_memory_reset(chip);
            const bool all = rows[i].crypt_reg != 0;
            assert_int_equal(sim_bus_read(chip, rows[i].crypt_reg) >> rows[i].crypt_shift & 7,
                             all ? encrypted * 7 : 0);
            assert_int_equal(sim_bus_read(chip, rows[i].boot_reg) >> rows[i].boot_bit & 1, boot);
            assert_int_equal(sim_bus_read(chip, rows[i].download_reg) >> rows[i].download_bit & 1,
                             all && download);
            assert_int_equal(sim_security_info(chip, info), i == 0 ? 12 : 20);
            assert_int_equal(info[0], boot | download << 2);
            assert_int_equal(info[4], encrypted * 7);
            sim_chip_free(chip);
            chip = NULL;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boot_text_at_the_rate_of_a_wrong_crystal),
        cmocka_unit_test(test_the_first_sync_sets_the_rate),
        cmocka_unit_test(test_esp32_rate_follows_its_calibration),
        cmocka_unit_test(test_esp32c2_takes_its_crystal_for_40_mhz),
        cmocka_unit_test(test_esp8266_erases_the_head_twice),
        cmocka_unit_test(test_esp8266_has_the_first_commands_only),
        cmocka_unit_test(test_flash_without_power_reads_ff),
        cmocka_unit_test(test_a_watchdog_of_the_app_bites_over_usb),
        cmocka_unit_test(test_a_host_can_switch_that_watchdog_off),
        cmocka_unit_test(test_rows_are_complete),
        cmocka_unit_test(test_security_is_burnt_where_each_chip_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
