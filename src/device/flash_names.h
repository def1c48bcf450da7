/* flash_names.h: flash chips by their JEDEC id (0xMMTTCC), and what the id says of the size. */
#ifndef EB_DEVICE_FLASH_NAMES_H
#define EB_DEVICE_FLASH_NAMES_H

#include <stdint.h>

/* NULL when not in the table. Static storage. */
const char *eb_flash_manufacturer_name(uint32_t jedec_id);
const char *eb_flash_device_name(uint32_t jedec_id);

/* Bytes by the capacity byte as its manufacturer means it; 0 when it says nothing known. */
uint64_t eb_flash_size_by_jedec(uint32_t jedec_id);
/* Bytes by the second word of the SFDP basic table; 0 when that cannot be. */
uint64_t eb_flash_size_by_sfdp(uint32_t density);

#endif
