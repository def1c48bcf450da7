/* ESP32-C3. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#define BLOCK1(word) (0x60008844u + 4u * (word))
#define RTC(offset)  (0x60008000u + (offset))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_4, W_BLOCK1_5, W_COUNT };

static const char *const packages[] = {"ESP32-C3 (QFN32)", "ESP8685 (QFN28)", "ESP32-C3 AZ (QFN32)",
                                       "ESP8686 (QFN24)"};
static const char *const vendors[] = {NULL, "XMC", "GD", "FM", "TT", "ZBIT"};
static const eb_memory_names_t flash = {.what = "Flash",
                                        .sizes = {NULL, "4MB", "2MB", "1MB", "8MB"}};

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t word3 = words[W_BLOCK1_3], word4 = words[W_BLOCK1_4], word5 = words[W_BLOCK1_5];

    eb_facts_describe(out, EB_FACT_NAME(packages, eb_field(word3, 21, 3), "Unknown ESP32-C3"),
                      eb_field(word5, 24, 2), eb_field(word5, 23, 1) << 3 | eb_field(word3, 18, 3));
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Wi-Fi");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "160MHz");
    eb_facts_add_memory(out, &flash, eb_field(word3, 27, 3),
                        EB_FACT_NAME(vendors, eb_field(word4, 0, 3), ""));
}

const eb_chip_row_t eb_chip_esp32c3 = {
    .id = "esp32c3",
    .name = "ESP32-C3",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 5,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .stub = {.not_securely = true},
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x60002000),
    .watchdog = {.unlock_reg = RTC(0xA8),
                 .unlock_key = EB_WATCHDOG_KEY,
                 .config_reg = RTC(0x90),
                 .stage0_reg = RTC(0x94),
                 .super_unlock_reg = RTC(0xB0),
                 .super_unlock_key = EB_SUPER_WATCHDOG_KEY_OLD,
                 .super_config_reg = RTC(0xAC),
                 .super_auto_feed = 1u << 31,
                 .can_reset = true},
    .flash_gpios = EB_GPIOS(0, 21),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4),
                  [W_BLOCK1_5] = BLOCK1(5)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
