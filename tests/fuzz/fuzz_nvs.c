/* Whole pages, and a rest. */
#include "flash_text.h"
#include "fuzz_target.h"
#include "nvs_compare.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[EB_NVS_NUMBER_BYTES];
    eb_nvs_t nvs;

    FUZZ_REQUIRE(eb_nvs_parse(data, size, &nvs));
    FUZZ_REQUIRE(nvs.count + nvs.chunk_count <= size / 32);
    FUZZ_REQUIRE(nvs.invalid <= nvs.written);
    FUZZ_REQUIRE((nvs.written + nvs.erased + nvs.empty) % 126 == 0);
    for (size_t i = 0; i < nvs.count; i++) {
        const eb_nvs_item_t *item = &nvs.items[i];
        FUZZ_REQUIRE(eb_text_is_clean(item->key, EB_TEXT_ONE_LINE));
        FUZZ_REQUIRE(eb_nvs_namespace(&nvs, item, text)[0] != '\0');
        FUZZ_REQUIRE(item->first_chunk + item->chunks <= nvs.chunk_count);
        (void)eb_nvs_is_secret(data, item);
        if (eb_nvs_is_number(item->type)) {
            eb_nvs_number_text(item, text);
        } else if (!item->damaged) {
            FUZZ_REQUIRE(item->size <= size);
            uint8_t *bytes = malloc(item->size + 1u);
            FUZZ_REQUIRE(bytes != NULL);
            eb_nvs_data(&nvs, data, item, bytes);
            free(bytes);
        }
    }
    const eb_nvs_store_t store = {&nvs, data}, empty = {&(eb_nvs_t){0}, NULL};
    eb_nvs_change_t *changes;
    size_t count;
    FUZZ_REQUIRE(eb_nvs_compare(&store, &store, &changes, &count) && count == 0);
    FUZZ_REQUIRE(eb_nvs_compare(&empty, &store, &changes, &count) && count == nvs.count);
    for (size_t i = 0; i < count; i++) {
        FUZZ_REQUIRE(changes[i].kind == EB_NVS_ADDED);
    }
    free(changes);
    eb_nvs_free(&nvs);
    return 0;
}
