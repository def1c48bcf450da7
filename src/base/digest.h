/* digest.h: MD5, which chips compute over their flash, and SHA-256, for files. digest_nettle.c has
 * the sums themselves. */
#ifndef EB_BASE_DIGEST_H
#define EB_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef enum eb_digest_kind { EB_DIGEST_MD5, EB_DIGEST_SHA256 } eb_digest_kind_t;
#define EB_MD5_BYTES    16
#define EB_SHA256_BYTES 32

typedef struct eb_digest eb_digest_t;

/* NULL when there is no memory. */
eb_digest_t *eb_digest_new(eb_digest_kind_t kind);
void eb_digest_reset(eb_digest_t *d);
void eb_digest_update(eb_digest_t *d, const void *bytes, size_t len);
/* out: EB_MD5_BYTES or EB_SHA256_BYTES. Afterwards reset before the next use. */
void eb_digest_finish(eb_digest_t *d, uint8_t *out);
void eb_digest_free(eb_digest_t *d); /* NULL is allowed */

/* One shot. */
void eb_md5(const void *bytes, size_t len, uint8_t out[EB_MD5_BYTES]);
void eb_sha256(const void *bytes, size_t len, uint8_t out[EB_SHA256_BYTES]);
/* MD5 of `len` bytes 0xFF, without holding them. */
void eb_md5_erased(uint64_t len, uint8_t out[EB_MD5_BYTES]);

#endif
