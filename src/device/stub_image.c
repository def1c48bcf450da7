#include "stub_image.h"

#include "json.h"

#include <stdlib.h>
#include <string.h>

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t eb_base64_decode(const char *text, uint8_t *out)
{
    const size_t len = strlen(text);
    size_t used = 0;

    if (len % 4 != 0) {
        return SIZE_MAX;
    }
    for (size_t at = 0; at < len; at += 4) {
        const bool last = at + 4 == len;
        const size_t pads = last && text[at + 3] == '=' ? (text[at + 2] == '=' ? 2u : 1u) : 0u;
        uint32_t bits = 0;

        for (size_t i = 0; i < 4; i++) {
            const int value = i >= 4 - pads ? 0 : sextet(text[at + i]);

            if (value < 0) {
                return SIZE_MAX;
            }
            bits = bits << 6 | (uint32_t)value;
        }
        for (size_t i = 0; i < 3 - pads; i++) {
            out[used++] = (uint8_t)(bits >> (16 - 8 * i));
        }
    }
    return used;
}

static eb_code_t read_segment(const eb_json_t *root, const char *key, const char *start_key,
                              eb_stub_segment_t *out, eb_err_t *err)
{
    const char *text = NULL;
    int64_t addr = 0;
    size_t room;
    eb_code_t code;

    code = eb_json_get_text(root, key, &text, err);
    if (code == EB_OK) {
        code = eb_json_get_int(root, start_key, 0, UINT32_MAX, &addr, err);
    }
    if (code != EB_OK) {
        return code;
    }
    room = strlen(text) / 4 * 3 + 3;
    if (room > EB_STUB_SEGMENT_MAX) {
        return eb_err_set(err, EB_ERR_STUB, "%s: more than a chip has room for", key);
    }
    out->bytes = malloc(room);
    if (out->bytes == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the stub");
    }
    out->addr = (uint32_t)addr;
    out->len = eb_base64_decode(text, out->bytes);
    if (out->len == SIZE_MAX || out->len == 0) {
        out->len = 0;
        return eb_err_set(err, EB_ERR_STUB, "%s: not base64", key);
    }
    return EB_OK;
}

eb_code_t eb_stub_image_parse(const char *json, size_t len, const char *where, eb_stub_image_t *out,
                              eb_err_t *err)
{
    eb_json_t *root = NULL;
    int64_t entry = 0;
    eb_code_t code;

    memset(out, 0, sizeof(*out));
    code = eb_json_parse(json, len, &root, err);
    if (code != EB_OK) {
        goto done;
    }
    code = eb_json_get_int(root, "entry", 1, UINT32_MAX, &entry, err);
    if (code != EB_OK) {
        goto done;
    }
    out->entry = (uint32_t)entry;
    code = read_segment(root, "text", "text_start", &out->text, err);
    if (code == EB_OK && eb_json_has(root, "data")) {
        code = read_segment(root, "data", "data_start", &out->data, err);
    }
done:
    eb_json_free(root);
    if (code == EB_ERR_SIDECAR_INVALID) {
        /* The JSON reader speaks of sidecars; this is none. */
        char text[EB_ERR_TEXT_BYTES];

        memcpy(text, err != NULL ? err->message : "", err != NULL ? sizeof(text) : 1);
        code = eb_err_set(err, EB_ERR_STUB, "%s is no stub: %s", where, text);
    } else if (code != EB_OK) {
        (void)eb_err_wrap(err, "%s is no stub", where);
    }
    return code;
}

void eb_stub_image_free(eb_stub_image_t *image)
{
    if (image == NULL) {
        return;
    }
    free(image->text.bytes);
    free(image->data.bytes);
    memset(image, 0, sizeof(*image));
}
