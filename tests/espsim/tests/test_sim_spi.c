/*
 * test_sim_spi.c: transactions that a host composes in the SPI controller's registers.
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

static sim_chip_t *chip;
static sim_uart_t uart;

static int setup(void **state)
{
    memset(&uart, 0, sizeof(uart));
    chip = sim_chip_new(
        &(sim_chip_options_t){.chip = *state, .jedec_id = 0xC84017, .flash_size = 8 << 20});
    if (chip == NULL) {
        return 1;
    }
    chip->uart = &uart;
    chip->flash_attached = true;
    sim_memory_reset(chip);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_chip_free(chip);
    fake_uart_free(&uart);
    return 0;
}

static void put(uint16_t offset, uint32_t value)
{
    sim_bus_write(chip, chip->row->spi.base + offset, value);
}

static uint32_t get(uint16_t offset)
{
    return sim_bus_read(chip, chip->row->spi.base + offset);
}

static void go(uint8_t opcode)
{
    put(chip->row->spi.usr2, 7u << 28 | opcode);
    put(0, 1u << 18);
    assert_int_equal(get(0), 0);
}

static void set_address(uint32_t addr)
{
    put(chip->row->spi.usr1, 23u << 26 | 7u);
    put(chip->row->spi.addr, chip->row->spi.addr_msb ? addr << 8 : addr);
}

static uint8_t read_status(void)
{
    put(chip->row->spi.usr, 1u << 31 | 1u << 28);
    put(chip->row->spi.miso_dlen, 7);
    put(chip->row->spi.w0, 0);
    go(SIM_FLASH_RDSR);
    return (uint8_t)get(chip->row->spi.w0);
}

static void test_identity(void **state)
{
    (void)state;
    put(chip->row->spi.usr, 1u << 31 | 1u << 28);
    put(chip->row->spi.miso_dlen, 23);
    put(chip->row->spi.w0, 0);
    go(SIM_FLASH_RDID);
    assert_int_equal(get(chip->row->spi.w0), 0x1740C8);
}

static void test_read_at_address(void **state)
{
    (void)state;
    uint8_t *cells = sim_flash_cells(chip->flash);
    memcpy(cells + 0x123456, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    put(chip->row->spi.usr, 1u << 31 | 1u << 30 | 1u << 28);
    put(chip->row->spi.miso_dlen, 63);
    set_address(0x123456);
    go(SIM_FLASH_READ);
    assert_int_equal(get(chip->row->spi.w0), 0x04030201);
    assert_int_equal(get((uint16_t)(chip->row->spi.w0 + 4)), 0x08070605);
}

static void test_program_and_erase(void **state)
{
    (void)state;
    uint8_t *cells = sim_flash_cells(chip->flash);
    put(chip->row->spi.usr, 1u << 31);
    go(SIM_FLASH_WREN);
    assert_int_equal(read_status(), SIM_SR_WEL);
    put(chip->row->spi.usr, 1u << 31 | 1u << 30 | 1u << 27);
    put(chip->row->spi.mosi_dlen, 31);
    put(chip->row->spi.w0, 0xDDCCBBAA);
    set_address(0x2000);
    go(SIM_FLASH_PP);
    assert_memory_equal(cells + 0x2000, "\xAA\xBB\xCC\xDD\xFF", 5);
    assert_int_equal(read_status() & SIM_SR_WIP, SIM_SR_WIP);
    assert_true(sim_spi_wait_idle(chip));
    assert_int_equal(read_status(), 0);
    put(chip->row->spi.usr, 1u << 31);
    go(SIM_FLASH_WREN);
    put(chip->row->spi.usr, 1u << 31 | 1u << 30);
    set_address(0x2000);
    go(SIM_FLASH_SE);
    assert_int_equal(cells[0x2000], 0xFF);
}

static void test_unattached_flash_reads_ff(void **state)
{
    (void)state;
    chip->flash_attached = false;
    put(chip->row->spi.usr, 1u << 31 | 1u << 28);
    put(chip->row->spi.miso_dlen, 23);
    put(chip->row->spi.w0, 0);
    go(SIM_FLASH_RDID);
    assert_int_equal(get(chip->row->spi.w0), 0xFFFFFF);
}

static void test_efuses_are_read_only_and_mac_is_right(void **state)
{
    (void)state;
    uint32_t before = sim_bus_read(chip, chip->row->mac_low);
    sim_bus_write(chip, chip->row->mac_low, ~before);
    assert_int_equal(sim_bus_read(chip, chip->row->mac_low), before);
    if (chip->row->mac_layout == SIM_MAC_CRC) {
        assert_int_equal(before, 0xC4123456);
        assert_int_equal(sim_bus_read(chip, chip->row->mac_low + 4) & 0xFFFF, 0x240A);
    }
    sim_bus_write(chip, 0x60001234, 0x55AA55AA); /* nobody's register remembers */
    assert_int_equal(sim_bus_read(chip, 0x60001234), 0x55AA55AA);
}

#define BOTH(test)                                                                                 \
    {#test " esp32", test, setup, teardown, (void *)(uintptr_t)"esp32"},                           \
        {#test " esp32c3", test, setup, teardown, (void *)(uintptr_t)"esp32c3"}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_identity),
        BOTH(test_read_at_address),
        BOTH(test_program_and_erase),
        BOTH(test_unattached_flash_reads_ff),
        BOTH(test_efuses_are_read_only_and_mac_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
