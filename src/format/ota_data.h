/*
 * ota_data.h: which app slot boots, by the rules of the ESP-IDF bootloader.
 *
 * Two copies, one a sector: seq (LE32), label[20], state (LE32), CRC-32 of seq (LE32; initial value
 * 0xFFFFFFFF as esp_rom_crc32_le(UINT32_MAX, ...)). Valid: seq != FFFFFFFF, CRC right, state
 * neither invalid (3) nor aborted (4). Slot = (seq - 1) mod number of ota partitions.
 */
#ifndef EB_FORMAT_OTA_DATA_H
#define EB_FORMAT_OTA_DATA_H

#include "espbackup/image.h"

#define EB_OTA_DATA_BYTES 0x2000u

/* otadata: both sectors, or NULL when the table has no otadata partition. */
void eb_ota_choose(const eb_partition_table_t *table, const uint8_t *otadata, size_t len,
                   eb_boot_choice_t *out);

#endif
