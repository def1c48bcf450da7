/*
 * stub_file.h: a stub's JSON file (entry, text, text_start, data, data_start) for tests.
 */
#ifndef ESPSIM_STUB_FILE_H
#define ESPSIM_STUB_FILE_H

#include "sim_uart.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct stub_segment {
    uint32_t addr;
    size_t count;
    uint8_t *bytes;
} stub_segment_t;

typedef struct stub_file {
    uint32_t entry;
    stub_segment_t text, data;
} stub_file_t;

/* DIR/GENERATION/CHIP.json; false and a line on stderr when it cannot be read. */
bool stub_file_load(stub_file_t *stub, const char *dir, const char *generation, const char *chip);
/* Queue its upload and the jump into it. */
void stub_file_send(const stub_file_t *stub, sim_uart_t *uart);
void stub_file_free(stub_file_t *stub);

#endif
