/* ESP32-S3. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#include <stdio.h>

#define EFUSE(offset) (0x60007000u + (offset))
#define BLOCK1(word)  EFUSE(0x44 + 4u * (word))
#define BLOCK2(word)  EFUSE(0x5C + 4u * (word))
#define RTC(offset)   (0x60008000u + (offset))

enum {
    W_MAC_LOW,
    W_MAC_HIGH,
    W_BLOCK1_3,
    W_BLOCK1_4,
    W_BLOCK1_5,
    W_BLOCK2_4,
    W_VDD_SPI,
    W_FLASH_TYPE,
    W_STRAP,
    W_COUNT
};

static const char *const packages[] = {"ESP32-S3 (QFN56)", "ESP32-S3-PICO-1 (LGA56)"};
static const char *const flash_vendors[] = {NULL, "XMC", "GD", "FM", "TT", "BY"};
static const char *const psram_vendors[] = {NULL, "AP_3v3", "AP_1v8"};
static const eb_memory_names_t flash = {.what = "Flash", .sizes = {NULL, "8MB", "4MB"}};
static const eb_memory_names_t psram = {.what = "PSRAM",
                                        .sizes = {NULL, "8MB", "2MB", "16MB", "4MB"}};

static void describe(const uint32_t *words, eb_chip_facts_t *out)
{
    const uint32_t word3 = words[W_BLOCK1_3], word5 = words[W_BLOCK1_5];
    uint32_t major = eb_field(word5, 24, 2);
    uint32_t minor = eb_field(word5, 23, 1) << 3 | eb_field(word3, 18, 3);

    /* The first chips, v0.0, have block version 1.1 and something else where the revision is. */
    if (eb_field(minor, 0, 3) == 0 && eb_field(words[W_BLOCK2_4], 0, 2) == 1 &&
        eb_field(word3, 24, 3) == 1) {
        major = minor = 0;
    }
    eb_facts_describe(out, EB_FACT_NAME(packages, eb_field(word3, 21, 3), "Unknown ESP32-S3"),
                      major, minor);
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", NULL};
    const uint32_t word4 = words[W_BLOCK1_4];
    const uint32_t psram_code = eb_field(words[W_BLOCK1_5], 19, 1) << 2 | eb_field(word4, 3, 2);

    describe(words, out);
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Wi-Fi");
    eb_facts_add_feature(out, "BT 5 (LE)");
    eb_facts_add_feature(out, "Dual Core + LP Core");
    eb_facts_add_feature(out, "240MHz");
    eb_facts_add_memory(out, &flash, eb_field(words[W_BLOCK1_3], 27, 3),
                        EB_FACT_NAME(flash_vendors, eb_field(word4, 0, 3), ""));
    eb_facts_add_memory(out, &psram, psram_code,
                        EB_FACT_NAME(psram_vendors, eb_field(word4, 7, 2), ""));
    eb_facts_set_vdd_spi(out, words[W_VDD_SPI], eb_bit(words[W_STRAP], 4));
    (void)snprintf(out->flash_type, sizeof(out->flash_type), "%s",
                   eb_bit(words[W_FLASH_TYPE], 9) ? "octal" : "quad");
}

const eb_chip_row_t eb_chip_esp32s3 = {
    .id = "esp32s3",
    .name = "ESP32-S3",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG | EB_CHIP_USB_OTG,
    .chip_id = 9,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_32BIT,
    .stub = {.secure_start = 0x3FCEF688},
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x60002000),
    .watchdog = {.unlock_reg = RTC(0xB0),
                 .unlock_key = EB_WATCHDOG_KEY,
                 .config_reg = RTC(0x98),
                 .stage0_reg = RTC(0x9C),
                 .super_unlock_reg = RTC(0xB8),
                 .super_unlock_key = EB_SUPER_WATCHDOG_KEY_OLD,
                 .super_config_reg = RTC(0xB4),
                 .super_auto_feed = 1u << 31,
                 .can_reset = true},
    .download = {.strap_reg = 0x60004038,
                 .strap_run = 1u << 3,
                 .force_reg = RTC(0x12C),
                 .force_on = 1u << 0,
                 .clear_force = true},
    .flash_gpios = EB_GPIOS(0, 21) | EB_GPIOS(26, 48),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4),
                  [W_BLOCK1_5] = BLOCK1(5),
                  [W_BLOCK2_4] = BLOCK2(4),
                  [W_VDD_SPI] = EFUSE(0x34),
                  [W_FLASH_TYPE] = EFUSE(0x3C),
                  [W_STRAP] = 0x60004038},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
