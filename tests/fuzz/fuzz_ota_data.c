/* The first byte says how many entries the table has, each of two bytes: type and subtype; state of
 * the app, size and flags. Then come both copies of the OTA data. */
#include "fuzz_target.h"
#include "ota_data.h"

#include <string.h>

static void check(const eb_boot_facts_t *facts, const eb_boot_choice_t *choice)
{
    const eb_partition_table_t *table = facts->table;
    const int found[] = {choice->index, choice->chosen, choice->on_trial};

    for (size_t i = 0; i < 3; i++) {
        FUZZ_REQUIRE(found[i] >= -1 && found[i] < (int)table->count);
        FUZZ_REQUIRE(found[i] < 0 || table->entries[found[i]].type == 0);
    }
    FUZZ_REQUIRE((choice->index == -1) == (choice->stop != EB_BOOT_STARTS));
    FUZZ_REQUIRE((eb_boot_stop_text(choice)[0] == '\0') == (choice->stop == EB_BOOT_STARTS));
    FUZZ_REQUIRE(choice->reason != EB_OTA_NOTHING || choice->index == -1);
    FUZZ_REQUIRE(choice->valid_entries >= 0 && choice->valid_entries <= 2);
    FUZZ_REQUIRE(choice->reason != EB_OTA_SEQUENCE || choice->valid_entries > 0);
    if (choice->index >= 0) {
        eb_image_state_t state = table->entries[choice->index].app.state;
        FUZZ_REQUIRE(state != EB_IMAGE_NONE && state != EB_IMAGE_DAMAGED &&
                     state != EB_IMAGE_OPAQUE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eb_partition_table_t table;
    eb_chip_info_t chip = {.chip_id = 0};
    eb_boot_choice_t choice;
    size_t count;

    if (size == 0 || (count = data[0] % (EB_PARTITIONS_MAX + 1u)) > (size - 1) / 2) {
        return 0;
    }
    memset(&table, 0, sizeof(table));
    table.present = true;
    table.count = count;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = data + 1 + 2 * i;
        eb_partition_t *entry = &table.entries[i];
        entry->type = p[0] >> 7;
        entry->subtype = p[0] & 0x7Fu;
        entry->app.state = (eb_image_state_t)(p[1] % (EB_IMAGE_ABSENT + 1));
        entry->app.chip_id = (p[1] & 0x40) != 0 ? 5 : 0;
        entry->size = (p[1] & 0x80) != 0 ? 0x1000 : 0x2000;
    }
    data += 1 + 2 * count;
    size -= 1 + 2 * count;
    const eb_boot_facts_t facts = {
        .table = &table,
        .ota_copies = size >= 2 * EB_OTA_COPY_BYTES ? data : NULL,
        .chip = size % 2 == 1 ? &chip : NULL,
    };
    eb_boot_choose(&facts, &choice);
    check(&facts, &choice);
    return 0;
}
