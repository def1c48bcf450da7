/*
 * store.h: the folder of backups: names, sidecars, and finding a backup.
 *
 * NAME.bin is an image, NAME_info.json its sidecar, NAME.bin.part one that is not finished and
 * NAME.bin.part.journal what is known of it. Paths are EB_PATH_BYTES long; longer ones are
 * EB_ERR_USAGE.
 */
#ifndef EB_CORE_STORE_H
#define EB_CORE_STORE_H

#include "espbackup/ops.h"
#include "range.h"
#include "sidecar.h"

#define EB_STORE_IMAGE_SUFFIX   ".bin"
#define EB_STORE_PART_SUFFIX    ".part"
#define EB_STORE_JOURNAL_SUFFIX ".journal"

/* printf into a path. */
eb_code_t eb_store_path(char out[EB_PATH_BYTES], eb_err_t *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* DIR/NAME, without a second slash; dir "" is the current folder. */
eb_code_t eb_store_join(char out[EB_PATH_BYTES], const char *dir, const char *name, eb_err_t *err);
/* "a/b.bin" gives "a/b_info.json", "a/b" too. */
eb_code_t eb_store_sidecar_path(char out[EB_PATH_BYTES], const char *image_path, eb_err_t *err);
/* The name in a path: what comes after the last slash. */
const char *eb_store_file_name(const char *path);
/* Whether an image may get this path, said before anything is done for it: EB_ERR_USAGE for a
 * folder, and for a name that its sidecar cannot have or that ends in .part. NULL is allowed. */
eb_code_t eb_store_check_output(const char *path, eb_err_t *err);
bool eb_store_has_suffix(const char *name, const char *suffix);

/* The length of a regular file; false: not there, or something else. mtime_unix may be NULL. */
bool eb_store_file_size(const char *path, uint64_t *size_bytes, int64_t *mtime_unix);

/* Names in a folder that end in `suffix`, in no order. A missing folder gives none and EB_OK. */
typedef struct eb_store_names {
    char **names;
    size_t count;
} eb_store_names_t;
eb_code_t eb_store_scan(const char *dir, const char *suffix, eb_store_names_t *out, eb_err_t *err);
void eb_store_names_free(eb_store_names_t *names); /* NULL is allowed */

/* The sidecar of an image; malloc'd, owned by the caller. EB_ERR_BACKUP_NOT_FOUND: there is none.
 */
eb_code_t eb_store_load_sidecar(const char *image_path, eb_sidecar_t **out, eb_err_t *err);

/*
 * What the user named: a path, a name as `list` prints it (with or without .bin), or "latest": the
 * newest complete backup of a whole flash in the folder. EB_ERR_BACKUP_NOT_FOUND;
 * EB_ERR_FILE_ACCESS: what has the name is a folder, a device, a FIFO, a link to nowhere.
 */
eb_code_t eb_store_resolve(const char *dir, const char *what, char out[EB_PATH_BYTES],
                           eb_err_t *err);

/* The newest complete backup that covers the range, or the whole flash of its board if the range is
 * empty; mac NULL: of any board. found false: none. */
eb_code_t eb_store_newest(const char *dir, const char *mac, eb_range_t range,
                          char out[EB_PATH_BYTES], bool *found, eb_err_t *err);

#endif
