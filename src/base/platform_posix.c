#include "espbackup/version.h"
#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__linux__) && !defined(RENAME_NOREPLACE)
#include <linux/fs.h>
#include <sys/syscall.h>
/* musl has the call since 1.2.6. */
#define renameat2(from_dir, from, to_dir, to, flags)                                               \
    (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags)
#endif

#define INTERRUPTS_MAX 100

#if defined(__APPLE__)
#define MTIME(st) ((st).st_mtimespec)
#else
#define MTIME(st) ((st).st_mtim)
#endif

/* Make a call again for as long as a signal interrupts it. */
#define EB_UNINTERRUPTED(result, call)                                                             \
    do {                                                                                           \
        (result) = (call);                                                                         \
    } while ((result) < 0 && errno == EINTR)

const char *eb_platform_error_text(int os_errno)
{
    return strerror(os_errno);
}

/* -- names ------------------------------------------------------------------------------------- */

static void take_facts(const struct stat *st, eb_file_facts_t *facts)
{
    *facts = (eb_file_facts_t){.is_file = S_ISREG(st->st_mode),
                               .is_folder = S_ISDIR(st->st_mode),
                               .is_link = S_ISLNK(st->st_mode),
                               .size_bytes = (uint64_t)st->st_size,
                               .mtime_unix = (int64_t)st->st_mtime,
                               .mtime_ns = (uint32_t)MTIME(*st).tv_nsec};
}

bool eb_platform_is_separator(char c)
{
    return c == '/';
}

size_t eb_platform_root_len(const char *path)
{
    (void)path;
    return 0;
}

int eb_platform_look(const char *path, eb_file_facts_t *facts)
{
    struct stat st = {0};
    const int failure = stat(path, &st) == 0 ? 0 : errno;

    take_facts(&st, facts);
    return failure;
}

int eb_platform_look_name(const char *path, eb_file_facts_t *facts)
{
    struct stat st = {0};
    const int failure = lstat(path, &st) == 0 ? 0 : errno;

    take_facts(&st, facts);
    return failure;
}

int eb_platform_make_dir(const char *path)
{
    return mkdir(path, 0700) == 0 ? 0 : errno;
}

int eb_platform_make_temp_dir(char *path)
{
    return mkdtemp(path) != NULL ? 0 : errno;
}

int eb_platform_remove_dir(const char *path)
{
    return rmdir(path) == 0 ? 0 : errno;
}

int eb_platform_remove(const char *path)
{
    int result;

    EB_UNINTERRUPTED(result, unlink(path));
    return result == 0 ? 0 : errno;
}

int eb_platform_rename(const char *from, const char *to)
{
    int result;

    EB_UNINTERRUPTED(result, rename(from, to));
    return result == 0 ? 0 : errno;
}

int eb_platform_list(const char *dir, eb_visit_name_fn visit, void *user, bool *opened)
{
    DIR *folder = opendir(dir[0] == '\0' ? "." : dir);
    const struct dirent *entry;
    int failure = 0;

    *opened = folder != NULL;
    if (folder == NULL) {
        return errno;
    }
    while (failure == 0 && (errno = 0, entry = readdir(folder)) != NULL) {
        failure = visit(user, entry->d_name);
    }
    failure = failure != 0 ? failure : errno;
    (void)closedir(folder);
    return failure;
}

size_t eb_platform_name_max(const char *dir)
{
    const long limit = pathconf(dir[0] == '\0' ? "." : dir, _PC_NAME_MAX);

    return limit > 0 ? (size_t)limit : 0;
}

/* For file systems without an exclusive rename. link refuses an existing name just as atomically,
 * and a crash in between leaves both names on the complete file. Where link makes no name either,
 * for whatever reason, rename has the last word. */
static int rename_without_exclusion(const char *from, const char *to)
{
    eb_file_facts_t facts;
    int result;

    EB_UNINTERRUPTED(result, link(from, to));
    if (result == 0) {
        return eb_platform_remove(from);
    }
    return errno == EEXIST || eb_platform_look_name(to, &facts) == 0 ? EEXIST
                                                                     : eb_platform_rename(from, to);
}

int eb_platform_rename_new(const char *from, const char *to)
{
    int failure, result;

#if defined(__linux__)
    EB_UNINTERRUPTED(result, renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
#elif defined(__APPLE__)
    EB_UNINTERRUPTED(result, renamex_np(from, to, RENAME_EXCL));
#else
    errno = ENOSYS;
    result = -1;
#endif
    if (result == 0) {
        return 0;
    }
    failure = errno;
    if (failure != EINVAL && failure != ENOSYS && failure != ENOTSUP) {
        return failure;
    }
    return rename_without_exclusion(from, to);
}

/* -- open files -------------------------------------------------------------------------------- */

int eb_platform_open(const char *path, eb_open_t how, int *fd)
{
    static const int flags[] = {
        [EB_OPEN_READ] = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
        [EB_OPEN_PART] = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
        [EB_OPEN_NEW] = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL,
    };

    EB_UNINTERRUPTED(*fd, open(path, flags[how], 0600));
    return *fd >= 0 ? 0 : errno;
}

void eb_platform_close(int fd)
{
    (void)close(fd);
}

int eb_platform_examine(int fd, eb_file_facts_t *facts)
{
    struct stat st = {0};
    const int failure = fstat(fd, &st) == 0 ? 0 : errno;

    take_facts(&st, facts);
    return failure;
}

bool eb_platform_is_named(int fd, const char *path)
{
    struct stat by_fd, by_path;

    return fstat(fd, &by_fd) == 0 && lstat(path, &by_path) == 0 && by_fd.st_dev == by_path.st_dev &&
           by_fd.st_ino == by_path.st_ino;
}

int eb_platform_read_at(int fd, void *bytes, size_t len, uint64_t offset, size_t *done)
{
    ssize_t n;

    EB_UNINTERRUPTED(n, pread(fd, bytes, len, (off_t)offset));
    *done = n > 0 ? (size_t)n : 0;
    return n >= 0 ? 0 : errno;
}

int eb_platform_write_at(int fd, const void *bytes, size_t len, uint64_t offset, size_t *done)
{
    ssize_t n;

    EB_UNINTERRUPTED(n, pwrite(fd, bytes, len, (off_t)offset));
    *done = n > 0 ? (size_t)n : 0;
    return n >= 0 ? 0 : errno;
}

int eb_platform_set_length(int fd, uint64_t size)
{
    int result;

    EB_UNINTERRUPTED(result, ftruncate(fd, (off_t)size));
    return result == 0 ? 0 : errno;
}

int eb_platform_set_mtime(int fd, int64_t unix_s)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)unix_s}};

    return futimens(fd, times) == 0 ? 0 : errno;
}

int eb_platform_sync_file(int fd)
{
    int result;

#if defined(__APPLE__)
    EB_UNINTERRUPTED(result, fcntl(fd, F_FULLFSYNC));
    if (result == 0) { /* fsync alone leaves the data in the drive's cache */
        return 0;
    }
#endif
    EB_UNINTERRUPTED(result, fsync(fd));
    return result == 0 ? 0 : errno;
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
    EB_UNINTERRUPTED(fd, open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0 && errno == EACCES) {
        sync(); /* it can be written, but not read: all there is to write takes it along */
        return 0;
    }
    if (fd < 0) {
        return errno;
    }
    failure = eb_platform_sync_file(fd);
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

/* Mounts of FAT and of Windows give every file the same mode: there it tells nothing. */
static bool keeps_modes(int fd, mode_t mode)
{
    struct stat st;
    const bool kept = fchmod(fd, S_IRUSR | S_IWUSR) == 0 && fstat(fd, &st) == 0 &&
                      (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;

    (void)fchmod(fd, mode & (mode_t)~S_IFMT);
    return kept;
}

/* Some mounts give every file to one user: there a new file of ours has that owner too. */
static bool is_of_new_files(uid_t owner, const char *path)
{
    char probe[PATH_MAX];
    struct stat st;
    const char *slash = strrchr(path, '/');
    const int folder = slash != NULL ? (int)(slash - path) + 1 : 0;

    if (snprintf(probe, sizeof(probe), "%.*s.espbackup-XXXXXX", folder, path) >=
        (int)sizeof(probe)) {
        return false;
    }
    const int fd = mkostemp(probe, O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool same = fstat(fd, &st) == 0 && st.st_uid == owner;
    (void)close(fd);
    (void)unlink(probe);
    return same;
}

const char *eb_platform_why_foreign(int fd, const char *path)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return "cannot be examined";
    }
    if (st.st_uid != geteuid() && !is_of_new_files(st.st_uid, path)) {
        return "belongs to another user";
    }
    if (st.st_nlink != 1) {
        return "has a second name, or none";
    }
    return (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && keeps_modes(fd, st.st_mode)
               ? "can be written by other users"
               : NULL;
}

static bool is_foreign(uid_t owner)
{
    return owner != geteuid() && owner != 0;
}

const char *eb_platform_why_unsafe(int fd, const char *dir)
{
    struct stat folder, file;

    if (stat(dir, &folder) != 0 || fstat(fd, &file) != 0) {
        return NULL;
    }
    if (is_foreign(folder.st_uid)) {
        return "belongs to another user";
    }
    /* If all can write the file too, this is a mount that has no modes. */
    if ((folder.st_mode & S_IWOTH) == 0 || (file.st_mode & S_IWOTH) != 0) {
        return NULL;
    }
    /* In a sticky one, as /tmp, what is ours stays, and what is another's may be a trap. */
    return (folder.st_mode & S_ISVTX) == 0 || is_foreign(file.st_uid)
               ? "can be written by all users"
               : NULL;
}

int eb_platform_lock(int fd)
{
    int result;

    EB_UNINTERRUPTED(result, flock(fd, LOCK_EX | LOCK_NB));
    return result != 0 && errno == EWOULDBLOCK ? EWOULDBLOCK : 0;
}

bool eb_platform_is_private(int fd, char why[EB_PRIVATE_TEXT_BYTES])
{
    struct stat st = {0};

    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0077) == 0) {
        return true;
    }
    (void)snprintf(why, EB_PRIVATE_TEXT_BYTES, "has mode %04o here and belongs to user %u",
                   (unsigned)st.st_mode & 07777, (unsigned)st.st_uid);
    return false;
}

void eb_system_text(char out[EB_SYSTEM_TEXT_BYTES])
{
    struct utsname system;

    out[0] = '\0';
    if (uname(&system) == 0) {
        (void)snprintf(out, EB_SYSTEM_TEXT_BYTES, "%.60s %.60s", system.sysname, system.release);
    }
}
