#include "store.h"

#include "fs_atomic.h"
#include "range.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIDECAR_SUFFIX "_info.json"

eb_code_t eb_store_path(char out[EB_PATH_BYTES], eb_err_t *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(out, EB_PATH_BYTES, format, args);
    va_end(args);
    if (len < 0 || len >= EB_PATH_BYTES) {
        eb_code_t code = eb_err_set(err, EB_ERR_USAGE, "path longer than %d bytes: %.80s...",
                                    EB_PATH_BYTES - 1, out);
        out[0] = '\0';
        return code;
    }
    return EB_OK;
}

eb_code_t eb_store_join(char out[EB_PATH_BYTES], const char *dir, const char *name, eb_err_t *err)
{
    size_t len = strlen(dir);
    bool slash = len == 0 || dir[len - 1] == '/';

    return eb_store_path(out, err, "%s%s%s", dir, slash ? "" : "/", name);
}

bool eb_store_has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);

    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

eb_code_t eb_store_sidecar_path(char out[EB_PATH_BYTES], const char *image_path, eb_err_t *err)
{
    size_t len = strlen(image_path);

    if (eb_store_has_suffix(image_path, EB_STORE_IMAGE_SUFFIX)) {
        len -= strlen(EB_STORE_IMAGE_SUFFIX);
    }
    return eb_store_path(out, err, "%.*s" SIDECAR_SUFFIX, (int)len, image_path);
}

const char *eb_store_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

eb_code_t eb_store_check_output(const char *path, eb_err_t *err)
{
    struct stat st;

    if (path == NULL) {
        return EB_OK;
    }
    const char *name = eb_store_file_name(path);
    if (name[0] == '\0' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        (void)eb_err_set(err, EB_ERR_USAGE, "--output '%s': a folder, expected a file", path);
        eb_err_hint(err, "--dir names the folder; the name of the file is then made");
        return EB_ERR_USAGE;
    }
    if (eb_store_has_suffix(name, EB_STORE_PART_SUFFIX)) {
        (void)eb_err_set(err, EB_ERR_USAGE,
                         "--output '%s': an image of that name counts as not finished", path);
        eb_err_hint(err, "take a name that does not end in " EB_STORE_PART_SUFFIX);
        return EB_ERR_USAGE;
    }
    if (!eb_sidecar_can_name(name)) {
        (void)eb_err_set(err, EB_ERR_USAGE,
                         "--output '%s': expected a name without a backslash and shorter than 256 "
                         "bytes",
                         path);
        eb_err_hint(err, "the sidecar holds the name, and takes only what every system can have");
        return EB_ERR_USAGE;
    }
    return EB_OK;
}

bool eb_store_file_size(const char *path, uint64_t *size_bytes, int64_t *mtime_unix)
{
    struct stat st;

    *size_bytes = 0;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    *size_bytes = (uint64_t)st.st_size;
    if (mtime_unix != NULL) {
        *mtime_unix = (int64_t)st.st_mtime;
    }
    return true;
}

static bool add_name(eb_store_names_t *out, size_t *cap, const char *name)
{
    if (out->count == *cap) {
        size_t bigger = *cap == 0 ? 64 : *cap * 2;
        char **names = realloc(out->names, bigger * sizeof(*names));
        if (names == NULL) {
            return false;
        }
        out->names = names;
        *cap = bigger;
    }
    out->names[out->count] = strdup(name);
    if (out->names[out->count] == NULL) {
        return false;
    }
    out->count++;
    return true;
}

eb_code_t eb_store_scan(const char *dir, const char *suffix, eb_store_names_t *out, eb_err_t *err)
{
    size_t cap = 0;
    eb_code_t code = EB_OK;
    struct dirent *entry;

    memset(out, 0, sizeof(*out));
    DIR *folder = opendir(dir[0] == '\0' ? "." : dir);
    if (folder == NULL) {
        return errno == ENOENT ? EB_OK : eb_fs_error(err, errno, "open the folder", dir);
    }
    while ((errno = 0, entry = readdir(folder)) != NULL) {
        if (!eb_store_has_suffix(entry->d_name, suffix)) {
            continue;
        }
        if (!add_name(out, &cap, entry->d_name)) {
            code = eb_err_set(err, EB_ERR_INTERNAL, "no memory to list %s", dir);
            goto done;
        }
    }
    if (errno != 0) {
        code = eb_fs_error(err, errno, "read the folder", dir);
    }
done:
    (void)closedir(folder);
    if (code != EB_OK) {
        eb_store_names_free(out);
    }
    return code;
}

void eb_store_names_free(eb_store_names_t *names)
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

eb_code_t eb_store_load_sidecar(const char *image_path, eb_sidecar_t **out, eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    eb_sidecar_t *sidecar = NULL;
    eb_err_t why = {0};
    uint8_t *text = NULL;
    size_t len = 0;

    *out = NULL;
    eb_code_t code = eb_store_sidecar_path(path, image_path, &why);
    if (code == EB_OK) {
        code = eb_fs_read_file(path, EB_SIDECAR_MAX_BYTES, &text, &len, &why);
    }
    if (code != EB_OK && why.os_errno == ENOENT) {
        return eb_err_set(err, EB_ERR_BACKUP_NOT_FOUND, "%s has no sidecar", image_path);
    }
    if (code == EB_OK && (sidecar = malloc(sizeof(*sidecar))) == NULL) {
        code = eb_err_set(&why, EB_ERR_INTERNAL, "no memory for %s", path);
    }
    if (code == EB_OK) {
        code = eb_sidecar_read((const char *)text, len, sidecar, &why);
        if (code != EB_OK) {
            (void)eb_err_wrap(&why, "%s", path);
        }
    }
    free(text);
    if (code != EB_OK) {
        free(sidecar);
        if (err != NULL) {
            *err = why;
        }
        return code;
    }
    *out = sidecar;
    return EB_OK;
}

/* -- finding ------------------------------------------------------------------------------- */

/* Whether name is a complete backup as asked for; created gets its time. */
static bool is_candidate(const char *path, const char *mac, eb_range_t range,
                         char created[EB_TIME_TEXT_BYTES])
{
    eb_sidecar_t *sidecar = NULL;
    uint64_t size;
    bool fits = false;

    if (eb_store_load_sidecar(path, &sidecar, NULL) != EB_OK) {
        return false;
    }
    if (eb_store_file_size(path, &size, NULL) && size == sidecar->size_bytes) {
        if (range.size == 0) {
            fits = sidecar->addr == 0 && size == sidecar->flash.size_bytes;
        } else {
            fits = range.addr >= sidecar->addr &&
                   eb_range_within(range.addr - sidecar->addr, range.size, size);
        }
        if (mac != NULL) {
            fits =
                fits && sidecar->chip.mac_count > 0 && strcmp(sidecar->chip.macs[0].text, mac) == 0;
        }
    }
    memcpy(created, sidecar->created_utc, EB_TIME_TEXT_BYTES);
    free(sidecar);
    return fits;
}

eb_code_t eb_store_newest(const char *dir, const char *mac, eb_range_t range,
                          char out[EB_PATH_BYTES], bool *found, eb_err_t *err)
{
    eb_store_names_t names;
    char best_time[EB_TIME_TEXT_BYTES] = "";
    char path[EB_PATH_BYTES];

    *found = false;
    out[0] = '\0';
    eb_code_t code = eb_store_scan(dir, EB_STORE_IMAGE_SUFFIX, &names, err);
    if (code != EB_OK) {
        return code;
    }
    for (size_t i = 0; i < names.count; i++) {
        char created[EB_TIME_TEXT_BYTES];
        if ((code = eb_store_join(path, dir, names.names[i], err)) != EB_OK) {
            break;
        }
        if (!is_candidate(path, mac, range, created)) {
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
    eb_store_names_free(&names);
    return code;
}

eb_code_t eb_store_resolve(const char *dir, const char *what, char out[EB_PATH_BYTES],
                           eb_err_t *err)
{
    static const char *const suffixes[] = {"", EB_STORE_IMAGE_SUFFIX};
    char odd[EB_PATH_BYTES]; /* there, but no file */
    eb_code_t code;
    uint64_t size;
    bool found;

    out[0] = '\0';
    if (strcmp(what, "latest") == 0) {
        code = eb_store_newest(dir, NULL, (eb_range_t){0, 0}, out, &found, err);
        if (code == EB_OK && !found) {
            code = eb_err_set(err, EB_ERR_BACKUP_NOT_FOUND,
                              "no complete backup of a whole flash in %s", dir);
        }
        return code;
    }
    if (eb_store_file_size(what, &size, NULL)) {
        return eb_store_path(out, err, "%s", what);
    }
    (void)snprintf(odd, sizeof(odd), "%s", eb_fs_exists(what) ? what : "");
    for (size_t i = 0; i < 2 && strchr(what, '/') == NULL; i++) {
        char name[EB_PATH_BYTES];
        if ((code = eb_store_path(name, err, "%s%s", what, suffixes[i])) != EB_OK ||
            (code = eb_store_join(out, dir, name, err)) != EB_OK) {
            return code;
        }
        if (eb_store_file_size(out, &size, NULL)) {
            return EB_OK;
        }
        if (odd[0] == '\0' && eb_fs_exists(out)) {
            memcpy(odd, out, sizeof(odd));
        }
    }
    out[0] = '\0';
    if (odd[0] != '\0') {
        (void)eb_err_set(err, EB_ERR_FILE_ACCESS, "%s is not a regular file", odd);
        eb_err_hint(err, "name the file of an image; espbackup list shows what there is");
        return EB_ERR_FILE_ACCESS;
    }
    return eb_err_set(err, EB_ERR_BACKUP_NOT_FOUND, "no backup %s, and none of that name in %s",
                      what, dir);
}
