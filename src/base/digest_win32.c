/* digest_win32.c: the sums of digest.h by Windows (CNG). */
#include "digest.h"
#include "platform_headers_win32.h"

#include <stdlib.h>
#include <string.h>

struct eb_digest {
    eb_digest_kind_t kind;
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_HASH_HANDLE sum;
};

eb_digest_t *eb_digest_new(eb_digest_kind_t kind)
{
    eb_digest_t *d = calloc(1, sizeof(*d));

    if (d == NULL) {
        return NULL;
    }
    d->kind = kind;
    if (BCryptOpenAlgorithmProvider(
            &d->algorithm, kind == EB_DIGEST_MD5 ? BCRYPT_MD5_ALGORITHM : BCRYPT_SHA256_ALGORITHM,
            NULL, 0) != 0 ||
        BCryptCreateHash(d->algorithm, &d->sum, NULL, 0, NULL, 0, 0) != 0) {
        eb_digest_free(d);
        return NULL;
    }
    return d;
}

void eb_digest_reset(eb_digest_t *d)
{
    (void)BCryptDestroyHash(d->sum);
    d->sum = NULL;
    (void)BCryptCreateHash(d->algorithm, &d->sum, NULL, 0, NULL, 0, 0);
}

void eb_digest_update(eb_digest_t *d, const void *bytes, size_t len)
{
    const size_t most = 0x40000000;

    for (const uint8_t *from = bytes; len > 0;) {
        const size_t part = len < most ? len : most;

        (void)BCryptHashData(d->sum, (PUCHAR)(uintptr_t)from, (ULONG)part, 0);
        from += part;
        len -= part;
    }
}

void eb_digest_finish(eb_digest_t *d, uint8_t *out)
{
    const size_t size = d->kind == EB_DIGEST_MD5 ? EB_MD5_BYTES : EB_SHA256_BYTES;

    /* What cannot be summed is equal to nothing. */
    if (BCryptFinishHash(d->sum, out, (ULONG)size, 0) != 0) {
        memset(out, 0, size);
    }
}

void eb_digest_free(eb_digest_t *d)
{
    if (d == NULL) {
        return;
    }
    if (d->sum != NULL) {
        (void)BCryptDestroyHash(d->sum);
    }
    if (d->algorithm != NULL) {
        (void)BCryptCloseAlgorithmProvider(d->algorithm, 0);
    }
    free(d);
}
