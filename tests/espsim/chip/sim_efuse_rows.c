/*
 * sim_efuse_rows.c: what was burnt into the chips. Field positions are those of the technical
 * reference manuals' eFuse chapters.
 *
 * "typical" is a part as it is sold, of the newest revision that host tools have a stub for.
 * "blank" is the state of the chips that tests/data/captures were recorded from: an ESP32 without
 * any fuse, and an ESP32-C3 with a MAC and revision 0.3 only.
 */
#include "sim_chip_internal.h"

#define SET(array) .words = array, .word_count = sizeof(array) / sizeof((array)[0])

/* ESP32, block 0. Word 0: FLASH_CRYPT_CNT 26:20, read protection 19:16. Word 3: package 11:9,
 * rated 240 MHz 13, revision bit 15. Word 4: 8 MHz oscillator 7:0, ADC reference 12:8. Word 5:
 * revision bit 20, minor revision 25:24, FLASH_CRYPT_CONFIG 31:28. Word 6: secure boot V2 5, JTAG
 * off 6, no decryption or encryption by download mode 9:7. */
enum {
    ESP32_D0WD_V3 = 1 << 9 | 1 << 13 | 1 << 15,
    ESP32_REV_3_1 = 1 << 20 | 1 << 24,
    ESP32_VREF = 0x11 << 8 | 39
};

static const sim_word_t esp32_typical[] = {{0x3FF5A00C, ESP32_D0WD_V3},
                                           {0x3FF5A010, ESP32_VREF},
                                           {0x3FF5A014, ESP32_REV_3_1}};

/* The flash in the package is on pins that words 5 (CLK 4:0, Q 9:5, D 14:10, CS 19:15) and 3 (HD
 * 8:4) name. */
static const sim_word_t esp32_pico_d4[] = {{0x3FF5A00C, 5u << 9 | 1u << 13 | 1u << 15 | 11u << 4},
                                           {0x3FF5A010, ESP32_VREF},
                                           {0x3FF5A014, 6u | 17u << 5 | 8u << 10 | 16u << 15}};

static const sim_word_t esp32_encrypted[] = {{0x3FF5A000, 1u << 20 | 1u << 16},
                                             {0x3FF5A00C, ESP32_D0WD_V3},
                                             {0x3FF5A010, ESP32_VREF},
                                             {0x3FF5A014, ESP32_REV_3_1 | 0xF0000000u},
                                             {0x3FF5A018, 7u << 7}};

static const sim_word_t esp32_secure_boot[] = {{0x3FF5A00C, ESP32_D0WD_V3},
                                               {0x3FF5A010, ESP32_VREF},
                                               {0x3FF5A014, ESP32_REV_3_1},
                                               {0x3FF5A018, 1u << 5 | 1u << 6}};

/* ESP32-C3. Block 1 from 44h: MAC, then 50h minor revision 20:18, package 23:21, flash 29:27; 58h
 * major revision 25:24. */
static const sim_word_t c3_blank[] = {{0x60008844, 0x24FE1001},
                                      {0x60008848, 0x0000C40A},
                                      {0x60008850, 3u << 18}};

static const sim_word_t c3_typical[] = {{0x60008850, 4u << 18}};

/* ESP8266's OTP: word 0 bit 4 and word 3 bits 27:25 tell an ESP8285 and its flash. */
static const sim_word_t esp8285[] = {{0x3FF00050, 1u << 4}, {0x3FF0005C, 1u << 26}};

/* ESP32-S2. Block 1 from 44h: 50h major revision 19:18, flash 24:21, PSRAM 31:28; 54h minor
 * revision 6:4. Block 2, 6Ch: calibration 6:4. */
static const sim_word_t s2_typical[] = {{0x3F41A050, 1u << 18 | 1u << 28}, {0x3F41A06C, 2u << 4}};

/* ESP32-S3. 34h: flash voltage by fuse 6:4; 3Ch octal flash 9. Block 1: 50h minor revision 20:18,
 * block version 26:24, flash 29:27; 54h PSRAM size 4:3 and maker 8:7. */
static const sim_word_t s3_typical[] = {{0x60007034, 7u << 4},
                                        {0x60007050, 2u << 18 | 3u << 24},
                                        {0x60007054, 1u << 3 | 1u << 7},
                                        {0x6000706C, 1}};
static const sim_word_t s3_octal[] = {{0x60007034, 5u << 4},
                                      {0x6000703C, 1u << 9},
                                      {0x60007050, 2u << 18 | 3u << 24},
                                      {0x60007054, 1u << 3 | 2u << 7},
                                      {0x6000706C, 1}};

/* ESP32-C2. Block 2 from 40h: 44h minor revision 19:16, major 21:20, package 24:22; 5Ch flash maker
 * 26:24 and size 31:29. */
static const sim_word_t c2_typical[] = {{0x60008844, 1u << 16 | 1u << 20 | 1u << 22},
                                        {0x6000885C, 1u << 24 | 1u << 29}};
static const sim_word_t c2_rev0[] = {{0x60008844, 1u << 22}, {0x6000885C, 1u << 24 | 1u << 29}};

/* ESP32-C5 and C61, block 1, 4Ch: minor revision 3:0, major 5:4, flash 15:13, maker 18:16, PSRAM
 * 21:19, maker 23:22, temperature range 25:24, package 28:26. */
static const sim_word_t c5_typical[] = {{0x600B484C, 1u << 4 | 2u << 19 | 1u << 22 | 1u << 24}};
static const sim_word_t c61_typical[] = {{0x600B484C, 1u << 4 | 1u << 19 | 1u << 24}};

/* ESP32-C6, block 1: 50h minor revision 21:18, major 23:22, package 26:24; 54h flash 2:0. */
static const sim_word_t c6_typical[] = {{0x600B0850, 1u << 18 | 1u << 24}, {0x600B0854, 1}};

/* ESP32-H2, block 1, 50h: minor revision 20:18, major 22:21, flash 26:24, temperature range 28:27,
 * flash maker 31:29. */
static const sim_word_t h2_typical[] = {
    {0x600B0850, 2u << 18 | 1u << 21 | 1u << 24 | 1u << 27 | 4u << 29}};

/* ESP32-H21, block 1: 50h flash 26:24, maker 29:27, temperature range 31:30; 58h minor revision
 * 7:4, major 9:8, package 13:11. */
static const sim_word_t h21_typical[] = {{0x600B4050, 1u << 24 | 2u << 27 | 1u << 30},
                                         {0x600B4058, 1u << 4}};

/* ESP32-H4, block 1: 50h minor revision 21:18, major 23:22, flash from bit 31 on; 54h flash maker
 * 4:2, PSRAM 7:5, maker 9:8, temperature range 11:10, package 14:12. */
static const sim_word_t h4_typical[] = {{0x600B1850, 1u << 31},
                                        {0x600B1854, 1u << 2 | 2u << 5 | 1u << 8 | 1u << 10}};

/* ESP32-P4, block 1, 4Ch: minor revision 3:0, major 23 and 5:4, package 22:20. */
static const sim_word_t p4_typical[] = {{0x5012D04C, 3u << 4}};
static const sim_word_t p4_rev1[] = {{0x5012D04C, 1u << 4 | 3}};
static const sim_word_t p4_rev3_1[] = {{0x5012D04C, 3u << 4 | 1}};

/* ESP32-S31, block 1 from 50h: 5Ch minor revision 21:18, major 23:22; 60h package 7:6. */
static const sim_word_t s31_typical[] = {{0x2071505C, 1u << 18}};

#define NO_KEYS(version) .security = {.key_purposes = {0, 0, 0, 0, 0, 0, 0x0C}, .eco = (version)}
#define MAC(a, b, c)     .mac = {a, b, c, 0x12, 0x34, 0x56}, .mac_burnt = true

#define ESP32_MAC .mac = {0x24, 0x0A, 0xC4, 0x12, 0x34, 0x56}, .mac_burnt = true
#define C3_MAC    .mac = {0x34, 0x85, 0x18, 0x12, 0x34, 0x56}, .mac_burnt = true

/* The seventh key purpose has no key; the C3's ROM reports 0Ch there. */
const sim_efuse_row_t sim_efuse_rows[] = {
    {.chip = "esp32", .name = "typical", SET(esp32_typical), ESP32_MAC},
    {.chip = "esp32", .name = "blank"},
    {.chip = "esp32",
     .name = "pico-d4",
     SET(esp32_pico_d4),
     ESP32_MAC,
     .flash_pins = SIM_FLASH_PINS(6, 17, 8, 11, 16),
     .silicon = {0x3FF6607C, 0x16042000}}, /* of before revision 3 */
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
    {.chip = "esp8266", .name = "typical", MAC(0x5C, 0xCF, 0x7F)},
    {.chip = "esp8266", .name = "esp8285", SET(esp8285), MAC(0x5C, 0xCF, 0x7F)},
    {.chip = "esp32s2", .name = "typical", SET(s2_typical), MAC(0x7C, 0xDF, 0xA1)},
    {.chip = "esp32s3", .name = "typical", SET(s3_typical), MAC(0xF4, 0x12, 0xFA), NO_KEYS(2)},
    {.chip = "esp32s3",
     .name = "octal",
     SET(s3_octal),
     MAC(0xF4, 0x12, 0xFA),
     NO_KEYS(2),
     .octal_flash = true},
    {.chip = "esp32c2", .name = "typical", SET(c2_typical), MAC(0x08, 0x3A, 0x8D), NO_KEYS(1)},
    {.chip = "esp32c2", .name = "rev0", SET(c2_rev0), MAC(0x08, 0x3A, 0x8D), NO_KEYS(0)},
    {.chip = "esp32c5", .name = "typical", SET(c5_typical), MAC(0x3C, 0xDC, 0x75), NO_KEYS(2)},
    {.chip = "esp32c6", .name = "typical", SET(c6_typical), MAC(0x40, 0x4C, 0xCA), NO_KEYS(1)},
    {.chip = "esp32c61", .name = "typical", SET(c61_typical), MAC(0x30, 0xED, 0xA0), NO_KEYS(3)},
    {.chip = "esp32e22", .name = "typical", MAC(0xD0, 0xCF, 0x13), NO_KEYS(0)},
    {.chip = "esp32h2", .name = "typical", SET(h2_typical), MAC(0x74, 0x4D, 0xBD), NO_KEYS(4)},
    {.chip = "esp32h21", .name = "typical", SET(h21_typical), MAC(0x60, 0x55, 0xF9), NO_KEYS(0)},
    {.chip = "esp32h4", .name = "typical", SET(h4_typical), MAC(0x60, 0x55, 0xF9), NO_KEYS(0)},
    {.chip = "esp32p4", .name = "typical", SET(p4_typical), MAC(0xE8, 0xF6, 0x0A), NO_KEYS(5)},
    {.chip = "esp32p4",
     .name = "rev1",
     SET(p4_rev1),
     MAC(0xE8, 0xF6, 0x0A),
     NO_KEYS(2),
     .stub = "esp32p4-rev1"},
    {.chip = "esp32p4",
     .name = "rev3.1",
     SET(p4_rev3_1),
     MAC(0xE8, 0xF6, 0x0A),
     NO_KEYS(6),
     .flash_off = true},
    {.chip = "esp32s31", .name = "typical", SET(s31_typical), MAC(0x38, 0x44, 0xBE), NO_KEYS(0)},
};

const size_t sim_efuse_row_count = sizeof(sim_efuse_rows) / sizeof(sim_efuse_rows[0]);
