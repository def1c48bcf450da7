/* op_image_pack.c: files of this computer as a data image. */
#include "bytes.h"
#include "clock.h"
#include "espbackup/image_ops.h"
#include "find.h"
#include "fs_atomic.h"
#include "mime_type.h"
#include "platform.h"

#include <stdlib.h>
#include <string.h>

#define HINT_RENAME "give the file another name"

typedef struct pack_entry {
    char path[EB_PATH_BYTES];
    eb_data_file_t file;
    uint8_t *content;
} pack_entry_t;

typedef struct pack {
    const eb_image_pack_options_t *options;
    const eb_events_t *ev;
    pack_entry_t *entries;
    size_t count, cap;
    int output_fd; /* of what has the name of the output already; -1: nothing */
} pack_t;

/* -- which files ----------------------------------------------------------------------------- */

static eb_code_t check_kind(const pack_t *p, const char *path, const eb_file_facts_t *facts,
                            eb_err_t *err)
{
    if (facts->is_folder) {
        eb_err_set(err, EB_ERR_REFUSED, "%s is a folder: a data image has none", path);
        eb_err_hint(err, "move it away, and pack its files by their names");
        return EB_ERR_REFUSED;
    }
    if (!facts->is_file) {
        eb_err_set(err, EB_ERR_REFUSED, "%s is %s: a data image holds only files", path,
                   facts->is_link ? "a link" : "not a regular file");
        eb_err_hint(err, "put a copy of the file in its place, or move it away");
        return EB_ERR_REFUSED;
    }
    if (eb_fs_is_named(p->output_fd, path)) {
        return eb_err_set_reason(err, EB_ERR_REFUSED, EB_REASON_OTHER_OUTPUT,
                                 "%s is the output too", path);
    }
    return EB_OK;
}

static eb_code_t check_name(const char *path, const char *name, eb_err_t *err)
{
    const char *why = eb_data_name_why_unsafe(name);

    if (why != NULL) {
        eb_err_set(err, EB_ERR_REFUSED, "%s: the name %s", path, why);
    } else if (strlen(name) >= EB_DATA_TEXT_BYTES) {
        eb_err_set(err, EB_ERR_REFUSED, "%s: the name has %zu bytes, and at most %u fit", path,
                   strlen(name), EB_DATA_TEXT_BYTES - 1);
    } else {
        return EB_OK;
    }
    eb_err_hint(err, HINT_RENAME);
    return EB_ERR_REFUSED;
}

/* As the public tool counts: milliseconds as a double, rounded, and then whole seconds. */
static eb_code_t take_time(const pack_t *p, const char *path, const eb_file_facts_t *facts,
                           uint32_t *out, eb_err_t *err)
{
    const double ms = (double)facts->mtime_unix * 1e3 + (double)facts->mtime_ns / 1e6;
    const int64_t seconds = facts->mtime_unix < 0 ? -1 : (int64_t)(ms + 0.5) / 1000;

    *out = p->options->time_unix;
    if (!p->options->has_time && (seconds < 0 || seconds > UINT32_MAX)) {
        return eb_err_set_reason(err, EB_ERR_REFUSED, EB_REASON_TIME,
                                 "%s: its time is not between 1970 and 2106", path);
    }
    if (!p->options->has_time) {
        *out = (uint32_t)seconds;
    }
    return EB_OK;
}

static void take_type(const pack_t *p, eb_data_file_t *file)
{
    const char *type = eb_mime_type(file->name);

    if (strlen(type) >= EB_DATA_TEXT_BYTES) {
        eb_event_note(p->ev, EB_LEVEL_NOTE,
                      "%s: the type %s has more than %u bytes, so it becomes " EB_MIME_UNKNOWN,
                      file->name, type, EB_DATA_TEXT_BYTES - 1);
        type = EB_MIME_UNKNOWN;
    }
    (void)snprintf(file->type, sizeof(file->type), "%s", type);
}

static pack_entry_t *new_entry(pack_t *p)
{
    if (p->count == p->cap) {
        const size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
        pack_entry_t *bigger = realloc(p->entries, cap * sizeof(*bigger));

        if (bigger == NULL) {
            return NULL;
        }
        p->entries = bigger;
        p->cap = cap;
    }
    pack_entry_t *entry = &p->entries[p->count];
    memset(entry, 0, sizeof(*entry));
    return entry;
}

static eb_code_t add_file(pack_t *p, const char *path, eb_err_t *err)
{
    const char *name = eb_path_file_name(path);
    pack_entry_t *entry = new_entry(p);
    eb_file_facts_t facts;

    if (entry == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu files", p->count + 1);
    }
    const int failure = eb_platform_look_name(path, &facts);
    if (failure != 0) {
        return eb_fs_error(err, failure, "examine", path);
    }
    eb_code_t code = check_kind(p, path, &facts, err);
    if (code == EB_OK) {
        code = check_name(path, name, err);
    }
    if (code == EB_OK) {
        code = take_time(p, path, &facts, &entry->file.time_unix, err);
    }
    if (code == EB_OK) {
        code = eb_path_printf(entry->path, err, "%s", path);
    }
    if (code != EB_OK) {
        return code;
    }
    (void)snprintf(entry->file.name, sizeof(entry->file.name), "%s", name);
    entry->file.size = (uint32_t)eb_min_u64(facts.size_bytes, UINT32_MAX);
    take_type(p, &entry->file);
    p->count++;
    return EB_OK;
}

static eb_code_t add_folder(pack_t *p, const char *dir, eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    eb_file_names_t names;

    eb_code_t code = eb_find_names(dir, "", &names, err);
    for (size_t i = 0; i < names.count && code == EB_OK; i++) {
        if (strcmp(names.names[i], ".") == 0 || strcmp(names.names[i], "..") == 0) {
            continue;
        }
        code = eb_path_join(path, dir, names.names[i], err);
        if (code == EB_OK) {
            code = add_file(p, path, err);
        }
    }
    eb_file_names_free(&names);
    return code;
}

static eb_code_t add_inputs(pack_t *p, eb_err_t *err)
{
    eb_code_t code = EB_OK;
    eb_file_facts_t facts;
    uint64_t size;

    (void)eb_fs_open_read(p->options->output, &p->output_fd, &size, NULL);
    for (size_t i = 0; i < p->options->input_count && code == EB_OK; i++) {
        const char *input = p->options->inputs[i];

        code = eb_platform_look(input, &facts) == 0 && facts.is_folder ? add_folder(p, input, err)
                                                                       : add_file(p, input, err);
    }
    eb_fs_close(&p->output_fd);
    return code;
}

static int by_name(const void *a, const void *b)
{
    const pack_entry_t *left = a, *right = b;

    return strcmp(left->file.name, right->file.name);
}

static eb_code_t check_all(const pack_t *p, eb_err_t *err)
{
    const uint32_t max = p->options->max_size > 0 ? p->options->max_size : EB_DATA_SECTOR_BYTES;
    uint64_t size = EB_DATA_HEADER_BYTES;

    for (size_t i = 0; i < p->count; i++) {
        const pack_entry_t *entry = &p->entries[i];

        size += EB_DATA_RECORD_BYTES + (uint64_t)entry->file.size;
        if (i > 0 && strcmp(entry[-1].file.name, entry->file.name) == 0) {
            eb_err_set(err, EB_ERR_REFUSED, "%s and %s have one name, and an image has no folders",
                       entry[-1].path, entry->path);
            eb_err_hint(err, HINT_RENAME);
            return EB_ERR_REFUSED;
        }
    }
    if (size > max) {
        return eb_err_set_reason(
            err, EB_ERR_REFUSED, EB_REASON_MAX_SIZE,
            "the image of %zu files would have %llu bytes, and at most %lu are allowed", p->count,
            (unsigned long long)size, (unsigned long)max);
    }
    return EB_OK;
}

/* -- their content --------------------------------------------------------------------------- */

/* What was looked at is what is read: no link that came meanwhile, and no file that grew. */
static eb_code_t read_file(pack_entry_t *entry, eb_err_t *err)
{
    uint64_t size;
    int fd;

    eb_code_t code = eb_fs_open_read(entry->path, &fd, &size, err);
    if (code == EB_OK && (size != entry->file.size || !eb_fs_is_named(fd, entry->path))) {
        code = eb_fs_taken_away(entry->path, err);
    }
    if (code == EB_OK && (entry->content = malloc((size_t)size + 1)) == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory to read %s", entry->path);
    }
    if (code == EB_OK) {
        code = eb_fs_pread(fd, entry->path, entry->content, (size_t)size, 0, err);
    }
    eb_fs_close(&fd);
    return code;
}

static eb_code_t write_image(const pack_t *p, eb_data_image_t *out, eb_err_t *err)
{
    const uint8_t **contents = calloc(p->count + 1, sizeof(const uint8_t *));
    uint8_t *bytes = NULL;
    eb_code_t code;

    out->files = calloc(p->count + 1, sizeof(*out->files));
    out->count = p->count;
    out->time_unix = p->options->has_time ? p->options->time_unix : (uint32_t)eb_clock_unix();
    if (contents == NULL || out->files == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for an image of %zu files", p->count);
    } else {
        for (size_t i = 0; i < p->count; i++) {
            out->files[i] = p->entries[i].file;
            contents[i] = p->entries[i].content;
        }
        code = eb_data_image_write(out, contents, &bytes, err);
    }
    if (code == EB_OK) {
        code = eb_fs_write_file(p->options->output, bytes, out->size, p->options->force, err);
    }
    free(bytes);
    free(contents);
    return code;
}

eb_code_t eb_op_image_pack(const eb_image_pack_options_t *options, const eb_events_t *ev,
                           eb_data_image_t *out, eb_err_t *err)
{
    pack_t p = {.options = options, .ev = ev, .output_fd = -1};

    *out = (eb_data_image_t){0};
    if (!eb_mime_known()) {
        eb_event_note(ev, EB_LEVEL_WARNING,
                      "this program was built without MIME types: files become " EB_MIME_UNKNOWN);
    }
    eb_code_t code = add_inputs(&p, err);
    if (code == EB_OK && p.count > 0) {
        qsort(p.entries, p.count, sizeof(*p.entries), by_name);
        code = check_all(&p, err);
    }
    for (size_t i = 0; i < p.count && code == EB_OK; i++) {
        code = read_file(&p.entries[i], err);
        if (code == EB_OK) {
            code = eb_event_check(ev, err);
        }
    }
    if (code == EB_OK) {
        code = write_image(&p, out, err);
    }
    for (size_t i = 0; i < p.count; i++) {
        free(p.entries[i].content);
    }
    free(p.entries);
    if (code != EB_OK) {
        eb_data_image_free(out);
    }
    return code;
}
