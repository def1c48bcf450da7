/*
 * sim_chip_rows.c: the chips. A further chip is a row here, its eFuse sets in sim_efuse_rows.c and
 * its stubs in sim_stub_rows.c.
 *
 * Sources of facts: technical reference manuals; the public register files of esp-stub-lib; reset
 * values of registers and the ROM's answers as recorded from mask ROMs (tests/data/captures) for
 * ESP32 and ESP32-C3; boot texts from public logs (of ESP32-E22, H4 and H21 there are none yet:
 * theirs follow the others); speeds from the timing model (SPI clock = APB / 4 with 64-byte reads,
 * MD5 in software), which has figures for ESP8266, ESP32, S3, C3 and C6: the others have those of
 * the nearest of these.
 */
#include "sim_chip_internal.h"

#define WORDS(array) .reset_words = array, .reset_word_count = sizeof(array) / sizeof((array)[0])

/* The controller of every chip since the ESP32-S2. */
#define SPI_MEM(address)                                                                           \
    .spi = {.base = (address),                                                                     \
            .addr = 0x04,                                                                          \
            .usr = 0x18,                                                                           \
            .usr1 = 0x1C,                                                                          \
            .usr2 = 0x20,                                                                          \
            .mosi_dlen = 0x24,                                                                     \
            .miso_dlen = 0x28,                                                                     \
            .w0 = 0x58}

#define UART(address) .uart = {.clkdiv_reg = (address) + 0x14, .clock_per_crystal = 1}

/* The ROM loader of every chip since the ESP32-S3. */
#define ROM_WITH_ID                                                                                \
    .status_bytes = 4, .has_digest = true, .has_flash_params = true, .has_deflate = true,          \
    .has_baud_change = true, .security_info_bytes = 20

#define WATCHDOG(first, lock)                                                                      \
    .watchdog = {.config0 = (first),                                                               \
                 .config1 = (first) + 4,                                                           \
                 .protect = (lock),                                                                \
                 .key = 0x50D83AA1,                                                                \
                 .slow_clock_hz = 136000}

/* The stub of some chips raises the clocks when it finds itself on USB. */
#define USB_OTG                 .has_usb_otg = true
#define USB_OTG_FORCED(address) USB_OTG, .force_reg = (address), .force_bit = 1
#define USB_JTAG                .has_usb_jtag = true
#define USB_JTAG_BOOST          .has_usb_jtag = true, .usb_boost = true

/* BOOST: stubs from 1.`minor` on raise the clocks on a UART too. */
#define ESP32_SPEED               .plain = {.spi_us = 4000, .md5_us = 1200}
#define UART_SPEED                .plain = {.spi_us = 8000, .md5_us = 2500}
#define BOOST_SPEED(minor)        .boosted = {.spi_us = 1900, .md5_us = 300}, .boosted_since = (minor)
#define BOOSTED_UART_SPEED(minor) UART_SPEED, BOOST_SPEED(minor)

#define XTENSA_CRASH                                                                               \
    .crash_before = "Fatal exception (0): IllegalInstruction\r\nepc1=0x",                          \
    .crash_after = ", epc2=0x00000000, epc3=0x00000000, excvaddr=0x00000000, "                     \
                   "depc=0x00000000\r\n"
#define RISCV_CRASH                                                                                \
    .crash_before = "\r\nException: illegal instruction\r\nMEPC    : 0x",                          \
    .crash_after = "  MCAUSE  : 0x00000002  MTVAL   : 0x00000000\r\n"

/* How the reset causes are called. */
#define RTC_CAUSES                                                                                 \
    .power_on = "POWERON", .watchdog = "RTCWDT_SYS_RST", .software = "RTC_SW_CPU_RST",             \
    .software_cause = 0xC
#define LP_CAUSES                                                                                  \
    .power_on = "POWERON", .watchdog = "LP_WDT_SYS", .software = "SW_CPU", .software_cause = 0xC

#define EFUSES(address) .efuse_base = (address), .efuse_size = 0x200

/* What the ROM, and then a good image, prints on the way to the app. */
#define SECOND_STAGE(mode, entry)                                                                  \
    .run_name = "SPI_FAST_FLASH_BOOT", .second_stage = mode "mode:DIO, clock div:1\r\nload:" entry \
                                                            ",len:0x1714\r\nentry " entry "\r"     \
                                                            "\n"

static const sim_word_t esp32_words[] = {
    {0x3FF6607C, 0x96042000}, /* APB_CTRL date; bit 31 is set from silicon 3 on */
};
static const sim_word_t esp32c3_words[] = {
    {0x60002018, 0x800000C0}, /* SPI_USER, SPI_USER2 as the ROM leaves them */
    {0x60002020, 0x70000000},
};
static const sim_word_t esp32c5_words[] = {
    {0x60096110, 48u << 24}, /* PCR_SYSCLK_CONF: the crystal in MHz */
};

const sim_chip_row_t sim_chip_rows[] = {
    {
        .name = "esp8266",
        .efuse_base = 0x3FF00050,
        .efuse_size = 0x10,
        .mac_low = 0x3FF00050,
        .mac_layout = SIM_MAC_OTP,
        .crystals_mhz = {26, 40},
        .uart = {.clkdiv_reg = 0x60000014, .clock_per_crystal = 2, .whole_divider = true},
        .magic = 0xFFF0C101,
        .spi = {.base = 0x60000200,
                .addr = 0x04,
                .usr = 0x1C,
                .usr1 = 0x20,
                .usr2 = 0x24,
                .w0 = 0x40,
                .addr_msb = true},
        /* 26 MHz boards therefore print their boot text at 74880 baud. */
        .rom = {.status_bytes = 2,
                .assumed_crystal_mhz = 40,
                .begin_attaches = true,
                .erases_head_twice = true,
                .flash_limit = 4 << 20},
        .plain = {.spi_us = 6000, .md5_us = 1000},
        .boot = {.banner = "\r\n ets Jan  8 2013,",
                 .old_format = true,
                 .download_strap = 1,
                 .run_strap = 3,
                 .second_stage = "load 0x40100000, len 1856, room 16 \r\ntail 0\r\nchksum 0x63\r\n"
                                 "load 0x3ffe8000, len 776, room 8 \r\ntail 0\r\nchksum 0x02\r\n"
                                 "csum 0x02\r\n",
                 .app = "\r\nSDK ver: 2.2.1(cfd48f3) compiled @ Jun 29 2018\r\n",
                 XTENSA_CRASH},
    },
    {
        .name = "esp32",
        .efuse_base = 0x3FF5A000,
        .efuse_size = 0xFC,
        .mac_low = 0x3FF5A004,
        .mac_layout = SIM_MAC_CRC,
        .strap_reg = 0x3FF44038,
        .crystals_mhz = {40, 26},
        .uart = {.clkdiv_reg = 0x3FF40014,
                 .clock_per_crystal = 1,
                 .autobaud_less = 1, /* 346 for 40e6 / 115200 */
                 .calibration_reg = 0x3FF5F06C,
                 .calibration_efuse = 0x3FF5A010},
        .magic = 0x00F01D83,
        WORDS(esp32_words),
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
                .has_baud_change = true},
        ESP32_SPEED,
        BOOST_SPEED(1),
        .boosted_uart_clock_hz = 80000000,
        .boot = {.banner = "ets Jul 29 2019 12:21:46\r\n\r\n",
                 .power_on = "POWERON_RESET",
                 .watchdog = "RTCWDT_RTC_RESET",
                 .software = "SW_CPU_RESET",
                 .software_cause = 0xC,
                 .download_strap = 0x3,
                 .strap_word = 0xF,
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
                 XTENSA_CRASH},
    },
    {
        .name = "esp32s2",
        .chip_id = 2,
        USB_OTG_FORCED(0x3F408128),
        EFUSES(0x3F41A000),
        .mac_low = 0x3F41A044,
        .strap_reg = 0x3F404038,
        .crystals_mhz = {40},
        UART(0x3F400000),
        .magic = 0x000007C6,
        SPI_MEM(0x3F402000),
        WATCHDOG(0x3F408094, 0x3F4080AC),
        .rom = {.status_bytes = 4,
                .has_digest = true,
                .has_flash_params = true,
                .has_deflate = true,
                .has_baud_change = true,
                .security_info_bytes = 12},
        ESP32_SPEED,
        BOOST_SPEED(1),
        .boosted_uart_clock_hz = 80000000,
        .boot = {.banner = "ESP-ROM:esp32s2-rc4-20191025\r\nBuild:Oct 25 2019\r\n",
                 RTC_CAUSES,
                 .download_strap = 0x0,
                 .run_strap = 0x8,
                 .download_name = "DOWNLOAD(USB/UART0/1)",
                 SECOND_STAGE("SPIWP:0xee\r\n", "0x4004c198"),
                 .bootloader_addr = 0x1000,
                 XTENSA_CRASH},
    },
    {
        .name = "esp32s3",
        .chip_id = 9,
        USB_OTG_FORCED(0x6000812C),
        EFUSES(0x60007000),
        .mac_low = 0x60007044,
        .strap_reg = 0x60004038,
        .crystals_mhz = {40},
        UART(0x60000000),
        .magic = 0x00000009,
        SPI_MEM(0x60002000),
        WATCHDOG(0x60008098, 0x600080B0),
        .rom = {ROM_WITH_ID, .no_jump_securely = true, .read_hook = 0x3FCEF688},
        BOOSTED_UART_SPEED(4),
        .octal = {.spi_us = 12400, .md5_us = 2500},
        .stub_four_byte = true,
        USB_JTAG,
        .boot = {.banner = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n",
                 RTC_CAUSES,
                 .download_strap = 0x0,
                 .run_strap = 0x8,
                 .download_name = "DOWNLOAD(USB/UART0)",
                 SECOND_STAGE("SPIWP:0xee\r\n", "0x403c98d0"),
                 XTENSA_CRASH},
    },
    {
        .name = "esp32c2",
        .chip_id = 12,
        EFUSES(0x60008800),
        .mac_low = 0x60008840,
        .strap_reg = 0x60004038,
        .crystals_mhz = {26, 40},
        UART(0x60000000),
        .magic = 0x7C41A06F,
        SPI_MEM(0x60002000),
        WATCHDOG(0x60008084, 0x6000809C),
        .rom = {ROM_WITH_ID, .assumed_crystal_mhz = 40},
        UART_SPEED,
        .boot = {.banner = "ESP-ROM:esp8684-api2-20220127\r\nBuild:Jan 27 2022\r\n",
                 RTC_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xC,
                 .download_name = "DOWNLOAD(UART0)",
                 SECOND_STAGE("SPIWP:0xee\r\n", "0x403acb70"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32c3",
        .chip_id = 5,
        EFUSES(0x60008800),
        .mac_low = 0x60008844,
        .strap_reg = 0x60004038,
        .crystals_mhz = {40},
        UART(0x60000000),
        .magic = 0x1B31506F,
        WORDS(esp32c3_words),
        SPI_MEM(0x60002000),
        WATCHDOG(0x60008090, 0x600080A8),
        .rom = {ROM_WITH_ID, .no_jump_securely = true},
        UART_SPEED,
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n",
                 RTC_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xC,
                 .download_name = "DOWNLOAD(USB/UART0/1)",
                 SECOND_STAGE("SPIWP:0xee\r\n", "0x403cc710"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32c5",
        .chip_id = 23,
        EFUSES(0x600B4800),
        .mac_low = 0x600B4844,
        .mac_layout = SIM_MAC_EUI64,
        .strap_reg = 0x60091038,
        .crystals_mhz = {48},
        UART(0x60000000),
        .magic = 0x5FD1406F,
        WORDS(esp32c5_words),
        SPI_MEM(0x60003000),
        WATCHDOG(0x600B1C00, 0x600B1C18),
        .rom = {ROM_WITH_ID},
        UART_SPEED,
        .stub_four_byte = true,
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32c5-eco2-20250121\r\nBuild:Jan 21 2025\r\n",
                 LP_CAUSES,
                 .download_strap = 0x8,
                 .strap_word = 0x8,
                 .run_strap = 0x18,
                 .download_name = "DOWNLOAD(UART0/USB)",
                 SECOND_STAGE("SPI ", "0x4084e5a0"),
                 .bootloader_addr = 0x2000,
                 RISCV_CRASH},
    },
    {
        .name = "esp32c6",
        .chip_id = 13,
        EFUSES(0x600B0800),
        .mac_low = 0x600B0844,
        .mac_layout = SIM_MAC_EUI64,
        .strap_reg = 0x60091038,
        .crystals_mhz = {40},
        UART(0x60000000),
        .magic = 0x2CE0806F,
        SPI_MEM(0x60003000),
        WATCHDOG(0x600B1C00, 0x600B1C18),
        .rom = {ROM_WITH_ID},
        BOOSTED_UART_SPEED(4),
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\n",
                 LP_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xc,
                 .download_name = "DOWNLOAD(USB/UART0/SDIO_FEI_FEO)",
                 SECOND_STAGE("SPIWP:0xee\r\n", "0x4086c410"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32c61",
        .chip_id = 20,
        EFUSES(0x600B4800),
        .mac_low = 0x600B4844,
        .strap_reg = 0x60091038,
        .crystals_mhz = {40},
        UART(0x60000000),
        .magic = 0x7211606F,
        SPI_MEM(0x60003000),
        WATCHDOG(0x600B1C00, 0x600B1C18),
        .rom = {ROM_WITH_ID},
        UART_SPEED,
        .stub_four_byte = true,
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32c61-eco3-20250228\r\nBuild:Feb 28 2025\r\n",
                 LP_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xc,
                 .download_name = "DOWNLOAD(USB/UART0)",
                 SECOND_STAGE("SPI ", "0x4083bd70"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32e22",
        .chip_id = 31,
        USB_OTG,
        EFUSES(0xC4008000),
        .mac_low = 0xC4008044,
        .strap_reg = 0xC310D000,
        .crystals_mhz = {40},
        UART(0xC3102000),
        SPI_MEM(0xC3003000),
        .rom = {ROM_WITH_ID},
        UART_SPEED,
        .boot = {.banner = "ESP-ROM:esp32e22\r\n",
                 LP_CAUSES,
                 .run_strap = 0x8,
                 .download_name = "DOWNLOAD(USB/UART0)",
                 SECOND_STAGE("SPI ", "0x31000000"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32h2",
        .chip_id = 16,
        EFUSES(0x600B0800),
        .mac_low = 0x600B0844,
        .mac_layout = SIM_MAC_EUI64,
        .strap_reg = 0x60091038,
        .crystals_mhz = {32},
        UART(0x60000000),
        .magic = 0xD7B73E80,
        SPI_MEM(0x60003000),
        WATCHDOG(0x600B1C00, 0x600B1C1C),
        .rom = {ROM_WITH_ID},
        UART_SPEED,
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\n",
                 LP_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xc,
                 .download_name = "DOWNLOAD(USB/UART0)",
                 SECOND_STAGE("SPIWP:0xee\r\n", "0x4083c2d0"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32h21",
        .chip_id = 25,
        EFUSES(0x600B4000),
        .mac_low = 0x600B4044,
        .mac_layout = SIM_MAC_EUI64,
        .strap_reg = 0x60091038,
        .crystals_mhz = {32},
        UART(0x60000000),
        SPI_MEM(0x60003000),
        WATCHDOG(0x600B1C00, 0x600B1C1C),
        .rom = {ROM_WITH_ID},
        BOOSTED_UART_SPEED(4),
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32h21\r\n",
                 LP_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xc,
                 .download_name = "DOWNLOAD(USB/UART0)",
                 SECOND_STAGE("SPI ", "0x4083c2d0"),
                 RISCV_CRASH},
    },
    {
        .name = "esp32h4",
        .chip_id = 28,
        EFUSES(0x600B1800),
        .mac_low = 0x600B1844,
        .mac_layout = SIM_MAC_EUI64,
        .strap_reg = 0x60093038,
        .crystals_mhz = {32},
        UART(0x60012000),
        SPI_MEM(0x60099000),
        WATCHDOG(0x600B5400, 0x600B541C),
        .rom = {ROM_WITH_ID},
        BOOSTED_UART_SPEED(4),
        .stub_four_byte = true,
        .four_byte_since = 4,
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32h4\r\n",
                 LP_CAUSES,
                 .download_strap = 0x4,
                 .strap_word = 0x4,
                 .run_strap = 0xc,
                 .download_name = "DOWNLOAD(USB/UART0)",
                 SECOND_STAGE("SPI ", "0x4083c2d0"),
                 .bootloader_addr = 0x2000,
                 RISCV_CRASH},
    },
    {
        .name = "esp32p4",
        .chip_id = 18,
        USB_OTG,
        EFUSES(0x5012D000),
        .mac_low = 0x5012D044,
        .strap_reg = 0x500E0038,
        .flash_power_reg = 0x501153FC, /* PMU_DATE */
        .crystals_mhz = {40},
        UART(0x500CA000),
        SPI_MEM(0x5008D000),
        WATCHDOG(0x50116000, 0x50116018),
        .rom = {ROM_WITH_ID},
        BOOSTED_UART_SPEED(1),
        .stub_four_byte = true,
        USB_JTAG,
        .boot = {.banner = "ESP-ROM:esp32p4-eco5-20250430\r\nBuild:Apr 30 2025\r\n",
                 LP_CAUSES,
                 .download_strap = 0x307,
                 .strap_word = 0x307,
                 .run_strap = 0x30f,
                 .download_name = "DOWNLOAD(USB/UART0/SPI)",
                 SECOND_STAGE("SPI ", "0x4ffac2ca"),
                 .bootloader_addr = 0x2000,
                 RISCV_CRASH},
    },
    {
        .name = "esp32s31",
        .chip_id = 32,
        USB_OTG,
        EFUSES(0x20715000),
        .mac_low = 0x20715050,
        .strap_reg = 0x20583038,
        .crystals_mhz = {40},
        UART(0x2038A000),
        SPI_MEM(0x20501000),
        WATCHDOG(0x20801000, 0x20801018),
        .rom = {ROM_WITH_ID},
        BOOSTED_UART_SPEED(2),
        .stub_four_byte = true,
        USB_JTAG_BOOST,
        .boot = {.banner = "ESP-ROM:esp32s31-20251218\r\nBuild:Dec 18 2025\r\n",
                 LP_CAUSES,
                 .download_strap = 0x50,
                 .strap_word = 0x50,
                 .run_strap = 0x58,
                 .download_name = "DOWNLOAD(USB/UART0/SPI)",
                 SECOND_STAGE("SPI ", "0x2f010000"),
                 .bootloader_addr = 0x2000,
                 RISCV_CRASH},
    },
};

const size_t sim_chip_row_count = sizeof(sim_chip_rows) / sizeof(sim_chip_rows[0]);
