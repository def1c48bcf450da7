#include "fs_atomic.h"

#include "platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_TRIES 4

static eb_code_t code_of_errno(int os_errno)
{
    switch (os_errno) {
    case ENOSPC:
#ifdef EDQUOT
    case EDQUOT:
#endif
    case EFBIG:
        return EB_ERR_DISK_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EILSEQ:
        return EB_ERR_FILE_ACCESS;
    case EEXIST:
        return EB_ERR_FILE_EXISTS;
    default:
        return EB_ERR_FILE_IO;
    }
}

eb_code_t eb_fs_error(eb_err_t *err, int os_errno, const char *doing, const char *path)
{
    return eb_err_set_errno(err, code_of_errno(os_errno), os_errno, "cannot %s %s", doing, path);
}

bool eb_fs_exists(const char *path)
{
    eb_file_facts_t facts;
    const int failure = eb_platform_look_name(path, &facts);

    /* What cannot be told counts as taken, because nothing then writes over it. */
    return failure != ENOENT && failure != ENOTDIR;
}

static bool is_folder(const char *path)
{
    eb_file_facts_t facts;

    return eb_platform_look(path, &facts) == 0 && facts.is_folder;
}

eb_code_t eb_fs_make_dir(const char *path, eb_err_t *err)
{
    char copy[EB_PATH_BYTES];
    const size_t len = strlen(path), root_len = eb_platform_root_len(path);

    if (len >= sizeof(copy)) {
        return eb_fs_error(err, ENAMETOOLONG, "create folder", path);
    }
    if (root_len > 0 && root_len == len && !is_folder(path)) {
        return eb_fs_error(err, ENOENT, "create folder", path);
    }
    memcpy(copy, path, len + 1);
    for (size_t i = root_len + 1; i <= len; i++) {
        if (copy[i] != '\0' && !eb_platform_is_separator(copy[i])) {
            continue;
        }
        copy[i] = '\0';
        /* Look first, because mkdir of an existing "/home" may fail with EROFS or EACCES. */
        const int failure = is_folder(copy) ? 0 : eb_platform_make_dir(copy);
        /* Another process may have made it meanwhile. */
        if (failure != 0 && !is_folder(copy)) {
            return eb_fs_error(err, failure == EEXIST ? ENOTDIR : failure, "create folder", path);
        }
        copy[i] = path[i];
    }
    return EB_OK;
}

bool eb_fs_is_named(int fd, const char *path)
{
    return eb_platform_is_named(fd, path);
}

bool eb_fs_remove(const char *path)
{
    return eb_platform_remove(path) == 0;
}

bool eb_fs_remove_named(int *fd, const char *path)
{
    if (!eb_fs_is_named(*fd, path)) {
        return false;
    }
    int failure = eb_platform_remove(path);
    if (failure == ETXTBSY) {
        eb_fs_close(fd);
        failure = eb_platform_remove(path);
    }
    return failure == 0;
}

/* EB_ERR_FILE_ACCESS for what is no regular file. */
static eb_code_t examine(int fd, const char *path, eb_file_facts_t *facts, eb_err_t *err)
{
    const int failure = eb_platform_examine(fd, facts);

    if (failure != 0) {
        return eb_fs_error(err, failure, "examine", path);
    }
    if (!facts->is_file) {
        return eb_err_set(err, EB_ERR_FILE_ACCESS, "%s is not a regular file", path);
    }
    return EB_OK;
}

/* Regular, and ours if it was there before. */
static eb_code_t check_owner(int fd, const char *path, bool is_new, eb_err_t *err)
{
    eb_file_facts_t facts;
    eb_code_t code = examine(fd, path, &facts, err);
    const char *why = code == EB_OK && !is_new ? eb_platform_why_foreign(fd, path) : NULL;

    if (why != NULL) {
        code = eb_err_set(err, EB_ERR_FILE_ACCESS, "%s %s", path, why);
        eb_err_hint(err, "remove it, or choose another place: what another user may have prepared "
                         "is not used");
    }
    return code;
}

eb_code_t eb_fs_open_part(const char *path, bool is_new, int *fd, eb_err_t *err)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        const int failure = eb_platform_open(path, is_new ? EB_OPEN_NEW : EB_OPEN_PART, fd);
        if (failure != 0) {
            return eb_fs_error(err, failure, is_new ? "create" : "open", path);
        }
        eb_code_t code = check_owner(*fd, path, is_new, err);
        const bool is_locked = code == EB_OK && eb_platform_lock(*fd) == 0;
        if (is_locked && eb_fs_is_named(*fd, path)) {
            return EB_OK;
        }
        if (code != EB_OK && is_new) {
            (void)eb_fs_remove_named(fd, path);
        }
        eb_fs_close(fd);
        if (code == EB_OK && !is_locked && !is_new) {
            code = eb_err_set(err, EB_ERR_FILE_ACCESS, "%s is in use", path);
            eb_err_hint(err,
                        "another run of this program writes it: wait for that run, or stop it");
        }
        if (code != EB_OK) {
            return code;
        }
        /* Between open and lock another run renamed the file, or removed the new one as one that
         * was left: open again. */
    }
    return eb_err_set(err, EB_ERR_FILE_ACCESS, "%s keeps changing under another program", path);
}

bool eb_fs_remove_left(const char *path, uint64_t max, const char *beside)
{
    eb_file_facts_t facts;
    bool removed = false;
    int fd;

    if (eb_fs_open_part(path, false, &fd, NULL) == EB_OK) {
        if (eb_platform_examine(fd, &facts) == 0 && facts.size_bytes <= max) {
            if (beside != NULL) {
                (void)eb_fs_remove_left(beside, UINT64_MAX, NULL);
            }
            removed = eb_fs_remove_named(&fd, path);
        }
        eb_fs_close(&fd);
    }
    return removed;
}

eb_code_t eb_fs_open_anew(const char *path, int *fd, eb_err_t *err)
{
    int left;
    eb_code_t code = eb_fs_open_part(path, true, fd, err);

    if (code != EB_ERR_FILE_EXISTS || (code = eb_fs_open_part(path, false, &left, err)) != EB_OK) {
        return code;
    }
    (void)eb_fs_remove_named(&left, path);
    eb_fs_close(&left);
    return eb_fs_open_part(path, true, fd, err);
}

eb_code_t eb_fs_open_read(const char *path, int *fd, uint64_t *size_bytes, eb_err_t *err)
{
    eb_file_facts_t facts;
    eb_code_t code;
    const int failure = eb_platform_open(path, EB_OPEN_READ, fd);

    *size_bytes = 0;
    if (failure != 0) {
        return eb_fs_error(err, failure, "open", path);
    }
    if ((code = examine(*fd, path, &facts, err)) != EB_OK) {
        eb_fs_close(fd);
        return code;
    }
    *size_bytes = facts.size_bytes;
    return EB_OK;
}

void eb_fs_close(int *fd)
{
    if (*fd >= 0) {
        eb_platform_close(*fd);
    }
    *fd = -1;
}

eb_code_t eb_fs_pwrite(int fd, const char *path, const void *bytes, size_t len, uint64_t offset,
                       eb_err_t *err)
{
    const char *from = bytes;

    if (offset > INT64_MAX || len > INT64_MAX - offset) {
        return eb_fs_error(err, EFBIG, "write", path);
    }
    while (len > 0) {
        size_t n;
        const int failure = eb_platform_write_at(fd, from, len, offset, &n);

        if (failure != 0 || n == 0) {
            return eb_fs_error(err, failure != 0 ? failure : ENOSPC, "write", path);
        }
        from += n;
        len -= n;
        offset += n;
    }
    return EB_OK;
}

eb_code_t eb_fs_pread(int fd, const char *path, void *bytes, size_t len, uint64_t offset,
                      eb_err_t *err)
{
    char *to = bytes;

    if (offset > INT64_MAX || len > INT64_MAX - offset) {
        return eb_fs_error(err, EFBIG, "read", path);
    }
    while (len > 0) {
        size_t n;
        const int failure = eb_platform_read_at(fd, to, len, offset, &n);

        if (failure != 0) {
            return eb_fs_error(err, failure, "read", path);
        }
        if (n == 0) {
            return eb_err_set(err, EB_ERR_FILE_IO,
                              "%s is too short: %zu bytes missing at offset %llu", path, len,
                              (unsigned long long)offset);
        }
        to += n;
        len -= n;
        offset += n;
    }
    return EB_OK;
}

eb_code_t eb_fs_reserve(int fd, const char *path, uint64_t size, eb_err_t *err)
{
    int failure = eb_platform_allocate(fd, size);

    if (failure != 0) {
        return eb_fs_error(err, failure, "reserve space for", path);
    }
    failure = eb_platform_set_length(fd, size);
    return failure == 0 ? EB_OK : eb_fs_error(err, failure, "set the length of", path);
}

eb_code_t eb_fs_flush(int fd, const char *path, eb_err_t *err)
{
    const int failure = eb_platform_sync_file(fd);

    if (failure != 0) {
        return eb_fs_error(err, failure, "write to the disk", path);
    }
    eb_platform_drop_cache(fd);
    return EB_OK;
}

static int rename_file(const char *from, const char *to, bool replace)
{
    return replace ? eb_platform_rename(from, to) : eb_platform_rename_new(from, to);
}

static eb_code_t sync_folder(const char *path, eb_err_t *err)
{
    const int failure = eb_platform_sync_parent(path);

    return failure == 0 ? EB_OK : eb_fs_error(err, failure, "write the folder of", path);
}

eb_code_t eb_fs_taken_away(const char *path, eb_err_t *err)
{
    (void)eb_err_set(err, EB_ERR_FILE_ACCESS, "another program removed or replaced %s", path);
    eb_err_hint(err, "run the same command again, and let nothing else change files there");
    return EB_ERR_FILE_ACCESS;
}

eb_code_t eb_fs_commit(int *fd, const char *from, const char *to, bool replace, eb_err_t *err)
{
    eb_code_t code = eb_fs_flush(*fd, from, err);
    int failure;

    if (code == EB_OK && !eb_fs_is_named(*fd, from)) {
        code = eb_fs_taken_away(from, err);
    }
    if (code != EB_OK) {
        return code;
    }
    failure = rename_file(from, to, replace);
    if (failure == ETXTBSY) {
        eb_fs_close(fd);
        failure = rename_file(from, to, replace);
    }
    if (failure != 0) {
        return eb_fs_error(err, failure, "create", to);
    }
    if (*fd >= 0 && !eb_fs_is_named(*fd, to)) { /* between the look and the rename */
        (void)eb_platform_rename_new(to, from);
        return eb_fs_taken_away(from, err);
    }
    return sync_folder(to, err);
}

eb_code_t eb_fs_rename(const char *from, const char *to, eb_err_t *err)
{
    const int failure = eb_platform_rename_new(from, to);

    if (failure != 0) {
        return eb_fs_error(err, failure, "create", to);
    }
    eb_code_t code = sync_folder(to, err);
    if (code != EB_OK) {
        (void)eb_platform_rename_new(to, from);
    }
    return code;
}

/* Whether the disk gives the same bytes. */
static eb_code_t read_back(int fd, const char *path, const void *bytes, size_t len, eb_err_t *err)
{
    void *back = malloc(len + 1);
    eb_code_t code = back != NULL ? eb_fs_pread(fd, path, back, len, 0, err)
                                  : eb_err_set(err, EB_ERR_INTERNAL, "no memory to check %s", path);

    if (code == EB_OK && memcmp(back, bytes, len) != 0) {
        code = eb_err_set_reason(err, EB_ERR_FILE_IO, EB_REASON_OTHER_DISK,
                                 "%s: the disk gives other bytes than were written", path);
    }
    free(back);
    return code;
}

eb_code_t eb_fs_write_file(const char *path, const void *bytes, size_t len, bool replace,
                           eb_err_t *err)
{
    char temporary[EB_PATH_BYTES + sizeof(EB_FS_TEMPORARY_SUFFIX)];
    eb_code_t code;
    int fd;
    const int n = snprintf(temporary, sizeof(temporary), "%s" EB_FS_TEMPORARY_SUFFIX, path);

    if (n < 0 || (size_t)n >= sizeof(temporary)) {
        return eb_fs_error(err, ENAMETOOLONG, "create", path);
    }
    if ((code = eb_fs_open_anew(temporary, &fd, err)) != EB_OK) {
        return code;
    }
    if ((code = eb_fs_pwrite(fd, path, bytes, len, 0, err)) == EB_OK &&
        (code = eb_fs_flush(fd, path, err)) == EB_OK &&
        (code = read_back(fd, path, bytes, len, err)) == EB_OK) {
        code = eb_fs_commit(&fd, temporary, path, replace, err);
    }
    if (code != EB_OK && fd >= 0) {
        (void)eb_fs_remove_named(&fd, temporary);
        if (!replace) { /* the folder was not synced: whole, or not there */
            (void)eb_fs_remove_named(&fd, path);
        }
    }
    eb_fs_close(&fd);
    return code;
}

/* Grows as it reads instead of trusting the size: files of /proc and /sys report 0. */
static eb_code_t read_all(int fd, const char *path, size_t max, uint8_t **out, size_t *len,
                          eb_err_t *err)
{
    uint8_t *buf = NULL;
    size_t cap = 0, used = 0;

    for (;;) {
        size_t n;
        int failure;

        if (used == cap) {
            /* One byte over max, to see that the file is longer, and one for the NUL. */
            const size_t want = cap == 0 ? 8192 : 2 * cap;
            uint8_t *bigger;

            cap = want < max + 1 ? want : max + 1;
            bigger = realloc(buf, cap + 1);
            if (bigger == NULL) {
                free(buf);
                return eb_err_set(err, EB_ERR_INTERNAL, "no memory to read %s", path);
            }
            buf = bigger;
        }
        failure = eb_platform_read_at(fd, buf + used, cap - used, used, &n);
        if (failure != 0) {
            free(buf);
            return eb_fs_error(err, failure, "read", path);
        }
        used += n;
        if (n == 0) {
            break;
        }
        if (used > max) {
            free(buf);
            (void)eb_err_set(err, EB_ERR_FILE_IO, "%s is longer than %zu bytes", path, max);
            if (err != NULL) {
                err->os_errno = EFBIG; /* callers tell it from a disk that fails */
            }
            return EB_ERR_FILE_IO;
        }
    }
    buf[used] = '\0';
    *out = buf;
    *len = used;
    return EB_OK;
}

eb_code_t eb_fs_read_file(const char *path, size_t max, uint8_t **out, size_t *len, eb_err_t *err)
{
    eb_code_t code;
    uint64_t size;
    int fd;

    *out = NULL;
    *len = 0;
    if (max > SIZE_MAX / 4) {
        return eb_err_set(err, EB_ERR_INTERNAL, "limit of %zu bytes is too large", max);
    }
    if ((code = eb_fs_open_read(path, &fd, &size, err)) == EB_OK) {
        code = read_all(fd, path, max, out, len, err);
    }
    eb_fs_close(&fd);
    return code;
}

eb_code_t eb_fs_read_own_file(const char *path, size_t max, uint8_t **out, size_t *len,
                              eb_err_t *err)
{
    int fd;
    eb_code_t code = eb_fs_open_part(path, false, &fd, err);

    *out = NULL;
    *len = 0;
    if (code == EB_OK) {
        code = read_all(fd, path, max, out, len, err);
    }
    eb_fs_close(&fd);
    return code;
}
