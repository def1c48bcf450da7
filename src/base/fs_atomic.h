/*
 * fs_atomic.h: files that are either whole or not there.
 *
 * Written under another name, synced, renamed, folder synced, in that order. Files are created with
 * mode 0600 (a dump holds secrets). Nothing truncates a file that the user named. Errors:
 * EB_ERR_DISK_FULL (ENOSPC, EDQUOT, EFBIG), EB_ERR_FILE_ACCESS (EACCES, EROFS, ENOENT, ENOTDIR),
 * EB_ERR_FILE_EXISTS, else EB_ERR_FILE_IO; the message names the path.
 */
#ifndef EB_BASE_FS_ATOMIC_H
#define EB_BASE_FS_ATOMIC_H

#include "espbackup/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EB_PATH_BYTES 1024 /* of the longest path that is handled, NUL included */

/* Turn errno of a file call into an error that names the path. `doing`: "write", "create". */
eb_code_t eb_fs_error(eb_err_t *err, int os_errno, const char *doing, const char *path);

/* mkdir -p with mode 0700 for what is made; EB_OK when it is there already. */
eb_code_t eb_fs_make_dir(const char *path, eb_err_t *err);

/* Open for reading and writing, creating with mode 0600; exclusive: EB_ERR_FILE_EXISTS if there.
 * *fd is -1 on failure. The file is locked against a second espbackup (EB_ERR_FILE_ACCESS, hint).
 */
eb_code_t eb_fs_open_part(const char *path, bool exclusive, int *fd, eb_err_t *err);

/* Open a regular file for reading; its length. *fd is -1 on failure. */
eb_code_t eb_fs_open_read(const char *path, int *fd, uint64_t *size_bytes, eb_err_t *err);
void eb_fs_close(int *fd); /* -1, and on return; the value of close tells nothing after a sync */

eb_code_t eb_fs_pwrite(int fd, const char *path, const void *bytes, size_t len, uint64_t offset,
                       eb_err_t *err);
/* Exactly len bytes; a short file is EB_ERR_FILE_IO. */
eb_code_t eb_fs_pread(int fd, const char *path, void *bytes, size_t len, uint64_t offset,
                      eb_err_t *err);
/* Reserve the space, so that a full disk shows before the work starts, and set the length. */
eb_code_t eb_fs_reserve(int fd, const char *path, uint64_t size, eb_err_t *err);

/* Write all content to the medium, and let the next read come from there where the system can do
 * that, not from memory. After a failure nothing of what was written since the last call counts. */
eb_code_t eb_fs_flush(int fd, const char *path, eb_err_t *err);

/* fsync(*fd), rename from -> to, fsync folder. replace == false: EB_ERR_FILE_EXISTS if `to` exists
 * (checked atomically where the file system can). *fd stays open; it is closed and -1 where the
 * file system renames only what is closed. */
eb_code_t eb_fs_commit(int *fd, const char *from, const char *to, bool replace, eb_err_t *err);

/* Write a whole small file atomically, first under its name with this suffix. */
#define EB_FS_TEMPORARY_SUFFIX ".tmp.XXXXXX"
eb_code_t eb_fs_write_file(const char *path, const void *bytes, size_t len, bool replace,
                           eb_err_t *err);
/* Read a whole file of at most max bytes; *out is malloc'd, NUL-terminated, owned by the caller. */
eb_code_t eb_fs_read_file(const char *path, size_t max, uint8_t **out, size_t *len, eb_err_t *err);

/* Whether the name is taken, be it by a link that leads nowhere. */
bool eb_fs_exists(const char *path);

#endif
