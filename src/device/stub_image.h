/*
 * stub_image.h: the program that is loaded into RAM, out of the JSON form that esptool uses:
 * {"entry": N, "text": BASE64, "text_start": N, "data": BASE64, "data_start": N, "bss_start": N},
 * data and bss optional. More keys are allowed.
 */
#ifndef EB_DEVICE_STUB_IMAGE_H
#define EB_DEVICE_STUB_IMAGE_H

#include "espbackup/err.h"

#include <stddef.h>
#include <stdint.h>

/* Chips have less RAM. */
#define EB_STUB_SEGMENT_MAX (256u * 1024u)

typedef struct eb_stub_segment {
    uint32_t addr;
    uint8_t *bytes; /* NULL: there is none */
    size_t len;
} eb_stub_segment_t;

typedef struct eb_stub_image {
    uint32_t entry;
    eb_stub_segment_t text, data;
} eb_stub_image_t;

/* `where` names the source in errors. EB_ERR_STUB for anything that is not such a file. Free with
 * eb_stub_image_free, also after failure. */
eb_code_t eb_stub_image_parse(const char *json, size_t len, const char *where, eb_stub_image_t *out,
                              eb_err_t *err);
void eb_stub_image_free(eb_stub_image_t *image);

/* Bytes that base64 text stands for into out (3 * strlen / 4 + 3 bytes); SIZE_MAX when malformed.
 */
size_t eb_base64_decode(const char *text, uint8_t *out);

#endif
