/* port_holder.c: who has a port open, by /proc on Linux. Other systems do not tell. */
#include "port_holder.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/sysmacros.h>

#define ANCESTORS_MAX 64
/* Linux: /dev/ptmx, and the device numbers of /dev/pts. */
#define PTMX_MAJOR    5
#define PTMX_MINOR    2
#define PTS_MAJOR     136
#define PTS_MAJORS    8
#define PTS_A_MAJOR   256

/* Parent of a process, 0 when not known. */
static long parent_of(long pid)
{
    char path[64], line[512];
    const char *after_name;
    long parent = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    /* "12 (name) S 1 ...": the name may hold spaces and brackets, so look for the last ")". */
    if (fgets(line, sizeof(line), file) != NULL) {
        after_name = strrchr(line, ')');
        if (after_name != NULL && after_name[1] == ' ' && after_name[2] != '\0') {
            parent = strtol(after_name + 3, NULL, 10);
        }
    }
    (void)fclose(file);
    return parent;
}

static bool is_ancestor(long pid)
{
    long at = parent_of((long)getpid());

    for (int i = 0; i < ANCESTORS_MAX && at > 0; i++) {
        if (at == pid) {
            return true;
        }
        at = parent_of(at);
    }
    return false;
}

#define TTY_INDEX "tty-index:"

/* The number of the pty whose master the descriptor is; -1: not told. */
static long pty_of_master(const char *pid, const char *fd)
{
    char path[320], line[128];
    long number = -1;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/fdinfo/%.255s", pid, fd);
    file = fopen(path, "re");
    while (file != NULL && number < 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, TTY_INDEX, strlen(TTY_INDEX)) == 0) {
            number = strtol(line + strlen(TTY_INDEX), NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return number;
}

static bool is_other_end(const char *pid, const char *fd, const struct stat *st,
                         const struct stat *device)
{
    return st->st_rdev == makedev(PTMX_MAJOR, PTMX_MINOR) && major(device->st_rdev) >= PTS_MAJOR &&
           major(device->st_rdev) < PTS_MAJOR + PTS_MAJORS &&
           pty_of_master(pid, fd) == (long)(major(device->st_rdev) - PTS_MAJOR) * PTS_A_MAJOR +
                                         (long)minor(device->st_rdev);
}

/* A program at the other end of a pty may have our end open too, and is no user of it. */
static bool has_open(const char *pid, const struct stat *device)
{
    char path[600];
    struct dirent *entry;
    struct stat st;
    bool found = false, other_end = false;
    DIR *folder;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    folder = opendir(path);
    if (folder == NULL) {
        return false;
    }
    while (!other_end && (entry = readdir(folder)) != NULL) {
        (void)snprintf(path, sizeof(path), "/proc/%.20s/fd/%s", pid, entry->d_name);
        if (stat(path, &st) != 0 || !S_ISCHR(st.st_mode)) {
            continue;
        }
        found = found || st.st_rdev == device->st_rdev;
        other_end = is_other_end(pid, entry->d_name, &st, device);
    }
    (void)closedir(folder);
    return found && !other_end;
}

static void describe(const char *pid, char *out, size_t cap)
{
    char path[64], name[64] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(name, sizeof(name), file) != NULL) {
            name[strcspn(name, "\n")] = '\0';
        }
        (void)fclose(file);
    }
    (void)snprintf(out, cap, "%s (process %.20s)", name[0] != '\0' ? name : "a program", pid);
}

bool eb_port_holder_find(const char *device, bool ancestors, char *out, size_t cap)
{
    struct dirent *entry;
    struct stat st;
    bool found = false;
    DIR *folder;
    long pid;

    out[0] = '\0';
    if (stat(device, &st) != 0 || !S_ISCHR(st.st_mode)) {
        return false;
    }
    folder = opendir("/proc");
    if (folder == NULL) {
        return false;
    }
    while (!found && (entry = readdir(folder)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !has_open(entry->d_name, &st)) {
            continue;
        }
        pid = strtol(entry->d_name, NULL, 10);
        if (pid == (long)getpid() || (!ancestors && is_ancestor(pid))) {
            continue;
        }
        describe(entry->d_name, out, cap);
        found = true;
    }
    (void)closedir(folder);
    return found;
}

#else

bool eb_port_holder_find(const char *device, bool ancestors, char *out, size_t cap)
{
    (void)device;
    (void)ancestors;
    (void)cap;
    out[0] = '\0';
    return false;
}

#endif
