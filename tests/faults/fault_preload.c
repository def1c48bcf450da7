/*
 * fault_preload.c: lets one file call or allocation of a program fail, or kills the program there
 * (LD_PRELOAD).
 *
 *   EB_FAULT_AT    which call, from 1 on; 0: none
 *   EB_FAULT_KIND  eio, enospc: the call fails with that error; short: it does half; kill: SIGKILL
 *                  comes before it
 *                  or nomem: that allocation has no memory, and file calls do not count
 *   EB_FAULT_LOG   gets a line `NUMBER CALL NAME` for each call; with nomem one for the last
 *
 * Calls count that name a file by a relative path, or use a descriptor that such a call gave. So
 * libraries, ports and /proc do not.
 */
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MAX 1024

static atomic_int calls, allocations;
static int fail_alloc_at; /* 0: none; -1: only count */
static atomic_bool ours[FDS_MAX];

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL) {
        abort();
    }
    return function;
}

static bool is_ours(int fd)
{
    return fd >= 0 && fd < FDS_MAX && ours[fd];
}

static int remember(int fd, bool counted)
{
    if (fd >= 0 && fd < FDS_MAX) {
        ours[fd] = counted;
    }
    return fd;
}

static bool counts(int dir, const char *path)
{
    return path != NULL && path[0] != '/' && (dir == AT_FDCWD || is_ours(dir));
}

static void log_call(int number, const char *call, const char *name)
{
    const char *path = setting("EB_FAULT_LOG");
    char line[PATH_MAX + 64];

    if (path[0] != '\0') {
        const int len = snprintf(line, sizeof(line), "%d %s %s\n", number, call, name);
        const long fd =
            syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        (void)syscall(SYS_write, fd, line, (size_t)len);
        (void)syscall(SYS_close, fd);
    }
}

/* Whether this call is the one. `can_short`: and half of it is wanted, which *half then says. */
static bool fails(const char *call, const char *name, bool *half)
{
    const int number = ++calls;
    const char *kind = setting("EB_FAULT_KIND");

    if (fail_alloc_at == 0) {
        log_call(number, call, name);
    }
    if (half != NULL) {
        *half = false;
    }
    if (fail_alloc_at != 0 || number != atoi(setting("EB_FAULT_AT"))) {
        return false;
    }
    if (strcmp(kind, "kill") == 0) {
        (void)kill(getpid(), SIGKILL);
    }
    if (strcmp(kind, "short") == 0 && half != NULL) {
        *half = true;
        return false;
    }
    errno = strcmp(kind, "enospc") == 0 ? ENOSPC : EIO;
    return true;
}

/* -- memory ----------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

__attribute__((constructor)) static void begin(void)
{
    if (strcmp(setting("EB_FAULT_KIND"), "nomem") == 0) {
        fail_alloc_at = atoi(setting("EB_FAULT_AT"));
        fail_alloc_at = fail_alloc_at == 0 ? -1 : fail_alloc_at;
    }
}

__attribute__((destructor)) static void end(void)
{
    if (fail_alloc_at != 0) {
        const int count = allocations;

        fail_alloc_at = 0;
        log_call(count, "malloc", "");
    }
}

static bool no_memory(void)
{
    if (fail_alloc_at == 0 || ++allocations != fail_alloc_at) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return no_memory() ? NULL : __libc_realloc(old, size);
}

/* -- calls with a name ------------------------------------------------------------------------ */

static int open_by(const char *call, int dir, const char *path, int flags, mode_t mode)
{
    int (*real)(int, const char *, int, ...) = next("openat");
    const bool counted = counts(dir, path);

    if (counted && fails(call, path, NULL)) {
        return -1;
    }
    return remember(real(dir, path, flags, mode), counted);
}

#define MODE_ARGUMENT(flags, mode)                                                                 \
    mode_t mode = 0;                                                                               \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                  \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode = va_arg(args, mode_t);                                                               \
        va_end(args);                                                                              \
    }

#define DEFINE_OPEN(name)                                                                          \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        MODE_ARGUMENT(flags, mode)                                                                 \
        return open_by("open", AT_FDCWD, path, flags, mode);                                       \
    }
#define DEFINE_OPENAT(name)                                                                        \
    int name(int dir, const char *path, int flags, ...)                                            \
    {                                                                                              \
        MODE_ARGUMENT(flags, mode)                                                                 \
        return open_by("open", dir, path, flags, mode);                                            \
    }
#define DEFINE_MKOSTEMP(name)                                                                      \
    int name(char *path, int flags)                                                                \
    {                                                                                              \
        int (*real)(char *, int) = next("mkostemp");                                               \
        const bool counted = counts(AT_FDCWD, path);                                               \
        return counted && fails("create", path, NULL) ? -1 : remember(real(path, flags), counted); \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
DEFINE_MKOSTEMP(mkostemp)
DEFINE_MKOSTEMP(mkostemp64)

/* A call whose name is at `path`, below `dir`; it fails with -1. */
#define DEFINE_NAMED(name, dir, path, parameters, ...)                                             \
    int name parameters                                                                            \
    {                                                                                              \
        int(*real) parameters = next(#name);                                                       \
        return counts(dir, path) && fails(#name, path, NULL) ? -1 : real(__VA_ARGS__);             \
    }
DEFINE_NAMED(mkdir, AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
DEFINE_NAMED(unlink, AT_FDCWD, path, (const char *path), path)
DEFINE_NAMED(unlinkat, dir, path, (int dir, const char *path, int flags), dir, path, flags)
DEFINE_NAMED(remove, AT_FDCWD, path, (const char *path), path)
DEFINE_NAMED(rename, AT_FDCWD, to, (const char *from, const char *to), from, to)
DEFINE_NAMED(renameat2, to_dir, to,
             (int from_dir, const char *from, int to_dir, const char *to, unsigned flags), from_dir,
             from, to_dir, to, flags)
DEFINE_NAMED(link, AT_FDCWD, to, (const char *from, const char *to), from, to)
DEFINE_NAMED(linkat, to_dir, to,
             (int from_dir, const char *from, int to_dir, const char *to, int flags), from_dir,
             from, to_dir, to, flags)
DEFINE_NAMED(access, AT_FDCWD, path, (const char *path, int mode), path, mode)
DEFINE_NAMED(stat, AT_FDCWD, path, (const char *path, struct stat *out), path, out)
DEFINE_NAMED(stat64, AT_FDCWD, path, (const char *path, struct stat64 *out), path, out)
DEFINE_NAMED(lstat, AT_FDCWD, path, (const char *path, struct stat *out), path, out)
DEFINE_NAMED(lstat64, AT_FDCWD, path, (const char *path, struct stat64 *out), path, out)
DEFINE_NAMED(fstatat, dir, path, (int dir, const char *path, struct stat *out, int flags), dir,
             path, out, flags)

/* -- calls with a descriptor ------------------------------------------------------------------ */

#define DEFINE_WITH_FD(name, failure, parameters, ...)                                             \
    int name parameters                                                                            \
    {                                                                                              \
        int(*real) parameters = next(#name);                                                       \
        if (is_ours(fd) && fails(#name, "", NULL)) {                                               \
            return failure;                                                                        \
        }                                                                                          \
        return real(__VA_ARGS__);                                                                  \
    }
DEFINE_WITH_FD(fsync, -1, (int fd), fd)
DEFINE_WITH_FD(fdatasync, -1, (int fd), fd)
DEFINE_WITH_FD(ftruncate, -1, (int fd, off_t size), fd, size)
DEFINE_WITH_FD(ftruncate64, -1, (int fd, off64_t size), fd, size)
DEFINE_WITH_FD(fchmod, -1, (int fd, mode_t mode), fd, mode)
DEFINE_WITH_FD(flock, -1, (int fd, int operation), fd, operation)
DEFINE_WITH_FD(fstat, -1, (int fd, struct stat *out), fd, out)
DEFINE_WITH_FD(fstat64, -1, (int fd, struct stat64 *out), fd, out)
DEFINE_WITH_FD(posix_fallocate, errno, (int fd, off_t at, off_t size), fd, at, size)
DEFINE_WITH_FD(posix_fallocate64, errno, (int fd, off64_t at, off64_t size), fd, at, size)

#define DEFINE_TRANSFER(name, parameters, ...)                                                     \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        ssize_t(*real) parameters = next(#name);                                                   \
        bool half = false;                                                                         \
        if (is_ours(fd) && fails(#name, "", &half)) {                                              \
            return -1;                                                                             \
        }                                                                                          \
        len = half && len > 1 ? len / 2 : len;                                                     \
        return real(__VA_ARGS__);                                                                  \
    }
DEFINE_TRANSFER(read, (int fd, void *bytes, size_t len), fd, bytes, len)
DEFINE_TRANSFER(write, (int fd, const void *bytes, size_t len), fd, bytes, len)
DEFINE_TRANSFER(pread, (int fd, void *bytes, size_t len, off_t at), fd, bytes, len, at)
DEFINE_TRANSFER(pread64, (int fd, void *bytes, size_t len, off64_t at), fd, bytes, len, at)
DEFINE_TRANSFER(pwrite, (int fd, const void *bytes, size_t len, off_t at), fd, bytes, len, at)
DEFINE_TRANSFER(pwrite64, (int fd, const void *bytes, size_t len, off64_t at), fd, bytes, len, at)

/* The descriptor is gone even when the close fails. */
int close(int fd)
{
    int (*real)(int) = next("close");
    const bool counted = is_ours(fd), failed = counted && fails("close", "", NULL);
    const int failure = errno;
    int result;

    (void)remember(fd, false);
    result = real(fd);
    if (!failed) {
        return result;
    }
    errno = failure;
    return -1;
}

/* -- folders ---------------------------------------------------------------------------------- */

DIR *opendir(const char *path)
{
    DIR *(*real)(const char *) = next("opendir");
    const bool counted = counts(AT_FDCWD, path);
    DIR *folder = counted && fails("opendir", path, NULL) ? NULL : real(path);

    if (folder != NULL) {
        (void)remember(dirfd(folder), counted);
    }
    return folder;
}

int closedir(DIR *folder)
{
    int (*real)(DIR *) = next("closedir");

    (void)remember(dirfd(folder), false);
    return real(folder);
}

#define DEFINE_READDIR(name, entry)                                                                \
    entry *name(DIR *folder)                                                                       \
    {                                                                                              \
        entry *(*real)(DIR *) = next(#name);                                                       \
        return is_ours(dirfd(folder)) && fails("readdir", "", NULL) ? NULL : real(folder);         \
    }
DEFINE_READDIR(readdir, struct dirent)
DEFINE_READDIR(readdir64, struct dirent64)
