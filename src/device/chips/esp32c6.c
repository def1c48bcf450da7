/*
 * ESP32-C6. Registers by the technical reference manual and the public eFuse table. A reset by its
 * watchdog can make the USB-Serial/JTAG port disappear, so none is offered.
 */
#include "chip_row.h"

#define BLOCK1(word) (0x600B0844u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_4, W_COUNT };

static const eb_memory_names_t flash = {.what = "Flash", .sizes = {NULL, "4MB", "8MB"}};

static const char *package_name(uint32_t package, uint32_t flash_code)
{
    static const char *const with_flash[] = {NULL, "ESP32-C6FH4 (QFN32)", "ESP32-C6FH8 (QFN32)"};

    if (package == 0) {
        return "ESP32-C6 (QFN40)";
    }
    return package == 1 ? EB_FACT_NAME(with_flash, flash_code, "Unknown ESP32-C6")
                        : "Unknown ESP32-C6";
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t word3 = words[W_BLOCK1_3], flash_code = eb_field(words[W_BLOCK1_4], 0, 3);

    eb_facts_describe(out, package_name(eb_field(word3, 24, 3), flash_code), eb_field(word3, 22, 2),
                      eb_field(word3, 18, 4));
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_eui64(out, words[W_MAC_LOW], words[W_MAC_HIGH]);
    eb_facts_add_feature(out, "Wi-Fi 6");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "IEEE802.15.4");
    eb_facts_add_feature(out, "Single Core + LP Core");
    eb_facts_add_feature(out, "160MHz");
    /* The value 0 says nothing here. */
    eb_facts_add_memory(out, &flash, flash_code == 0 ? EB_MEMORY_SIZES : flash_code, NULL);
}

const eb_chip_row_t eb_chip_esp32c6 = {
    .id = "esp32c6",
    .name = "ESP32-C6",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 13,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x60003000),
    .watchdog = EB_LP_WATCHDOG(0x600B1C00, 0x18, false),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
