/*
 * tty_preload.c: shows a program a pty as a USB serial adapter (LD_PRELOAD, set by espsim --pty).
 *
 * A pty has no modem lines, no sysfs entry and no place among the /dev/ttyUSB*. Serial libraries
 * want all three (libserialport refuses a port without a link in /sys/class/tty, or without
 * TIOCMGET). So calls with a path are given the path of a folder laid out like sysfs, and the
 * modem-line ioctls become messages to espsim, which answers when the lines have changed.
 *
 *   ESPSIM_TTY_NAME   what the program opens, /dev/ttyUSB7; or just /dev/ttyACM, and then those
 * exist that are in the folder's dev/ now ESPSIM_TTY_PTS    what that really is: a link to the pty
 *   ESPSIM_TTY_SYSFS  folder with sys/ and dev/
 *   ESPSIM_TTY_LINES  socket for the modem lines; see sim_fake_tty.h
 *   ESPSIM_TTY_MAX_BAUD  the highest rate of the adapter, which its driver sets instead of more
 *   ESPSIM_TTY_NO_LINES  not empty: the driver has no modem lines
 *
 * glibc keeps several names for one call: the 64 forms, the _chk and _2 forms of fortified
 * programs, and __xstat and relatives of programs built against glibc before 2.33. All are covered.
 */
#undef _FORTIFY_SOURCE
#include "tty_preload.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USB_DEVICE "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1"

void *sim_tty_next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

const char *sim_tty_setting(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

/* /dev/ttyACM0 where the name is /dev/ttyACM */
static int is_numbered(const char *path, const char *name)
{
    size_t size = strlen(name);

    return size > 3 && strcmp(name + size - 3, "ACM") == 0 && strncmp(path, name, size) == 0 &&
           path[size] != '\0';
}

static int is_port(const char *path)
{
    const char *name = sim_tty_setting("ESPSIM_TTY_NAME");
    char buffer[PATH_MAX];

    if (is_numbered(path, name)) {
        snprintf(buffer, sizeof(buffer), "%s%s", sim_tty_setting("ESPSIM_TTY_SYSFS"), path);
        return NEXT(access)(buffer, F_OK) == 0;
    }
    return *name != '\0' && strcmp(path, name) == 0;
}

static int has_prefix(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(path, prefix, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/* The path to use; `buffer` has PATH_MAX bytes. */
static const char *map_path(const char *path, char *buffer)
{
    const char *root = sim_tty_setting("ESPSIM_TTY_SYSFS");

    if (path == NULL || path[0] != '/') {
        return path;
    }
    if (is_port(path)) {
        return sim_tty_setting("ESPSIM_TTY_PTS");
    }
    if (is_numbered(path, sim_tty_setting("ESPSIM_TTY_NAME"))) { /* gone: not a real one instead */
        snprintf(buffer, PATH_MAX, "%s%s", root, path);
        return buffer;
    }
    if (*root != '\0' && (has_prefix(path, "/sys/class/tty") || has_prefix(path, USB_DEVICE))) {
        snprintf(buffer, PATH_MAX, "%s%s", root, path);
        return buffer;
    }
    return path;
}

static int opened(int fd, int was_port)
{
    uint32_t now;
    int saved = errno;

    if (fd >= 0 && was_port) {
        sim_tty_ask(SIM_TTY_OPEN, 0, &now);
    }
    errno = saved;
    return fd;
}

/* --- opening --- */

static int takes_mode(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

#define GET_MODE(mode, flags)                                                                      \
    do {                                                                                           \
        if (takes_mode(flags)) {                                                                   \
            va_list args;                                                                          \
            va_start(args, flags);                                                                 \
            mode = va_arg(args, mode_t);                                                           \
            va_end(args);                                                                          \
        }                                                                                          \
    } while (0)

EXPORT int open(const char *path, int flags, ...)
{
    char buffer[PATH_MAX];
    mode_t mode = 0;

    GET_MODE(mode, flags);
    return opened(NEXT(open)(map_path(path, buffer), flags, mode), is_port(path));
}

EXPORT int open64(const char *path, int flags, ...)
{
    char buffer[PATH_MAX];
    mode_t mode = 0;

    GET_MODE(mode, flags);
    return opened(NEXT(open64)(map_path(path, buffer), flags, mode), is_port(path));
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
    char buffer[PATH_MAX];
    mode_t mode = 0;

    GET_MODE(mode, flags);
    return opened(NEXT(openat)(dir, map_path(path, buffer), flags, mode), is_port(path));
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
    char buffer[PATH_MAX];
    mode_t mode = 0;

    GET_MODE(mode, flags);
    return opened(NEXT(openat64)(dir, map_path(path, buffer), flags, mode), is_port(path));
}

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
    return open(path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open64(path, flags, 0);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
    return openat(dir, path, flags, 0);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
    return openat64(dir, path, flags, 0);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    char buffer[PATH_MAX];

    return NEXT(fopen)(map_path(path, buffer), mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    char buffer[PATH_MAX];

    return NEXT(fopen64)(map_path(path, buffer), mode);
}

/* Programs that look for ports by name list /dev; they see the port alone. */
EXPORT DIR *opendir(const char *path)
{
    const char *root = sim_tty_setting("ESPSIM_TTY_SYSFS");
    char buffer[PATH_MAX];

    if (*root != '\0' && (strcmp(path, "/dev") == 0 || strcmp(path, "/dev/") == 0)) {
        snprintf(buffer, sizeof(buffer), "%s/dev", root);
        return NEXT(opendir)(buffer);
    }
    return NEXT(opendir)(map_path(path, buffer));
}

/* --- looking --- */

EXPORT int access(const char *path, int mode)
{
    char buffer[PATH_MAX];

    return NEXT(access)(map_path(path, buffer), mode);
}

EXPORT int faccessat(int dir, const char *path, int mode, int flags)
{
    char buffer[PATH_MAX];

    return NEXT(faccessat)(dir, map_path(path, buffer), mode, flags);
}

EXPORT int stat(const char *path, struct stat *st)
{
    char buffer[PATH_MAX];

    return NEXT(stat)(map_path(path, buffer), st);
}

EXPORT int stat64(const char *path, struct stat64 *st)
{
    char buffer[PATH_MAX];

    return NEXT(stat64)(map_path(path, buffer), st);
}

/* The port itself is no link, though what stands for it is. */
EXPORT int lstat(const char *path, struct stat *st)
{
    char buffer[PATH_MAX];

    return is_port(path) ? stat(path, st) : NEXT(lstat)(map_path(path, buffer), st);
}

EXPORT int lstat64(const char *path, struct stat64 *st)
{
    char buffer[PATH_MAX];

    return is_port(path) ? stat64(path, st) : NEXT(lstat64)(map_path(path, buffer), st);
}

EXPORT int fstatat(int dir, const char *path, struct stat *st, int flags)
{
    char buffer[PATH_MAX];

    return is_port(path) ? stat(path, st) : NEXT(fstatat)(dir, map_path(path, buffer), st, flags);
}

EXPORT int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
    char buffer[PATH_MAX];

    return is_port(path) ? stat64(path, st)
                         : NEXT(fstatat64)(dir, map_path(path, buffer), st, flags);
}

EXPORT int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
    char buffer[PATH_MAX];

    if (is_port(path)) {
        flags &= ~AT_SYMLINK_NOFOLLOW;
    }
    return NEXT(statx)(dir, map_path(path, buffer), flags, mask, st);
}

int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstatat(int version, int dir, const char *path, struct stat *st, int flags);
int __fxstatat64(int version, int dir, const char *path, struct stat64 *st, int flags);

EXPORT int __xstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return stat(path, st);
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *st)
{
    (void)version;
    return stat64(path, st);
}

EXPORT int __lxstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return lstat(path, st);
}

EXPORT int __lxstat64(int version, const char *path, struct stat64 *st)
{
    (void)version;
    return lstat64(path, st);
}

EXPORT int __fxstatat(int version, int dir, const char *path, struct stat *st, int flags)
{
    (void)version;
    return fstatat(dir, path, st, flags);
}

EXPORT int __fxstatat64(int version, int dir, const char *path, struct stat64 *st, int flags)
{
    (void)version;
    return fstatat64(dir, path, st, flags);
}

EXPORT ssize_t readlink(const char *path, char *out, size_t size)
{
    char buffer[PATH_MAX];

    if (is_port(path)) {
        errno = EINVAL;
        return -1;
    }
    return NEXT(readlink)(map_path(path, buffer), out, size);
}

EXPORT ssize_t readlinkat(int dir, const char *path, char *out, size_t size)
{
    char buffer[PATH_MAX];

    if (is_port(path)) {
        errno = EINVAL;
        return -1;
    }
    return NEXT(readlinkat)(dir, map_path(path, buffer), out, size);
}

ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room);

EXPORT ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room)
{
    return readlink(path, out, size < room ? size : room);
}

EXPORT char *realpath(const char *path, char *resolved)
{
    const char *root = sim_tty_setting("ESPSIM_TTY_SYSFS");
    char buffer[PATH_MAX];
    char *result;

    if (is_port(path) && access(path, F_OK) == 0) {
        return resolved != NULL ? strcpy(resolved, path) : strdup(path);
    }
    result = NEXT(realpath)(map_path(path, buffer), resolved);
    if (result != NULL && *root != '\0' && has_prefix(result, root)) {
        memmove(result, result + strlen(root), strlen(result + strlen(root)) + 1);
    }
    return result;
}

char *__realpath_chk(const char *path, char *resolved, size_t room);

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t room)
{
    (void)room;
    return realpath(path, resolved);
}
