/*
 * stub_file.c: see stub_file.h.
 */
#include "stub_file.h"

#include "fake_uart.h"

#include <cjson/cJSON.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, SEND_BLOCK = 0x1800 };

static char *stub_read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? calloc(1, FILE_MAX) : NULL;
    size_t count = text != NULL ? fread(text, 1, FILE_MAX - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    if (count == 0) {
        fprintf(stderr, "cannot read %s\n", path);
        free(text);
        return NULL;
    }
    return text;
}

static bool stub_segment(stub_segment_t *segment, const cJSON *json, const char *bytes,
                         const char *start)
{
    const cJSON *addr = cJSON_GetObjectItem(json, start);
    const char *base64 = cJSON_GetStringValue(cJSON_GetObjectItem(json, bytes));
    if (base64 == NULL || !cJSON_IsNumber(addr)) {
        return false;
    }
    struct base64_decode_ctx decode;
    size_t length = strlen(base64);
    base64_decode_init(&decode);
    segment->addr = (uint32_t)cJSON_GetNumberValue(addr);
    segment->count = BASE64_DECODE_LENGTH(length);
    segment->bytes = malloc(segment->count);
    return segment->bytes != NULL &&
           base64_decode_update(&decode, &segment->count, segment->bytes, length, base64) == 1 &&
           base64_decode_final(&decode) == 1;
}

bool stub_file_load(stub_file_t *stub, const char *dir, const char *generation, const char *chip)
{
    char path[600];
    memset(stub, 0, sizeof(*stub));
    snprintf(path, sizeof(path), "%s/%s/%s.json", dir, generation, chip);
    char *text = stub_read_text(path);
    cJSON *json = text != NULL ? cJSON_Parse(text) : NULL;
    free(text);
    const cJSON *entry = cJSON_GetObjectItem(json, "entry");
    bool ok = cJSON_IsNumber(entry) && stub_segment(&stub->text, json, "text", "text_start") &&
              stub_segment(&stub->data, json, "data", "data_start");
    if (ok) {
        stub->entry = (uint32_t)cJSON_GetNumberValue(entry);
    } else {
        stub_file_free(stub);
    }
    cJSON_Delete(json);
    return ok;
}

void stub_file_send(const stub_file_t *stub, sim_uart_t *uart)
{
    const stub_segment_t *segments[] = {&stub->text, &stub->data};
    for (size_t i = 0; i < 2; i++) {
        uint32_t count = (uint32_t)segments[i]->count;
        uint32_t blocks = (count + SEND_BLOCK - 1) / SEND_BLOCK;
        fake_uart_send_words(uart, 0x05, (uint32_t[]){count, blocks, SEND_BLOCK, segments[i]->addr},
                             4);
        for (uint32_t block = 0; block < blocks; block++) {
            uint32_t left = count - block * SEND_BLOCK;
            fake_uart_send_data(uart, 0x07, block, segments[i]->bytes + block * SEND_BLOCK,
                                left < SEND_BLOCK ? left : SEND_BLOCK);
        }
    }
    fake_uart_send_words(uart, 0x06, (uint32_t[]){0, stub->entry}, 2);
}

void stub_file_free(stub_file_t *stub)
{
    free(stub->text.bytes);
    free(stub->data.bytes);
    memset(stub, 0, sizeof(*stub));
}
