/*
 * sim_chip_boot.c: what a chip prints: reset reason and boot mode, the boot loader's complaints, an
 * application's log, an exception. Texts as seen in public logs of these chips.
 */
#include "sim_chip_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    BOOT_DELAY_US = 20000,
    BOOT_IMAGE_MAGIC = 0xE9,
    BOOT_COMPLAINTS = 8,
    CRASH_WATCHDOG_US = 300000,
    APP_SECOND_US = 1000000,
    APP_BAUD = 115200,
    CAUSE_POWER_ON = 0x1,
    CAUSE_RTC_WATCHDOG = 0x10
};

static void __attribute__((format(printf, 2, 3))) boot_printf(sim_chip_t *chip, const char *format,
                                                              ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length > 0) {
        size_t count = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1u;
        sim_write(chip, text, count);
    }
}

/* ESP8266: 2 is the reset pin, 4 the watchdog; nothing says that it waits for a download. */
static void boot_print_old(sim_chip_t *chip, bool download_mode)
{
    const sim_boot_text_t *boot = &chip->row->boot;
    boot_printf(chip, "%srst cause:%u, boot mode:(%u,6)\r\n\r\n", boot->banner,
                chip->cause == SIM_RESET_WATCHDOG ? 4u : 2u,
                download_mode ? boot->download_strap : boot->run_strap);
    sim_drain(chip);
}

void sim_boot_print(sim_chip_t *chip, bool download_mode)
{
    const sim_boot_text_t *boot = &chip->row->boot;
    unsigned cause = CAUSE_POWER_ON;
    const char *name = boot->power_on;
    switch (chip->cause) {
    case SIM_RESET_POWER_ON:
        break;
    case SIM_RESET_WATCHDOG:
        cause = CAUSE_RTC_WATCHDOG;
        name = boot->watchdog;
        break;
    case SIM_RESET_SOFTWARE:
        cause = boot->software_cause;
        name = boot->software;
        break;
    }
    sim_spend(chip, BOOT_DELAY_US);
    if (chip->otg) { /* it prints to the UART */
        return;
    }
    if (boot->old_format) {
        boot_print_old(chip, download_mode);
        return;
    }
    boot_printf(chip, "%srst:0x%x (%s),boot:0x%x (%s)\r\n", boot->banner, cause, name,
                download_mode ? boot->download_strap : boot->run_strap,
                download_mode ? boot->download_name : boot->run_name);
    if (download_mode) {
        boot_printf(chip, "waiting for download\r\n");
        sim_drain(chip);
    }
}

/* Wait, deaf: what arrives is thrown away as an application that does not read does. */
static void boot_idle(sim_chip_t *chip, uint64_t us)
{
    uint64_t until_us = sim_now_us(chip) + us;
    uint8_t byte;
    uint64_t now_us;
    while (sim_running(chip) && (now_us = sim_now_us(chip)) < until_us) {
        (void)sim_getc(chip, (int64_t)(until_us - now_us), &byte);
    }
}

/* A flash without an image: the ROM complains and lets its watchdog try again. */
static void boot_complain(sim_chip_t *chip, uint32_t header)
{
    for (int i = 0; i < BOOT_COMPLAINTS && sim_running(chip); i++) {
        if (chip->row->boot.old_format) {
            boot_printf(chip, "ets_main.c \r\n");
        } else {
            boot_printf(chip, "invalid header: 0x%08x\r\n", (unsigned)header);
        }
        boot_idle(chip, chip->boot_watchdog_ms * 1000u / BOOT_COMPLAINTS);
    }
    sim_reset_self(chip, SIM_RESET_WATCHDOG);
}

static const char boot_idf_log[] = "I (31) boot: ESP-IDF 2nd stage bootloader\r\n"
                                   "I (31) boot: Partition Table:\r\n"
                                   "I (102) boot: Disabling RNG early entropy source...\r\n"
                                   "I (302) main_task: Calling app_main()\r\n";

void sim_run_app(sim_chip_t *chip)
{
    uint8_t header[4];
    chip->app_ran = true;
    chip->flash_attached = true;
    (void)sim_spi_read(chip, chip->row->boot.bootloader_addr, header, sizeof(header));
    if (header[0] != BOOT_IMAGE_MAGIC) {
        boot_complain(chip, sim_le32(header));
        return;
    }
    if (!chip->otg) {
        boot_printf(chip, "%s", chip->row->boot.second_stage);
    }
    boot_idle(chip, BOOT_DELAY_US);
    sim_drain(chip);
    sim_set_baud(chip, APP_BAUD); /* an app knows its crystal */
    if (chip->otg && chip->row->force_reg != 0) {
        sim_uart_heed_rts(chip->uart, SIM_HEED_APP);
    }
    boot_printf(chip, "%s", chip->row->boot.app != NULL ? chip->row->boot.app : boot_idf_log);
    for (unsigned second = 1; sim_running(chip); second++) {
        boot_idle(chip, APP_SECOND_US);
        boot_printf(chip, "I (%u) app: tick %u\r\n", 302 + 1000 * second, second);
    }
}

void sim_crash(sim_chip_t *chip, uint32_t pc)
{
    sim_count(&chip->stub_crashes, 1);
    sim_uart_log(chip->uart, "unknown code at 0x%08x crashes", (unsigned)pc);
    boot_printf(chip, "%s%08x%s", chip->row->boot.crash_before, (unsigned)pc,
                chip->row->boot.crash_after);
    boot_idle(chip, CRASH_WATCHDOG_US);
    sim_reset_self(chip, SIM_RESET_WATCHDOG);
}

size_t sim_security_info(const sim_chip_t *chip, uint8_t out[20])
{
    size_t count = chip->row->rom.security_info_bytes;
    memset(out, 0, 20);
    sim_put_le32(out, chip->efuses->security.flags);
    out[4] = chip->efuses->security.crypt_count;
    memcpy(out + 5, chip->efuses->security.key_purposes, 7);
    sim_put_le32(out + 12, chip->row->chip_id);
    sim_put_le32(out + 16, chip->efuses->security.eco);
    return count;
}
