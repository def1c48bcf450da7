/* The input is the slot; bytes past its end cannot be read, as when only a part is at hand. */
#include "app_image.h"
#include "fuzz_target.h"

#include <string.h>

typedef struct slot {
    const uint8_t *bytes;
    size_t size;
} slot_t;

static bool read_slot(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    const slot_t *slot = user;

    if (offset > slot->size || count > slot->size - offset) {
        return false;
    }
    memcpy(bytes, slot->bytes + offset, count);
    return true;
}

static void check_result(const eb_app_image_t *image, uint64_t limit)
{
    FUZZ_REQUIRE(image->length_bytes <= limit);
    FUZZ_REQUIRE(memchr(image->desc.version, '\0', sizeof(image->desc.version)) != NULL);
    FUZZ_REQUIRE(memchr(image->desc.project, '\0', sizeof(image->desc.project)) != NULL);
    FUZZ_REQUIRE(memchr(image->desc.idf_version, '\0', sizeof(image->desc.idf_version)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slot_t slot = {data, size};
    uint32_t limits[] = {(uint32_t)size, (uint32_t)size + 0x10000u, UINT32_MAX};
    eb_app_image_t peeked, checked, measured;

    eb_app_image_peek(data, size, &peeked);
    FUZZ_REQUIRE(peeked.state != EB_IMAGE_VALID && peeked.length_bytes == 0);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        eb_app_image_check(read_slot, &slot, limits[i], &checked);
        eb_app_image_measure(read_slot, &slot, limits[i], &measured);
        check_result(&checked, limits[i]);
        check_result(&measured, limits[i]);
        FUZZ_REQUIRE(measured.state != EB_IMAGE_VALID);
        if (checked.state == EB_IMAGE_VALID) {
            FUZZ_REQUIRE(measured.length_bytes <= checked.length_bytes);
            FUZZ_REQUIRE(measured.length_bytes + 32 >= checked.length_bytes);
            FUZZ_REQUIRE(checked.length_bytes != 0 && checked.length_bytes <= size);
        }
    }
    return 0;
}
