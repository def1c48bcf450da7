/* ESP32-S31. Registers by the public register headers and eFuse table. */
#include "chip_row.h"

#define BLOCK1(word) (0x20715050u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_4, W_COUNT };

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};
    const uint32_t word3 = words[W_BLOCK1_3];

    eb_facts_describe(out,
                      eb_field(words[W_BLOCK1_4], 6, 2) == 0 ? "ESP32-S31" : "unknown ESP32-S31",
                      eb_field(word3, 22, 2), eb_field(word3, 18, 4));
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Wi-Fi 6");
    eb_facts_add_feature(out, "BT 5.4 (LE)");
    eb_facts_add_feature(out, "IEEE802.15.4");
    eb_facts_add_feature(out, "Dual Core + LP Core");
    eb_facts_add_feature(out, "300MHz");
}

const eb_chip_row_t eb_chip_esp32s31 = {
    .id = "esp32s31",
    .name = "ESP32-S31",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG | EB_CHIP_USB_OTG,
    .chip_id = 32,
    .tells_id = true,
    .bootloader_addr = 0x2000,
    .stub_flash_limit = EB_FLASH_LIMIT_32BIT,
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x20501000),
    .watchdog = EB_LP_WATCHDOG(0x20801000, 0x18, true),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
