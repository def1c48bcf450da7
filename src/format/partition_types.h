/* partition_types.h: the type and subtype numbers that the code itself asks for. */
#ifndef EB_FORMAT_PARTITION_TYPES_H
#define EB_FORMAT_PARTITION_TYPES_H

#define EB_PART_APP        0x00
#define EB_PART_DATA       0x01
#define EB_PART_BOOTLOADER 0x02
#define EB_PART_TABLE      0x03

#define EB_PART_APP_FACTORY 0x00
#define EB_PART_APP_OTA_0   0x10
#define EB_PART_APP_TEST    0x20
#define EB_PART_APP_TEE_0   0x30
#define EB_PART_DATA_OTA    0x00

#define EB_PART_OTA_SLOTS_MAX 16

#define EB_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
