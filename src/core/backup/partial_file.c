#include "partial_file.h"

#include "clock.h"
#include "fs_atomic.h"
#include "hash_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAME_SECOND_MAX 1000
#define PREFIX_BYTES    48 /* "esp32c3_nvs_" */

static eb_code_t set_names(eb_partial_file_t *part, const char *image_path, eb_err_t *err)
{
    eb_code_t code;

    if ((code = eb_path_printf(part->image_path, err, "%s", image_path)) == EB_OK &&
        (code = eb_path_of_sidecar(part->sidecar_path, image_path, err)) == EB_OK &&
        (code = eb_path_printf(part->part_path, err, "%s" EB_PATH_PART_SUFFIX, image_path)) ==
            EB_OK) {
        code =
            eb_path_printf(part->journal_path, err, "%s" EB_PATH_JOURNAL_SUFFIX, part->part_path);
    }
    return code;
}

/* "q" and "q.bin" would share a sidecar: it stays with the image that it names as long as that
 * exists, even if the output may replace files. */
static eb_code_t check_sidecar_owner(const eb_partial_file_t *part, eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    eb_sidecar_t *sidecar = NULL;
    eb_code_t code = EB_OK;
    const char *name = eb_path_file_name(part->image_path);

    if (eb_find_sidecar(part->image_path, &sidecar, NULL) != EB_OK) {
        return EB_OK;
    }
    if (strcmp(sidecar->file_name, name) != 0 &&
        eb_path_printf(path, NULL, "%.*s%s", (int)(name - part->image_path), part->image_path,
                       sidecar->file_name) == EB_OK &&
        eb_fs_exists(path)) {
        code = eb_err_set(err, EB_ERR_FILE_EXISTS, "%s is the sidecar of %s", part->sidecar_path,
                          path);
        eb_err_reason(err, EB_REASON_OTHER_OUTPUT);
    }
    free(sidecar);
    return code;
}

/* -- resuming ------------------------------------------------------------------------------ */

/* Open the .part whose names are set, if it is ours, and its journal is of this board and range. */
static bool resume(eb_partial_file_t *part, const eb_journal_id_t *id)
{
    eb_journal_head_t head;

    if (eb_fs_open_part(part->part_path, false, &part->fd, NULL) != EB_OK) {
        return false;
    }
    if (eb_journal_resume(&part->journal, part->journal_path, &head, &part->resumable, NULL) ==
            EB_OK &&
        eb_journal_id_equal(&head.id, id) &&
        eb_fs_reserve(part->fd, part->part_path, id->range.size, NULL) == EB_OK) {
        part->resumed = true;
        return true;
    }
    eb_journal_close(&part->journal);
    eb_verified_map_free(&part->resumable);
    eb_fs_close(&part->fd);
    return false;
}

/* A .part in the folder that this backup may resume. */
typedef struct found_part {
    char image_path[EB_PATH_BYTES];
    int64_t started_unix;
} found_part_t;

static bool examine(const char *dir, const char *journal_name, const char *prefix,
                    const eb_journal_id_t *id, found_part_t *found)
{
    char journal_path[EB_PATH_BYTES], part_path[EB_PATH_BYTES];
    char *const image_path = found->image_path;
    eb_journal_head_t head;
    uint64_t end_bytes;

    if (eb_path_join(journal_path, dir, journal_name, NULL) != EB_OK) {
        return false;
    }
    const size_t part_len = strlen(journal_path) - strlen(EB_PATH_JOURNAL_SUFFIX);
    (void)snprintf(part_path, sizeof(part_path), "%.*s", (int)part_len, journal_path);
    (void)snprintf(image_path, sizeof(found->image_path), "%.*s",
                   (int)(part_len - strlen(EB_PATH_PART_SUFFIX)), journal_path);
    const bool is_there = eb_fs_exists(part_path), is_complete = eb_fs_exists(image_path);
    if (is_complete && !is_there) {
        /* Killed between the last rename and the removal of the journal. */
        (void)eb_fs_remove_left(journal_path, UINT64_MAX, NULL);
    }
    if (is_complete || !is_there || strncmp(journal_name, prefix, strlen(prefix)) != 0 ||
        eb_journal_load(journal_path, &head, NULL, &end_bytes, NULL) != EB_OK ||
        !eb_journal_id_equal(&head.id, id)) {
        return false;
    }
    found->started_unix = head.started_unix;
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const found_part_t *x = a, *y = b;

    if (x->started_unix != y->started_unix) {
        return x->started_unix > y->started_unix ? -1 : 1;
    }
    return strcmp(y->image_path, x->image_path);
}

/* A .part without a byte, which was killed as it was made, helps nobody. It goes behind its
 * journal: a kill between the two leaves what the next run finds. */
static void remove_empty(const char *part_path)
{
    char journal_path[EB_PATH_BYTES];

    if (eb_path_printf(journal_path, NULL, "%s" EB_PATH_JOURNAL_SUFFIX, part_path) == EB_OK) {
        (void)eb_fs_remove_left(part_path, 0, journal_path);
    }
}

static void remove_all_empty(const char *dir)
{
    char path[EB_PATH_BYTES];
    eb_file_names_t names;

    if (eb_find_names(dir, EB_PATH_IMAGE_SUFFIX EB_PATH_PART_SUFFIX, &names, NULL) != EB_OK) {
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (eb_path_join(path, dir, names.names[i], NULL) == EB_OK) {
            remove_empty(path);
        }
    }
    eb_file_names_free(&names);
}

/* The newest that can be had; those that another run holds are passed over. */
static eb_code_t resume_newest(eb_partial_file_t *part, const char *dir, const char *prefix,
                               const eb_journal_id_t *id, bool *done, eb_err_t *err)
{
    eb_file_names_t names;
    size_t count = 0;

    *done = false;
    remove_all_empty(dir);
    /* A folder that can be written but not listed has nothing to resume. */
    if (eb_find_names(dir, EB_PATH_IMAGE_SUFFIX EB_PATH_PART_SUFFIX EB_PATH_JOURNAL_SUFFIX, &names,
                      NULL) != EB_OK ||
        names.count == 0) {
        return EB_OK;
    }
    eb_code_t code = EB_OK;
    found_part_t *found = calloc(names.count, sizeof(*found));
    if (found == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory to look through %s", dir);
    }
    for (size_t i = 0; i < names.count && code == EB_OK; i++) {
        count += examine(dir, names.names[i], prefix, id, &found[count]);
    }
    if (count > 0) {
        qsort(found, count, sizeof(*found), newest_first);
    }
    for (size_t i = 0; i < count && code == EB_OK && !*done; i++) {
        code = set_names(part, found[i].image_path, err);
        *done = code == EB_OK && check_sidecar_owner(part, NULL) == EB_OK && resume(part, id);
    }
    free(found);
    eb_file_names_free(&names);
    return code;
}

/* -- making --------------------------------------------------------------------------------- */

/* The files of a new .part whose names are set; reserves the space. */
static eb_code_t make(eb_partial_file_t *part, const eb_journal_head_t *head, eb_err_t *err)
{
    eb_code_t code = eb_fs_open_part(part->part_path, true, &part->fd, err);

    if (code != EB_OK) {
        return code;
    }
    if ((code = eb_journal_create(&part->journal, part->journal_path, head, err)) != EB_OK ||
        (code = eb_fs_reserve(part->fd, part->part_path, head->id.range.size, err)) != EB_OK) {
        eb_partial_file_remove(part);
    }
    return code;
}

static eb_code_t make_in_folder(eb_partial_file_t *part, const char *dir, const char *prefix,
                                const eb_journal_head_t *head, eb_err_t *err)
{
    char stamp[32], name[PREFIX_BYTES + 48], path[EB_PATH_BYTES];

    eb_clock_local_stamp(head->started_unix, stamp, sizeof(stamp));
    for (int i = 1; i <= SAME_SECOND_MAX; i++) {
        char suffix[16] = "";
        if (i > 1) {
            (void)snprintf(suffix, sizeof(suffix), "_%d", i);
        }
        (void)snprintf(name, sizeof(name), "%s%s%s.bin", prefix, stamp, suffix);
        eb_code_t code = eb_path_join(path, dir, name, err);
        if (code != EB_OK || (code = set_names(part, path, err)) != EB_OK) {
            return code;
        }
        if (eb_fs_exists(part->image_path) || eb_fs_exists(part->sidecar_path) ||
            eb_fs_exists(part->journal_path)) {
            continue;
        }
        /* Another run may have had this name a moment ago: the exclusive .part decides. */
        code = make(part, head, err);
        if (code != EB_ERR_FILE_EXISTS) {
            return code;
        }
    }
    return eb_err_set(err, EB_ERR_FILE_EXISTS, "%d backups of this second are in %s",
                      SAME_SECOND_MAX, dir);
}

static eb_code_t open_output(eb_partial_file_t *part, const eb_backup_options_t *options,
                             const eb_journal_head_t *head, eb_err_t *err)
{
    eb_code_t code;

    if ((code = eb_path_check_output(options->output, err)) != EB_OK ||
        (code = set_names(part, options->output, err)) != EB_OK ||
        (code = check_sidecar_owner(part, err)) != EB_OK) {
        return code;
    }
    part->replace = options->force;
    remove_empty(part->part_path);
    if (!options->force && eb_fs_exists(part->image_path)) {
        return eb_err_set(err, EB_ERR_FILE_EXISTS, "%s already exists", part->image_path);
    }
    if (resume(part, &head->id)) {
        return EB_OK;
    }
    if (!options->force && eb_fs_exists(part->sidecar_path)) {
        return eb_err_set(err, EB_ERR_FILE_EXISTS, "%s already exists", part->sidecar_path);
    }
    if (eb_fs_exists(part->part_path)) {
        /* Locked by another run, or of another board: the lock tells. */
        if ((code = eb_fs_open_part(part->part_path, false, &part->fd, err)) != EB_OK) {
            return code;
        }
        if (!options->force) {
            eb_fs_close(&part->fd);
            return eb_err_set(err, EB_ERR_FILE_EXISTS,
                              "%s belongs to an interrupted backup of another board or range",
                              part->part_path);
        }
        (void)eb_fs_open_part(part->journal_path, false, &part->journal.fd, NULL);
        part->journal.path = part->journal_path;
        eb_partial_file_remove(part);
    }
    return make(part, head, err);
}

eb_code_t eb_partial_file_open(eb_partial_file_t *part, const eb_backup_options_t *options,
                               const eb_part_choice_t *partition, const eb_journal_head_t *head,
                               const eb_events_t *ev, eb_err_t *err)
{
    char word[EB_PART_WORD_BYTES], prefix[PREFIX_BYTES];
    bool done = false;
    eb_code_t code;

    memset(part, 0, sizeof(*part));
    part->fd = -1;
    part->journal.fd = -1;
    if ((code = eb_unit_digests_init(&part->digests, head->id.range.addr, head->id.range.size,
                                     EB_MAP_UNIT_BYTES, err)) != EB_OK) {
        return code;
    }
    eb_part_choice_word(partition, word);
    (void)snprintf(prefix, sizeof(prefix), "%s_%s_", head->id.chip, word);
    if (options->output != NULL) {
        code = open_output(part, options, head, err);
    } else if ((code = eb_fs_make_dir(options->dir, err)) == EB_OK) {
        /* The interrupted run of a whole flash may have been given any output name. */
        code = resume_newest(part, options->dir, partition != NULL ? prefix : "", &head->id, &done,
                             err);
        if (code == EB_OK && !done) {
            code = make_in_folder(part, options->dir, prefix, head, err);
        }
    }
    if (code == EB_OK) {
        eb_path_tell_unsafe(part->part_path, part->fd, ev);
    }
    if (code == EB_OK && part->resumed) {
        eb_event_note(ev, EB_LEVEL_NOTE,
                      "resuming %s: %llu of %u bytes are there and are checked against the board",
                      part->part_path, (unsigned long long)part->resumable.verified_bytes,
                      head->id.range.size);
    }
    return code;
}

void eb_partial_file_close(eb_partial_file_t *part)
{
    if (part == NULL) {
        return;
    }
    eb_journal_close(&part->journal);
    eb_verified_map_free(&part->resumable);
    eb_unit_digests_free(&part->digests);
    eb_fs_close(&part->fd);
}

bool eb_partial_file_is_there(const eb_partial_file_t *part)
{
    return part->fd >= 0 ? eb_fs_is_named(part->fd, part->part_path)
                         : eb_fs_exists(part->part_path); /* closed for a rename */
}

/* -- its bytes -------------------------------------------------------------------------------- */

eb_code_t eb_partial_file_write(eb_partial_file_t *part, uint32_t addr, const uint8_t *bytes,
                                uint32_t size, eb_err_t *err)
{
    eb_unit_digests_keep(&part->digests, addr, bytes, size);
    return eb_fs_pwrite(part->fd, part->part_path, bytes, size, addr - part->digests.addr, err);
}

typedef struct check {
    const eb_partial_file_t *part;
    eb_verified_map_t *map;
    uint64_t bytes, first; /* that differ; the address of the first */
} check_t;

static eb_code_t read_and_check(void *user, uint64_t addr, uint8_t *bytes, uint32_t size,
                                eb_err_t *err)
{
    check_t *check = user;
    const eb_unit_digests_t *digests = &check->part->digests;
    eb_code_t code = eb_fs_pread(check->part->fd, check->part->part_path, bytes, size,
                                 addr - digests->addr, err);

    for (uint32_t done = 0, unit; code == EB_OK && done < size; done += unit) {
        const uint64_t at = eb_unit_digests_unit(digests, addr + done, &unit);
        if (!eb_unit_digests_match(digests, at, bytes + done)) {
            check->first = check->bytes == 0 ? at : check->first;
            check->bytes += unit;
            if (check->map != NULL) {
                eb_verified_map_set(check->map, (eb_range_t){(uint32_t)at, unit}, EB_ORIGIN_NONE);
            }
        }
    }
    return code;
}

eb_code_t eb_partial_file_check(const eb_partial_file_t *part, eb_verified_map_t *map,
                                const eb_events_t *ev, uint8_t sha256[EB_SHA256_BYTES],
                                uint8_t md5[EB_MD5_BYTES], eb_err_t *err)
{
    const eb_unit_digests_t *digests = &part->digests;
    check_t check = {.part = part, .map = map};
    eb_code_t code = eb_fs_flush(part->fd, part->part_path, err);

    if (code == EB_OK) {
        code = eb_hash_bytes(read_and_check, &check, digests->addr, digests->size_bytes, ev, sha256,
                             md5, err);
    }
    if (code == EB_OK && check.bytes > 0) {
        code = eb_err_set_reason(
            err, EB_ERR_FILE_IO, EB_REASON_OTHER_DISK,
            "%s: the disk gives other bytes than were written, %llu of them, the first at offset "
            "0x%llx",
            part->part_path, (unsigned long long)check.bytes,
            (unsigned long long)(check.first - digests->addr));
    }
    return code;
}

void eb_partial_file_remove(eb_partial_file_t *part)
{
    /* Empty at first, for a kill in the midst of it: see remove_empty. */
    if (part->fd >= 0 && eb_partial_file_is_there(part)) {
        (void)eb_fs_reserve(part->fd, part->part_path, 0, NULL);
    }
    eb_journal_remove(&part->journal);
    if (part->fd >= 0) {
        (void)eb_fs_remove_named(&part->fd, part->part_path);
        eb_fs_close(&part->fd);
    }
}
