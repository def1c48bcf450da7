/*
 * quick_digest.c: stands in for base/digest.c where hundreds of boards are hashed, which would take
 * most of the time. The core only asks whether digests are equal; any change of a word changes
 * these. The other test programs of the core, and those of cli, have MD5 and SHA-256.
 */
#include "digest.h"

#include <stdlib.h>
#include <string.h>

enum { LANES = 4, BLOCK_BYTES = LANES * 8 };

struct eb_digest {
    eb_digest_kind_t kind;
    uint64_t lanes[LANES], len;
    uint8_t block[BLOCK_BYTES]; /* the last len % BLOCK_BYTES bytes */
};

static uint64_t stir(uint64_t lane, uint64_t word)
{
    lane ^= word;
    return (lane << 29 | lane >> 35) * UINT64_C(0x9E3779B97F4A7C15);
}

static void take_block(eb_digest_t *d, const uint8_t *bytes)
{
    uint64_t words[LANES];

    memcpy(words, bytes, sizeof(words));
    for (size_t i = 0; i < LANES; i++) {
        d->lanes[i] = stir(d->lanes[i], words[i]);
    }
}

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
    *d = (eb_digest_t){.kind = d->kind};
    for (size_t i = 0; i < LANES; i++) {
        d->lanes[i] = stir(i + 1, (uint64_t)d->kind);
    }
}

void eb_digest_update(eb_digest_t *d, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    size_t held = (size_t)(d->len % BLOCK_BYTES);

    d->len += len;
    while (len > 0) {
        if (held == 0 && len >= BLOCK_BYTES) {
            take_block(d, from);
            from += BLOCK_BYTES;
            len -= BLOCK_BYTES;
            continue;
        }
        const size_t part = len < BLOCK_BYTES - held ? len : BLOCK_BYTES - held;
        memcpy(d->block + held, from, part);
        from += part;
        len -= part;
        held = (held + part) % BLOCK_BYTES;
        if (held == 0) {
            take_block(d, d->block);
        }
    }
}

void eb_digest_finish(eb_digest_t *d, uint8_t *out)
{
    const size_t held = (size_t)(d->len % BLOCK_BYTES);

    memset(d->block + held, 0, BLOCK_BYTES - held);
    take_block(d, d->block);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < LANES; i++) {
            d->lanes[i] = stir(d->lanes[i], d->lanes[(i + 1) % LANES] + d->len);
        }
    }
    memcpy(out, d->lanes, d->kind == EB_DIGEST_MD5 ? 16 : 32);
}

void eb_digest_free(eb_digest_t *d)
{
    free(d);
}

static void one_shot(eb_digest_kind_t kind, const void *bytes, size_t len, uint8_t *out)
{
    eb_digest_t d = {.kind = kind};

    eb_digest_reset(&d);
    eb_digest_update(&d, bytes, len);
    eb_digest_finish(&d, out);
}

void eb_md5(const void *bytes, size_t len, uint8_t out[16])
{
    one_shot(EB_DIGEST_MD5, bytes, len, out);
}

void eb_sha256(const void *bytes, size_t len, uint8_t out[32])
{
    one_shot(EB_DIGEST_SHA256, bytes, len, out);
}

void eb_md5_erased(uint64_t len, uint8_t out[16])
{
    eb_digest_t d = {.kind = EB_DIGEST_MD5};
    uint8_t erased[BLOCK_BYTES];

    memset(erased, 0xFF, sizeof(erased));
    eb_digest_reset(&d);
    for (; len > 0; len -= len < BLOCK_BYTES ? len : BLOCK_BYTES) {
        eb_digest_update(&d, erased, len < BLOCK_BYTES ? (size_t)len : BLOCK_BYTES);
    }
    eb_digest_finish(&d, out);
}
