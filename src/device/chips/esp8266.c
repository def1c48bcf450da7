/*
 * ESP8266 and ESP8285. Registers by the vendor's SDK headers and the layout of its one-time
 * programmable words, which are public through esptool's documentation.
 *
 * Its ROM is from before all the others: no digest, no flash read, no change of baud rate, and the
 * flash is attached by FLASH_BEGIN. It measures the baud rate, so that the crystal does not matter
 * to it; the divider it found, at twice the crystal's clock, tells which one there is.
 */
#include "chip_row.h"

#include <stdio.h>

enum { W_OTP0, W_OTP1, W_OTP2, W_OTP3, W_COUNT };

/* Before word 3 held the first half of the MAC, one of two blocks was meant. */
static bool first_half(const uint32_t *words, uint32_t *out)
{
    const uint32_t block = eb_field(words[W_OTP1], 16, 8);

    *out = words[W_OTP3] != 0 ? words[W_OTP3] & 0xFFFFFF : block == 0 ? 0x18FE34 : 0xACD074;
    return words[W_OTP3] != 0 || block <= 1;
}

static bool is_8285(const uint32_t *words)
{
    return eb_bit(words[W_OTP0], 4) || eb_bit(words[W_OTP2], 16);
}

/* With flash in the package: of 1 MB, of 2 MB, and for up to 85 or 105 degrees. */
static const char *package_name(const uint32_t *words)
{
    const bool low = eb_bit(words[W_OTP0], 4), high = eb_bit(words[W_OTP3], 25);
    const bool larger = eb_bit(words[W_OTP3], 26), odd = eb_bit(words[W_OTP3], 27);
    const bool hot = eb_bit(words[W_OTP0], 5);

    if (!is_8285(words)) {
        return "ESP8266EX";
    }
    if (low == high || odd || (high && larger)) {
        return "ESP8285";
    }
    if (low && !larger) {
        return hot ? "ESP8285H08" : "ESP8285N08";
    }
    return hot ? "ESP8285H16" : "ESP8285N16";
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};
    eb_security_t *security = &out->chip.security;
    uint32_t half;

    /* There is no revision to be read. */
    (void)snprintf(out->chip.package, sizeof(out->chip.package), "%s", package_name(words));
    (void)snprintf(out->chip.description, sizeof(out->chip.description), "%s", out->chip.package);
    if (first_half(words, &half)) {
        eb_facts_set_macs(out,
                          half << 24 | (words[W_OTP1] & 0xFFFF) << 8 |
                              eb_field(words[W_OTP0], 24, 8),
                          half >> 8, kinds);
    }
    eb_facts_add_feature(out, "Wi-Fi");
    eb_facts_add_feature(out, "160MHz");
    if (is_8285(words)) {
        eb_facts_add_feature(out, "Embedded Flash");
    }
    /* The chip has none of these. */
    security->flash_encryption = EB_NO;
    security->secure_boot = EB_NO;
    security->secure_download_mode = EB_NO;
    security->download_disabled = EB_NO;
}

const eb_chip_row_t eb_chip_esp8266 = {
    .id = "esp8266",
    .name = "ESP8266",
    .links = EB_CHIP_UART,
    .chip_id = EB_CHIP_ID_NONE,
    .magic = 0xFFF0C101,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .old_rom = true,
    .efuse_security = true,
    .uart_divider_reg = 0x60000014,
    .uart_divider_mask = 0xFFFFF,
    .uart_clocks_per_crystal = 2,
    .crystals_mhz = {40, 26},
    .spi = {.base = 0x60000200,
            .usr = 0x1C,
            .usr1 = 0x20,
            .usr2 = 0x24,
            .w0 = 0x40,
            .addr_from_top = true},
    .fact_regs = {[W_OTP0] = 0x3FF00050,
                  [W_OTP1] = 0x3FF00054,
                  [W_OTP2] = 0x3FF00058,
                  [W_OTP3] = 0x3FF0005C},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
