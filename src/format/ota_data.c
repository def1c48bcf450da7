/* ota_data.c: which app starts, by the rules of the ESP-IDF bootloader. */
#include "ota_data.h"

#include "bytes.h"
#include "partition_types.h"

#include <string.h>
#include <zlib.h>

#define STATE_OFFSET  24u
#define CRC_OFFSET    28u
#define STATE_NONE    UINT32_MAX
#define STATE_PENDING 1u
#define STATE_BAD     3u
#define STATE_ABORT   4u
#define NO_APP        (-1)
#define FACTORY_SLOT  (-1) /* below slot 0, as the bootloader counts */

typedef struct ota_copy {
    bool valid;
    bool on_trial; /* valid but for that */
    uint32_t sequence, state;
} ota_copy_t;

/* The ROM's crc32_le(0xFFFFFFFF, ...) inverts its start value as zlib's does: the same number. */
static uint32_t sequence_crc(const uint8_t *sequence_le32)
{
    return (uint32_t)crc32(0xFFFFFFFFu, sequence_le32, 4);
}

eb_ota_copy_t eb_ota_copy_read(const uint8_t *bytes)
{
    eb_ota_copy_t copy = {.sequence = eb_get_le32(bytes),
                          .state = eb_get_le32(bytes + STATE_OFFSET)};

    copy.erased = eb_bytes_erased(bytes, EB_OTA_COPY_BYTES);
    copy.crc_holds =
        copy.sequence != UINT32_MAX && eb_get_le32(bytes + CRC_OFFSET) == sequence_crc(bytes);
    return copy;
}

/* Chips without a number have a bootloader that knows no states. */
static bool states_count(const eb_boot_facts_t *facts)
{
    return facts->chip == NULL || facts->chip->chip_id != EB_CHIP_ID_NONE;
}

static ota_copy_t read_copy(const eb_boot_facts_t *facts, size_t index)
{
    ota_copy_t copy = {.state = STATE_NONE};

    if (facts->ota_copies == NULL) {
        return copy;
    }
    const eb_ota_copy_t bytes = eb_ota_copy_read(facts->ota_copies + index * EB_OTA_COPY_BYTES);
    copy.sequence = bytes.sequence;
    copy.state = bytes.state;
    copy.valid = bytes.crc_holds;
    if (copy.valid && states_count(facts)) {
        copy.on_trial = copy.state == STATE_PENDING;
        copy.valid = !copy.on_trial && copy.state != STATE_BAD && copy.state != STATE_ABORT;
    }
    return copy;
}

/* The bootloader keeps the last entry of a subtype that occurs twice. */
static int last_entry(const eb_partition_table_t *table, uint8_t type, uint8_t subtype)
{
    for (size_t i = table->count; i-- > 0;) {
        if (table->entries[i].type == type && table->entries[i].subtype == subtype) {
            return (int)i;
        }
    }
    return NO_APP;
}

int eb_boot_ota_data(const eb_partition_table_t *table)
{
    return last_entry(table, EB_PART_DATA, EB_PART_DATA_OTA);
}

static bool is_slot(const eb_partition_t *p)
{
    return p->type == EB_PART_APP && p->subtype >= EB_PART_APP_OTA_0 &&
           p->subtype < EB_PART_APP_OTA_0 + EB_PART_OTA_SLOTS_MAX;
}

/* Slots are counted, but found by number. Those beyond the flash count too. */
static int count_slots(const eb_partition_table_t *table)
{
    int count = 0;

    for (size_t i = 0; i < table->count + table->unusable; i++) {
        count += is_slot(&table->entries[i]) ? 1 : 0;
    }
    return count;
}

static int app_of_slot(const eb_partition_table_t *table, int slot)
{
    if (slot >= EB_PART_OTA_SLOTS_MAX) {
        return NO_APP;
    }
    return last_entry(table, EB_PART_APP,
                      (uint8_t)(slot == FACTORY_SLOT ? EB_PART_APP_FACTORY
                                                     : EB_PART_APP_OTA_0 + slot));
}

/* -- whether it can start -------------------------------------------------------------------- */

static bool can_start(const eb_boot_facts_t *facts, int index)
{
    if (index == NO_APP) {
        return false;
    }
    const eb_partition_t *entry = &facts->table->entries[index];
    const eb_app_image_t *app = &entry->app;
    if (entry->fault == EB_ENTRY_MISALIGNED) {
        return false; /* the flash cannot be mapped from there */
    }
    if (app->state == EB_IMAGE_ABSENT) {
        return true;
    }
    bool is_of_chip = facts->chip == NULL || facts->chip->chip_id == EB_CHIP_ID_NONE ||
                      app->chip_id == EB_IMAGE_CHIP_NONE || app->chip_id == facts->chip->chip_id;
    return is_of_chip && (app->state == EB_IMAGE_VALID || app->state == EB_IMAGE_UNCHECKED);
}

static int first_that_can(const eb_boot_facts_t *facts, int start, int slots)
{
    int index = NO_APP;

    for (int slot = start; slot >= FACTORY_SLOT && !can_start(facts, index); slot--) {
        index = app_of_slot(facts->table, slot);
    }
    for (int slot = start + 1; slot < slots && !can_start(facts, index); slot++) {
        index = app_of_slot(facts->table, slot);
    }
    if (!can_start(facts, index)) {
        index = last_entry(facts->table, EB_PART_APP, EB_PART_APP_TEST);
    }
    return can_start(facts, index) ? index : NO_APP;
}

static bool has_small_ota_data(const eb_partition_table_t *table)
{
    int index = eb_boot_ota_data(table);

    return index != NO_APP && table->entries[index].size < 2 * EB_OTA_COPY_STRIDE;
}

/* -- what is tried first --------------------------------------------------------------------- */

static int slot_of(const ota_copy_t *copy, int slots)
{
    return (int)((copy->sequence - 1u) % (uint32_t)slots); /* sequence 0 wraps, as it does there */
}

/* The greater number wins, plainly: the bootloader knows no wrap. A tie goes to the first. */
static const ota_copy_t *newer_copy(const ota_copy_t copies[2], bool first, bool second)
{
    if (first && second) {
        return &copies[copies[1].sequence > copies[0].sequence ? 1 : 0];
    }
    return first ? &copies[0] : second ? &copies[1] : NULL;
}

/* The slot that the OTA data choose, or factory; sets all that tells why. */
static int choose_slot(const eb_boot_facts_t *facts, int slots, eb_boot_choice_t *out)
{
    const ota_copy_t copies[2] = {read_copy(facts, 0), read_copy(facts, 1)};
    const ota_copy_t *copy = newer_copy(copies, copies[0].valid, copies[1].valid);
    const ota_copy_t *newest = newer_copy(copies, copies[0].valid || copies[0].on_trial,
                                          copies[1].valid || copies[1].on_trial);

    out->valid_entries = (copies[0].valid ? 1 : 0) + (copies[1].valid ? 1 : 0);
    if (newest != NULL && newest->on_trial && slots > 0) {
        out->on_trial = app_of_slot(facts->table, slot_of(newest, slots));
    }
    if (copy != NULL && slots > 0) {
        out->sequence = copy->sequence;
        out->ota_state = copy->state;
        out->reason = EB_OTA_SEQUENCE;
        return slot_of(copy, slots);
    }
    if (slots == 0) {
        out->reason = EB_OTA_NO_SLOTS;
        return FACTORY_SLOT;
    }
    bool has_factory = app_of_slot(facts->table, FACTORY_SLOT) != NO_APP;
    out->reason = has_factory ? EB_OTA_FACTORY : EB_OTA_FIRST_SLOT;
    return has_factory ? FACTORY_SLOT : 0;
}

void eb_boot_choose(const eb_boot_facts_t *facts, eb_boot_choice_t *out)
{
    int slots = count_slots(facts->table);

    *out = (eb_boot_choice_t){.index = NO_APP,
                              .chosen = NO_APP,
                              .on_trial = NO_APP,
                              .reason = EB_OTA_NOTHING,
                              .ota_state = STATE_NONE};
    bool has_app = slots > 0 || app_of_slot(facts->table, FACTORY_SLOT) != NO_APP ||
                   last_entry(facts->table, EB_PART_APP, EB_PART_APP_TEST) != NO_APP;
    if (has_small_ota_data(facts->table)) {
        out->stop = EB_BOOT_SMALL_OTADATA;
    } else if (slots > 0 && facts->ota_copies == NULL && eb_boot_ota_data(facts->table) >= 0) {
        out->stop = EB_BOOT_NOT_KNOWN;
    } else if (has_app) {
        int start = choose_slot(facts, slots, out);
        out->chosen = app_of_slot(facts->table, start);
        out->index = first_that_can(facts, start, slots);
    }
    if (out->stop == EB_BOOT_STARTS && out->index == NO_APP) {
        out->stop = EB_BOOT_NO_WHOLE_APP;
    }
}

const char *eb_boot_stop_text(const eb_boot_choice_t *choice)
{
    switch (choice->stop) {
    case EB_BOOT_STARTS:
        break;
    case EB_BOOT_SMALL_OTADATA:
        return "nothing boots, because the OTA data are too small: the bootloader wants two "
               "sectors of 4 KB";
    case EB_BOOT_NOT_KNOWN:
        return "what boots is not known, because the OTA data are not at hand";
    case EB_BOOT_NO_WHOLE_APP:
        return choice->reason == EB_OTA_NOTHING
                   ? "nothing boots, because there is no app partition"
                   : "nothing boots, because no app partition holds a whole app for this chip";
    }
    return "";
}

const char *eb_ota_state_word(uint32_t state)
{
    static const char *const words[] = {"new", "pending verify", "valid", "invalid", "aborted"};

    return state == STATE_NONE          ? "undefined"
           : state < EB_COUNT_OF(words) ? words[state]
                                        : "unknown";
}
