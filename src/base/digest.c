#include "digest.h"

#include <string.h>

static void one_shot(eb_digest_kind_t kind, const void *bytes, size_t len, uint8_t *out,
                     size_t out_bytes)
{
    eb_digest_t *d = eb_digest_new(kind);

    memset(out, 0, out_bytes);
    if (d == NULL) {
        return;
    }
    eb_digest_update(d, bytes, len);
    eb_digest_finish(d, out);
    eb_digest_free(d);
}

void eb_md5(const void *bytes, size_t len, uint8_t out[16])
{
    one_shot(EB_DIGEST_MD5, bytes, len, out, 16);
}

void eb_sha256(const void *bytes, size_t len, uint8_t out[32])
{
    one_shot(EB_DIGEST_SHA256, bytes, len, out, 32);
}

void eb_md5_erased(uint64_t len, uint8_t out[16])
{
    uint8_t block[4096];
    eb_digest_t *d = eb_digest_new(EB_DIGEST_MD5);

    memset(out, 0, 16);
    if (d == NULL) {
        return;
    }
    memset(block, 0xFF, sizeof(block));
    while (len > 0) {
        const size_t part = len < sizeof(block) ? (size_t)len : sizeof(block);

        eb_digest_update(d, block, part);
        len -= part;
    }
    eb_digest_finish(d, out);
    eb_digest_free(d);
}
