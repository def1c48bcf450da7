/*
 * sim_stub.c: which code is a stub, and starting it.
 *
 * A jump to RAM runs what was uploaded. Here only uploads that are byte for byte a stub of
 * sim_stub_rows.c run; a damaged or unknown one does what random code does: it crashes, and a
 * watchdog resets the chip.
 */
#include "sim_stub.h"

#include "sim_digest.h"

#include <stdlib.h>
#include <string.h>

enum {
    STUB_START_US = 10000,
    STUB_V2_IDLE_WAIT_US = 10000,
    LEGACY_FLASH_LIMIT = 16 << 20,
    PAGES_A_SECTOR = SIM_FLASH_SECTOR / SIM_FLASH_PAGE,
    CODE_MAX = 64 * 1024
};

bool sim_stub_at_least(const sim_stub_row_t *row, unsigned major, unsigned minor)
{
    return row->version[0] > major || (row->version[0] == major && row->version[1] >= minor);
}

static bool stub_same(sim_chip_t *chip, uint32_t addr, uint32_t count, const uint8_t sha256[32])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx ctx;
    uint8_t *bytes = count <= CODE_MAX ? malloc(count + 1u) : NULL;
    if (bytes == NULL) {
        return false;
    }
    sim_bus_load(chip, addr, bytes, count);
    sha256_init(&ctx);
    sha256_update(&ctx, count, bytes);
    sim_sha256_result(&ctx, digest);
    free(bytes);
    return memcmp(digest, sha256, sizeof(digest)) == 0;
}

static const sim_stub_row_t *stub_find(sim_chip_t *chip, uint32_t entry)
{
    const char *name = chip->efuses->stub != NULL ? chip->efuses->stub : chip->row->name;
    for (size_t i = 0; i < sim_stub_row_count; i++) {
        const sim_stub_row_t *row = &sim_stub_rows[i];
        if (row->entry == entry && strcmp(row->chip, name) == 0 &&
            stub_same(chip, row->text_addr, row->text_bytes, row->text_sha256) &&
            stub_same(chip, row->data_addr, row->data_bytes, row->data_sha256)) {
            return row;
        }
    }
    return NULL;
}

static bool stub_since(const sim_stub_row_t *row, unsigned minor)
{
    return minor == 0 || (row->generation == SIM_STUB_V2 && sim_stub_at_least(row, 1, minor));
}

static void stub_boost(sim_chip_t *chip)
{
    const uint32_t octal_us = chip->efuses->octal_flash ? chip->row->octal.spi_us : 0;
    chip->speed = chip->row->boosted;
    if (octal_us != 0) {
        chip->speed.spi_us = octal_us; /* how much faster it becomes is not known */
    }
    if (chip->row->boosted_uart_clock_hz != 0) {
        chip->uart_clock_hz = chip->row->boosted_uart_clock_hz;
    }
    sim_set_baud(chip, chip->baud); /* another clock, another divider, the same rate */
}

/* By the capacity byte of the id that it reads, which of a busy flash is FF. A size that it does
 * not know counts as the largest that the chip can have (esp-stub-lib). */
static uint64_t stub_flash_size(sim_chip_t *chip, bool v2)
{
    const uint32_t capacity = sim_spi_read_id(chip) & 0xFFu;
    if (!v2) { /* FF is large to it, but not the codes of small 1.8 V parts */
        bool large = (capacity >= 0x19 && capacity < 0x30) || capacity >= 0x39;
        return large ? UINT64_C(1) << 30 : LEGACY_FLASH_LIMIT;
    }
    if (capacity >= 0x12 && capacity <= 0x1C) {
        return UINT64_C(1) << capacity;
    }
    if (capacity == 0x39) {
        return UINT64_C(32) << 20;
    }
    return chip->row->stub_four_byte ? UINT64_C(1) << 30 : LEGACY_FLASH_LIMIT;
}

/* What the stub's own start does to the chip: clocks, flash pins, the flash size it goes by. */
static void stub_prepare(sim_chip_t *chip, const sim_stub_row_t *row)
{
    bool v2 = row->generation == SIM_STUB_V2;
    sim_spi_attach(chip, chip->efuses->flash_pins);
    chip->flash_limit = LEGACY_FLASH_LIMIT;
    uint64_t size = stub_flash_size(chip, v2);
    chip->four_byte = chip->row->stub_four_byte && stub_since(row, chip->row->four_byte_since) &&
                      size > LEGACY_FLASH_LIMIT;
    if (v2) {
        chip->flash_limit = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    } else if (chip->four_byte) {
        chip->flash_limit = UINT32_MAX;
    }
    chip->holds_full_packets =
        chip->usb && v2 && (chip->full_packets || !sim_stub_at_least(row, 1, 2));
    if (v2 && chip->usb && !chip->otg) {
        sim_watchdog_stop(chip);
    }
    if (v2 && chip->usb && chip->row->usb_boost) {
        chip->speed = (sim_speed_t){.spi_us = 1900, .md5_us = 300};
    }
    if (chip->row->boosted.spi_us != 0 && stub_since(row, chip->row->boosted_since)) {
        stub_boost(chip);
    }
    chip->speed = sim_speed_measured(chip->speed, chip->timing.stub_4k);
    if (chip->timing.program_4k > chip->speed.spi_us) {
        const uint32_t page_us = (chip->timing.program_4k - chip->speed.spi_us) / PAGES_A_SECTOR;
        sim_flash_set_times(chip->flash, &(sim_flash_times_t){.page_program = page_us});
    }
}

static void stub_run(sim_chip_t *chip, const sim_stub_row_t *row, bool *leave, uint32_t *entry)
{
    sim_stub_t *stub = calloc(1, sizeof(*stub));
    if (stub == NULL) {
        abort();
    }
    stub->chip = chip;
    stub->row = row;
    sim_count(&chip->stub_starts, 1);
    sim_uart_log(chip->uart, "stub %s %u.%u.%u starts",
                 row->generation == SIM_STUB_V2 ? "v2" : "legacy", row->version[0], row->version[1],
                 row->version[2]);
    stub_prepare(chip, row);
    sim_stub_rx_init(stub);
    const uint32_t start_us = row->generation == SIM_STUB_V2 ? STUB_V2_IDLE_WAIT_US : STUB_START_US;
    sim_spend(chip, chip->timing.stub_start != 0 ? chip->timing.stub_start : start_us);
    if (chip->otg) {
        sim_uart_heed_rts(chip->uart, SIM_HEED_LATER);
    }
    sim_slip_frame(chip, "OHAI", 4);
    switch (row->generation) {
    case SIM_STUB_LEGACY:
        sim_stub_legacy_run(stub);
        break;
    case SIM_STUB_V2:
        sim_stub_v2_run(stub);
        break;
    }
    sim_uart_heed_rts(chip->uart, SIM_HEED_NONE);
    chip->holds_full_packets = false;
    *leave = stub->leave;
    *entry = stub->entry;
    sim_inflate_end(&stub->write.inflate);
    free(stub);
}

void sim_jump(sim_chip_t *chip, uint32_t entry)
{
    bool leave = true;
    while (leave && entry != 0 && sim_running(chip)) {
        if (chip->stub_never_starts) {
            sim_uart_log(chip->uart, "code at 0x%08x is silent", (unsigned)entry);
            sim_hang(chip);
            return;
        }
        const sim_stub_row_t *row = stub_find(chip, entry);
        if (row == NULL) {
            sim_crash(chip, entry);
            return;
        }
        stub_run(chip, row, &leave, &entry);
    }
    if (leave && sim_running(chip)) {
        sim_reset_self(chip, SIM_RESET_SOFTWARE);
    }
}
