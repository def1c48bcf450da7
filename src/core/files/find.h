/* find.h: what is in a folder of backups, and finding a backup there. */
#ifndef EB_FILES_FIND_H
#define EB_FILES_FIND_H

#include "paths.h"
#include "range.h"
#include "sidecar.h"

/* Names in a folder that end in `suffix`, in no order. A missing folder gives none and EB_OK. */
typedef struct eb_file_names {
    char **names;
    size_t count;
} eb_file_names_t;
eb_code_t eb_find_names(const char *dir, const char *suffix, eb_file_names_t *out, eb_err_t *err);
void eb_file_names_free(eb_file_names_t *names); /* NULL is allowed */

/* The sidecar of an image; malloc'd, owned by the caller. EB_ERR_BACKUP_NOT_FOUND: there is none.
 */
eb_code_t eb_find_sidecar(const char *image_path, eb_sidecar_t **out, eb_err_t *err);

/*
 * What the user named: a path, a name as `list` prints it (with or without .bin), or "latest": the
 * newest complete backup of a whole flash in the folder. EB_ERR_BACKUP_NOT_FOUND;
 * EB_ERR_FILE_ACCESS: what has the name is a folder, a device, a FIFO, a link to nowhere.
 */
eb_code_t eb_find_backup(const char *dir, const char *what, char out[EB_PATH_BYTES], eb_err_t *err);

/* The newest complete backup that covers the range, or the whole flash of its board if the range is
 * empty; mac NULL: of any board. found false: none. */
eb_code_t eb_find_newest(const char *dir, const char *mac, eb_range_t range,
                         char out[EB_PATH_BYTES], bool *found, eb_err_t *err);

#endif
