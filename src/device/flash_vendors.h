/*
 * flash_vendors.h: flash chips by their JEDEC id (0xMMTTCC: manufacturer, type, capacity), and the
 * size that they tell. Vendors in the package of a chip have eFuse numbers of that chip: see
 * chips/.
 */
#ifndef EB_DEVICE_FLASH_VENDORS_H
#define EB_DEVICE_FLASH_VENDORS_H

#include <stdint.h>

/* NULL when not in the list. Static storage. */
const char *eb_flash_vendor_name(uint32_t jedec_id);
const char *eb_flash_part_name(uint32_t jedec_id);

/* Bytes by the id, as its vendor means it; 0 when it says nothing known. */
uint64_t eb_flash_size_by_jedec(uint32_t jedec_id);
/* Bytes by the second word of the SFDP basic table; 0 when that cannot be. */
uint64_t eb_flash_size_by_sfdp(uint32_t density);

/* Bits of status registers that make the flash ignore writes. */
typedef struct eb_flash_protect_bits {
    uint8_t block_protect; /* of register 1 */
    uint8_t complement;    /* of register 2: what is not protected is, and the reverse; 0: none */
} eb_flash_protect_bits_t;
eb_flash_protect_bits_t eb_flash_protect_bits(uint32_t jedec_id);

#endif
