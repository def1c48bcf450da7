/*
 * paths.h: the names of files in a folder of backups.
 *
 * NAME.bin is an image, NAME_info.json its sidecar, NAME.bin.part one that is not finished and
 * NAME.bin.part.journal what is known of it. Paths are EB_PATH_BYTES long; longer ones are
 * EB_ERR_USAGE.
 */
#ifndef EB_FILES_PATHS_H
#define EB_FILES_PATHS_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "fs_atomic.h"

#define EB_PATH_IMAGE_SUFFIX   ".bin"
#define EB_PATH_PART_SUFFIX    ".part"
#define EB_PATH_JOURNAL_SUFFIX ".journal"
#define EB_PATH_OLD_SUFFIX     ".old" /* before .bin: an image that is being replaced */

/* printf into a path. */
eb_code_t eb_path_printf(char out[EB_PATH_BYTES], eb_err_t *err, const char *format, ...)
    EB_PRINTF(3, 4);
/* DIR/NAME, without a second slash; dir "" is the current folder. */
eb_code_t eb_path_join(char out[EB_PATH_BYTES], const char *dir, const char *name, eb_err_t *err);
/* "a/b.bin" gives "a/b_info.json", "a/b" too. */
eb_code_t eb_path_of_sidecar(char out[EB_PATH_BYTES], const char *image_path, eb_err_t *err);
/* The name in a path: what comes after the last slash. */
const char *eb_path_file_name(const char *path);
/* Whether an image may get this path, said before anything is done for it: EB_ERR_USAGE for a
 * folder, and for a name that its sidecar cannot have, that ends in .part, or that is too long for
 * the folder with the suffixes of all its files. NULL is allowed. */
eb_code_t eb_path_check_output(const char *path, eb_err_t *err);
bool eb_path_has_suffix(const char *name, const char *suffix);

/* Warn if others can replace the open file. */
void eb_path_tell_unsafe(const char *path, int fd, const eb_events_t *ev);

/* The length of a regular file; false: not there, or something else. */
bool eb_path_file_size(const char *path, uint64_t *size_bytes);

#endif
