/* ESP32-S2. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#include <stdio.h>

#define EFUSE(offset) (0x3F41A000u + (offset))
#define BLOCK1(word)  EFUSE(0x44 + 4u * (word))
#define BLOCK2(word)  EFUSE(0x5C + 4u * (word))
#define RTC(offset)   (0x3F408000u + (offset))

enum {
    W_MAC_LOW,
    W_MAC_HIGH,
    W_BLOCK1_3,
    W_BLOCK1_4,
    W_BLOCK2_4,
    W_VDD_SPI,
    W_FLASH_TYPE,
    W_STRAP,
    W_COUNT
};

static const eb_memory_names_t flash = {.what = "Flash",
                                        .sizes = {NULL, "2MB", "4MB"},
                                        .tells_none = true};
static const eb_memory_names_t psram = {.what = "PSRAM",
                                        .sizes = {NULL, "2MB", "4MB"},
                                        .tells_none = true};

/* The parts that are sold, by the memory inside. */
static const char *package_name(uint32_t flash_code, uint32_t psram_code)
{
    static const char *const without_psram[] = {"ESP32-S2", "ESP32-S2FH2", "ESP32-S2FH4"};
    static const char *const with_2mb[] = {"ESP32-S2R2", NULL, "ESP32-S2FNR2"};

    if (psram_code == 0) {
        return EB_FACT_NAME(without_psram, flash_code, "Unknown ESP32-S2");
    }
    if (psram_code == 1) {
        return EB_FACT_NAME(with_2mb, flash_code, "Unknown ESP32-S2");
    }
    return "Unknown ESP32-S2";
}

static const char *calibration(uint32_t version)
{
    static const char *const names[] = {
        "No calibration in BLK2 of efuse",
        "ADC and temperature sensor calibration in BLK2 of eFuse V1",
        "ADC and temperature sensor calibration in BLK2 of eFuse V2"};

    return EB_FACT_NAME(names, version, "Unknown calibration in BLK2");
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", NULL};
    const uint32_t word3 = words[W_BLOCK1_3], word4 = words[W_BLOCK1_4];
    const uint32_t flash_code = eb_field(word3, 21, 4), psram_code = eb_field(word3, 28, 4);

    eb_facts_describe(out, package_name(flash_code, psram_code), eb_field(word3, 18, 2),
                      eb_field(word3, 20, 1) << 3 | eb_field(word4, 4, 3));
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Wi-Fi");
    eb_facts_add_feature(out, "Single Core");
    eb_facts_add_feature(out, "240MHz");
    eb_facts_add_memory(out, &flash, flash_code, NULL);
    eb_facts_add_memory(out, &psram, psram_code, NULL);
    eb_facts_add_feature(out, "%s", calibration(eb_field(words[W_BLOCK2_4], 4, 3)));
    eb_facts_set_vdd_spi(out, words[W_VDD_SPI], eb_bit(words[W_STRAP], 4));
    (void)snprintf(out->flash_type, sizeof(out->flash_type), "%s",
                   eb_bit(words[W_FLASH_TYPE], 9) ? "octal" : "quad");
}

const eb_chip_row_t eb_chip_esp32s2 = {
    .id = "esp32s2",
    .name = "ESP32-S2",
    .links = EB_CHIP_UART | EB_CHIP_USB_OTG,
    .chip_id = 2, /* in image headers; its GET_SECURITY_INFO is from before the id */
    .magic = 0x000007C6,
    .bootloader_addr = 0x1000,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x3F402000),
    .watchdog = {.unlock_reg = RTC(0xAC),
                 .unlock_key = EB_WATCHDOG_KEY,
                 .config_reg = RTC(0x94),
                 .stage0_reg = RTC(0x98),
                 .can_reset = true},
    .download = {.strap_reg = 0x3F404038,
                 .strap_run = 1u << 3,
                 .force_reg = RTC(0x128),
                 .force_on = 1u << 0},
    .flash_gpios = EB_GPIOS(0, 21) | EB_GPIOS(26, 46),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_3] = BLOCK1(3),
                  [W_BLOCK1_4] = BLOCK1(4),
                  [W_BLOCK2_4] = BLOCK2(4),
                  [W_VDD_SPI] = EFUSE(0x34),
                  [W_FLASH_TYPE] = EFUSE(0x3C),
                  [W_STRAP] = 0x3F404038},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
