#include "faulty_disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILLED_STATUS 99

faulty_disk_t faulty_disk;

/* What the medium has of a file, kept where a sync is to fail. */
typedef struct medium {
    int fd; /* of our own, so that the file may be renamed */
    struct stat st;
    size_t len;
    unsigned char *bytes;
    enum {
        CLEAN,
        DIRTY,
        DOOMED
    } *
        state; /* of each byte; doomed: in memory only, and clean there */
    struct medium *next;
} medium_t;
static medium_t *media;

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/* -- which calls ---------------------------------------------------------------------------- */

static void path_of(int fd, char path[4096])
{
    char link[64];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t len = readlink(link, path, 4095);
    path[len > 0 ? len : 0] = '\0';
}

static bool concerns(const char *path)
{
    const size_t len = strlen(path), end = faulty_disk.of != NULL ? strlen(faulty_disk.of) : 0;

    return len >= end && (end == 0 || strcmp(path + len - end, faulty_disk.of) == 0);
}

static bool concerns_fd(int fd)
{
    char path[4096];

    path_of(fd, path);
    return concerns(path);
}

/* A call on such a file; whether it is interrupted. */
static bool interrupted(void)
{
    faulty_disk.calls++;
    if (faulty_disk.interrupt != 0 && faulty_disk.calls % faulty_disk.interrupt == 0) {
        errno = EINTR;
        return true;
    }
    return false;
}

static void changes(void)
{
    if (++faulty_disk.changes == faulty_disk.kill_at) {
        _exit(KILLED_STATUS);
    }
}

void faulty_disk_reset(void)
{
    faulty_disk_evict();
    memset(&faulty_disk, 0, sizeof(faulty_disk));
}

/* -- what the medium has -------------------------------------------------------------------- */

static medium_t *medium_of(int fd)
{
    struct stat st;
    char path[64];

    if (fstat(fd, &st) != 0) {
        abort();
    }
    for (medium_t *medium = media; medium != NULL; medium = medium->next) {
        if (medium->st.st_dev == st.st_dev && medium->st.st_ino == st.st_ino) {
            return medium;
        }
    }
    medium_t *medium = calloc(1, sizeof(*medium));
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (medium == NULL || (medium->fd = REAL(open)(path, O_RDWR | O_CLOEXEC)) < 0) {
        abort();
    }
    medium->st = st;
    medium->next = media;
    return media = medium;
}

static void make_dirty(int fd, off_t offset, size_t len)
{
    medium_t *medium = medium_of(fd);
    const size_t end = (size_t)offset + len;

    if (end > medium->len) {
        medium->bytes = realloc(medium->bytes, end);
        medium->state = realloc(medium->state, end * sizeof(*medium->state));
        if (medium->bytes == NULL || medium->state == NULL) {
            abort();
        }
        for (size_t i = medium->len; i < end; i++) {
            medium->bytes[i] = 0;
            medium->state[i] = CLEAN;
        }
        (void)!REAL(pread)(fd, medium->bytes + medium->len, end - medium->len, (off_t)medium->len);
        medium->len = end;
    }
    for (size_t i = (size_t)offset; i < end; i++) {
        medium->state[i] = DIRTY;
    }
}

static void synced(int fd, bool well)
{
    medium_t *medium = medium_of(fd);

    for (size_t i = 0; i < medium->len; i++) {
        if (medium->state[i] == DIRTY && well) {
            (void)!REAL(pread)(fd, medium->bytes + i, 1, (off_t)i);
        }
        medium->state[i] = medium->state[i] != DIRTY ? medium->state[i] : well ? CLEAN : DOOMED;
    }
}

void faulty_disk_evict(void)
{
    while (media != NULL) {
        medium_t *medium = media;
        for (size_t i = 0; i < medium->len; i++) {
            if (medium->state[i] == DOOMED) {
                (void)!REAL(pwrite)(medium->fd, medium->bytes + i, 1, (off_t)i);
            }
        }
        (void)close(medium->fd);
        media = medium->next;
        free(medium->bytes);
        free(medium->state);
        free(medium);
    }
}

/* -- the calls ------------------------------------------------------------------------------ */

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    if (!concerns_fd(fd)) {
        return REAL(pwrite)(fd, bytes, len, offset);
    }
    if (interrupted()) {
        return -1;
    }
    changes();
    const unsigned n = ++faulty_disk.writes;
    if (n == faulty_disk.lose_write || (faulty_disk.lose_from != 0 && n >= faulty_disk.lose_from)) {
        return (ssize_t)len;
    }
    if (faulty_disk.fail_sync != 0) {
        make_dirty(fd, offset, len);
    }
    if (n != faulty_disk.flip_write || len == 0) {
        return REAL(pwrite)(fd, bytes, len, offset);
    }
    unsigned char *flipped = malloc(len);
    if (flipped == NULL) {
        abort();
    }
    memcpy(flipped, bytes, len);
    flipped[len / 2] ^= 0x10;
    const ssize_t done = REAL(pwrite)(fd, flipped, len, offset);
    free(flipped);
    return done;
}

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    if (concerns_fd(fd) && interrupted()) {
        return -1;
    }
    return REAL(pread)(fd, bytes, len, offset);
}

int fsync(int fd)
{
    struct stat st;
    const bool is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

    if (!is_folder && !concerns_fd(fd)) {
        return REAL(fsync)(fd);
    }
    if (interrupted()) {
        return -1;
    }
    if (!is_folder || faulty_disk.of == NULL) {
        changes();
    }
    if (is_folder ? ++faulty_disk.folder_syncs == faulty_disk.fail_folder_sync
                  : ++faulty_disk.syncs == faulty_disk.fail_sync) {
        if (!is_folder) {
            synced(fd, false);
        }
        errno = EIO;
        return -1;
    }
    if (!is_folder && faulty_disk.fail_sync != 0) {
        synced(fd, true);
    }
    return REAL(fsync)(fd);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (concerns(path)) {
        if (interrupted()) {
            return -1;
        }
        if ((flags & O_CREAT) != 0) {
            changes();
        }
    }
    return REAL(open)(path, flags, mode);
}

int ftruncate(int fd, off_t size)
{
    if (concerns_fd(fd)) {
        if (interrupted()) {
            return -1;
        }
        changes();
    }
    return REAL(ftruncate)(fd, size);
}

int flock(int fd, int operation)
{
    return concerns_fd(fd) && interrupted() ? -1 : REAL(flock)(fd, operation);
}

static bool before_rename(const char *from)
{
    if (concerns(from)) {
        if (interrupted()) {
            return false;
        }
        changes();
    }
    if (faulty_disk.at_rename != NULL) {
        faulty_disk.at_rename();
    }
    return true;
}

int rename(const char *from, const char *to)
{
    return before_rename(from) ? REAL(rename)(from, to) : -1;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
    return before_rename(from) ? REAL(renameat2)(from_fd, from, to_fd, to, flags) : -1;
}

int link(const char *from, const char *to)
{
    return before_rename(from) ? REAL(link)(from, to) : -1;
}

int unlink(const char *path)
{
    if (concerns(path)) {
        if (interrupted()) {
            return -1;
        }
        changes();
    }
    return REAL(unlink)(path);
}

/* -- by preload ----------------------------------------------------------------------------- */

#ifdef FAULTY_DISK_PRELOAD
__attribute__((constructor)) static void read_environment(void)
{
    static const struct {
        const char *word;
        unsigned *to;
    } words[] = {
        {"flip_write", &faulty_disk.flip_write},
        {"lose_write", &faulty_disk.lose_write},
        {"lose_from", &faulty_disk.lose_from},
        {"fail_sync", &faulty_disk.fail_sync},
        {"interrupt", &faulty_disk.interrupt},
        {"fail_folder_sync", &faulty_disk.fail_folder_sync},
        {"kill_at", &faulty_disk.kill_at},
    };
    char *text = getenv("FAULTY_DISK"), *state = NULL;

    text = text != NULL ? strdup(text) : NULL;
    for (char *word = strtok_r(text, " ", &state); text != NULL && word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        char *value = strchr(word, '=');
        if (value == NULL) {
            abort();
        }
        *value++ = '\0';
        faulty_disk.of = strcmp(word, "of") == 0 ? value : faulty_disk.of;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strcmp(word, words[i].word) == 0) {
                *words[i].to = (unsigned)strtoul(value, NULL, 10);
            }
        }
    }
}
#endif
