#include "paths.h"

#include "platform.h"
#include "sidecar.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SIDECAR_SUFFIX "_info.json"

eb_code_t eb_path_printf(char out[EB_PATH_BYTES], eb_err_t *err, const char *format, ...)
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

eb_code_t eb_path_join(char out[EB_PATH_BYTES], const char *dir, const char *name, eb_err_t *err)
{
    char separator[] = "/"; /* as in `dir`, because Windows has two */
    size_t len = strlen(dir);

    for (size_t i = 0; i < len; i++) {
        if (eb_platform_is_separator(dir[i])) {
            separator[0] = dir[i];
        }
    }
    if (len == 0 || eb_platform_is_separator(dir[len - 1])) {
        separator[0] = '\0';
    }
    return eb_path_printf(out, err, "%s%s%s", dir, separator, name);
}

bool eb_path_has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);

    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

eb_code_t eb_path_of_sidecar(char out[EB_PATH_BYTES], const char *image_path, eb_err_t *err)
{
    size_t len = strlen(image_path);

    if (eb_path_has_suffix(image_path, EB_PATH_IMAGE_SUFFIX)) {
        len -= strlen(EB_PATH_IMAGE_SUFFIX);
    }
    return eb_path_printf(out, err, "%.*s" SIDECAR_SUFFIX, (int)len, image_path);
}

const char *eb_path_file_name(const char *path)
{
    const char *name = path + strlen(path);

    while (name > path && !eb_platform_is_separator(name[-1])) {
        name--;
    }
    return name;
}

/* The longest name of all that are made for an image is that of an old sidecar while it is written.
 * The folder is asked, because file systems count bytes or characters, and some leave less than
 * 255. */
static eb_code_t check_length(const char *path, eb_err_t *err)
{
    char longest[EB_PATH_BYTES], folder[EB_PATH_BYTES];
    const char *name = eb_path_file_name(path);
    eb_file_facts_t facts;
    eb_code_t code = eb_path_of_sidecar(folder, path, err);

    if (code != EB_OK ||
        (code = eb_path_printf(longest, err, "%s" EB_PATH_OLD_SUFFIX EB_FS_TEMPORARY_SUFFIX,
                               folder)) != EB_OK ||
        eb_platform_look_name(longest, &facts) != ENAMETOOLONG) {
        return code;
    }
    size_t added = strlen(longest) - strlen(path);
    (void)eb_path_printf(folder, NULL, "%.*s", (int)(name - path), path);
    size_t limit = eb_platform_name_max(folder);
    (void)eb_err_set(err, EB_ERR_USAGE,
                     "'%s': the name is too long, because names of its other files have up to %zu "
                     "bytes more",
                     path, added);
    if (limit > added && strlen(name) + added > limit) {
        eb_err_hint(err, "choose a name of at most %zu bytes", limit - added);
    } else {
        eb_err_hint(err, "choose a shorter name");
    }
    return EB_ERR_USAGE;
}

eb_code_t eb_path_check_output(const char *path, eb_err_t *err)
{
    eb_file_facts_t facts;

    if (path == NULL) {
        return EB_OK;
    }
    const char *name = eb_path_file_name(path);
    const int failure = eb_platform_look(path, &facts);
    if (failure == EILSEQ) {
        (void)eb_err_set_errno(err, EB_ERR_USAGE, failure, "cannot create %s", path);
        eb_err_hint(err, "take another name, without any of < > : \" | ? *");
        return EB_ERR_USAGE;
    }
    if (name[0] == '\0' || (failure == 0 && facts.is_folder)) {
        return eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_NAME_FOLDER,
                                 "'%s' is a folder, expected the name of a file", path);
    }
    if (eb_path_has_suffix(name, EB_PATH_PART_SUFFIX)) {
        (void)eb_err_set(err, EB_ERR_USAGE, "'%s': an image of that name counts as not finished",
                         path);
        eb_err_hint(err, "take a name that does not end in " EB_PATH_PART_SUFFIX);
        return EB_ERR_USAGE;
    }
    if (!eb_sidecar_can_name(name)) {
        (void)eb_err_set(err, EB_ERR_USAGE,
                         "'%s': expected a name without a backslash and shorter than 256 bytes",
                         path);
        eb_err_hint(err, "the sidecar holds the name, and takes only what every system can have");
        return EB_ERR_USAGE;
    }
    return check_length(path, err);
}

void eb_path_tell_unsafe(const char *path, int fd, const eb_events_t *ev)
{
    const size_t len = (size_t)(eb_path_file_name(path) - path);
    char dir[EB_PATH_BYTES] = ".";

    if (len > 0) {
        (void)snprintf(dir, sizeof(dir), "%.*s", (int)(len > 1 ? len - 1 : 1), path);
    }
    const char *why = eb_platform_why_unsafe(fd, dir);
    if (why != NULL) {
        eb_event_note(ev, EB_LEVEL_WARNING,
                      "the folder %s %s: others can replace or change the backups in it", dir, why);
    }
}

bool eb_path_file_size(const char *path, uint64_t *size_bytes)
{
    eb_file_facts_t facts;
    const bool is_file = eb_platform_look(path, &facts) == 0 && facts.is_file;

    *size_bytes = is_file ? facts.size_bytes : 0;
    return is_file;
}
