/*
 * ESP32-E22. Registers as esptool 5.6.0 has them. It has no stub for the chip, and no place of its
 * package, revision and crystal: they are not public.
 */
#include "chip_row.h"

#include <stdio.h>

#define BLOCK1(word) (0xC4008044u + 4u * (word))

enum { W_MAC_LOW, W_MAC_HIGH, W_COUNT };

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};

    (void)snprintf(out->chip.description, sizeof(out->chip.description), "ESP32-E22");
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Wi-Fi 6E (tri-band, 2x2 MU-MIMO)");
    eb_facts_add_feature(out, "BT 5.4 (LE) + Classic");
    eb_facts_add_feature(out, "Dual Core");
    eb_facts_add_feature(out, "500MHz");
}

const eb_chip_row_t eb_chip_esp32e22 = {
    .id = "esp32e22",
    .name = "ESP32-E22",
    .links = EB_CHIP_UART | EB_CHIP_USB_OTG,
    .chip_id = 31,
    .tells_id = true,
    .bootloader_addr = 0,
    .stub_flash_limit = EB_FLASH_LIMIT_24BIT,
    .spi = EB_SPI_REGS(0xC3003000),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0), [W_MAC_HIGH] = BLOCK1(1)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
