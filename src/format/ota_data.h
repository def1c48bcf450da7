/*
 * ota_data.h: which app starts, by the rules of the ESP-IDF bootloader.
 *
 * OTA data are two copies, one a sector: seq (LE32), label[20], state (LE32), CRC-32 of seq (LE32;
 * initial value 0xFFFFFFFF as esp_rom_crc32_le(UINT32_MAX, ...)). Valid: seq != FFFFFFFF, CRC
 * right, state neither invalid (3) nor aborted (4). Slot = (seq - 1) mod number of ota partitions.
 * Only a bootloader with rollback writes the state pending verify (1), and it aborts such a copy
 * when it finds it at the next reset.
 *
 * Tried are the chosen slot, the slots below it, factory, the slots above it, and test. The first
 * one that holds a whole app starts. Sources: ESP-IDF, bootloader_utility.c (selected boot
 * partition, load boot image), flash_partitions.c, and the guide of OTA; ESP8266 RTOS SDK, the same
 * files, which know no states.
 */
#ifndef EB_FORMAT_OTA_DATA_H
#define EB_FORMAT_OTA_DATA_H

#include "espbackup/facts.h"
#include "espbackup/image.h"

#define EB_OTA_COPY_BYTES  32u     /* at the start of a sector; the rest says nothing */
#define EB_OTA_COPY_STRIDE 0x1000u /* from one copy to the other */

/* What a bootloader chooses by; all borrowed. */
typedef struct eb_boot_facts {
    const eb_partition_table_t *table; /* the state of its apps counts */
    const uint8_t
        *ota_copies; /* both copies, one right behind the other; NULL: none, or not at hand */
    const eb_chip_info_t *chip; /* NULL: not known */
} eb_boot_facts_t;

/* The only place that decides it. An app that was not at hand counts as whole. */
void eb_boot_choose(const eb_boot_facts_t *facts, eb_boot_choice_t *out);

/* The OTA data partition that the bootloader uses, the last one; -1: none. */
int eb_boot_ota_data(const eb_partition_table_t *table);

/* One of the copies, as it lies there. */
typedef struct eb_ota_copy {
    bool erased;
    bool crc_holds; /* and it has a sequence number */
    uint32_t sequence, state;
} eb_ota_copy_t;
eb_ota_copy_t eb_ota_copy_read(const uint8_t *bytes);
/* ESP-IDF's name of a state: "valid", "pending verify", "undefined". */
const char *eb_ota_state_word(uint32_t state);

/* "nothing boots, because no app partition holds a whole app"; empty when an app starts. */
const char *eb_boot_stop_text(const eb_boot_choice_t *choice);

#endif
