/* hash_file.h: SHA-256 and MD5 of bytes that are read piece by piece, in constant memory. */
#ifndef EB_FILES_HASH_FILE_H
#define EB_FILES_HASH_FILE_H

#include "digest.h"
#include "espbackup/err.h"
#include "espbackup/event.h"

/* Pieces that come one after the other; all but the last end on a multiple of this. */
#define EB_HASH_PIECE_BYTES (256u * 1024u)

/* Gives the bytes at `addr`. EB_OK or an error that ends the work. */
typedef eb_code_t (*eb_hash_read_fn)(void *user, uint64_t addr, uint8_t *bytes, uint32_t size,
                                     eb_err_t *err);

/* SHA-256 and, unless NULL, MD5 of `size` bytes from `addr` on; tells EB_PHASE_HASH of ev (NULL:
 * silent), honours its cancel. */
eb_code_t eb_hash_bytes(eb_hash_read_fn read, void *user, uint64_t addr, uint64_t size,
                        const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES],
                        uint8_t md5[EB_MD5_BYTES], eb_err_t *err);

/* The SHA-256 of `size` bytes of a file from `offset` on. */
eb_code_t eb_hash_file(int fd, const char *path, uint64_t offset, uint64_t size,
                       const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES], eb_err_t *err);

#endif
