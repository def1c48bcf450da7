/* What is read can be written, and what is written reads back as the same text. */
#include "fuzz_target.h"
#include "sidecar.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eb_sidecar_t first, second;
    char *text = NULL, *again = NULL;
    eb_err_t err;
    eb_code_t code = eb_sidecar_read((const char *)data, size, &first, &err);

    FUZZ_REQUIRE(code == EB_OK || code == EB_ERR_SIDECAR_INVALID);
    if (code != EB_OK) {
        FUZZ_REQUIRE(err.message[0] != '\0');
        return 0;
    }
    FUZZ_REQUIRE(first.table.count <= EB_PARTITIONS_MAX);
    FUZZ_REQUIRE(strpbrk(first.file_name, "/\\") == NULL);
    FUZZ_REQUIRE(eb_sidecar_write(&first, &text, &err) == EB_OK);
    FUZZ_REQUIRE(eb_sidecar_read(text, strlen(text), &second, &err) == EB_OK);
    FUZZ_REQUIRE(eb_sidecar_write(&second, &again, &err) == EB_OK);
    FUZZ_REQUIRE(strcmp(text, again) == 0);
    free(text);
    free(again);
    return 0;
}
