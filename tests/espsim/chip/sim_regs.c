/*
 * sim_regs.c: the bus: RAM and registers in one sparse memory, and the registers that do something.
 *
 * An address nobody knows reads 0 and remembers what is written: what host tools need of the many
 * other peripherals. Acting registers: the SPI controller's command register, the RTC watchdog, and
 * the eFuses, which are read-only here (nothing that backs up a board burns fuses).
 */
#include "sim_chip_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SPI_CMD_USR = 1u << 18, WDT_STAGE_SHIFT = 28, WDT_STAGE_RESET_CPU = 2 };
#define WDT_ENABLE   (1u << 31)
/*
 * On hardware a host has 15 ms for its last request after it has set the watchdog. A program on a
 * busy machine may need more. Hosts wait 500 ms for the reset.
 */
#define WDT_LEAST_US 400000u
#define MAGIC_ADDR   0x40001000u

static sim_page_t **memory_bucket(sim_chip_t *chip, uint32_t base)
{
    return &chip->pages[(base / SIM_MEMORY_PAGE) % SIM_MEMORY_BUCKETS];
}

static sim_page_t *memory_page(sim_chip_t *chip, uint32_t addr, bool make)
{
    uint32_t base = addr & ~(uint32_t)(SIM_MEMORY_PAGE - 1);
    sim_page_t **bucket = memory_bucket(chip, base);
    for (sim_page_t *page = *bucket; page != NULL; page = page->next) {
        if (page->base == base) {
            return page;
        }
    }
    if (!make) {
        return NULL;
    }
    sim_page_t *page = calloc(1, sizeof(*page));
    if (page == NULL) {
        abort(); /* a test program without 4 KB left has nothing to say */
    }
    page->base = base;
    page->next = *bucket;
    *bucket = page;
    return page;
}

void sim_memory_free(sim_chip_t *chip)
{
    for (size_t i = 0; i < SIM_MEMORY_BUCKETS; i++) {
        while (chip->pages[i] != NULL) {
            sim_page_t *page = chip->pages[i];
            chip->pages[i] = page->next;
            free(page);
        }
    }
}

void sim_bus_store(sim_chip_t *chip, uint32_t addr, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = addr + (uint32_t)i;
        memory_page(chip, at, true)->bytes[at % SIM_MEMORY_PAGE] = p[i];
    }
}

void sim_bus_load(sim_chip_t *chip, uint32_t addr, void *bytes, size_t count)
{
    uint8_t *p = bytes;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = addr + (uint32_t)i;
        const sim_page_t *page = memory_page(chip, at, false);
        p[i] = page != NULL ? page->bytes[at % SIM_MEMORY_PAGE] : 0;
    }
}

static void memory_put(sim_chip_t *chip, uint32_t addr, uint32_t value)
{
    uint8_t bytes[4];
    sim_put_le32(bytes, value);
    sim_bus_store(chip, addr, bytes, sizeof(bytes));
}

uint32_t sim_bus_read(sim_chip_t *chip, uint32_t addr)
{
    uint8_t bytes[4];
    sim_bus_load(chip, addr & ~3u, bytes, sizeof(bytes));
    return sim_le32(bytes);
}

void sim_watchdog_start(sim_chip_t *chip, uint32_t ms)
{
    const sim_watchdog_t *dog = &chip->row->watchdog;
    memory_put(chip, dog->config0, WDT_ENABLE | WDT_STAGE_RESET_CPU << WDT_STAGE_SHIFT);
    memory_put(chip, dog->config1, (uint32_t)((uint64_t)ms * dog->slow_clock_hz / 1000u));
    chip->watchdog_at_us = sim_now_us(chip) + (uint64_t)ms * 1000u;
}

void sim_watchdog_stop(sim_chip_t *chip)
{
    memory_put(chip, chip->row->watchdog.config0, 0);
    chip->watchdog_at_us = 0;
}

static void watchdog_write(sim_chip_t *chip, uint32_t addr, uint32_t value)
{
    const sim_watchdog_t *dog = &chip->row->watchdog;
    if (addr == dog->protect) {
        chip->watchdog_unlocked = value == dog->key;
        return;
    }
    if (!chip->watchdog_unlocked) {
        return;
    }
    memory_put(chip, addr, value);
    uint32_t config = sim_bus_read(chip, dog->config0);
    uint32_t action = (config >> WDT_STAGE_SHIFT) & 7u;
    chip->watchdog_at_us = 0;
    if ((config & WDT_ENABLE) != 0 && action >= WDT_STAGE_RESET_CPU) {
        uint64_t us = (uint64_t)sim_bus_read(chip, dog->config1) * 1000000u / dog->slow_clock_hz;
        chip->watchdog_at_us = sim_now_us(chip) + (us > WDT_LEAST_US ? us : WDT_LEAST_US);
    }
    atomic_store(&chip->reset_ordered, chip->watchdog_at_us != 0);
}

void sim_bus_write(sim_chip_t *chip, uint32_t addr, uint32_t value)
{
    const sim_chip_row_t *row = chip->row;
    addr &= ~3u;
    if (addr - row->efuse_base < row->efuse_size) {
        return;
    }
    if (row->watchdog.protect != 0 &&
        (addr == row->watchdog.protect || addr == row->watchdog.config0 ||
         addr == row->watchdog.config1)) {
        watchdog_write(chip, addr, value);
        return;
    }
    if (addr == row->spi.base) {
        if ((value & SPI_CMD_USR) != 0) {
            sim_spi_user_command(chip);
        }
        return; /* the bit is clear again when the transaction is over */
    }
    memory_put(chip, addr, value);
}

void sim_bus_write_entry(sim_chip_t *chip, const uint8_t entry[16])
{
    uint32_t addr = sim_le32(entry);
    uint32_t value = sim_le32(entry + 4);
    uint32_t mask = sim_le32(entry + 8);
    sim_spend(chip, sim_le32(entry + 12));
    if (mask != UINT32_MAX) {
        value = (value & mask) | (sim_bus_read(chip, addr) & ~mask);
    }
    sim_bus_write(chip, addr, value);
}

/* CRC-8 of the ESP32's factory MAC: polynomial 31h reflected, start 0. */
static uint8_t mac_crc8(const uint8_t mac[6])
{
    uint8_t crc = 0;
    for (size_t i = 0; i < 6; i++) {
        crc ^= mac[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint8_t)((crc & 1u) != 0 ? (crc >> 1) ^ 0x8Cu : crc >> 1);
        }
    }
    return crc;
}

/* Other fields may share its registers. */
static void memory_add(sim_chip_t *chip, uint32_t addr, uint32_t bits)
{
    memory_put(chip, addr, sim_bus_read(chip, addr) | bits);
}

static void memory_load_mac(sim_chip_t *chip)
{
    const uint8_t *mac = chip->mac;
    uint32_t at = chip->row->mac_low;
    uint32_t high = (uint32_t)mac[0] << 8 | mac[1];
    switch (chip->row->mac_layout) {
    case SIM_MAC_PLAIN:
        break;
    case SIM_MAC_CRC:
        high |= (uint32_t)mac_crc8(mac) << 16;
        break;
    case SIM_MAC_EUI64:
        high |= 0xFFFE0000u;
        break;
    case SIM_MAC_OTP:
        memory_add(chip, at, (uint32_t)mac[5] << 24);
        memory_add(chip, at + 4, (uint32_t)mac[3] << 8 | mac[4]);
        memory_add(chip, at + 12, (uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2]);
        return;
    }
    memory_add(chip, at,
               (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5]);
    memory_add(chip, at + 4, high);
}

/*
 * ESP32: TIMG0's calibration register has crystal periods counted against the 8 MHz oscillator.
 * With the oscillator's eFuse the ROM makes a crystal frequency of it, which is as wrong as the
 * eFuse: with 39 there, 39.6 MHz for 40.
 */
enum { CALIBRATION_AT_40_MHZ = 2600, CALIBRATION_SHIFT = 7 };

static void memory_calibrate(sim_chip_t *chip)
{
    uint32_t addr = chip->row->uart.calibration_reg;
    if (addr != 0) {
        memory_put(chip, addr,
                   CALIBRATION_AT_40_MHZ * chip->crystal_mhz / 40u << CALIBRATION_SHIFT);
    }
}

uint32_t sim_calibrated_crystal_hz(sim_chip_t *chip)
{
    const sim_uart_row_t *uart = &chip->row->uart;
    if (uart->calibration_reg == 0) {
        return 0;
    }
    uint64_t count = sim_bus_read(chip, uart->calibration_reg) >> CALIBRATION_SHIFT;
    uint64_t oscillator = sim_bus_read(chip, uart->calibration_efuse) & 0xFFu;
    return (uint32_t)(count * 15625u * oscillator / 40u);
}

void sim_memory_reset(sim_chip_t *chip)
{
    sim_memory_free(chip);
    memory_put(chip, MAGIC_ADDR, chip->row->magic);
    if (chip->row->rom.read_hook != 0) {
        memory_put(chip, chip->row->rom.read_hook, SIM_ROM_READ_CODE);
    }
    for (size_t i = 0; i < chip->row->reset_word_count; i++) {
        memory_put(chip, chip->row->reset_words[i].addr, chip->row->reset_words[i].value);
    }
    if (chip->efuses->silicon.addr != 0) {
        memory_put(chip, chip->efuses->silicon.addr, chip->efuses->silicon.value);
    }
    for (size_t i = 0; i < chip->efuses->word_count; i++) {
        memory_put(chip, chip->efuses->words[i].addr, chip->efuses->words[i].value);
    }
    if (chip->efuses->mac_burnt) {
        memory_load_mac(chip);
    }
    memory_calibrate(chip);
    chip->watchdog_at_us = 0;
    atomic_store(&chip->reset_ordered, false);
    chip->watchdog_unlocked = false;
}
