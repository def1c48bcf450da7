/*
 * firmware.h: names and structures of the test firmware, as ESP-IDF lays them out in an image.
 *
 * The build of the test data sets FW_PROJECT, FW_VERSION, FW_DATE, FW_TIME and FW_ASSETS.
 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <stdint.h>

#define FW_SECTION(name) __attribute__((section(name), used))

/* esp_app_desc_t */
typedef struct app_desc {
    uint32_t magic_word;
    uint32_t secure_version;
    uint32_t reserved1[2];
    char version[32];
    char project_name[32];
    char time[16];
    char date[16];
    char idf_version[32];
    uint8_t app_elf_sha256[32]; /* esptool elf2image fills it in */
    uint16_t min_efuse_blk_rev_full;
    uint16_t max_efuse_blk_rev_full;
    uint8_t mmu_page_size;
    uint8_t reserved2[3];
    uint32_t reserved3[18];
} app_desc_t;

/* esp_bootloader_desc_t */
typedef struct bootloader_desc {
    uint8_t magic_byte;
    uint8_t reserved1[2];
    uint8_t secure_version;
    uint32_t version;
    char idf_version[32];
    char date_time[24];
    uint8_t reserved2[16];
} bootloader_desc_t;

#define FW_APP_DESC_MAGIC        0xABCD5432u
#define FW_BOOTLOADER_DESC_MAGIC 80
#define FW_IDF_VERSION           "v5.5.1"

/* Web pages, pictures and tables: what makes a real application large. */
#define FW_INCLUDE_ASSETS(symbol, section_name)                                                    \
    __asm__(".section " section_name ", \"a\"\n"                                                   \
            ".balign 16\n"                                                                         \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"" FW_ASSETS "\"\n"                                                          \
            ".balign 16\n"                                                                         \
            ".global " #symbol "_end\n" #symbol "_end:\n"                                          \
            ".previous\n")

#endif
