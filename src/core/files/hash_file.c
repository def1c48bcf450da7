#include "hash_file.h"

#include "bytes.h"
#include "fs_atomic.h"

#include <stdlib.h>

#define HASH_CHUNK_BYTES (256u * 1024u)

eb_code_t eb_hash_file(int fd, const char *path, uint64_t offset, uint64_t size,
                       const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES],
                       uint8_t md5[EB_MD5_BYTES], eb_err_t *err)
{
    eb_code_t code = EB_OK;
    uint8_t *buf = malloc(HASH_CHUNK_BYTES);
    eb_digest_t *sha = eb_digest_new(EB_DIGEST_SHA256);
    eb_digest_t *md = md5 != NULL ? eb_digest_new(EB_DIGEST_MD5) : NULL;

    if (buf == NULL || sha == NULL || (md5 != NULL && md == NULL)) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory, or no SHA-256, to hash %s", path);
    }
    for (uint64_t done = 0; done < size && code == EB_OK;) {
        size_t count = (size_t)eb_min_u64(size - done, HASH_CHUNK_BYTES);
        eb_event_progress(ev, EB_PHASE_HASH, done, size);
        if ((code = eb_event_check(ev, err)) == EB_OK &&
            (code = eb_fs_pread(fd, path, buf, count, offset + done, err)) == EB_OK) {
            eb_digest_update(sha, buf, count);
            if (md != NULL) {
                eb_digest_update(md, buf, count);
            }
            done += count;
        }
    }
    if (code == EB_OK) {
        eb_event_progress(ev, EB_PHASE_HASH, size, size);
        eb_digest_finish(sha, sha256);
        if (md != NULL) {
            eb_digest_finish(md, md5);
        }
    }
    eb_digest_free(md);
    eb_digest_free(sha);
    free(buf);
    return code;
}
