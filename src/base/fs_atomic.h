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

/*
 * Open for reading and writing, and lock against a second espbackup (EB_ERR_FILE_ACCESS, hint).
 * is_new: make it with mode 0600; EB_ERR_FILE_EXISTS if the name is taken. Else it must be there,
 * and be a file that only this user can have made and can change (EB_ERR_FILE_ACCESS): no link, no
 * other owner, no second name, not writable by others. *fd is -1 on failure.
 */
eb_code_t eb_fs_open_part(const char *path, bool is_new, int *fd, eb_err_t *err);
/* The same as a new one; what an earlier run left there is removed, if it is ours and unlocked. */
eb_code_t eb_fs_open_anew(const char *path, int *fd, eb_err_t *err);
/* Whether `path` names the open file. False: somebody removed or replaced it. */
bool eb_fs_is_named(int fd, const char *path);
/* Remove the name; whether that was done. _named: if it still is that of the open file, which is
 * closed where the file system asks for that (see eb_fs_commit). */
bool eb_fs_remove(const char *path);
bool eb_fs_remove_named(int *fd, const char *path);
/* Remove a file that an earlier run left, if it is ours, unlocked, and at most max bytes long;
 * whether it was removed. `beside` (or NULL), which tells of it, goes first, and under its lock. */
bool eb_fs_remove_left(const char *path, uint64_t max, const char *beside);
/* That the name is no longer that of the open file: EB_ERR_FILE_ACCESS. */
eb_code_t eb_fs_taken_away(const char *path, eb_err_t *err);

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

/* Flush, rename from -> to, fsync folder. `from` must still name the file, and `to` must afterwards
 * (EB_ERR_FILE_ACCESS). replace == false: EB_ERR_FILE_EXISTS if `to` exists
 * (checked atomically where the file system can). *fd stays open; it is closed and -1 where the
 * file system renames only what is closed (ETXTBSY: shared folders of VirtualBox on Windows). */
eb_code_t eb_fs_commit(int *fd, const char *from, const char *to, bool replace, eb_err_t *err);

/* Rename, without replacing a file (EB_ERR_FILE_EXISTS), fsync folder. On failure the file has its
 * old name. */
eb_code_t eb_fs_rename(const char *from, const char *to, eb_err_t *err);

/* Write a whole small file atomically, first under its name with this suffix, and compare it with
 * what the disk gives. */
#define EB_FS_TEMPORARY_SUFFIX ".tmp"
eb_code_t eb_fs_write_file(const char *path, const void *bytes, size_t len, bool replace,
                           eb_err_t *err);
/* Read a whole file of at most max bytes; *out is malloc'd, NUL-terminated, owned by the caller. A
 * longer file is EB_ERR_FILE_IO with os_errno EFBIG. */
eb_code_t eb_fs_read_file(const char *path, size_t max, uint8_t **out, size_t *len, eb_err_t *err);
/* The same for a file that eb_fs_open_part would open. */
eb_code_t eb_fs_read_own_file(const char *path, size_t max, uint8_t **out, size_t *len,
                              eb_err_t *err);

/* Whether the name is taken, be it by a link that leads nowhere. */
bool eb_fs_exists(const char *path);

#endif
