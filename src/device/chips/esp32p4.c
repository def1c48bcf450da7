/*
 * ESP32-P4, of both silicon families: before revision 3 and from it on, which need different stubs.
 * Registers by the technical reference manual and the public eFuse table.
 */
#include "chip_row.h"

#define EFUSE(offset) (0x5012D000u + (offset))
#define BLOCK1(word)  EFUSE(0x44 + 4u * (word))
#define LP_SYS(at)    (0x50110000u + (at))
#define PMU(at)       (0x50115000u + (at))

enum { W_MAC_LOW, W_MAC_HIGH, W_BLOCK1_2, W_DATA1, W_COUNT };

/* Revisions 3.1 and 3.2 start with the supply of the flash switched off, as it may be a 1.8 V one:
 * power the pads, start the regulator with limited current, then let it follow the eFuses. */
#define PMU_LDO_ANA      PMU(0x1BC)
#define PMU_LDO          PMU(0x1B8)
#define PMU_DATE         PMU(0x3FC)
#define LDO_LIMIT        (1u << 27)
#define LDO_FORCE        (1u << 7)
#define LDO_TARGET       (0xFFu << 23)
#define FLASH_FORCE_ON   3u
#define LDO_FROM_EFUSE   0x80u
#define DOWNLOAD_XPD_BIT 16

static const eb_reg_step_t power_up[] = {
    {.reg = LP_SYS(0x10C), .clear = 0xFFFFFFFF, .set = 1, .wait_us = 10000},
    {.reg = PMU_LDO_ANA, .set = LDO_LIMIT},
    {.reg = PMU_LDO, .set = LDO_FORCE},
    {.reg = PMU_DATE, .set = FLASH_FORCE_ON, .wait_us = 50},
    {.reg = PMU_LDO_ANA, .clear = LDO_LIMIT},
    {.reg = PMU_LDO, .clear = LDO_TARGET},
    {.reg = PMU_LDO, .set = LDO_FROM_EFUSE},
    {.reg = PMU_LDO, .clear = LDO_FORCE, .wait_us = 1800},
};
static const eb_reg_program_t power_up_program = {power_up, sizeof(power_up) / sizeof(power_up[0])};

/* A ROM that powers the flash by itself does so again after a reset, and must not find it on. */
static const eb_reg_step_t release[] = {
    {.reg = PMU_DATE, .clear = FLASH_FORCE_ON, .only_if = FLASH_FORCE_ON}};
static const eb_reg_program_t release_program = {release, sizeof(release) / sizeof(release[0])};

static const eb_reg_program_t *flash_power(int revision, uint32_t data1)
{
    if (revision == 301) {
        return &power_up_program;
    }
    if (revision == 302) {
        return eb_bit(data1, DOWNLOAD_XPD_BIT) ? &release_program : &power_up_program;
    }
    return NULL;
}

static void read_facts(const uint32_t *words, eb_chip_facts_t *out)
{
    static const char *const kinds[] = {"base", NULL};
    const uint32_t word2 = words[W_BLOCK1_2];
    const eb_chip_info_t *chip = &out->chip;

    eb_facts_describe(out, eb_field(word2, 20, 3) == 0 ? "ESP32-P4" : "Unknown ESP32-P4",
                      eb_field(word2, 23, 1) << 2 | eb_field(word2, 4, 2), eb_field(word2, 0, 4));
    eb_facts_set_macs(out, words[W_MAC_LOW], words[W_MAC_HIGH], kinds);
    eb_facts_add_feature(out, "Dual Core + LP Core");
    eb_facts_add_feature(out, "400MHz");
    out->flash_power =
        flash_power(chip->revision_major * 100 + chip->revision_minor, words[W_DATA1]);
}

const eb_chip_row_t eb_chip_esp32p4 = {
    .id = "esp32p4",
    .name = "ESP32-P4",
    .links = EB_CHIP_UART | EB_CHIP_USB_JTAG | EB_CHIP_USB_OTG,
    .chip_id = 18,
    .tells_id = true,
    .bootloader_addr = 0x2000,
    .stub_flash_limit = EB_FLASH_LIMIT_32BIT,
    .stub = {.old_name = "esp32p4-rev1", .old_before = 300},
    .crystals_mhz = {40},
    .spi = EB_SPI_REGS(0x5008D000),
    .watchdog = EB_LP_WATCHDOG(0x50116000, 0x18, true),
    .fact_regs = {[W_MAC_LOW] = BLOCK1(0),
                  [W_MAC_HIGH] = BLOCK1(1),
                  [W_BLOCK1_2] = BLOCK1(2),
                  [W_DATA1] = EFUSE(0x34)},
    .fact_count = W_COUNT,
    .read_facts = read_facts,
};
