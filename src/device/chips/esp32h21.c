/* ESP32-H21. Registers by the public register headers and eFuse table. */
#include "chip_row.h"

#define BLOCK1(word) (0x600B4044u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_5, W_COUNT };

static const char *const vendors[] = {NULL, "FM", "XMC"};
static const eb_memory_names_t flash = {.what = "Flash", .sizes = {NULL, "4MB", "2MB"}};

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};
    static const char *const temperatures[] = {"N", "H"};
    static const char *const flashes[] = {"", "F4", "F2"};
    const uint32_t word3 = words[W_BLOCK1_3], word5 = words[W_BLOCK1_5];
    const char *parts[] = {EB_FACT_NAME(temperatures, eb_field(word3, 30, 2), "?"),
                           EB_FACT_NAME(flashes, eb_field(word3, 24, 3), "F?")};

    eb_facts_describe_parts(out, "ESP32-H21", parts, 2, eb_field(word5, 8, 2),
                            eb_field(word5, 4, 4));
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_eui64(out, words[W_MAC_LOW], words[W_MAC_HIGH]);
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "IEEE802.15.4");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "96MHz");
    eb_facts_add_memory(out, &flash, eb_field(word3, 24, 3),
                        EB_FACT_NAME(vendors, eb_field(word3, 27, 3), ""));
}

const eb_chip_row_t eb_chip_esp32h21 = {
    .id = "esp32h21",
    .name = "ESP32-H21",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 25,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .crystals_mhz = {32},
    .spi = EB_SPI_REGS(0x60003000),
    .watchdog = EB_LP_WATCHDOG(0x600B1C00, 0x1C, false),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_5] = BLOCK1(5)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
