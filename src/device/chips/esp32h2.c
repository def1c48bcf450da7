/* ESP32-H2. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#include <stdio.h>

#define BLOCK1(word) (0x600B0844u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_4, W_COUNT };

static const char *const vendors[] = {NULL, "XMC", "GD", "FM", "TT"};
static const eb_memory_names_t flash = {.what = "Flash",
                                        .sizes = {NULL, "4MB", "2MB", "1MB"},
                                        .tells_none = true};

static void describe(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const temperatures[] = {NULL, "H", "N"};
    static const char *const sizes[] = {NULL, "4", "2", "1"};
    const uint32_t word3 = words[W_BLOCK1_3], flash_code = eb_field(word3, 24, 3);
    const uint32_t major = eb_field(word3, 21, 2), minor = eb_field(word3, 18, 3);
    const bool has_flash = flash_code != 0;
    const char *parts[5] = {
        has_flash ? "F" : "",
        has_flash ? EB_FACT_NAME(temperatures, eb_field(word3, 27, 2), "?") : "",
        has_flash ? EB_FACT_NAME(sizes, flash_code, "?") : "",
        eb_field(words[W_BLOCK1_4], 0, 3) == 0 ? "" : "?",
        /* Parts with flash have their name changed from v1.2 on. */
        has_flash && major * 100 + minor >= 102 ? "S" : "",
    };

    eb_facts_describe_parts(out, "ESP32-H2", parts, 5, major, minor);
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};
    const uint32_t word3 = words[W_BLOCK1_3];

    describe(words, out);
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_eui64(out, words[W_MAC_LOW], words[W_MAC_HIGH]);
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "IEEE802.15.4");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "96MHz");
    eb_facts_add_memory(out, &flash, eb_field(word3, 24, 3),
                        EB_FACT_NAME(vendors, eb_field(word3, 29, 3), ""));
}

const eb_chip_row_t eb_chip_esp32h2 = {
    .id = "esp32h2",
    .name = "ESP32-H2",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 16,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .crystals_mhz = {32},
    .spi = EB_SPI_REGS(0x60003000),
    .watchdog = EB_LP_WATCHDOG(0x600B1C00, 0x1C, false),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
