/* partition_table.c: the ESP-IDF partition table, from hostile bytes. */
#include "partition_table.h"

#include "bytes.h"
#include "digest.h"
#include "flash_text.h"
#include "partition_types.h"
#include "range.h"

#include <string.h>

#define ENTRY_BYTES  32u
#define LABEL_BYTES  16u
#define MAGIC_ENTRY  0x50AAu
#define MAGIC_MD5    0xEBEBu
#define MD5_OFFSET   16u
#define FLAG_ENCRYPT 0x1u
#define FLAG_READ    0x2u
#define ADDR_SPACE   (UINT64_C(1) << 32)

/* Generators put apps on 64 KiB where the flash MMU maps no less, and on 4 KiB where it maps all
 * flash; today they put all else on 4 KiB. Tables made by older generators have data on any word,
 * and such boards are in the field. */
#define ALIGN_APP  0x1000u
#define ALIGN_DATA 4u

/* The bootloader takes these four bytes as the end and looks no further. */
static bool is_end(const uint8_t *entry)
{
    return eb_get_le32(entry) == UINT32_MAX;
}

static void take_entry(const uint8_t *bytes, eb_partition_t *out)
{
    uint32_t flags = eb_get_le32(bytes + 28);

    out->type = bytes[2];
    out->subtype = bytes[3];
    out->addr = eb_get_le32(bytes + 4);
    out->size = eb_get_le32(bytes + 8);
    eb_text_clean(bytes + 12, LABEL_BYTES, EB_TEXT_ONE_LINE, out->label);
    out->encrypted = (flags & FLAG_ENCRYPT) != 0;
    out->readonly = (flags & FLAG_READ) != 0;
}

/* Sming's first entry tells of the flash itself: it has the type of bootloaders and holds the table
 * too, which a partition never does. */
static bool is_whole_flash(const eb_partition_t *entry, uint32_t table_addr)
{
    return entry->type == EB_PART_BOOTLOADER && entry->addr == 0 && entry->size > table_addr;
}

/* The MD5 entry at `at` covers all before it, and the table ends behind it. */
static eb_code_t check_md5(const uint8_t *bytes, size_t at, size_t len, eb_partition_table_t *out,
                           eb_err_t *err)
{
    uint8_t md5[16];

    eb_md5(bytes, at, md5);
    if (memcmp(md5, bytes + at + MD5_OFFSET, sizeof(md5)) != 0) {
        char computed[33], stored[33];

        eb_hex_encode(md5, sizeof(md5), computed);
        eb_hex_encode(bytes + at + MD5_OFFSET, sizeof(md5), stored);
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "entry %zu: MD5 is %s, the table gives %s",
                          at / ENTRY_BYTES, stored, computed);
    }
    at += ENTRY_BYTES;
    if (len - at >= ENTRY_BYTES && !is_end(bytes + at)) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "entry %zu: magic 0x%04x behind the MD5 entry",
                          at / ENTRY_BYTES, eb_get_le16(bytes + at));
    }
    out->has_md5 = true;
    return EB_OK;
}

static eb_code_t take_entries(const uint8_t *bytes, size_t len, eb_partition_table_t *out,
                              eb_err_t *err)
{
    for (size_t at = 0; len - at >= ENTRY_BYTES; at += ENTRY_BYTES) {
        const uint8_t *entry = bytes + at;
        uint16_t magic = eb_get_le16(entry);

        if (is_end(entry)) {
            return EB_OK;
        }
        if (magic == MAGIC_MD5) {
            return check_md5(bytes, at, len, out, err);
        }
        if (magic != MAGIC_ENTRY) {
            return eb_err_set(err, EB_ERR_IMAGE_INVALID, "entry %zu: magic is 0x%04x, not 0x%04x",
                              at / ENTRY_BYTES, magic, MAGIC_ENTRY);
        }
        if (out->count == EB_PARTITIONS_MAX) {
            return eb_err_set(err, EB_ERR_IMAGE_INVALID, "entry %zu: more than %d partitions",
                              at / ENTRY_BYTES, EB_PARTITIONS_MAX);
        }
        take_entry(entry, &out->entries[out->count]);
        out->count += !is_whole_flash(&out->entries[out->count], out->addr);
    }
    if (len < EB_PARTITION_TABLE_BYTES) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "no end within the %zu bytes at hand", len);
    }
    return EB_OK;
}

static eb_code_t check_entry(const eb_partition_t *p, size_t index, uint64_t flash_size,
                             eb_err_t *err)
{
    uint32_t align = p->type == EB_PART_APP ? ALIGN_APP : ALIGN_DATA;

    if (p->addr % align != 0) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "entry %zu \"%s\": offset 0x%x is not a multiple of 0x%x", index,
                          p->label, p->addr, align);
    }
    if (p->size == 0) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "entry %zu \"%s\": size is 0", index,
                          p->label);
    }
    if (!eb_range_within(p->addr, p->size, ADDR_SPACE)) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "entry %zu \"%s\": offset 0x%x and size 0x%x pass 4 GiB", index, p->label,
                          p->addr, p->size);
    }
    if (flash_size != 0 && !eb_range_within(p->addr, p->size, flash_size)) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "entry %zu \"%s\": size 0x%x at offset 0x%x reaches beyond the flash of "
                          "0x%llx bytes",
                          index, p->label, p->size, p->addr, (unsigned long long)flash_size);
    }
    return EB_OK;
}

/* Both lie within 32 bits of address (check_entry); the sums are made in 64. */
static bool overlap(const eb_partition_t *a, const eb_partition_t *b)
{
    return a->addr < (uint64_t)b->addr + b->size && b->addr < (uint64_t)a->addr + a->size;
}

static eb_code_t check_entries(const eb_partition_table_t *table, uint64_t flash_size,
                               eb_err_t *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const eb_partition_t *p = &table->entries[i];

        if (check_entry(p, i, flash_size, err) != EB_OK) {
            return EB_ERR_IMAGE_INVALID;
        }
        for (size_t k = 0; k < i; k++) {
            const eb_partition_t *q = &table->entries[k];

            if (overlap(p, q)) {
                return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                                  "entry %zu \"%s\": offset 0x%x overlaps entry %zu \"%s\" at "
                                  "0x%x, size 0x%x",
                                  i, p->label, p->addr, k, q->label, q->addr, q->size);
            }
        }
    }
    return EB_OK;
}

eb_code_t eb_partition_table_parse(const uint8_t *bytes, size_t len, uint32_t table_addr,
                                   uint64_t flash_size, eb_partition_table_t *out, eb_err_t *err)
{
    eb_code_t code;

    memset(out, 0, sizeof(*out));
    out->addr = table_addr;
    if (len > EB_PARTITION_TABLE_BYTES) {
        len = EB_PARTITION_TABLE_BYTES; /* the rest of the sector holds a signature */
    }
    if (len < ENTRY_BYTES || eb_get_le16(bytes) != MAGIC_ENTRY) {
        return EB_OK;
    }
    code = take_entries(bytes, len, out, err);
    if (code == EB_OK) {
        code = check_entries(out, flash_size, err);
    }
    out->present = code == EB_OK;
    out->damaged = code != EB_OK;
    return code;
}

int eb_partition_next(const eb_partition_table_t *table, uint64_t at)
{
    int best = -1;

    for (size_t i = 0; i < table->count && table->present; i++) {
        const eb_partition_t *p = &table->entries[i];

        if ((uint64_t)p->addr + p->size > at && p->size > 0 &&
            (best < 0 || p->addr < table->entries[best].addr)) {
            best = (int)i;
        }
    }
    return best;
}

uint32_t eb_partition_bootloader_end(const eb_partition_table_t *table, uint32_t bootloader_addr)
{
    int next = eb_partition_next(table, bootloader_addr);

    return next >= 0 ? eb_min_u32(table->entries[next].addr, table->addr) : table->addr;
}

int eb_partition_of_type(const eb_partition_table_t *table, uint8_t type, uint8_t subtype)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->entries[i].type == type && table->entries[i].subtype == subtype) {
            return (int)i;
        }
    }
    return -1;
}
