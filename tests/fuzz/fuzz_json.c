/* What is read prints as text without unsafe characters, and that reads back as the same text. */
#include "fuzz_target.h"
#include "json.h"
#include "utf8.h"

#include <string.h>

static void check_safe(const char *text)
{
    const size_t len = strlen(text);

    for (size_t at = 0; at < len;) {
        uint32_t point;
        const size_t n = eb_utf8_decode(text + at, len - at, &point);

        FUZZ_REQUIRE(n > 0 && (point == '\n' || point == '\t' || !eb_utf8_unsafe(point)));
        at += n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_json_t *root = NULL, *back = NULL;
    char *text, *again;
    eb_err_t err = {0};

    if (eb_json_parse((const char *)data, size, &root, &err) != EB_OK) {
        FUZZ_REQUIRE(root == NULL && err.message[0] != '\0');
        return 0;
    }
    text = eb_json_print(root);
    if (text != NULL) {
        check_safe(text);
        FUZZ_REQUIRE(eb_json_parse(text, strlen(text), &back, &err) == EB_OK);
        again = eb_json_print(back);
        FUZZ_REQUIRE(again != NULL && strcmp(text, again) == 0);
        free(again);
    }
    free(text);
    eb_json_free(back);
    eb_json_free(root);
    return 0;
}
