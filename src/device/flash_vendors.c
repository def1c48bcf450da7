/*
 * flash_vendors.c: the one list of flash vendors. A new vendor is a row of `vendors`, a new part a
 * row of `parts`; the first byte of its id is the vendor's.
 */
#include "flash_vendors.h"

#include <stddef.h>

/* Below 32 KiB and above 512 MiB there is nothing that these boards carry. */
#define SIZE_MIN       (32ull << 10)
#define SIZE_MAX_BYTES (512ull << 20)

/* Five bits of the type byte; 4 is 512 KiB. */
static uint64_t size_by_type(uint32_t jedec_id)
{
    const uint32_t code = (jedec_id >> 8) & 0x1Fu;

    return code >= 4 && code <= 9 ? 1ull << (code + 15) : 0;
}

static uint64_t size_by_capacity(uint32_t jedec_id)
{
    const uint32_t capacity = jedec_id & 0xFFu;

    if (capacity >= 0x10 && capacity <= 0x1C) {
        return 1ull << capacity;
    }
    /* The count goes on in decimal after 0x19 with some, as 0x20 for 64 MiB. */
    if (capacity >= 0x20 && capacity <= 0x22) {
        return 1ull << (capacity - 6);
    }
    /* 1.8 V parts of some put 0x20 on top. */
    if (capacity >= 0x32 && capacity <= 0x3A) {
        return 1ull << (capacity - 0x20);
    }
    return 0;
}

typedef struct flash_vendor {
    uint8_t id; /* first byte of the JEDEC id */
    const char *name;
    uint64_t (*size)(uint32_t jedec_id); /* NULL: size_by_capacity */
} flash_vendor_t;

static const flash_vendor_t vendors[] = {
    {.id = 0x01, .name = "Infineon (Spansion)"},
    {.id = 0x0B, .name = "XTX"},
    {.id = 0x1C, .name = "EON"},
    {.id = 0x1F, .name = "Renesas (Adesto)", .size = size_by_type},
    {.id = 0x20, .name = "XMC"},
    {.id = 0x2C, .name = "Micron"},
    {.id = 0x5E, .name = "Zbit"},
    {.id = 0x68, .name = "Boya"},
    {.id = 0x85, .name = "Puya"},
    {.id = 0x8C, .name = "ESMT"},
    {.id = 0x9D, .name = "ISSI"},
    {.id = 0xA1, .name = "Fudan"},
    {.id = 0xBA, .name = "Zetta"},
    {.id = 0xBF, .name = "Microchip (SST)"},
    {.id = 0xC2, .name = "Macronix"},
    {.id = 0xC8, .name = "GigaDevice"},
    {.id = 0xCD, .name = "TH"},
    {.id = 0xEF, .name = "Winbond"},
    {.id = 0xF8, .name = "Fidelix"},
};

static const struct {
    uint32_t id;
    const char *name;
} parts[] = {
    {0x0B4015, "XT25F16"},        {0x0B4016, "XT25F32"},       {0x0B4017, "XT25F64"},
    {0x0B4018, "XT25F128"},       {0x1C3016, "EN25Q32"},       {0x1C3017, "EN25Q64"},
    {0x1C3018, "EN25Q128"},       {0x1C7016, "EN25QH32"},      {0x1C7017, "EN25QH64"},
    {0x1C7018, "EN25QH128"},      {0x204014, "XM25QH80"},      {0x204015, "XM25QH16"},
    {0x204016, "XM25QH32"},       {0x204017, "XM25QH64"},      {0x204018, "XM25QH128"},
    {0x204019, "XM25QH256"},      {0x204116, "XM25QU32"},      {0x204117, "XM25QU64"},
    {0x204118, "XM25QU128"},      {0x207018, "XM25QH128A"},    {0x5E4015, "ZB25VQ16"},
    {0x5E4016, "ZB25VQ32"},       {0x5E4017, "ZB25VQ64"},      {0x5E4018, "ZB25VQ128"},
    {0x684015, "BY25Q16"},        {0x684016, "BY25Q32"},       {0x684017, "BY25Q64"},
    {0x684018, "BY25Q128"},       {0x856014, "P25Q80"},        {0x856015, "P25Q16"},
    {0x856016, "P25Q32"},         {0x856017, "P25Q64"},        {0x856018, "P25Q128"},
    {0x9D6015, "IS25LP016"},      {0x9D6016, "IS25LP032"},     {0x9D6017, "IS25LP064"},
    {0x9D6018, "IS25LP128"},      {0x9D6019, "IS25LP256"},     {0x9D7016, "IS25WP032"},
    {0x9D7017, "IS25WP064"},      {0x9D7018, "IS25WP128"},     {0xA14016, "FM25Q32"},
    {0xA14017, "FM25Q64"},        {0xA14018, "FM25Q128"},      {0xBA3216, "ZD25Q32"},
    {0xC22014, "MX25L80"},        {0xC22015, "MX25L16"},       {0xC22016, "MX25L32"},
    {0xC22017, "MX25L64"},        {0xC22018, "MX25L128"},      {0xC22019, "MX25L256"},
    {0xC22536, "MX25U32"},        {0xC22537, "MX25U64"},       {0xC22538, "MX25U128"},
    {0xC22539, "MX25U256"},       {0xC2253A, "MX25U512"},      {0xC84013, "GD25Q40"},
    {0xC84014, "GD25Q80"},        {0xC84015, "GD25Q16"},       {0xC84016, "GD25Q32"},
    {0xC84017, "GD25Q64"},        {0xC84018, "GD25Q128"},      {0xC84019, "GD25Q256"},
    {0xC86015, "GD25LQ16"},       {0xC86016, "GD25LQ32"},      {0xC86017, "GD25LQ64"},
    {0xC86018, "GD25LQ128"},      {0xC86019, "GD25LQ256"},     {0xCD6016, "TH25Q32"},
    {0xCD6017, "TH25Q64"},        {0xEF4013, "W25Q40"},        {0xEF4014, "W25Q80"},
    {0xEF4015, "W25Q16"},         {0xEF4016, "W25Q32"},        {0xEF4017, "W25Q64"},
    {0xEF4018, "W25Q128"},        {0xEF4019, "W25Q256"},       {0xEF4020, "W25Q512"},
    {0xEF6015, "W25Q16 (1.8V)"},  {0xEF6016, "W25Q32 (1.8V)"}, {0xEF6017, "W25Q64 (1.8V)"},
    {0xEF6018, "W25Q128 (1.8V)"}, {0xEF7016, "W25Q32-M"},      {0xEF7017, "W25Q64-M"},
    {0xEF7018, "W25Q128-M"},
};

static const flash_vendor_t *vendor_of(uint32_t jedec_id)
{
    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
        if (vendors[i].id == jedec_id >> 16) {
            return &vendors[i];
        }
    }
    return NULL;
}

const char *eb_flash_vendor_name(uint32_t jedec_id)
{
    const flash_vendor_t *vendor = vendor_of(jedec_id);

    return vendor != NULL ? vendor->name : NULL;
}

const char *eb_flash_part_name(uint32_t jedec_id)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].id == jedec_id) {
            return parts[i].name;
        }
    }
    return NULL;
}

uint64_t eb_flash_size_by_jedec(uint32_t jedec_id)
{
    const flash_vendor_t *vendor = vendor_of(jedec_id);

    return vendor != NULL && vendor->size != NULL ? vendor->size(jedec_id)
                                                  : size_by_capacity(jedec_id);
}

uint64_t eb_flash_size_by_sfdp(uint32_t density)
{
    uint64_t bits;

    if ((density & 0x80000000u) == 0) {
        bits = (uint64_t)density + 1;
    } else {
        const uint32_t power = density & 0x7FFFFFFFu;

        bits = power >= 32 && power < 40 ? 1ull << power : 0;
    }
    if (bits % 8 != 0 || bits / 8 < SIZE_MIN || bits / 8 > SIZE_MAX_BYTES) {
        return 0;
    }
    return bits / 8;
}

eb_flash_protect_bits_t eb_flash_protect_bits(uint32_t jedec_id)
{
    eb_flash_protect_bits_t bits = {.block_protect = 0x1C}; /* BP0..BP2 */

    switch (jedec_id >> 16) {
    case 0x9D: /* ISSI, Macronix: BP3 */
    case 0xC2:
        bits.block_protect |= 0x20;
        break;
    case 0xC8: /* GigaDevice, Winbond: CMP */
    case 0xEF:
        bits.complement = 0x40;
        break;
    default:
        break;
    }
    return bits;
}
