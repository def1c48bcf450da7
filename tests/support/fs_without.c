/*
 * fs_without.c: a file system that lacks what others have, as an object of a test or by LD_PRELOAD.
 *
 * FS_WITHOUT lists what is missing, and the errors are those of real ones:
 *   exclusive-rename  renameat2 knows no flags: EINVAL (FAT and exFAT by FUSE, NFS)
 *   links             link: EPERM (FAT, exFAT, VirtualBox)
 *   locks             flock: ENOLCK (NFS without lockd)
 *   folder-sync       fsync of a folder: EINVAL (SMB, some FUSE)
 *   reserve           posix_fallocate: EOPNOTSUPP (musl, where the file system cannot)
 *   modes             fstat: all files are 0755 (FAT, exFAT, SMB)
 *   owners            fstat: all files are of user 4711 (mounts for one user)
 *   open-names       a file that is open keeps its name: ETXTBSY (VirtualBox on Windows)
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int lacks(const char *what)
{
    const char *list = getenv("FS_WITHOUT");

    return list != NULL && strstr(list, what) != NULL;
}

static int fail(int os_errno)
{
    errno = os_errno;
    return -1;
}

/* Whether this process has the file open. */
static int is_open(const char *path)
{
    struct stat named, opened;
    DIR *dir = opendir("/proc/self/fd");
    int found = 0;

    if (dir == NULL || stat(path, &named) != 0) {
        abort();
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        found = found || (fstat(atoi(entry->d_name), &opened) == 0 &&
                          opened.st_dev == named.st_dev && opened.st_ino == named.st_ino);
    }
    (void)closedir(dir);
    return found;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
    int (*next)(int, const char *, int, const char *, unsigned int) = dlsym(RTLD_NEXT, "renameat2");

    if (flags != 0 && lacks("exclusive-rename")) {
        return fail(EINVAL);
    }
    return lacks("open-names") && is_open(from) ? fail(ETXTBSY)
                                                : next(from_fd, from, to_fd, to, flags);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    int (*next)(const char *) = dlsym(RTLD_NEXT, "unlink");
    struct stat st;

    return lacks("open-names") && stat(path, &st) == 0 && is_open(path) ? fail(ETXTBSY)
                                                                        : next(path);
}

int link(const char *from, const char *to)
{
    int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "link");

    return lacks("links") ? fail(EPERM) : next(from, to);
}

int flock(int fd, int operation)
{
    int (*next)(int, int) = dlsym(RTLD_NEXT, "flock");

    return lacks("locks") ? fail(ENOLCK) : next(fd, operation);
}

int fsync(int fd)
{
    int (*next)(int) = dlsym(RTLD_NEXT, "fsync");
    struct stat st;

    return lacks("folder-sync") && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? fail(EINVAL)
                                                                              : next(fd);
}

int fstat(int fd, struct stat *st)
{
    int (*next)(int, struct stat *) = dlsym(RTLD_NEXT, "fstat");
    int result = next(fd, st);

    if (result == 0 && S_ISREG(st->st_mode) && lacks("modes")) {
        st->st_mode = S_IFREG | 0755;
    }
    if (result == 0 && S_ISREG(st->st_mode) && lacks("owners")) {
        st->st_uid = 4711;
    }
    return result;
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    int (*next)(int, off_t, off_t) = dlsym(RTLD_NEXT, "posix_fallocate");

    return lacks("reserve") ? EOPNOTSUPP : next(fd, offset, size);
}
