/* ESP32-C61. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#define BLOCK1(word) (0x600B4844u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_2, W_COUNT };

static const eb_memory_names_t flash = {.what = "Flash",
                                        .sizes = {NULL, "4MB", "8MB"},
                                        .tells_none = true};
static const eb_memory_names_t psram = {.what = "PSRAM",
                                        .sizes = {NULL, "2MB", "8MB"},
                                        .tells_none = true};

static void describe(uint32_t word2, eb_chip_facts_t *out)
{
    static const char *const temperatures[] = {"N", "H"};
    static const char *const flashes[] = {"", "F4", "F8"};
    static const char *const psrams[] = {"", "R2", "R8"};
    static const char *const packages[] = {"", "", "", "LA"};
    const char *parts[] = {EB_FACT_NAME(temperatures, eb_field(word2, 24, 2), "?"),
                           EB_FACT_NAME(flashes, eb_field(word2, 13, 3), "F?"),
                           EB_FACT_NAME(psrams, eb_field(word2, 19, 3), "R?"),
                           EB_FACT_NAME(packages, eb_field(word2, 26, 3), "?")};

    eb_facts_describe_parts(out, "ESP32-C61", parts, 4, eb_field(word2, 4, 2),
                            eb_field(word2, 0, 4));
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t word2 = words[W_BLOCK1_2];

    describe(word2, out);
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Wi-Fi 6");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "160MHz");
    eb_facts_add_memory(out, &flash, eb_field(word2, 13, 3), NULL);
    eb_facts_add_memory(out, &psram, eb_field(word2, 19, 3), NULL);
}

const eb_chip_row_t eb_chip_esp32c61 = {
    .id = "esp32c61",
    .name = "ESP32-C61",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 20,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_32BIT,
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x60003000),
    .watchdog = EB_LP_WATCHDOG(0x600B1C00, 0x18, true),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0), [W_MAC_HIGH] = BLOCK1(1), [W_BLOCK1_2] = BLOCK1(2)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
