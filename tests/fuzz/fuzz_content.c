/* The first byte is the subtype, the next says how often the rest is repeated: file systems tell
 * themselves in several places. */
#include "content.h"
#include "flash_text.h"
#include "fuzz_target.h"

#include <string.h>

typedef struct bytes {
    const uint8_t *data;
    uint32_t len, size;
} bytes_t;

static bool read_bytes(void *user, uint32_t offset, void *out, uint32_t count)
{
    const bytes_t *bytes = user;
    uint8_t *to = out;

    FUZZ_REQUIRE(offset <= bytes->size && count <= bytes->size - offset);
    for (uint32_t i = 0; i < count; i++) {
        to[i] = bytes->data[(offset + i) % bytes->len];
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_content_t content;

    if (size < 3) {
        return 0;
    }
    bytes_t bytes = {data + 2, (uint32_t)size - 2, ((uint32_t)size - 2) * (1u + data[1] % 16u)};
    const eb_content_place_t place = {read_bytes, &bytes, bytes.size, data[0] % 8 - 1};
    FUZZ_REQUIRE(eb_content_find(&place, &content));
    FUZZ_REQUIRE(content.kind != EB_CONTENT_ERASED && content.kind != EB_CONTENT_TOO_LARGE);
    FUZZ_REQUIRE((content.kind == EB_CONTENT_FILE_SYSTEM) ==
                 (content.file_system.kind != EB_FILE_SYSTEM_NONE));
    FUZZ_REQUIRE(content.file_system.used_bytes <= bytes.size);
    FUZZ_REQUIRE(eb_text_is_clean(content.file_system.label, EB_TEXT_ONE_LINE));
    eb_content_free(&content);
    return 0;
}
