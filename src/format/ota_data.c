/*
 * ota_data.c: which app slot boots, by the rules of the ESP-IDF bootloader.
 *
 * An app of subtype test boots only by a pin held at reset, so it never counts here. Whether the
 * image in the chosen slot holds is not asked: the bootloader would then try the others.
 */
#include "ota_data.h"

#include "bytes.h"
#include "partition_types.h"
#include "range.h"

#include <string.h>
#include <zlib.h>

#define COPY_STRIDE  0x1000u
#define COPY_BYTES   32u
#define STATE_OFFSET 24u
#define CRC_OFFSET   28u
#define STATE_NONE   UINT32_MAX
#define STATE_BAD    3u
#define STATE_ABORT  4u
#define SLOT_NONE    (-1)

typedef struct ota_copy {
    bool valid;
    uint32_t sequence, state;
} ota_copy_t;

/* The ROM's crc32_le(0xFFFFFFFF, ...) inverts its start value as zlib's does: the same number. */
static uint32_t sequence_crc(const uint8_t *sequence_le32)
{
    return (uint32_t)crc32(0xFFFFFFFFu, sequence_le32, 4);
}

static ota_copy_t read_copy(const uint8_t *otadata, size_t len, size_t index)
{
    ota_copy_t copy = {.state = STATE_NONE};
    const uint8_t *p;

    if (otadata == NULL || !eb_range_within(index * COPY_STRIDE, COPY_BYTES, len)) {
        return copy;
    }
    p = otadata + index * COPY_STRIDE;
    copy.sequence = eb_get_le32(p);
    copy.state = eb_get_le32(p + STATE_OFFSET);
    copy.valid = copy.sequence != UINT32_MAX && copy.state != STATE_BAD &&
                 copy.state != STATE_ABORT && eb_get_le32(p + CRC_OFFSET) == sequence_crc(p);
    return copy;
}

/* The bootloader keeps the last entry of a subtype that occurs twice. */
static int last_app(const eb_partition_table_t *table, uint8_t subtype)
{
    for (size_t i = table->count; i-- > 0;) {
        if (table->entries[i].type == EB_PART_APP && table->entries[i].subtype == subtype) {
            return (int)i;
        }
    }
    return SLOT_NONE;
}

static int slot_app(const eb_partition_table_t *table, uint32_t slot)
{
    return last_app(table, (uint8_t)(EB_PART_APP_OTA_0 + slot));
}

static uint32_t count_slots(const eb_partition_table_t *table)
{
    uint32_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        const eb_partition_t *p = &table->entries[i];

        if (p->type == EB_PART_APP && p->subtype >= EB_PART_APP_OTA_0 &&
            p->subtype < EB_PART_APP_OTA_0 + EB_PART_OTA_SLOTS_MAX &&
            count < EB_PART_OTA_SLOTS_MAX) {
            count++;
        }
    }
    return count;
}

/* What boots when slot `from` is not in the table: the slots below it, then factory, then those
 * above. With from 0: factory, then the slots in order. */
static void fall_back(const eb_partition_table_t *table, uint32_t from, uint32_t slots,
                      eb_boot_choice_t *out)
{
    out->reason = EB_OTA_FIRST_SLOT;
    for (uint32_t slot = from; slot-- > 0 && out->index == SLOT_NONE;) {
        out->index = slot_app(table, slot);
    }
    if (out->index == SLOT_NONE) {
        out->index = last_app(table, EB_PART_APP_FACTORY);
        if (out->index != SLOT_NONE) {
            out->reason = slots == 0 ? EB_OTA_NO_SLOTS : EB_OTA_FACTORY;
        }
    }
    for (uint32_t slot = from; slot < slots && out->index == SLOT_NONE; slot++) {
        out->index = slot_app(table, slot);
    }
    if (out->index == SLOT_NONE) {
        out->reason = EB_OTA_NOTHING;
    }
}

void eb_ota_choose(const eb_partition_table_t *table, const uint8_t *otadata, size_t len,
                   eb_boot_choice_t *out)
{
    ota_copy_t copies[2] = {read_copy(otadata, len, 0), read_copy(otadata, len, 1)};
    const ota_copy_t *chosen;
    uint32_t slots = count_slots(table);
    uint32_t slot = 0;

    memset(out, 0, sizeof(*out));
    out->index = SLOT_NONE;
    out->ota_state = STATE_NONE;
    out->valid_entries = (copies[0].valid ? 1 : 0) + (copies[1].valid ? 1 : 0);
    if (out->valid_entries != 0 && slots != 0) {
        /* The greater number wins, plainly: the bootloader knows no wrap. A tie goes to the first.
         */
        bool second =
            copies[1].valid && (!copies[0].valid || copies[1].sequence > copies[0].sequence);

        chosen = &copies[second ? 1 : 0];
        slot = (chosen->sequence - 1u) % slots; /* sequence 0 wraps, as it does there */
        out->sequence = chosen->sequence;
        out->ota_state = chosen->state;
        out->index = slot_app(table, slot);
        out->reason = EB_OTA_SEQUENCE;
    }
    if (out->index == SLOT_NONE) {
        fall_back(table, slot, slots, out);
    }
}
