/*
 * platform.h: the calls of the operating system, and what differs between them.
 *
 * Calls that can fail return 0 or an errno value, and go on when a signal interrupts them. EILSEQ:
 * no file of this system can have the name. One platform_*.c implements all of it. Paths are UTF-8.
 */
#ifndef EB_BASE_PLATFORM_H
#define EB_BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an errno value means, in words that live on. */
const char *eb_platform_error_text(int os_errno);

/* -- names ------------------------------------------------------------------------------------- */

typedef struct eb_file_facts {
    bool is_file, is_folder, is_link; /* none: a device, a pipe */
    uint64_t size_bytes;
    int64_t mtime_unix;
    uint32_t mtime_ns; /* of its second */
} eb_file_facts_t;

/* Whether the character ends the name of a folder in a path. */
bool eb_platform_is_separator(char c);
/* Length of the beginning that names a disk or a share, which is there or not, but is no folder
 * that can be made: "C:", "\\server\share"; 0: none. */
size_t eb_platform_root_len(const char *path);
/* What `path` leads to, through links. */
int eb_platform_look(const char *path, eb_file_facts_t *facts);
/* What has the name, which may be a link, be it one that leads nowhere. */
int eb_platform_look_name(const char *path, eb_file_facts_t *facts);
/* Make a folder, for this user only. */
int eb_platform_make_dir(const char *path);
/* The same for a new one, whose name ends in XXXXXX: these are replaced. */
int eb_platform_make_temp_dir(char *path);
int eb_platform_remove_dir(const char *path); /* an empty one */
/* ETXTBSY: the system removes, or renames, only what is closed. */
int eb_platform_remove(const char *path);
int eb_platform_rename(const char *from, const char *to); /* replaces `to` */
/* Call visit for each name in the folder, until it gives something other than 0, which is returned.
 * "": the folder of the process. *opened: whether the failure came later than the opening. */
typedef int (*eb_visit_name_fn)(void *user, const char *name);
int eb_platform_list(const char *dir, eb_visit_name_fn visit, void *user, bool *opened);
/* The longest name in that folder, in bytes; 0: not known. */
size_t eb_platform_name_max(const char *dir);
/* Rename; EEXIST when `to` exists. Both in the same file system. Checked and done in one step where
 * the file system has a way; else the caller keeps other runs away by a lock. */
int eb_platform_rename_new(const char *from, const char *to);

/* -- open files -------------------------------------------------------------------------------- */

typedef enum eb_open {
    EB_OPEN_READ, /* for reading; waits for no writer of a pipe */
    EB_OPEN_PART, /* for reading and writing; no link (ELOOP) */
    EB_OPEN_NEW   /* make it, for this user only; EEXIST */
} eb_open_t;

/* *fd is -1 on failure. No child of the process has it. */
int eb_platform_open(const char *path, eb_open_t how, int *fd);
void eb_platform_close(int fd);
int eb_platform_examine(int fd, eb_file_facts_t *facts);
/* Whether `path` itself, not what it links to, names the open file. */
bool eb_platform_is_named(int fd, const char *path);
/* At most len bytes; *done 0: the end, or a disk that takes no more. */
int eb_platform_read_at(int fd, void *bytes, size_t len, uint64_t offset, size_t *done);
int eb_platform_write_at(int fd, const void *bytes, size_t len, uint64_t offset, size_t *done);
int eb_platform_set_length(int fd, uint64_t size);
int eb_platform_set_mtime(int fd, int64_t unix_s);
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
/* Whether the system keeps others from reading the open file. False: `why` has words that follow
 * the name of the file. */
#define EB_PRIVATE_TEXT_BYTES 80
bool eb_platform_is_private(int fd, char why[EB_PRIVATE_TEXT_BYTES]);

#endif
