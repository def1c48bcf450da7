/*
 * bootloader.c: the second stage bootloader of the test images. Compiled and linked at the real
 * addresses, never run.
 */
#include "firmware.h"

#define UART_FIFO_REG (*(volatile uint32_t *)0x3FF40000u)

FW_SECTION(".dram0.bootdesc")
const bootloader_desc_t bootloader_description = {
    .magic_byte = FW_BOOTLOADER_DESC_MAGIC,
    .version = 1,
    .idf_version = FW_IDF_VERSION,
    .date_time = FW_DATE " " FW_TIME,
};

FW_INCLUDE_ASSETS(tables, ".dram0.data");
extern const uint8_t tables[], tables_end[];

FW_SECTION(".iram0.text") void call_start_cpu0(void)
{
    uint32_t check = 0;
    for (const uint8_t *byte = tables; byte < tables_end; byte++) {
        check = (check << 1 | check >> 31) ^ *byte;
    }
    UART_FIFO_REG = check;
    for (;;) {
    }
}
