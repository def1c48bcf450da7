/*
 * sim_chip.c: making a chip from its rows, and its life from reset to reset.
 */
#include "sim_chip_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROM_BAUD = 115200,
    ROM_RX_BYTES = 128,
    ROM_FLASH_LIMIT = 2 << 20,
    APP_WATCHDOG_MS = 9000,
    BOOT_WATCHDOG_MS = 320
};

static const sim_chip_row_t *chip_find_row(const char *name)
{
    for (size_t i = 0; i < sim_chip_row_count; i++) {
        if (strcmp(sim_chip_rows[i].name, name) == 0) {
            return &sim_chip_rows[i];
        }
    }
    fprintf(stderr, "espsim: no such chip: %s\n", name);
    return NULL;
}

static const sim_efuse_row_t *chip_find_efuses(const char *chip, const char *name)
{
    for (size_t i = 0; i < sim_efuse_row_count; i++) {
        if (strcmp(sim_efuse_rows[i].chip, chip) == 0 &&
            strcmp(sim_efuse_rows[i].name, name) == 0) {
            return &sim_efuse_rows[i];
        }
    }
    return NULL;
}

static bool chip_choose_efuses(sim_chip_t *chip, const char *name)
{
    const sim_efuse_row_t *typical = chip_find_efuses(chip->row->name, "typical");
    chip->efuses = name == NULL ? typical : chip_find_efuses(chip->row->name, name);
    if (chip->efuses == NULL && sim_efuse_secure(chip->row, typical, name, &chip->secured)) {
        chip->efuses = &chip->secured.set;
    }
    if (chip->efuses == NULL) {
        fprintf(stderr, "espsim: %s has no eFuse set: %s\n", chip->row->name, name);
    }
    return chip->efuses != NULL;
}

static bool chip_parse_mac(const char *text, uint8_t mac[6])
{
    unsigned b[6];
    char rest;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
               &rest) != 6) {
        fprintf(stderr, "espsim: not a MAC: %s\n", text);
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        mac[i] = (uint8_t)b[i];
    }
    return true;
}

static bool chip_choose_pins(sim_chip_t *chip, const char *text)
{
    unsigned pin[5];
    char rest;
    chip->flash_pins = chip->efuses->flash_pins;
    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "SPI") == 0 || strcmp(text, "HSPI") == 0) {
        chip->flash_pins = text[0] == 'H';
        return true;
    }
    if (sscanf(text, "%2u,%2u,%2u,%2u,%2u%c", &pin[0], &pin[1], &pin[2], &pin[3], &pin[4], &rest) !=
        5) {
        fprintf(stderr, "espsim: not the pins of a flash: %s\n", text);
        return false;
    }
    chip->flash_pins = SIM_FLASH_PINS(pin[0], pin[1], pin[2], pin[3], pin[4]);
    return true;
}

static bool chip_choose_mode(const char *text, sim_flash_mode_t *mode)
{
    static const char *const names[] = {[SIM_FLASH_POWER_DOWN] = "power-down",
                                        [SIM_FLASH_FOUR_BYTE] = "4-byte",
                                        [SIM_FLASH_QPI] = "qpi",
                                        [SIM_FLASH_MISBOOTED] = "mis-booted"};
    *mode = SIM_FLASH_USUAL;
    for (size_t i = SIM_FLASH_POWER_DOWN; text != NULL && i <= SIM_FLASH_MISBOOTED; i++) {
        if (strcmp(text, names[i]) == 0) {
            *mode = (sim_flash_mode_t)i;
        }
    }
    if (text != NULL && *mode == SIM_FLASH_USUAL) {
        fprintf(stderr, "espsim: no flash starts in %s\n", text);
        return false;
    }
    return true;
}

static bool chip_choose_crystal(sim_chip_t *chip, uint32_t mhz)
{
    for (size_t i = 0; i < SIM_CRYSTALS_MAX; i++) {
        uint32_t possible = chip->row->crystals_mhz[i];
        if (possible != 0 && (mhz == 0 || mhz == possible)) {
            chip->crystal_mhz = possible;
            return true;
        }
    }
    fprintf(stderr, "espsim: no %s has a crystal of %u MHz\n", chip->row->name, (unsigned)mhz);
    return false;
}

static bool chip_make(sim_chip_t *chip, const sim_chip_options_t *options)
{
    char why[200];
    sim_flash_mode_t mode;
    chip->row = chip_find_row(options->chip != NULL ? options->chip : "esp32");
    if (chip->row == NULL || !chip_choose_efuses(chip, options->efuse_set)) {
        return false;
    }
    memcpy(chip->mac, chip->efuses->mac, sizeof(chip->mac));
    if (options->mac != NULL && !chip_parse_mac(options->mac, chip->mac)) {
        return false;
    }
    if (!chip_choose_pins(chip, options->flash_pins) ||
        !chip_choose_mode(options->flash_start, &mode) ||
        !chip_choose_crystal(chip, options->crystal_mhz)) {
        return false;
    }
    if (options->usb_jtag && !chip->row->has_usb_jtag) {
        fprintf(stderr, "espsim: %s has no USB-Serial/JTAG unit\n", chip->row->name);
        return false;
    }
    if (options->usb_otg && !chip->row->has_usb_otg) {
        fprintf(stderr, "espsim: %s has no USB-OTG unit\n", chip->row->name);
        return false;
    }
    chip->usb = options->usb_jtag || options->usb_otg;
    chip->otg = options->usb_otg;
    chip->full_packets = options->usb_full_packets;
    chip->boot_watchdog_ms =
        options->boot_watchdog_ms != 0 ? options->boot_watchdog_ms : BOOT_WATCHDOG_MS;
    chip->watchdog_ms = options->watchdog_ms != 0 ? options->watchdog_ms : APP_WATCHDOG_MS;
    chip->refuses_baud = options->refuses_baud;
    chip->stub_never_starts = options->stub_never_starts;
    const uint64_t busy_us = 1000u * (uint64_t)options->flash_busy_ms;
    chip->flash =
        sim_flash_new(&(sim_flash_config_t){.path = options->flash_path,
                                            .size = options->flash_size,
                                            .jedec_id = options->jedec_id,
                                            .no_sfdp = options->no_sfdp,
                                            .mute = options->mute_flash,
                                            .mode = mode,
                                            .status = options->flash_status,
                                            .lying_write_every = options->lying_write_every,
                                            .busy_until_us = sim_now_us(chip) + busy_us},
                      why, sizeof(why));
    if (chip->flash == NULL) {
        fprintf(stderr, "espsim: %s\n", why);
        return false;
    }
    chip->timing = options->timing;
    sim_flash_set_times(chip->flash,
                        &(sim_flash_times_t){.sector_erase = options->timing.sector_erase,
                                             .block_erase = options->timing.block_erase});
    return true;
}

sim_chip_t *sim_chip_new(const sim_chip_options_t *options)
{
    sim_chip_t *chip = calloc(1, sizeof(*chip));
    if (chip != NULL && !chip_make(chip, options)) {
        sim_chip_free(chip);
        return NULL;
    }
    return chip;
}

uint16_t sim_chip_usb_id(const sim_chip_t *chip)
{
    return (uint16_t)chip->row->chip_id;
}

void sim_chip_free(sim_chip_t *chip)
{
    if (chip == NULL) {
        return;
    }
    sim_memory_free(chip);
    sim_flash_free(chip->flash);
    free(chip);
}

/* A ROM that is wrong about its crystal starts at another rate than it thinks. */
static void chip_reset_uart(sim_chip_t *chip, bool download_mode)
{
    const sim_chip_row_t *row = chip->row;
    uint32_t clock_per_mhz = 1000000u * row->uart.clock_per_crystal;
    chip->uart_clock_hz = clock_per_mhz * chip->crystal_mhz;
    chip->rom_uart_clock_hz = chip->uart_clock_hz;
    if (row->rom.assumed_crystal_mhz != 0) {
        chip->rom_uart_clock_hz = clock_per_mhz * row->rom.assumed_crystal_mhz;
    }
    sim_uart_set_baud(chip->uart, ROM_BAUD);
    sim_set_baud_by(chip, chip->rom_uart_clock_hz, ROM_BAUD);
    if (sim_calibrated_crystal_hz(chip) != 0) { /* only CHANGE_BAUDRATE goes by that */
        chip->rom_uart_clock_hz = sim_calibrated_crystal_hz(chip);
    }
    chip->autobaud = download_mode;
    sim_uart_set_autobaud(chip->uart, download_mode);
    sim_uart_set_rx_capacity(chip->uart, ROM_RX_BYTES);
}

static void chip_reset(sim_chip_t *chip, bool download_mode)
{
    const sim_boot_text_t *boot = &chip->row->boot;
    chip->stopped = false;
    chip->self_reset = false;
    chip->debt_us = 0;
    chip->out.count = 0;
    chip->flash_attached = false;
    chip->four_byte = false;
    chip->flash_limit =
        chip->row->rom.flash_limit != 0 ? chip->row->rom.flash_limit : ROM_FLASH_LIMIT;
    chip->speed =
        sim_speed_measured(chip->efuses->octal_flash ? chip->row->octal : chip->row->plain,
                           chip->timing.rom_4k);
    sim_memory_reset(chip);
    bool forced = chip->otg && sim_uart_forced_download(chip->uart);
    chip->holds_full_packets = false;
    if (chip->row->strap_reg != 0) {
        sim_bus_write(chip, chip->row->strap_reg,
                      download_mode && !forced ? boot->strap_word : boot->run_strap);
    }
    if (forced) {
        sim_bus_write(chip, chip->row->force_reg, chip->row->force_bit);
    }
    chip_reset_uart(chip, download_mode);
    /* A reset by the USB unit is not one for the RTC: its watchdog runs on. */
    if (chip->usb && !chip->otg && download_mode && chip->app_ran) {
        sim_watchdog_start(chip, chip->watchdog_ms);
    }
    sim_count(&chip->resets, 1);
}

void sim_chip_run(sim_chip_t *chip, sim_uart_t *uart, bool download_mode)
{
    chip->uart = uart;
    if (atomic_exchange(&chip->power_cut, false)) {
        sim_flash_power_on(chip->flash);
    }
    if (!chip->self_reset) { /* else the board has seen it and started us again */
        chip->cause = SIM_RESET_POWER_ON;
    }
    do {
        chip_reset(chip, download_mode);
        sim_boot_print(chip, download_mode);
        if (download_mode) {
            sim_rom_run(chip);
        } else {
            sim_run_app(chip);
        }
        if (chip->self_reset && chip->otg && chip->row->force_reg != 0) {
            uint32_t force = sim_bus_read(chip, chip->row->force_reg);
            sim_uart_set_forced_download(uart, (force & chip->row->force_bit) != 0);
        }
        if (chip->self_reset) {
            download_mode = sim_uart_download_strap(uart);
        }
    } while (chip->self_reset && !chip->usb);
    chip->uart = NULL;
}

void sim_chip_cut_power(sim_chip_t *chip)
{
    atomic_store(&chip->power_cut, true);
}

bool sim_chip_reset_ordered(sim_chip_t *chip)
{
    return atomic_load(&chip->reset_ordered);
}

static uint64_t chip_load(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void sim_chip_get_counters(sim_chip_t *chip, sim_chip_counters_t *out)
{
    sim_flash_counters_t *flash = sim_flash_counters(chip->flash);
    *out = (sim_chip_counters_t){
        .sector_erases = chip_load(&flash->sector_erases),
        .block_erases = chip_load(&flash->block_erases),
        .chip_erases = chip_load(&flash->chip_erases),
        .page_programs = chip_load(&flash->page_programs),
        .bytes_programmed = chip_load(&flash->bytes_programmed),
        .bytes_read = chip_load(&chip->bytes_read),
        .bytes_digested = chip_load(&chip->bytes_digested),
        .commands = chip_load(&chip->commands),
        .refused_commands = chip_load(&chip->refused_commands),
        .resets = chip_load(&chip->resets),
        .stub_starts = chip_load(&chip->stub_starts),
        .stub_crashes = chip_load(&chip->stub_crashes),
    };
}
