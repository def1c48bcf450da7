/* partition_types.h: the type and subtype numbers that the code itself asks for. The rows of
 * partition_names.c have all that are known; a new subtype is a row there. */
#ifndef EB_FORMAT_PARTITION_TYPES_H
#define EB_FORMAT_PARTITION_TYPES_H

#define EB_PART_APP        0x00
#define EB_PART_DATA       0x01
#define EB_PART_BOOTLOADER 0x02
#define EB_PART_TABLE      0x03

#define EB_PART_APP_FACTORY   0x00
#define EB_PART_APP_OTA_0     0x10
#define EB_PART_APP_TEST      0x20
#define EB_PART_DATA_OTA      0x00
#define EB_PART_DATA_PHY      0x01
#define EB_PART_DATA_NVS      0x02
#define EB_PART_DATA_COREDUMP 0x03
#define EB_PART_DATA_NVS_KEYS 0x04
#define EB_PART_PRIMARY       0x00 /* of the types bootloader and table */

#define EB_PART_OTA_SLOTS_MAX 16

#define EB_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
