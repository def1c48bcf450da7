#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERRUPTS_MAX 100

/* For file systems without an exclusive rename. link refuses an existing name just as atomically,
 * and a crash in between leaves both names on the complete file. Where link makes no name either,
 * for whatever reason, rename has the last word. */
static int rename_without_exclusion(const char *from, const char *to)
{
    struct stat st;

    if (link(from, to) == 0) {
        return unlink(from) == 0 ? 0 : errno;
    }
    if (errno == EEXIST || lstat(to, &st) == 0) {
        return EEXIST;
    }
    return rename(from, to) == 0 ? 0 : errno;
}

int eb_platform_rename_new(const char *from, const char *to)
{
    int failure;

#if defined(__linux__)
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    failure = errno;
#elif defined(__APPLE__)
    if (renamex_np(from, to, RENAME_EXCL) == 0) {
        return 0;
    }
    failure = errno;
#else
    failure = ENOSYS;
#endif
    if (failure != EINVAL && failure != ENOSYS && failure != ENOTSUP) {
        return failure;
    }
    return rename_without_exclusion(from, to);
}

int eb_platform_sync_file(int fd)
{
#if defined(__APPLE__)
    if (fcntl(fd, F_FULLFSYNC) == 0) { /* fsync alone leaves the data in the drive's cache */
        return 0;
    }
#endif
    return fsync(fd) == 0 ? 0 : errno;
}

void eb_platform_drop_cache(int fd)
{
#if defined(__APPLE__)
    (void)fcntl(fd, F_NOCACHE, 1);
#else
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
#endif
}

int eb_platform_sync_parent(const char *path)
{
    char copy[PATH_MAX];
    int failure = 0;
    int fd;

    if (strlen(path) >= sizeof(copy)) {
        return ENAMETOOLONG;
    }
    memcpy(copy, path, strlen(path) + 1);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    if (fsync(fd) != 0) {
        failure = errno;
    }
    (void)close(fd);
    /* Some network and FUSE file systems cannot sync a folder: accept that. */
    return failure == EINVAL || failure == ENOTSUP ? 0 : failure;
}

int eb_platform_allocate(int fd, uint64_t size)
{
#if defined(__APPLE__)
    fstore_t store = {.fst_flags = F_ALLOCATEALL,
                      .fst_posmode = F_PEOFPOSMODE,
                      .fst_length = (off_t)size};

    if (fcntl(fd, F_PREALLOCATE, &store) != 0 && errno == ENOSPC) {
        return ENOSPC;
    }
    return 0;
#else
    int failure = EINTR;

    if (size == 0 || size > INT64_MAX) {
        return size == 0 ? 0 : EFBIG;
    }
    for (int i = 0; i < INTERRUPTS_MAX && failure == EINTR; i++) {
        failure = posix_fallocate(fd, 0, (off_t)size);
    }
    /* Where neither the file system nor the C library can, a full disk shows at the write. */
    return failure == EINVAL || failure == EOPNOTSUPP || failure == ENOSYS ? 0 : failure;
#endif
}

int eb_platform_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return 0;
    }
    return errno == EWOULDBLOCK ? EWOULDBLOCK : 0;
}
