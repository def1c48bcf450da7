/* The first four bytes give the flash size, the rest is the table. */
#include "bytes.h"
#include "fuzz_target.h"
#include "partition_table.h"
#include "range.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eb_partition_table_t table;
    eb_err_t err;
    uint32_t flash_size;
    eb_code_t code;

    if (size < 4) {
        return 0;
    }
    flash_size = eb_get_le32(data);
    code = eb_partition_table_parse(data + 4, size - 4, 0x8000, flash_size, &table, &err);
    FUZZ_REQUIRE(code == EB_OK || (code == EB_ERR_IMAGE_INVALID && !table.present));
    FUZZ_REQUIRE(table.count <= EB_PARTITIONS_MAX);
    FUZZ_REQUIRE(table.count + table.unusable <= EB_PARTITIONS_MAX);
    for (size_t i = 0; i < table.count + table.unusable; i++) {
        char text[EB_FAULT_TEXT_BYTES];

        eb_partition_fault_text(&table, i, text, sizeof(text));
        FUZZ_REQUIRE(strlen(text) < sizeof(text) - 1);
    }
    for (size_t i = 0; i < table.count; i++) {
        const eb_partition_t *p = &table.entries[i];
        char text[64];

        FUZZ_REQUIRE(memchr(p->label, '\0', sizeof(p->label)) != NULL);
        eb_partition_type_text(p->type, p->subtype, text, sizeof(text));
        FUZZ_REQUIRE(eb_partition_of_type(&table, p->type, p->subtype) >= 0);
        if (table.present) {
            FUZZ_REQUIRE(p->size != 0);
            FUZZ_REQUIRE(p->fault != EB_ENTRY_SOUND ||
                         eb_partition_next(&table, p->addr) == (int)i);
            FUZZ_REQUIRE(p->fault != EB_ENTRY_OVERLAPS || eb_partition_overlapped(&table, i) >= 0);
            FUZZ_REQUIRE(flash_size == 0 || eb_range_within(p->addr, p->size, flash_size));
        }
    }
    return 0;
}
