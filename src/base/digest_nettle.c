/* digest_nettle.c: the sums of digest.h by nettle. */
#include "digest.h"

#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <nettle/version.h>
#include <stdlib.h>

struct eb_digest {
    eb_digest_kind_t kind;
    union {
        struct md5_ctx md5;
        struct sha256_ctx sha256;
    } ctx;
};

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
        md5_init(&d->ctx.md5);
    } else {
        sha256_init(&d->ctx.sha256);
    }
}

void eb_digest_update(eb_digest_t *d, const void *bytes, size_t len)
{
    if (d->kind == EB_DIGEST_MD5) {
        md5_update(&d->ctx.md5, len, bytes);
    } else {
        sha256_update(&d->ctx.sha256, len, bytes);
    }
}

/* nettle 4 has no parameter for the length. */
void eb_digest_finish(eb_digest_t *d, uint8_t *out)
{
#if NETTLE_VERSION_MAJOR >= 4
    if (d->kind == EB_DIGEST_MD5) {
        md5_digest(&d->ctx.md5, out);
    } else {
        sha256_digest(&d->ctx.sha256, out);
    }
#else
    if (d->kind == EB_DIGEST_MD5) {
        md5_digest(&d->ctx.md5, EB_MD5_BYTES, out);
    } else {
        sha256_digest(&d->ctx.sha256, EB_SHA256_BYTES, out);
    }
#endif
}

void eb_digest_free(eb_digest_t *d)
{
    free(d);
}
