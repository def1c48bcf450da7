/* ESP32. Registers by the technical reference manual and the public eFuse table. */
#include "chip_row.h"

#include <string.h>

#define EFUSE(word) (0x3FF5A000u + 4u * (word))

/* Places in fact_regs. */
enum {
    W_EFUSE0,
    W_EFUSE1,
    W_EFUSE2,
    W_EFUSE3,
    W_EFUSE4,
    W_EFUSE5,
    W_EFUSE6,
    W_APB_DATE,
    W_RTC_CAL,
    W_SDIO_CONF,
    W_STRAP,
    W_COUNT
};

static uint32_t package_of(const uint32_t *words)
{
    return eb_field(words[W_EFUSE3], 9, 3) | eb_field(words[W_EFUSE3], 2, 1) << 3;
}

static uint32_t major_revision(const uint32_t *words)
{
    /* Each revision set one bit more; other patterns were never made. */
    const unsigned bits = (unsigned)eb_bit(words[W_EFUSE3], 15) |
                          (unsigned)eb_bit(words[W_EFUSE5], 20) << 1 |
                          (unsigned)eb_bit(words[W_APB_DATE], 31) << 2;

    return bits == 1 ? 1 : bits == 3 ? 2 : bits == 7 ? 3 : 0;
}

static const char *package_name(uint32_t package, bool single_core, bool v3)
{
    switch (package) {
    case 0:
        return single_core ? "ESP32-S0WDQ6" : v3 ? "ESP32-D0WDQ6-V3" : "ESP32-D0WDQ6";
    case 1:
        return single_core ? "ESP32-S0WD" : v3 ? "ESP32-D0WD-V3" : "ESP32-D0WD";
    case 2:
        return "ESP32-D2WD";
    case 4:
        return "ESP32-U4WDH";
    case 5:
        return v3 ? "ESP32-PICO-V3" : "ESP32-PICO-D4";
    case 6:
        return "ESP32-PICO-V3-02";
    case 7:
        return "ESP32-D0WDR2-V3";
    default:
        return "Unknown ESP32";
    }
}

static void read_features(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const codings[] = {"None", "3/4", "Repeat (UNSUPPORTED)",
                                          "None (may contain encoding data)"};
    const uint32_t word3 = words[W_EFUSE3];
    const uint32_t package = package_of(words);

    eb_facts_add_feature(out, "Wi-Fi");
    if (!eb_bit(word3, 1)) {
        eb_facts_add_feature(out, "BT");
    }
    eb_facts_add_feature(out, eb_bit(word3, 0) ? "Single Core + LP Core" : "Dual Core + LP Core");
    if (eb_bit(word3, 13)) {
        eb_facts_add_feature(out, eb_bit(word3, 12) ? "160MHz" : "240MHz");
    }
    if (package == 2 || package == 4 || package == 5 || package == 6) {
        eb_facts_add_feature(out, "Embedded Flash");
    }
    if (package == 6) {
        eb_facts_add_feature(out, "Embedded PSRAM");
    }
    if (eb_field(words[W_EFUSE4], 8, 5) != 0) {
        eb_facts_add_feature(out, "Vref calibration in eFuse");
    }
    if (eb_bit(word3, 14)) {
        eb_facts_add_feature(out, "BLK3 partially reserved");
    }
    eb_facts_add_feature(out, "Coding Scheme %s", codings[eb_field(words[W_EFUSE6], 0, 2)]);
}

static void read_security(const uint32_t *words, int major, eb_security_t *out)
{
    const uint32_t crypt = eb_field(words[W_EFUSE0], 20, 7);
    const uint32_t word6 = words[W_EFUSE6];
    const bool v1 = eb_bit(word6, 4);
    const bool v2 = major >= 3 && eb_bit(word6, 5);
    unsigned ones = 0;

    for (unsigned i = 0; i < 7; i++) {
        ones += (crypt >> i) & 1u;
    }
    out->flash_encryption = ones % 2 == 1 ? EB_YES : EB_NO;
    out->secure_boot = v1 || v2 ? EB_YES : EB_NO;
    out->secure_boot_version = v2 ? 2 : v1 ? 1 : 0;
    out->secure_download_mode = EB_NO; /* this chip has none */
    /* UART_DOWNLOAD_DIS works from revision 3 on. */
    out->download_disabled = major >= 3 && eb_bit(words[W_EFUSE0], 27) ? EB_YES : EB_NO;
    out->jtag_disabled = eb_bit(word6, 6) ? EB_YES : EB_NO;
    out->raw_valid = true;
    out->raw_flags = word6;
    out->raw_crypt_cnt = crypt;
}

static const char *flash_voltage(const uint32_t *words)
{
    const uint32_t conf = words[W_SDIO_CONF], efuse = words[W_EFUSE4];

    /* The register overrides the eFuses, and those the strapping pin. */
    if (eb_bit(conf, 22)) {
        if (eb_field(conf, 29, 2) != 0) {
            return "1.9V";
        }
        return eb_bit(conf, 31) ? "1.8V" : "OFF";
    }
    if (eb_bit(efuse, 16)) {
        if (!eb_bit(efuse, 14)) {
            return "OFF";
        }
        return eb_bit(efuse, 15) ? "3.3V" : "1.8V";
    }
    return eb_bit(words[W_STRAP], 5) ? "1.8V" : "3.3V";
}

static uint32_t pad_to_gpio(uint32_t pad)
{
    return pad >= 30 ? pad + 2 : pad; /* GPIO30 and 31 do not exist */
}

/* Pads of a flash in the package. With none or all of the bits burnt they say nothing. */
static uint32_t flash_pins(const uint32_t *words)
{
    const uint32_t pads = eb_field(words[W_EFUSE5], 0, 20), hd = eb_field(words[W_EFUSE3], 4, 5);

    if ((pads == 0 && hd == 0) || (pads == 0xFFFFF && hd == 0x1F)) {
        return 0;
    }
    return eb_flash_pins(pad_to_gpio(eb_field(pads, 0, 5)), pad_to_gpio(eb_field(pads, 5, 5)),
                         pad_to_gpio(eb_field(pads, 10, 5)), pad_to_gpio(hd),
                         pad_to_gpio(eb_field(pads, 15, 5)));
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", "softap", "bt", "ethernet", NULL};
    const uint64_t calibration = eb_field(words[W_RTC_CAL], 7, 25);
    const uint64_t rc_clock = eb_field(words[W_EFUSE4], 0, 8);
    const uint32_t major = major_revision(words);

    eb_facts_describe(out, package_name(package_of(words), eb_bit(words[W_EFUSE3], 0), major == 3),
                      major, eb_field(words[W_EFUSE5], 24, 2));
    eb_facts_set_macs(out, words[W_EFUSE1], words[W_EFUSE2], kinds);
    read_features(words, out);
    read_security(words, out->chip.revision_major, &out->chip.security);
    (void)strncpy(out->flash_voltage, flash_voltage(words), sizeof(out->flash_voltage) - 1);
    out->flash_pins = flash_pins(words);
    /* The ROM measures its crystal against an RC clock whose eFuse says how fast it is; baud rates
     * that it sets are off by the error of that. */
    out->rom_clock_hz = calibration * 15625u * rc_clock / 40u;
    if (out->rom_clock_hz != 0) {
        out->crystal_mhz = out->rom_clock_hz > 33000000u ? 40 : 26;
    }
}

const eb_chip_row_t eb_chip_esp32 = {
    .id = "esp32",
    .name = "ESP32",
    .links = EB_CHIP_UART,
    .chip_id = 0,
    .magic = 0x00F01D83,
    .bootloader_addr = 0x1000,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .uart_divider_reg = 0x3FF40014,
    .uart_divider_mask = 0xFFFFF,
    .uart_clocks_per_crystal = 1,
    .crystals_mhz = {40, 26},
    .efuse_security = true,
    .spi = {.base = 0x3FF42000,
            .usr = 0x1C,
            .usr1 = 0x20,
            .usr2 = 0x24,
            .miso_dlen = 0x2C,
            .w0 = 0x80,
            .addr_from_top = true},
    .flash_gpios = EB_GPIOS(0, 29) | EB_GPIOS(32, 33),
    .has_hspi = true,
    .fact_regs = {[W_EFUSE0] = EFUSE(0),
                  [W_EFUSE1] = EFUSE(1),
                  [W_EFUSE2] = EFUSE(2),
                  [W_EFUSE3] = EFUSE(3),
                  [W_EFUSE4] = EFUSE(4),
                  [W_EFUSE5] = EFUSE(5),
                  [W_EFUSE6] = EFUSE(6),
                  [W_APB_DATE] = 0x3FF6607C,
                  [W_RTC_CAL] = 0x3FF5F06C,
                  [W_SDIO_CONF] = 0x3FF48074,
                  [W_STRAP] = 0x3FF44038},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
