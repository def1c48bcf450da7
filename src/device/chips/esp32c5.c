/*
 * ESP32-C5. Registers by the technical reference manual and the public eFuse table. There are
 * boards with 40 and with 48 MHz; what the ROM takes its crystal for stands in a register.
 */
#include "chip_row.h"

#include <stdio.h>

#define BLOCK1(word) (0x600B4844u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_2, W_SYSCLK, W_COUNT };

static const char *const flash_vendors[] = {NULL, "XMC"};
static const char *const psram_vendors[] = {NULL, "AP_3v3"};
static const eb_memory_names_t flash = {.what = "Flash",
                                        .sizes = {NULL, "4MB"},
                                        .tells_none = true};
static const eb_memory_names_t psram = {.what = "PSRAM",
                                        .sizes = {NULL, "4MB", "8MB"},
                                        .tells_none = true};

static void describe(uint32_t word2, eb_chip_facts_t *out)
{
    static const char *const temperatures[] = {"N", "H"};
    static const char *const flashes[] = {"", "F4"};
    static const char *const psrams[] = {"", "R4", "R8"};
    const char *temperature = EB_FACT_NAME(temperatures, eb_field(word2, 24, 2), "?");
    const char *in_flash = EB_FACT_NAME(flashes, eb_field(word2, 13, 3), "F?");
    const char *in_psram = EB_FACT_NAME(psrams, eb_field(word2, 19, 3), "R?");

    eb_facts_describe_parts(out, "ESP32-C5", (const char *[]){temperature, in_flash, in_psram}, 3,
                            eb_field(word2, 4, 2), eb_field(word2, 0, 4));
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t word2 = words[W_BLOCK1_2];

    describe(word2, out);
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_eui64(out, words[W_MAC_LOW], words[W_MAC_HIGH]);
    eb_facts_add_feature(out, "Wi-Fi 6 (dual-band)");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "IEEE802.15.4");
    eb_facts_add_feature(out, "Single Core + LP Core");
    eb_facts_add_feature(out, "240MHz");
    eb_facts_add_memory(out, &flash, eb_field(word2, 13, 3),
                        EB_FACT_NAME(flash_vendors, eb_field(word2, 16, 3), ""));
    eb_facts_add_memory(out, &psram, eb_field(word2, 19, 3),
                        EB_FACT_NAME(psram_vendors, eb_field(word2, 22, 2), ""));
    if (eb_field(words[W_SYSCLK], 24, 7) == 40 || eb_field(words[W_SYSCLK], 24, 7) == 48) {
        out->rom_clock_hz = eb_field(words[W_SYSCLK], 24, 7) * 1000000ull;
    }
}

const eb_chip_row_t eb_chip_esp32c5 = {
    .id = "esp32c5",
    .name = "ESP32-C5",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 23,
    .tells_id = true,
    .bootloader_addr = 0x2000,
    .stub_flash_limit = EB_FLASH_LIMIT_32BIT,
    .uart_divider_reg = 0x60000014,
    .uart_divider_mask = 0xFFF,
    .uart_clocks_per_crystal = 1,
    .crystals_mhz = {48, 40},
    .secure_crystal_mhz = 48, /* that of all chips in series */
    .spi = EB_SPI_REGS(0x60003000),
    .watchdog = EB_LP_WATCHDOG(0x600B1C00, 0x18, true),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_2] = BLOCK1(2),
                  [W_SYSCLK] = 0x60096110},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
