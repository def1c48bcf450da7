/* hash_file.h: SHA-256 and MD5 of a stretch of a file, in constant memory. */
#ifndef EB_FILES_HASH_FILE_H
#define EB_FILES_HASH_FILE_H

#include "digest.h"
#include "espbackup/err.h"
#include "espbackup/event.h"

/* SHA-256 and, unless NULL, MD5 of `size` bytes of a file from `offset` on; tells EB_PHASE_HASH of
 * ev (NULL: silent), honours its cancel. */
eb_code_t eb_hash_file(int fd, const char *path, uint64_t offset, uint64_t size,
                       const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES],
                       uint8_t md5[EB_MD5_BYTES], eb_err_t *err);

#endif
