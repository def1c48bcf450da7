/*
 * ESP32-C2, sold as ESP8684. Registers by the technical reference manual and the public eFuse
 * table. Its ROM takes the crystal for one of 40 MHz even where it has 26.
 */
#include "chip_row.h"

#define BLOCK2(word) (0x60008840u + 4u * (word))
#define RTC(offset)  (0x60008000u + (offset))

enum { W_MAC_LOW, W_BLOCK2_1, W_BLOCK2_7, W_COUNT };

static const char *const packages[] = {"ESP32-C2", "ESP8684H"};
static const char *const vendors[] = {NULL, "XMC", "GD", "FM", "TT", "ZBIT"};
static const eb_memory_names_t flash = {.what = "Flash", .sizes = {NULL, "4MB", "2MB", "1MB"}};

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t word1 = words[W_BLOCK2_1], word7 = words[W_BLOCK2_7];

    eb_facts_describe(out, EB_FACT_NAME(packages, eb_field(word1, 22, 3), "Unknown ESP32-C2"),
                      eb_field(word1, 20, 2), eb_field(word1, 16, 4));
    eb_facts_set_macs(out, words[W_MAC_LOW], word1, kinds);
    eb_facts_add_feature(out, "Wi-Fi");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "120MHz");
    eb_facts_add_memory(out, &flash, eb_field(word7, 29, 3),
                        EB_FACT_NAME(vendors, eb_field(word7, 24, 3), ""));
    out->rom_clock_hz = 40000000;
}

const eb_chip_row_t eb_chip_esp32c2 = {
    .id = "esp32c2",
    .name = "ESP32-C2",
    .links = EB_CHIP_UART,
    .chip_id = 12,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .stub = {.since = 1}, /* not on v0.0 */
    .uart_divider_reg = 0x60000014,
    .uart_divider_mask = 0xFFF,
    .uart_clocks_per_crystal = 1,
    .crystals_mhz = {40, 26},
    .spi = EB_SPI_REGS(0x60002000),
    .watchdog = {.unlock_reg = RTC(0x9C),
                 .unlock_key = EB_WATCHDOG_KEY,
                 .config_reg = RTC(0x84),
                 .stage0_reg = RTC(0x88),
                 .can_reset = true},
    .fact_regs = {[W_MAC_LOW] = BLOCK2(0), [W_BLOCK2_1] = BLOCK2(1), [W_BLOCK2_7] = BLOCK2(7)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
