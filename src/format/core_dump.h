/*
 * core_dump.h: the core dump that ESP-IDF leaves in a partition after a crash. Pure.
 *
 * Header: length of all of it (LE32), version (LE16: major in the high byte; 0 binary, 1 ELF), chip
 * (LE16). Then, but for version 1.4: tasks, bytes of a task's control block, segments (LE32 each);
 * with 0.3, 1.2, 1.3 and 1.4 the chip's revision. At its end the CRC-32, or with 1.1, 1.3 and 1.4
 * the SHA-256, of all before. Notes of the ELF file: 1 state of a task, 8266 version and SHA-256 of
 * the app's ELF file as hex, 677 control block of the crashed task, 679 reason of the crash in
 * words. Sources: ESP-IDF, guide of core dumps; esp-coredump, its structures of headers and notes.
 */
#ifndef EB_FORMAT_CORE_DUMP_H
#define EB_FORMAT_CORE_DUMP_H

#include "digest.h"

#include <stdbool.h>
#include <stdint.h>

#define EB_CORE_DUMP_PEEK_BYTES   24u
#define EB_CORE_DUMP_MAX_BYTES    (4u << 20)
#define EB_CORE_DUMP_REASON_BYTES 256u

typedef enum eb_core_dump_state {
    EB_CORE_DUMP_NONE,   /* erased, or no length and version of a dump */
    EB_CORE_DUMP_WHOLE,  /* CRC or SHA-256 holds */
    EB_CORE_DUMP_DAMAGED /* it does not, or what lies within contradicts itself */
} eb_core_dump_state_t;

typedef struct eb_core_dump {
    eb_core_dump_state_t state;
    uint32_t size_bytes; /* header and checksum too */
    uint16_t version;    /* 0x0102: 1.2 */
    uint16_t chip_id;    /* as in the header of an app */
    bool is_elf;
    bool has_sha256; /* a CRC otherwise */
    uint32_t tasks;
    bool has_crashed;
    uint32_t crashed_task; /* address of its control block: the handle of FreeRTOS */
    char elf_sha256[2 * EB_SHA256_BYTES + 1]; /* hex, maybe its beginning only; empty: not told */
    char reason[EB_CORE_DUMP_REASON_BYTES];   /* empty: not told */
} eb_core_dump_t;

/* Of the first EB_CORE_DUMP_PEEK_BYTES: bytes of the dump; 0: there is none that fits `limit`. */
uint32_t eb_core_dump_size(const uint8_t *bytes, uint32_t limit);

/* All of eb_core_dump_size. Zeroed first. */
void eb_core_dump_parse(const uint8_t *bytes, uint32_t len, eb_core_dump_t *out);

#endif
