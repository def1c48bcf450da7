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
 * A table that is damaged (bad MD5, bad magic, no end, no usable entry) is EB_ERR_IMAGE_INVALID
 * that names entry and field; out then holds what was read, damaged == true. Odd entries are no
 * error: see eb_partition_table_judge.
 */
eb_code_t eb_partition_table_parse(const uint8_t *bytes, size_t len, uint32_t table_addr,
                                   uint64_t flash_size, eb_partition_table_t *out, eb_err_t *err);

/* Set the fault of each entry, and move those that are not usable behind the others, whose order
 * stays. flash_size 0: only 4 GiB bound them. */
void eb_partition_table_judge(eb_partition_table_t *table, uint64_t flash_size);
#define EB_FAULT_TEXT_BYTES 128
/* What is odd about an entry: ""spiffs" at 0x290000 reaches beyond the flash: its size is
 * 0x570000".
 */
void eb_partition_fault_text(const eb_partition_table_t *table, size_t index, char *out,
                             size_t cap);
/* The first other usable entry that shares bytes with this one; -1: none. */
int eb_partition_overlapped(const eb_partition_table_t *table, size_t index);

/* Index of the lowest entry that ends behind `at`, for the table's order is free; -1: none. */
int eb_partition_next(const eb_partition_table_t *table, uint64_t at);
/* Where the bootloader ends at the latest: at the table or at the first partition behind it. */
uint32_t eb_partition_bootloader_end(const eb_partition_table_t *table, uint32_t bootloader_addr);
/* First entry of type and subtype; -1 if none. */
int eb_partition_of_type(const eb_partition_table_t *table, uint8_t type, uint8_t subtype);

#endif
