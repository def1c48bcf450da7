#include "core_dump.h"
#include "flash_text.h"
#include "fuzz_target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_core_dump_t dump;

    eb_core_dump_parse(data, (uint32_t)size, &dump);
    FUZZ_REQUIRE(dump.size_bytes <= size);
    FUZZ_REQUIRE((dump.state == EB_CORE_DUMP_NONE) == (dump.size_bytes == 0));
    FUZZ_REQUIRE(eb_text_is_clean(dump.elf_sha256, EB_TEXT_ONE_LINE));
    FUZZ_REQUIRE(eb_text_is_clean(dump.reason, EB_TEXT_ONE_LINE));
    return 0;
}
