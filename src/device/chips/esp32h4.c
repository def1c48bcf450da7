/*
 * ESP32-H4. Registers by the public register headers and eFuse table. The watchdog that a USB reset
 * leaves running is that of a timer group here.
 */
#include "chip_row.h"

#define BLOCK1(word)  (0x600B1844u + 4u * (word))
#define TIMER_WDT(at) (0x60090000u + (at))
#define LP_WDT(at)    (0x600B5400u + (at))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_3, W_BLOCK1_4, W_COUNT };

#define VENDOR_LOW_PRICE 3u /* has another letter in the name of the chip */

static const char *const flash_vendors[] = {NULL, "FM", "XMC", [VENDOR_LOW_PRICE] = "PY"};
static const char *const psram_vendors[] = {NULL, "AP"};
static const eb_memory_names_t flash = {.what = "Flash",
                                        .sizes = {NULL, "4MB"},
                                        .tells_none = true};
static const eb_memory_names_t psram = {.what = "PSRAM",
                                        .sizes = {NULL, "8MB", "2MB"},
                                        .tells_none = true};

/* The field lies across two words. */
static uint32_t flash_code(const uint32_t *words)
{
    return eb_field(words[W_BLOCK1_3], 31, 1) | eb_field(words[W_BLOCK1_4], 0, 2) << 1;
}

static void describe(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const temperatures[] = {NULL, "H"};
    static const char *const psrams[] = {"", "R8", "R2"};
    const uint32_t word3 = words[W_BLOCK1_3], word4 = words[W_BLOCK1_4];
    const char *with_flash = eb_field(word4, 2, 3) == VENDOR_LOW_PRICE ? "FL4" : "F4";
    const char *parts[] = {EB_FACT_NAME(temperatures, eb_field(word4, 10, 2), "?"),
                           flash_code(words) == 0   ? ""
                           : flash_code(words) == 1 ? with_flash
                                                    : "F?",
                           EB_FACT_NAME(psrams, eb_field(word4, 5, 3), "R?")};

    eb_facts_describe_parts(out, "ESP32-H4", parts, 3, eb_field(word3, 22, 2),
                            eb_field(word3, 18, 4));
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};
    const uint32_t word4 = words[W_BLOCK1_4];

    describe(words, out);
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_eui64(out, words[W_MAC_LOW], words[W_MAC_HIGH]);
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "IEEE802.15.4");
    eb_facts_add_feature(out, "Dual Core");
    eb_facts_add_feature(out, "96MHz");
    eb_facts_add_memory(out, &flash, flash_code(words),
                        EB_FACT_NAME(flash_vendors, eb_field(word4, 2, 3), ""));
    eb_facts_add_memory(out, &psram, eb_field(word4, 5, 3),
                        EB_FACT_NAME(psram_vendors, eb_field(word4, 8, 2), ""));
}

const eb_chip_row_t eb_chip_esp32h4 = {
    .id = "esp32h4",
    .name = "ESP32-H4",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG,
    .chip_id = 28,
    .tells_id = true,
    .bootloader_addr = 0x2000,
    .stub_flash_limit = EB_FLASH_LIMIT_32BIT,
    .stub = {.far_only_ours = true},
    .crystals_mhz = {32},
    .spi = EB_SPI_REGS(0x60099000),
    .watchdog = {.unlock_reg = TIMER_WDT(0x64),
                 .unlock_key = EB_WATCHDOG_KEY,
                 .config_reg = TIMER_WDT(0x48),
                 .stage0_reg = TIMER_WDT(0x4C),
                 .super_unlock_reg = LP_WDT(0x24),
                 .super_unlock_key = EB_WATCHDOG_KEY,
                 .super_config_reg = LP_WDT(0x20),
                 .super_auto_feed = 1u << 18},
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
