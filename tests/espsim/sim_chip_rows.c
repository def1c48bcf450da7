/*
 * sim_chip_rows.c: the chips. A further chip is a row here, its eFuse sets in sim_efuse_rows.c and
 * its stubs in sim_stub_rows.c.
 *
 * Sources of facts: technical reference manuals; reset values of registers and the ROM's answers
 * as recorded from mask ROMs (tests/data/captures); boot texts from public logs; speeds from the
 * timing model (SPI clock = APB / 4 with 64-byte reads, MD5 in software).
 */
#include "sim_chip_internal.h"

/* 40 MHz crystal: 40e6 / 115200 = 347, measured by the ROM's autobaud as 346. */
static const sim_word_t esp32_words[] = {
    {0x40001000, 0x00F01D83}, /* a word of the ROM that tells the chips apart */
    {0x3FF40014, 0x0000015A}, /* UART0 divider */
    {0x3FF6607C, 0x96042000}, /* APB_CTRL date; bit 31 is set from silicon 3 on */
    {0x3FF44038, 0x0000000F}, /* GPIO strap */
};

static const sim_word_t esp32c3_words[] = {
    {0x40001000, 0x1B31506F}, {0x60000014, 0x0000015B},
    {0x60002018, 0x800000C0}, /* SPI_USER, SPI_USER2 as the ROM leaves them */
    {0x60002020, 0x70000000}, {0x60004038, 0x00000004}, /* GPIO strap */
};

const sim_chip_row_t sim_chip_rows[] = {
    {
        .name = "esp32",
        .chip_id = 0,
        .efuse_base = 0x3FF5A000,
        .efuse_size = 0xFC,
        .mac_low = 0x3FF5A004,
        .mac_high = 0x3FF5A008,
        .mac_has_crc = true,
        .strap_reg = 0x3FF44038,
        .uart_clkdiv_reg = 0x3FF40014,
        .reset_words = esp32_words,
        .reset_word_count = sizeof(esp32_words) / sizeof(esp32_words[0]),
        .spi = {.base = 0x3FF42000,
                .addr = 0x04,
                .usr = 0x1C,
                .usr1 = 0x20,
                .usr2 = 0x24,
                .mosi_dlen = 0x28,
                .miso_dlen = 0x2C,
                .w0 = 0x80,
                .addr_msb = true},
        .rom = {.status_bytes = 4,
                .has_digest = true,
                .has_flash_params = true,
                .has_deflate = true,
                .has_baud_change = true,
                .uart_clock_hz = 40000000},
        .plain = {.spi_us = 4000, .md5_us = 1200},
        .boosted = {.spi_us = 1900, .md5_us = 300},
        .boosted_uart_clock_hz = 80000000,
        .boot = {.banner = "ets Jul 29 2019 12:21:46\r\n\r\n",
                 .power_on = "POWERON_RESET",
                 .watchdog = "RTCWDT_RTC_RESET",
                 .software = "SW_CPU_RESET",
                 .software_cause = 0xC,
                 .download_strap = 0x3,
                 .run_strap = 0x13,
                 .download_name = "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)",
                 .run_name = "SPI_FAST_FLASH_BOOT",
                 .second_stage =
                     "configsip: 0, SPIWP:0xee\r\n"
                     "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n"
                     "mode:DIO, clock div:2\r\n"
                     "load:0x3fff0030,len:7176\r\n"
                     "load:0x40078000,len:15564\r\n"
                     "ho 0 tail 12 room 4\r\n"
                     "load:0x40080400,len:4\r\n"
                     "load:0x40080404,len:3904\r\n"
                     "entry 0x40080640\r\n",
                 .bootloader_addr = 0x1000,
                 .crash_before = "Fatal exception (0): IllegalInstruction\r\nepc1=0x",
                 .crash_after = ", epc2=0x00000000, epc3=0x00000000, excvaddr=0x00000000, "
                                "depc=0x00000000\r\n"},
    },
    {
        .name = "esp32c3",
        .chip_id = 5,
        .efuse_base = 0x60008800,
        .efuse_size = 0x200,
        .mac_low = 0x60008844,
        .mac_high = 0x60008848,
        .strap_reg = 0x60004038,
        .uart_clkdiv_reg = 0x60000014,
        .reset_words = esp32c3_words,
        .reset_word_count = sizeof(esp32c3_words) / sizeof(esp32c3_words[0]),
        .spi = {.base = 0x60002000,
                .addr = 0x04,
                .usr = 0x18,
                .usr1 = 0x1C,
                .usr2 = 0x20,
                .mosi_dlen = 0x24,
                .miso_dlen = 0x28,
                .w0 = 0x58},
        .watchdog = {.config0 = 0x60008090,
                     .config1 = 0x60008094,
                     .protect = 0x600080A8,
                     .key = 0x50D83AA1,
                     .slow_clock_hz = 136000},
        .rom = {.status_bytes = 4,
                .has_digest = true,
                .has_flash_params = true,
                .has_deflate = true,
                .has_baud_change = true,
                .security_info_bytes = 20,
                .uart_clock_hz = 40000000},
        .plain = {.spi_us = 8000, .md5_us = 2500},
        .boot = {.banner = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n",
                 .power_on = "POWERON",
                 .watchdog = "RTCWDT_SYS_RST",
                 .software = "RTC_SW_CPU_RST",
                 .software_cause = 0xC,
                 .download_strap = 0x4,
                 .run_strap = 0xC,
                 .download_name = "DOWNLOAD(USB/UART0/1)",
                 .run_name = "SPI_FAST_FLASH_BOOT",
                 .second_stage = "SPIWP:0xee\r\n"
                                 "mode:DIO, clock div:1\r\n"
                                 "load:0x3fcd5820,len:0x1714\r\n"
                                 "load:0x403cc710,len:0x968\r\n"
                                 "load:0x403ce710,len:0x2f9c\r\n"
                                 "entry 0x403cc710\r\n",
                 .bootloader_addr = 0x0,
                 .crash_before = "\r\nException: illegal instruction\r\nMEPC    : 0x",
                 .crash_after = "  MCAUSE  : 0x00000002  MTVAL   : 0x00000000\r\n"},
    },
};

const size_t sim_chip_row_count = sizeof(sim_chip_rows) / sizeof(sim_chip_rows[0]);
