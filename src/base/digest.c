#include "digest.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct eb_digest {
    EVP_MD_CTX *ctx;
    const EVP_MD *kind;
    size_t out_bytes;
    bool failed; /* the library refused a step; the result is then all zero and matches nothing */
};

eb_digest_t *eb_digest_new(eb_digest_kind_t kind)
{
    eb_digest_t *d = calloc(1, sizeof(*d));

    if (d == NULL) {
        return NULL;
    }
    switch (kind) {
    case EB_DIGEST_MD5:
        d->kind = EVP_md5();
        d->out_bytes = 16;
        break;
    case EB_DIGEST_SHA256:
        d->kind = EVP_sha256();
        d->out_bytes = 32;
        break;
    }
    d->ctx = EVP_MD_CTX_new();
    eb_digest_reset(d);
    if (d->failed) {
        eb_digest_free(d);
        return NULL;
    }
    return d;
}

void eb_digest_reset(eb_digest_t *d)
{
    d->failed = d->ctx == NULL || d->kind == NULL || EVP_DigestInit_ex(d->ctx, d->kind, NULL) != 1;
}

void eb_digest_update(eb_digest_t *d, const void *bytes, size_t len)
{
    if (!d->failed && EVP_DigestUpdate(d->ctx, bytes, len) != 1) {
        d->failed = true;
    }
}

void eb_digest_finish(eb_digest_t *d, uint8_t *out)
{
    if (d->failed || EVP_DigestFinal_ex(d->ctx, out, NULL) != 1) {
        memset(out, 0, d->out_bytes);
    }
    d->failed = true; /* until the next reset */
}

void eb_digest_free(eb_digest_t *d)
{
    if (d == NULL) {
        return;
    }
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

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
