/* op_image_extract.c: what is in a data image, and files out of it. */
#include "data_file.h"
#include "espbackup/image_ops.h"
#include "fs_atomic.h"
#include "paths.h"
#include "platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file grows under this name. No image has it, because it is longer than names are. */
#define TEMPORARY ".espbackup_extract_of_data_image.part"
_Static_assert(sizeof(TEMPORARY) > EB_DATA_TEXT_BYTES, "no file of an image has this name");

eb_code_t eb_op_image_list(const char *path, eb_data_image_t *out, eb_err_t *err)
{
    uint8_t *bytes;
    size_t len;
    eb_code_t code = eb_data_file_open(path, &bytes, &len, out, err);

    free(bytes);
    return code;
}

/* -- what is extracted ----------------------------------------------------------------------- */

static const eb_data_file_t *find_file(const eb_data_image_t *image, const char *name)
{
    for (size_t i = 0; i < image->count; i++) {
        if (strcmp(image->files[i].name, name) == 0) {
            return &image->files[i];
        }
    }
    return NULL;
}

static bool is_asked(const eb_image_extract_options_t *options, const char *name)
{
    for (size_t i = 0; i < options->name_count; i++) {
        if (strcmp(options->names[i], name) == 0) {
            return true;
        }
    }
    return options->name_count == 0;
}

/* The files that were not asked for leave the list. */
static eb_code_t select_files(const eb_image_extract_options_t *options, eb_data_image_t *image,
                              eb_err_t *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < options->name_count; i++) {
        if (find_file(image, options->names[i]) == NULL) {
            return eb_err_set(err, EB_ERR_USAGE, "%s has no file '%s'", options->image,
                              options->names[i]);
        }
    }
    for (size_t i = 0; i < image->count; i++) {
        if (is_asked(options, image->files[i].name)) {
            image->files[kept++] = image->files[i];
        }
    }
    image->count = kept;
    return EB_OK;
}

static eb_code_t check_file(const eb_image_extract_options_t *options, const eb_data_file_t *file,
                            eb_err_t *err)
{
    const char *why = eb_data_name_why_unsafe(file->name);
    char path[EB_PATH_BYTES];

    if (why != NULL) {
        return eb_err_set_reason(err, EB_ERR_REFUSED, EB_REASON_OTHER_FILES,
                                 "%s: the name of the file '%s' %s", options->image, file->name,
                                 why);
    }
    eb_code_t code = eb_path_join(path, options->dir, file->name, err);
    if (code == EB_OK && !options->force && eb_fs_exists(path)) {
        code = eb_fs_error(err, EEXIST, "create", path);
    }
    return code;
}

/* -- extracting ------------------------------------------------------------------------------ */

static eb_code_t extract_file(const eb_image_extract_options_t *options, const uint8_t *bytes,
                              const eb_data_file_t *file, eb_err_t *err)
{
    char path[EB_PATH_BYTES], temporary[EB_PATH_BYTES];
    int fd = -1, failure = 0;

    eb_code_t code = eb_path_join(path, options->dir, file->name, err);
    if (code == EB_OK) {
        code = eb_path_join(temporary, options->dir, TEMPORARY, err);
    }
    if (code != EB_OK || (code = eb_fs_open_anew(temporary, &fd, err)) != EB_OK) {
        return code;
    }
    code = eb_fs_pwrite(fd, path, bytes + file->offset, file->size, 0, err);
    if (code == EB_OK && (failure = eb_platform_set_mtime(fd, file->time_unix)) != 0) {
        code = eb_fs_error(err, failure, "set the time of", path);
    }
    if (code == EB_OK) {
        code = eb_fs_commit(&fd, temporary, path, options->force, err);
    }
    if (code != EB_OK && fd >= 0) {
        (void)eb_fs_remove_named(&fd, temporary);
    }
    eb_fs_close(&fd);
    return code;
}

static eb_code_t extract_all(const eb_image_extract_options_t *options, const eb_events_t *ev,
                             const uint8_t *bytes, eb_data_image_t *image, eb_err_t *err)
{
    eb_code_t code = eb_data_file_check_crc(options->image, image, err);

    if (code == EB_OK) {
        code = select_files(options, image, err);
    }
    for (size_t i = 0; i < image->count && code == EB_OK; i++) {
        code = check_file(options, &image->files[i], err);
    }
    if (code == EB_OK) {
        code = eb_fs_make_dir(options->dir, err);
    }
    for (size_t i = 0; i < image->count && code == EB_OK; i++) {
        code = eb_event_check(ev, err);
        if (code == EB_OK) {
            code = extract_file(options, bytes, &image->files[i], err);
        }
    }
    return code;
}

eb_code_t eb_op_image_extract(const eb_image_extract_options_t *options, const eb_events_t *ev,
                              eb_data_image_t *out, eb_err_t *err)
{
    uint8_t *bytes;
    size_t len;
    eb_code_t code = eb_data_file_open(options->image, &bytes, &len, out, err);

    if (code == EB_OK) {
        code = extract_all(options, ev, bytes, out, err);
    }
    free(bytes);
    if (code != EB_OK) {
        eb_data_image_free(out);
    }
    return code;
}
