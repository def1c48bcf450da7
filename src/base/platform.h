/*
 * platform.h: what differs between operating systems, for the files of base.
 *
 * Calls that can fail return 0 or an errno value. One platform_*.c implements all of it.
 */
#ifndef EB_BASE_PLATFORM_H
#define EB_BASE_PLATFORM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* Make a call again for as long as a signal interrupts it. */
#define EB_UNINTERRUPTED(result, call)                                                             \
    do {                                                                                           \
        (result) = (call);                                                                         \
    } while ((result) < 0 && errno == EINTR)

/* Rename; EEXIST when `to` exists. Both in the same file system. Checked and done in one step where
 * the file system has a way; else the caller keeps other runs away by a lock. */
int eb_platform_rename_new(const char *from, const char *to);
/* Write the content of fd to the medium, through all caches. */
int eb_platform_sync_file(int fd);
/* Forget what memory holds of a synced file, so that reads come from the medium. Best effort. */
void eb_platform_drop_cache(int fd);
/* Write the entries of the folder that holds `path` to the medium. */
int eb_platform_sync_parent(const char *path);
/* Reserve disk space for the first `size` bytes of fd; existing bytes stay. */
int eb_platform_allocate(int fd, uint64_t size);
/* Whether nobody but this user can have prepared the open file, or can change it now: its owner is
 * this user, it has one name, and only the owner may write. A file system without owners, modes or
 * links is believed. NULL: yes; else why not, in words that follow the name of the file. */
const char *eb_platform_why_foreign(int fd, const char *path);
/* Whether others can replace the open file, which is in `dir`. NULL: no, or not known; else why, in
 * words that follow the name of the folder. */
const char *eb_platform_why_unsafe(int fd, const char *dir);
/* Lock against other processes until fd is closed: EWOULDBLOCK when another has it. A file system
 * without locks gives 0. Does not wait. */
int eb_platform_lock(int fd);

#endif
