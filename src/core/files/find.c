#include "find.h"

#include "fs_atomic.h"
#include "platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct find_names {
    const char *suffix;
    eb_file_names_t *out;
} find_names_t;

/* The room is always the next power of two. 0 or ENOMEM. */
static int add_name(void *user, const char *name)
{
    const find_names_t *find = user;
    eb_file_names_t *out = find->out;
    const size_t count = out->count;

    if (!eb_path_has_suffix(name, find->suffix)) {
        return 0;
    }
    if ((count & (count - 1)) == 0) {
        char **names = realloc(out->names, (count == 0 ? 1 : 2 * count) * sizeof(*names));
        if (names == NULL) {
            return ENOMEM;
        }
        out->names = names;
    }
    out->names[count] = strdup(name);
    out->count += out->names[count] != NULL ? 1 : 0;
    return out->count > count ? 0 : ENOMEM;
}

eb_code_t eb_find_names(const char *dir, const char *suffix, eb_file_names_t *out, eb_err_t *err)
{
    find_names_t find = {.suffix = suffix, .out = out};
    bool opened;

    memset(out, 0, sizeof(*out));
    const int failure = eb_platform_list(dir, add_name, &find, &opened);
    if (failure == 0 || (failure == ENOENT && !opened)) {
        return EB_OK;
    }
    eb_file_names_free(out);
    return failure == ENOMEM
               ? eb_err_set(err, EB_ERR_INTERNAL, "no memory to list %s", dir)
               : eb_fs_error(err, failure, opened ? "read the folder" : "open the folder", dir);
}

void eb_file_names_free(eb_file_names_t *names)
{
    if (names == NULL) {
        return;
    }
    for (size_t i = 0; i < names->count; i++) {
        free(names->names[i]);
    }
    free(names->names);
    memset(names, 0, sizeof(*names));
}

eb_code_t eb_find_sidecar(const char *image_path, eb_sidecar_t **out, eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    eb_sidecar_t *sidecar = malloc(sizeof(*sidecar));
    eb_err_t why = {0};
    uint8_t *text = NULL;
    size_t len = 0;

    *out = NULL;
    if (sidecar == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the sidecar of %s", image_path);
    }
    eb_code_t code = eb_path_of_sidecar(path, image_path, &why);
    if (code == EB_OK &&
        (code = eb_fs_read_file(path, EB_SIDECAR_MAX_BYTES, &text, &len, &why)) == EB_OK &&
        (code = eb_sidecar_read((const char *)text, len, sidecar, &why)) != EB_OK) {
        (void)eb_err_wrap(&why, "%s", path);
    }
    if (why.os_errno == EFBIG) {
        code = eb_err_set(&why, EB_ERR_SIDECAR_INVALID,
                          "%s is longer than %u bytes, the most that a sidecar can have", path,
                          EB_SIDECAR_MAX_BYTES);
        eb_err_hint(&why, "take out what was added to it, or use another backup");
    }
    free(text);
    if (code == EB_OK) {
        *out = sidecar;
        return EB_OK;
    }
    free(sidecar);
    return why.os_errno == ENOENT
               ? eb_err_set(err, EB_ERR_BACKUP_NOT_FOUND, "%s has no sidecar", image_path)
               : eb_err_copy(err, &why);
}

/* -- finding ------------------------------------------------------------------------------- */

/* Whether name is a complete backup as asked for; created gets its time. */
static bool is_candidate(const char *path, const char *mac, eb_range_t range,
                         char created[EB_TIME_TEXT_BYTES])
{
    eb_sidecar_t *sidecar = NULL;
    uint64_t size;
    bool fits = false;

    if (eb_find_sidecar(path, &sidecar, NULL) != EB_OK || sidecar == NULL) {
        return false;
    }
    if (eb_path_file_size(path, &size) && size == sidecar->size_bytes &&
        (mac == NULL || strcmp(eb_chip_mac(&sidecar->chip), mac) == 0)) {
        fits = range.size == 0 ? sidecar->addr == 0 && size == sidecar->flash.size_bytes
                               : range.addr >= sidecar->addr &&
                                     eb_range_within(range.addr - sidecar->addr, range.size, size);
    }
    memcpy(created, sidecar->created_utc, EB_TIME_TEXT_BYTES);
    free(sidecar);
    return fits;
}

eb_code_t eb_find_newest(const char *dir, const char *mac, eb_range_t range,
                         char out[EB_PATH_BYTES], bool *found, eb_err_t *err)
{
    eb_file_names_t names;
    char best_time[EB_TIME_TEXT_BYTES] = "";
    char path[EB_PATH_BYTES];

    *found = false;
    out[0] = '\0';
    eb_code_t code = eb_find_names(dir, EB_PATH_IMAGE_SUFFIX, &names, err);
    for (size_t i = 0; i < names.count && code == EB_OK; i++) {
        char created[EB_TIME_TEXT_BYTES];
        code = eb_path_join(path, dir, names.names[i], err);
        if (code != EB_OK || !is_candidate(path, mac, range, created)) {
            continue;
        }
        /* Two of one second: the later name. */
        int order = strcmp(created, best_time);
        if (!*found || order > 0 || (order == 0 && strcmp(path, out) > 0)) {
            memcpy(out, path, sizeof(path));
            memcpy(best_time, created, sizeof(best_time));
            *found = true;
        }
    }
    eb_file_names_free(&names);
    return code;
}

eb_code_t eb_find_backup(const char *dir, const char *what, char out[EB_PATH_BYTES], eb_err_t *err)
{
    static const char *const suffixes[] = {"", EB_PATH_IMAGE_SUFFIX};
    char odd[EB_PATH_BYTES]; /* there, but no file */
    eb_code_t code;
    uint64_t size;
    bool found;

    out[0] = '\0';
    if (strcmp(what, "latest") == 0) {
        code = eb_find_newest(dir, NULL, (eb_range_t){0, 0}, out, &found, err);
        if (code == EB_OK && !found) {
            code = eb_err_set(err, EB_ERR_BACKUP_NOT_FOUND,
                              "no complete backup of a whole flash in %s", dir);
        }
        return code;
    }
    if (eb_path_file_size(what, &size)) {
        return eb_path_printf(out, err, "%s", what);
    }
    (void)snprintf(odd, sizeof(odd), "%s", eb_fs_exists(what) ? what : "");
    for (size_t i = 0; i < 2 && eb_path_file_name(what) == what; i++) {
        char name[EB_PATH_BYTES];
        if ((code = eb_path_printf(name, err, "%s%s", what, suffixes[i])) != EB_OK ||
            (code = eb_path_join(out, dir, name, err)) != EB_OK) {
            return code;
        }
        if (eb_path_file_size(out, &size)) {
            return EB_OK;
        }
        if (odd[0] == '\0' && eb_fs_exists(out)) {
            memcpy(odd, out, sizeof(odd));
        }
    }
    out[0] = '\0';
    if (odd[0] != '\0') {
        return eb_err_set_reason(err, EB_ERR_FILE_ACCESS, EB_REASON_NAME_IMAGE,
                                 "%s is not a regular file", odd);
    }
    return eb_err_set(err, EB_ERR_BACKUP_NOT_FOUND, "no backup %s, and none of that name in %s",
                      what, dir);
}
