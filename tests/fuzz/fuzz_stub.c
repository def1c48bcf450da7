/* A stub file: whatever it holds, segments are bounded and an error has words. */
#include "fuzz_target.h"
#include "stub_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_stub_image_t image;
    eb_err_t err = {0};
    const eb_code_t code = eb_stub_image_parse((const char *)data, size, "a file", &image, &err);

    if (code == EB_OK) {
        FUZZ_REQUIRE(image.text.len > 0 && image.text.len <= EB_STUB_SEGMENT_MAX);
        FUZZ_REQUIRE(image.data.len <= EB_STUB_SEGMENT_MAX && image.entry != 0);
    } else {
        FUZZ_REQUIRE(err.message[0] != '\0');
    }
    eb_stub_image_free(&image);
    return 0;
}
