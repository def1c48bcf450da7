/* partition_table.c: the ESP-IDF partition table, from hostile bytes. */
#include "partition_table.h"

#include "bytes.h"
#include "digest.h"
#include "flash_text.h"
#include "partition_types.h"
#include "range.h"

#include <stdio.h>
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

static uint32_t alignment_of(const eb_partition_t *p)
{
    return p->type == EB_PART_APP ? ALIGN_APP : ALIGN_DATA;
}

/* What an entry says by itself. */
static eb_entry_fault_t fault_of(const eb_partition_t *p, uint64_t flash_size)
{
    if (p->size == 0) {
        return EB_ENTRY_EMPTY;
    }
    if (!eb_range_within(p->addr, p->size, flash_size != 0 ? flash_size : ADDR_SPACE)) {
        return EB_ENTRY_BEYOND;
    }
    return p->addr % alignment_of(p) != 0 ? EB_ENTRY_MISALIGNED : EB_ENTRY_SOUND;
}

/* The sums are made in 64 bits. */
static bool overlap(const eb_partition_t *a, const eb_partition_t *b)
{
    return a->addr < (uint64_t)b->addr + b->size && b->addr < (uint64_t)a->addr + a->size;
}

int eb_partition_overlapped(const eb_partition_table_t *table, size_t index)
{
    for (size_t i = 0; i < table->count; i++) {
        if (i != index && overlap(&table->entries[i], &table->entries[index])) {
            return (int)i;
        }
    }
    return -1;
}

/* Behind the usable entries, and behind those that went there before. */
static void move_behind(eb_partition_table_t *table, size_t index)
{
    size_t last = table->count + table->unusable - 1;
    eb_partition_t entry = table->entries[index];

    entry.app.state = EB_IMAGE_ABSENT;
    memmove(&table->entries[index], &table->entries[index + 1], (last - index) * sizeof(entry));
    table->entries[last] = entry;
    table->count--;
    table->unusable++;
}

void eb_partition_table_judge(eb_partition_table_t *table, uint64_t flash_size)
{
    for (size_t i = 0; i < table->count;) {
        eb_partition_t *p = &table->entries[i];

        p->fault = fault_of(p, flash_size);
        if (p->fault == EB_ENTRY_EMPTY || p->fault == EB_ENTRY_BEYOND) {
            move_behind(table, i);
        } else {
            i++;
        }
    }
    for (size_t i = 0; i < table->count; i++) {
        eb_partition_t *p = &table->entries[i];

        if (p->fault == EB_ENTRY_SOUND && eb_partition_overlapped(table, i) >= 0) {
            p->fault = EB_ENTRY_OVERLAPS;
        }
    }
}

void eb_partition_fault_text(const eb_partition_table_t *table, size_t index, char *out, size_t cap)
{
    const eb_partition_t *p = &table->entries[index], *other;
    int peer = eb_partition_overlapped(table, index), used;

    used = snprintf(out, cap, "\"%s\" at 0x%x ", p->label, p->addr);

    out += used;
    cap -= (size_t)used;
    switch (p->fault) {
    case EB_ENTRY_SOUND:
        break;
    case EB_ENTRY_EMPTY:
        snprintf(out, cap, "has size 0");
        return;
    case EB_ENTRY_BEYOND:
        snprintf(out, cap, "reaches beyond the flash: its size is 0x%x", p->size);
        return;
    case EB_ENTRY_MISALIGNED:
        snprintf(out, cap, "is not at a multiple of 0x%x", alignment_of(p));
        return;
    case EB_ENTRY_OVERLAPS:
        other = &table->entries[peer >= 0 ? (size_t)peer : index];
        snprintf(out, cap, "overlaps \"%s\" at 0x%x, size 0x%x", other->label, other->addr,
                 other->size);
        return;
    }
    snprintf(out, cap, "is sound");
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
        eb_partition_table_judge(out, flash_size);
        if (out->count == 0 && out->unusable > 0) {
            char fault[EB_FAULT_TEXT_BYTES];

            eb_partition_fault_text(out, 0, fault, sizeof(fault));
            code = eb_err_set(err, EB_ERR_IMAGE_INVALID, "no entry can be used: %s", fault);
        }
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
