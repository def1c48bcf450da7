/*
 * sim_flash_sfdp.c: the discovery table (JEDEC JESD216B): header, one parameter header, and the
 * 16-word basic table of a W25Q-class part with its density filled in. Parts of XMC have a second
 * parameter header, whose id is that of the manufacturer.
 */
#include "sim_flash.h"

enum { SFDP_TABLE_ADDR = 0x80, SFDP_TABLE_BYTES = 64 };

static const uint8_t sfdp_head[16] = {
    'S',  'F',  'D',  'P',  0x06,
    0x01, 0x00, 0xFF, /* revision 1.6, one table */
    0x00, 0x06, 0x01, 0x10, SFDP_TABLE_ADDR,
    0x00, 0x00, 0xFF /* basic table, 16 words */
};

/* Values of a W25Q128JV; words 1 (address bytes) and 2 (density) are made below. */
static const uint8_t sfdp_table[SFDP_TABLE_BYTES] = {
    0xE5, 0x20, 0xF9, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x44, 0xEB, 0x08, 0x6B, 0x08, 0x3B, 0x42, 0xBB,
    0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0xFF, 0x40, 0xEB, 0x0C, 0x20, 0x0F, 0x52,
    0x10, 0xD8, 0x00, 0x00, 0x36, 0x02, 0xA6, 0x00, 0x82, 0xEA, 0x14, 0xC4, 0xE9, 0x63, 0x76, 0x33,
    0x7A, 0x75, 0x7A, 0x75, 0xF7, 0xA2, 0xD5, 0x5C, 0x19, 0xF7, 0x4D, 0xFF, 0xE9, 0x30, 0xF8, 0x80};

static const uint8_t sfdp_vendor_head[8] = {0x20, 0x00, 0x01, 0x04, 0xC0, 0x00, 0x00, 0xFF};

uint8_t sim_flash_sfdp_byte(uint64_t flash_size, uint32_t jedec_id, uint32_t addr)
{
    bool xmc = jedec_id >> 16 == sfdp_vendor_head[0];
    if (xmc && addr == 6) { /* count of parameter headers, less one */
        return 1;
    }
    if (xmc && addr >= sizeof(sfdp_head) && addr < sizeof(sfdp_head) + sizeof(sfdp_vendor_head)) {
        return sfdp_vendor_head[addr - sizeof(sfdp_head)];
    }
    if (addr < sizeof(sfdp_head)) {
        return sfdp_head[addr];
    }
    if (addr < SFDP_TABLE_ADDR || addr >= SFDP_TABLE_ADDR + SFDP_TABLE_BYTES) {
        return 0xFF;
    }
    uint32_t at = addr - SFDP_TABLE_ADDR;
    if (at == 2) { /* bits 18:17 of word 1: 3-byte addresses only, or 3 and 4 */
        return flash_size > 0x1000000u ? 0xFB : 0xF9;
    }
    if (at >= 4 && at < 8) { /* word 2: the highest bit address */
        uint32_t density = (uint32_t)(flash_size * 8u - 1u);
        return (uint8_t)(density >> (8u * (at - 4u)));
    }
    return sfdp_table[at];
}
