/*
 * sim_efuse_rows.c: what was burnt into the chips. Field positions are those of the technical
 * reference manuals' eFuse chapters.
 *
 * "blank" is the state of the chips that tests/data/captures were recorded from: an ESP32 without
 * any fuse, and an ESP32-C3 with a MAC and revision 0.3 only.
 */
#include "sim_chip_internal.h"

#define SET(array) .words = array, .word_count = sizeof(array) / sizeof((array)[0])

/* ESP32, block 0. Word 0: FLASH_CRYPT_CNT 26:20, read protection 19:16. Word 3: package 11:9,
 * rated 240 MHz 13, revision bit 15. Word 4: ADC reference 12:8. Word 5: revision bit 20, minor
 * revision 25:24, FLASH_CRYPT_CONFIG 31:28. Word 6: secure boot V2 5, JTAG off 6, no decryption or
 * encryption by download mode 9:7. */
enum {
    ESP32_D0WD_V3 = 1 << 9 | 1 << 13 | 1 << 15,
    ESP32_REV_3_1 = 1 << 20 | 1 << 24,
    ESP32_VREF = 0x11 << 8
};

static const sim_word_t esp32_typical[] = {{0x3FF5A00C, ESP32_D0WD_V3},
                                           {0x3FF5A010, ESP32_VREF},
                                           {0x3FF5A014, ESP32_REV_3_1}};

static const sim_word_t esp32_encrypted[] = {{0x3FF5A000, 1u << 20 | 1u << 16},
                                             {0x3FF5A00C, ESP32_D0WD_V3},
                                             {0x3FF5A010, ESP32_VREF},
                                             {0x3FF5A014, ESP32_REV_3_1 | 0xF0000000u},
                                             {0x3FF5A018, 7u << 7}};

static const sim_word_t esp32_secure_boot[] = {{0x3FF5A00C, ESP32_D0WD_V3},
                                               {0x3FF5A010, ESP32_VREF},
                                               {0x3FF5A014, ESP32_REV_3_1},
                                               {0x3FF5A018, 1u << 5 | 1u << 6}};

/* ESP32-C3. Block 0 from offset 30h: 30h manual encryption off 20; 34h SPI_BOOT_CRYPT_CNT 20:18,
 * purpose of key 0 27:24; 38h secure boot 20; 3Ch secure download 5. Block 1 from 44h: MAC, then
 * 50h minor revision 20:18, package 23:21, flash 29:27; 58h major revision 25:24. */
static const sim_word_t c3_blank[] = {{0x60008844, 0x24FE1001},
                                      {0x60008848, 0x0000C40A},
                                      {0x60008850, 3u << 18}};

static const sim_word_t c3_typical[] = {{0x60008850, 4u << 18}};

static const sim_word_t c3_encrypted[] = {{0x60008830, 1u << 20},
                                          {0x60008834, 7u << 18 | 4u << 24},
                                          {0x60008850, 4u << 18}};

static const sim_word_t c3_secure_boot[] = {{0x60008834, 9u << 24},
                                            {0x60008838, 1u << 20},
                                            {0x60008850, 4u << 18}};

static const sim_word_t c3_secure_download[] = {{0x60008830, 1u << 20},
                                                {0x60008834, 7u << 18 | 4u << 24 | 9u << 28},
                                                {0x60008838, 1u << 20},
                                                {0x6000883C, 1u << 5},
                                                {0x60008850, 4u << 18}};

#define ESP32_MAC .mac = {0x24, 0x0A, 0xC4, 0x12, 0x34, 0x56}, .mac_burnt = true
#define C3_MAC    .mac = {0x34, 0x85, 0x18, 0x12, 0x34, 0x56}, .mac_burnt = true

/* The seventh key purpose has no key; the C3's ROM reports 0Ch there. Flags of GET_SECURITY_INFO:
 * 0 secure boot, 2 secure download. */
const sim_efuse_row_t sim_efuse_rows[] = {
    {.chip = "esp32", .name = "typical", SET(esp32_typical), ESP32_MAC},
    {.chip = "esp32", .name = "blank"},
    {.chip = "esp32", .name = "encrypted", SET(esp32_encrypted), ESP32_MAC},
    {.chip = "esp32", .name = "secure-boot", SET(esp32_secure_boot), ESP32_MAC},
    {.chip = "esp32c3",
     .name = "typical",
     SET(c3_typical),
     C3_MAC,
     .security = {.key_purposes = {0, 0, 0, 0, 0, 0, 0x0C}, .eco = 4}},
    {.chip = "esp32c3",
     .name = "blank",
     SET(c3_blank),
     .security = {.key_purposes = {0, 0, 0, 0, 0, 0, 0x0C}, .eco = 3}},
    {.chip = "esp32c3",
     .name = "encrypted",
     SET(c3_encrypted),
     C3_MAC,
     .security = {.crypt_count = 7, .key_purposes = {4, 0, 0, 0, 0, 0, 0x0C}, .eco = 4}},
    {.chip = "esp32c3",
     .name = "secure-boot",
     SET(c3_secure_boot),
     C3_MAC,
     .security = {.flags = 1, .key_purposes = {9, 0, 0, 0, 0, 0, 0x0C}, .eco = 4}},
    {.chip = "esp32c3",
     .name = "secure-download",
     SET(c3_secure_download),
     C3_MAC,
     .security =
         {.flags = 1 | 4, .crypt_count = 7, .key_purposes = {4, 9, 0, 0, 0, 0, 0x0C}, .eco = 4},
     .secure_download = true},
};

const size_t sim_efuse_row_count = sizeof(sim_efuse_rows) / sizeof(sim_efuse_rows[0]);
