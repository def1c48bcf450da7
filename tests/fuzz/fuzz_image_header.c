/* Other flash settings leave a valid image valid, whatever pieces of it are changed. The input is a
 * byte for each of mode, frequency and size, then the image. */
#include "fuzz_target.h"
#include "image_header.h"

#include <string.h>

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes_t;

static bool read_bytes(void *user, uint32_t offset, void *out, uint32_t len)
{
    const bytes_t *b = user;

    if (offset > b->size || len > b->size - offset) {
        return false;
    }
    memcpy(out, b->data + offset, len);
    return true;
}

static void check_patched(bytes_t *b, const eb_header_patch_t *patch, uint32_t step)
{
    eb_app_image_t image;

    for (uint32_t at = 0; at < b->size; at += step) {
        const uint32_t len = step < b->size - at ? step : (uint32_t)b->size - at;

        eb_header_patch_apply(patch, at, b->data + at, len);
    }
    eb_app_image_check(read_bytes, b, (uint32_t)b->size, &image);
    FUZZ_REQUIRE(image.state == EB_IMAGE_VALID);
    FUZZ_REQUIRE(b->data[2] == patch->settings[0] && b->data[3] == patch->settings[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const modes[] = {NULL, "keep", "qio", "dout", "odd"};
    static const char *const rates[] = {NULL, "80m", "40m", "26m", "15m"};
    static const char *const sizes[] = {NULL, "1MB", "4MB", "128MB", "3MB"};
    static const uint32_t chips[] = {0, 2, 5, 9, 12, 13, UINT32_MAX};
    eb_header_patch_t patch;
    eb_err_t err = {0};

    if (size < 4) {
        return 0;
    }
    const eb_flash_settings_t settings = {modes[data[0] % 5], rates[data[1] % 5],
                                          sizes[data[2] % 5]};
    bytes_t b = {malloc(size), size - 4};
    FUZZ_REQUIRE(b.data != NULL);
    memcpy(b.data, data + 4, b.size);
    const eb_code_t code = eb_header_patch_make(read_bytes, &b, (uint32_t)b.size,
                                                chips[data[3] % 7], &settings, &patch, &err);
    if (code != EB_OK) {
        FUZZ_REQUIRE(err.message[0] != '\0');
    } else if (patch.changed) {
        check_patched(&b, &patch, 1 + data[3] % 64u);
    }
    free(b.data);
    return 0;
}
