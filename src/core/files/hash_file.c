#include "hash_file.h"

#include "bytes.h"
#include "fs_atomic.h"

#include <stdlib.h>

eb_code_t eb_hash_bytes(eb_hash_read_fn read, void *user, uint64_t addr, uint64_t size,
                        const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES],
                        uint8_t md5[EB_MD5_BYTES], eb_err_t *err)
{
    eb_code_t code = EB_OK;
    uint8_t *buf = malloc(EB_HASH_PIECE_BYTES);
    eb_digest_t *sha = eb_digest_new(EB_DIGEST_SHA256);
    eb_digest_t *md = md5 != NULL ? eb_digest_new(EB_DIGEST_MD5) : NULL;

    if (buf == NULL || sha == NULL || (md5 != NULL && md == NULL)) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory to hash with");
    }
    for (uint64_t done = 0; done < size && code == EB_OK;) {
        const uint64_t at = addr + done;
        const uint32_t count =
            (uint32_t)eb_min_u64(size - done, EB_HASH_PIECE_BYTES - at % EB_HASH_PIECE_BYTES);
        eb_event_progress(ev, EB_PHASE_HASH, done, size);
        if ((code = eb_event_check(ev, err)) == EB_OK &&
            (code = read(user, at, buf, count, err)) == EB_OK) {
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

typedef struct file {
    int fd;
    const char *path;
} file_t;

static eb_code_t read_file(void *user, uint64_t addr, uint8_t *bytes, uint32_t size, eb_err_t *err)
{
    const file_t *file = user;

    return eb_fs_pread(file->fd, file->path, bytes, size, addr, err);
}

eb_code_t eb_hash_file(int fd, const char *path, uint64_t offset, uint64_t size,
                       const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES], eb_err_t *err)
{
    file_t file = {fd, path};

    return eb_hash_bytes(read_file, &file, offset, size, ev, sha256, NULL, err);
}
