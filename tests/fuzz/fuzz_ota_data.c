/* The first byte says how many subtypes follow, one a byte; the rest is the otadata partition. */
#include "fuzz_target.h"
#include "ota_data.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eb_partition_table_t table;
    eb_boot_choice_t choice;
    size_t count;

    if (size == 0 || (count = data[0] % (EB_PARTITIONS_MAX + 1u)) > size - 1) {
        return 0;
    }
    memset(&table, 0, sizeof(table));
    table.present = true;
    table.count = count;
    for (size_t i = 0; i < count; i++) {
        table.entries[i].type = data[1 + i] >> 7;
        table.entries[i].subtype = data[1 + i] & 0x7Fu;
    }
    eb_ota_choose(&table, data + 1 + count, size - 1 - count, &choice);
    FUZZ_REQUIRE(choice.index >= -1 && choice.index < (int)count);
    FUZZ_REQUIRE((choice.index == -1) == (choice.reason == EB_OTA_NOTHING));
    FUZZ_REQUIRE(choice.index < 0 || table.entries[choice.index].type == 0);
    FUZZ_REQUIRE(choice.valid_entries >= 0 && choice.valid_entries <= 2);
    FUZZ_REQUIRE(choice.reason != EB_OTA_SEQUENCE || choice.valid_entries > 0);
    return 0;
}
