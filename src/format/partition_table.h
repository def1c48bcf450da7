/*
 * partition_table.h: the ESP-IDF partition table.
 *
 * 32-byte entries: magic AA 50, type, subtype, offset, size (LE32), label[16], flags (LE32; bit 0
 * encrypted, bit 1 readonly). MD5 entry: EB EB and 14 bytes FF, then 16 bytes MD5 of all before.
 * End: an erased entry (FF), or the end of the 0xC00 bytes. Sources: ESP-IDF and ESP8266_RTOS_SDK,
 * partition tables guides; Sming, Storage component.
 */
#ifndef EB_FORMAT_PARTITION_TABLE_H
#define EB_FORMAT_PARTITION_TABLE_H

#include "espbackup/err.h"
#include "espbackup/image.h"

/*
 * Parse the table in `bytes`. No table there (erased, other content): EB_OK with present == false.
 * A table that contradicts itself (bad MD5, entry beyond flash_size, overlap, size overflow) is
 * EB_ERR_IMAGE_INVALID that names entry and field; out then holds what was read, damaged == true.
 * flash_size 0: not checked.
 */
eb_code_t eb_partition_table_parse(const uint8_t *bytes, size_t len, uint32_t table_addr,
                                   uint64_t flash_size, eb_partition_table_t *out, eb_err_t *err);

/* Index of the lowest entry that ends behind `at`, for the table's order is free; -1: none. */
int eb_partition_next(const eb_partition_table_t *table, uint64_t at);
/* Where the bootloader ends at the latest: at the table or at the first partition behind it. */
uint32_t eb_partition_bootloader_end(const eb_partition_table_t *table, uint32_t bootloader_addr);
/* First entry of type and subtype; -1 if none. */
int eb_partition_of_type(const eb_partition_table_t *table, uint8_t type, uint8_t subtype);

#endif
