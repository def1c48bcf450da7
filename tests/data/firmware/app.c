/*
 * app.c: the application of the test images: a light that reads a sensor and serves its pages.
 *
 * It is compiled and linked at the addresses of a real chip so that elf2image has real sections to
 * work on. Nothing ever runs it.
 */
#include "firmware.h"

#define GPIO_OUT_REG  (*(volatile uint32_t *)0x3FF44004u)
#define SENSOR_REG    (*(volatile uint32_t *)0x3FF48850u)
#define UART_FIFO_REG (*(volatile uint32_t *)0x3FF40000u)
#define HISTORY_COUNT 64u

FW_SECTION(".flash.appdesc")
const app_desc_t app_description = {
    .magic_word = FW_APP_DESC_MAGIC,
    .version = FW_VERSION,
    .project_name = FW_PROJECT,
    .time = FW_TIME,
    .date = FW_DATE,
    .idf_version = FW_IDF_VERSION,
    .max_efuse_blk_rev_full = 99,
    .mmu_page_size = 16,
};

FW_INCLUDE_ASSETS(assets, ".flash.rodata");
extern const uint8_t assets[], assets_end[];

typedef struct light {
    uint32_t history[HISTORY_COUNT];
    uint32_t next;
    uint32_t threshold;
    const char *greeting;
} light_t;

FW_SECTION(".dram0.data") light_t light = {.threshold = 512, .greeting = FW_PROJECT " " FW_VERSION};

FW_SECTION(".iram0.text") void light_switch(uint32_t on)
{
    GPIO_OUT_REG = on ? GPIO_OUT_REG | 4u : GPIO_OUT_REG & ~4u;
}

FW_SECTION(".flash.text") static uint32_t light_average(const light_t *l)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < HISTORY_COUNT; i++) {
        sum += l->history[i] >> 6;
    }
    return sum;
}

FW_SECTION(".flash.text") static void serve_page(const uint8_t *page, const uint8_t *end)
{
    while (page < end) {
        UART_FIFO_REG = *page++;
    }
}

FW_SECTION(".flash.text") void app_main(void)
{
    for (const char *c = light.greeting; *c != '\0'; c++) {
        UART_FIFO_REG = (uint8_t)*c;
    }
    for (;;) {
        light.history[light.next++ % HISTORY_COUNT] = SENSOR_REG & 0xFFFu;
        light_switch(light_average(&light) < light.threshold);
        if ((light.next & 0xFFu) == 0) {
            serve_page(assets, assets_end);
        }
    }
}

FW_SECTION(".iram0.text") void call_start_cpu0(void)
{
    app_main();
}
