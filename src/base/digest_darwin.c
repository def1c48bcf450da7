/* digest_darwin.c: the sums of digest.h by macOS (CommonCrypto), which is in its C library. */
#include "digest.h"

#include <CommonCrypto/CommonDigest.h>
#include <stdlib.h>

struct eb_digest {
    eb_digest_kind_t kind;
    union {
        CC_MD5_CTX md5;
        CC_SHA256_CTX sha256;
    } ctx;
};

/* macOS warns of MD5 in new designs. The chips have it. */
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

eb_digest_t *eb_digest_new(eb_digest_kind_t kind)
{
    eb_digest_t *d = calloc(1, sizeof(*d));

    if (d != NULL) {
        d->kind = kind;
        eb_digest_reset(d);
    }
    return d;
}

void eb_digest_reset(eb_digest_t *d)
{
    if (d->kind == EB_DIGEST_MD5) {
        (void)CC_MD5_Init(&d->ctx.md5);
    } else {
        (void)CC_SHA256_Init(&d->ctx.sha256);
    }
}

/* A length has 32 bits there. */
void eb_digest_update(eb_digest_t *d, const void *bytes, size_t len)
{
    const size_t most = 0x40000000;

    for (const uint8_t *from = bytes; len > 0;) {
        const size_t part = len < most ? len : most;

        if (d->kind == EB_DIGEST_MD5) {
            (void)CC_MD5_Update(&d->ctx.md5, from, (CC_LONG)part);
        } else {
            (void)CC_SHA256_Update(&d->ctx.sha256, from, (CC_LONG)part);
        }
        from += part;
        len -= part;
    }
}

void eb_digest_finish(eb_digest_t *d, uint8_t *out)
{
    if (d->kind == EB_DIGEST_MD5) {
        (void)CC_MD5_Final(out, &d->ctx.md5);
    } else {
        (void)CC_SHA256_Final(out, &d->ctx.sha256);
    }
}

void eb_digest_free(eb_digest_t *d)
{
    free(d);
}
