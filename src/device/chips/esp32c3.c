/* ESP32-C3. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#include <string.h>

#define BLOCK1(word) (0x60008844u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_4, W_BLOCK1_5, W_COUNT };

static uint32_t field(uint32_t word, unsigned at, unsigned bits)
{
    return (word >> at) & ((1u << bits) - 1u);
}

static const char *package_name(uint32_t package)
{
    switch (package) {
    case 0:
        return "ESP32-C3 (QFN32)";
    case 1:
        return "ESP8685 (QFN28)";
    case 2:
        return "ESP32-C3 AZ (QFN32)";
    case 3:
        return "ESP8686 (QFN24)";
    default:
        return "Unknown ESP32-C3";
    }
}

static void read_features(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const vendors[8] = {"", "XMC", "GD", "FM", "TT", "ZBIT", "", ""};
    static const char *const sizes[8] = {NULL, " 4MB", " 2MB", " 1MB", " 8MB", "", "", ""};
    const uint32_t capacity = field(words[W_BLOCK1_3], 27, 3);

    eb_facts_add_feature(out, "Wi-Fi");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "160MHz");
    if (sizes[capacity] != NULL)
        eb_facts_add_feature(out, "%sEmbedded Flash%s (%s)", capacity > 4 ? "Unknown " : "",
                             sizes[capacity], vendors[field(words[W_BLOCK1_4], 0, 3)]);
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t low = words[W_MAC_LOW], high = words[W_MAC_HIGH];
    const uint8_t mac[EB_MAC_BYTES] = {
        (uint8_t)(high >> 8), (uint8_t)high,       (uint8_t)(low >> 24),
        (uint8_t)(low >> 16), (uint8_t)(low >> 8), (uint8_t)low,
    };

    out->chip.revision_major = (int)field(words[W_BLOCK1_5], 24, 2);
    out->chip.revision_minor =
        (int)(field(words[W_BLOCK1_5], 23, 1) << 3 | field(words[W_BLOCK1_3], 18, 3));
    eb_facts_describe(out, package_name(field(words[W_BLOCK1_3], 21, 3)));
    eb_facts_set_macs(out, mac, kinds);
    read_features(words, out);
}

const eb_chip_row_t eb_chip_esp32c3 = {
    .id = "esp32c3",
    .name = "ESP32-C3",
    .chip_id = 5,
    .tells_id = true,
    .bootloader_addr = 0,
    .flash_limit = 16u << 20,
    .uart_divider_reg = 0x60000014,
    .uart_divider_mask = 0xFFF,
    .fixed_crystal_mhz = 40,
    .spi = {.base = 0x60002000,
            .usr = 0x18,
            .usr1 = 0x1C,
            .usr2 = 0x20,
            .mosi_dlen = 0x24,
            .miso_dlen = 0x28,
            .w0 = 0x58,
            .addr_from_top = false},
    .watchdog = {.unlock_reg = 0x600080A8,
                 .unlock_key = 0x50D83AA1,
                 .config_reg = 0x60008090,
                 .stage0_reg = 0x60008094,
                 .super_unlock_reg = 0x600080B0,
                 .super_unlock_key = 0x8F1D312A,
                 .super_config_reg = 0x600080AC,
                 .super_auto_feed = 1u << 31},
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4),
                  [W_BLOCK1_5] = BLOCK1(5)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
