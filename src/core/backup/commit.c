#include "commit.h"

#include "bytes.h"
#include "digest.h"
#include "espbackup/version.h"
#include "flash_layout.h"
#include "fs_atomic.h"
#include "hash_file.h"
#include "range.h"
#include "verified_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE_BYTES (64u * 1024u)
#define OLD_MAX       100

/* -- what is in it -------------------------------------------------------------------------- */

/* Bytes of the image where it has them, else of the board. */
static eb_code_t read_either(void *user, uint32_t addr, uint32_t size, uint8_t *out, eb_err_t *err)
{
    eb_read_state_t *reading = user;

    return eb_range_holds(reading->range, addr, size)
               ? eb_read_state_bytes(reading, addr, size, out, err)
               : eb_retry_read(&reading->retry, addr, size, out, err);
}

/* The whole app was at hand only now. */
static void tell_of_boot(const eb_layout_t *before, const eb_layout_t *after, const eb_events_t *ev)
{
    int was = before->boot.index, is = after->boot.index;

    if (was >= 0 && was != is) {
        eb_event_note(ev, EB_LEVEL_WARNING, "\"%s\" is damaged, so %s boots",
                      before->table.entries[was].label,
                      is >= 0 ? after->table.entries[is].label : "nothing");
    }
}

static eb_code_t find_contents(const eb_backup_job_t *job, eb_read_state_t *reading,
                               eb_sidecar_t *sidecar, eb_err_t *err)
{
    eb_layout_source_t source = eb_layout_of_board(&reading->retry, job->options->table_addr);
    eb_layout_t layout;
    eb_code_t code;

    source.read = read_either;
    source.user = reading;
    source.check_range = reading->range;
    if (job->layout != NULL) {
        layout = *job->layout;
        code = eb_layout_check_apps(&source, &layout, err);
        tell_of_boot(job->layout, &layout, reading->ev);
    } else {
        code = eb_layout_search_used(&source, reading->ev, &layout, err);
    }
    sidecar->table = layout.table;
    sidecar->boot = layout.boot;
    return code;
}

static eb_code_t hash_partitions(const eb_read_state_t *reading, eb_sidecar_t *sidecar,
                                 eb_err_t *err)
{
    const eb_partial_file_t *part = reading->part;

    for (size_t i = 0; i < sidecar->table.count && sidecar->table.present; i++) {
        const eb_partition_t *entry = &sidecar->table.entries[i];
        if (entry->size == 0 || !eb_range_holds(reading->range, entry->addr, entry->size)) {
            continue;
        }
        eb_code_t code = eb_hash_file(part->fd, part->part_path, entry->addr - reading->range.addr,
                                      entry->size, NULL, sidecar->part_hash[i].sha256, err);
        if (code != EB_OK) {
            return code;
        }
        sidecar->part_hash[i].known = true;
    }
    return EB_OK;
}

/* -- warnings ------------------------------------------------------------------------------- */

/* A flash smaller than its id says shows its first half again in the second one. */
static bool halves_are_equal(const eb_partial_file_t *part, uint32_t size)
{
    uint32_t half = size / 2;
    uint8_t *buf = malloc(2u * COMPARE_BYTES);
    bool equal = buf != NULL && half > 0 && size % 2 == 0;

    for (uint32_t done = 0, count; equal && done < half; done += count) {
        count = eb_min_u32(COMPARE_BYTES, half - done);
        equal = eb_fs_pread(part->fd, part->part_path, buf, count, done, NULL) == EB_OK &&
                eb_fs_pread(part->fd, part->part_path, buf + COMPARE_BYTES, count,
                            (uint64_t)half + done, NULL) == EB_OK &&
                memcmp(buf, buf + COMPARE_BYTES, count) == 0;
    }
    free(buf);
    return equal;
}

static void warn_of_contents(const eb_read_state_t *reading, const eb_backup_result_t *result)
{
    uint64_t flash_bytes = eb_session_flash(reading->session)->size_bytes;
    uint8_t erased[EB_MD5_BYTES];

    eb_md5_erased(reading->range.size, erased);
    if (memcmp(erased, result->md5, sizeof(erased)) == 0) {
        eb_event_note(reading->ev, EB_LEVEL_WARNING,
                      "every byte is 0xFF: the flash is empty, or it does not answer");
    } else if (reading->range.size == flash_bytes &&
               halves_are_equal(reading->part, reading->range.size)) {
        eb_event_note(reading->ev, EB_LEVEL_WARNING,
                      "both halves of the flash are the same: it is probably smaller than the "
                      "%llu bytes that it says",
                      (unsigned long long)flash_bytes);
    }
}

/* Where each range came from, for the sidecar; malloc'd, NULL without memory or when they are too
 * many to list. */
static eb_origin_range_t *list_ranges(const eb_verified_map_t *map, size_t *count)
{
    eb_origin_range_t *list = malloc(EB_ORIGIN_RANGES_MAX * sizeof(*list));
    uint64_t at = 0;
    eb_range_t run;
    eb_origin_t origin;

    *count = 0;
    while (list != NULL && eb_verified_map_next_run(map, at, &run, &origin)) {
        if (origin == EB_ORIGIN_NONE || *count == EB_ORIGIN_RANGES_MAX) {
            free(list);
            *count = 0;
            return NULL;
        }
        list[(*count)++] = (eb_origin_range_t){run.addr, run.size, origin};
        at = eb_range_end(run);
    }
    return list;
}

/* -- the files ------------------------------------------------------------------------------ */

static void fill_sidecar(const eb_partial_file_t *part, const eb_part_choice_t *partition,
                         const char *note, const eb_backup_result_t *result, eb_sidecar_t *sidecar)
{
    sidecar->format = EB_SIDECAR_FORMAT;
    (void)snprintf(sidecar->tool_version, sizeof(sidecar->tool_version), "%s", eb_version());
    memcpy(sidecar->created_utc, result->created_utc, sizeof(sidecar->created_utc));
    sidecar->addr = result->addr;
    sidecar->size_bytes = result->size_bytes;
    (void)snprintf(sidecar->partition, sizeof(sidecar->partition), "%s",
                   partition != NULL ? partition->label : "");
    (void)snprintf(sidecar->file_name, sizeof(sidecar->file_name), "%.255s",
                   eb_path_file_name(part->image_path));
    memcpy(sidecar->sha256, result->sha256, sizeof(sidecar->sha256));
    memcpy(sidecar->md5, result->md5, sizeof(sidecar->md5));
    sidecar->origins = result->origins;
    sidecar->stats = result->stats;
    sidecar->seconds = result->seconds;
    (void)snprintf(sidecar->note, sizeof(sidecar->note), "%s", note != NULL ? note : "");
}

/* The image that is replaced, and its sidecar, under another name until the new pair is whole. */
typedef struct old_pair {
    char image_path[EB_PATH_BYTES]; /* empty: none */
    char sidecar_path[EB_PATH_BYTES];
} old_pair_t;

/* NAME.bin is NAME.old.bin, or NAME.old2.bin and so on. */
static eb_code_t name_old(const eb_partial_file_t *part, old_pair_t *old, eb_err_t *err)
{
    const bool has_suffix = eb_path_has_suffix(part->image_path, EB_PATH_IMAGE_SUFFIX);
    const size_t len = strlen(part->image_path) - (has_suffix ? strlen(EB_PATH_IMAGE_SUFFIX) : 0);
    eb_code_t code = EB_OK;

    for (int i = 1; i <= OLD_MAX && code == EB_OK; i++) {
        char number[16] = "";
        if (i > 1) {
            (void)snprintf(number, sizeof(number), "%d", i);
        }
        if ((code = eb_path_printf(old->image_path, err,
                                   "%.*s" EB_PATH_OLD_SUFFIX "%s" EB_PATH_IMAGE_SUFFIX, (int)len,
                                   part->image_path, number)) == EB_OK &&
            (code = eb_path_of_sidecar(old->sidecar_path, old->image_path, err)) == EB_OK &&
            !eb_fs_exists(old->image_path) && !eb_fs_exists(old->sidecar_path)) {
            return EB_OK;
        }
    }
    return code != EB_OK
               ? code
               : eb_err_set(err, EB_ERR_FILE_EXISTS, "%s already exists", old->image_path);
}

/* The sidecar as a copy, and then the image by a rename: one of the names has the pair at any
 * moment. */
static eb_code_t set_aside(const eb_partial_file_t *part, old_pair_t *old, eb_err_t *err)
{
    eb_err_t why = {0};
    uint8_t *text = NULL;
    size_t len = 0;
    eb_code_t code = name_old(part, old, &why);

    if (code == EB_OK) {
        code = eb_fs_read_file(part->sidecar_path, EB_SIDECAR_MAX_BYTES, &text, &len, &why);
        if (code == EB_OK) {
            code = eb_fs_write_file(old->sidecar_path, text, len, false, &why);
        } else if (why.os_errno == ENOENT) {
            code = EB_OK;
        }
        if (code == EB_OK &&
            (code = eb_fs_rename(part->image_path, old->image_path, &why)) != EB_OK) {
            (void)eb_fs_remove(old->sidecar_path);
        }
        free(text);
    }
    return code == EB_OK ? EB_OK : eb_err_copy(err, &why);
}

/* The sidecar first, then the name: a kill in between leaves a .part that the next run finishes. */
static eb_code_t name_files(eb_partial_file_t *part, const char *text, eb_err_t *err)
{
    const bool ours = part->resumed || part->replace; /* a sidecar that is there */
    eb_code_t code = EB_OK;
    bool written = false;

    if (!eb_partial_file_is_there(part)) { /* the sidecar may be another run's */
        return eb_fs_taken_away(part->part_path, err);
    }
    if (text != NULL) {
        code = eb_fs_write_file(part->sidecar_path, text, strlen(text), ours, err);
        written = code == EB_OK || ours;
    } else if (part->replace) {
        (void)eb_fs_remove(part->sidecar_path);
    }
    if (code == EB_OK) {
        code = eb_fs_commit(&part->fd, part->part_path, part->image_path, false, err);
    }
    if (code != EB_OK && written && eb_partial_file_is_there(part)) {
        (void)eb_fs_remove(part->sidecar_path); /* without its image it misleads */
    }
    return code;
}

eb_code_t eb_commit_files(eb_partial_file_t *part, const eb_part_choice_t *partition,
                          const char *note, eb_sidecar_t *sidecar, eb_backup_result_t *result,
                          eb_err_t *err)
{
    old_pair_t old = {"", ""};
    char *text = NULL;
    eb_code_t code = EB_OK;

    if (sidecar != NULL) {
        fill_sidecar(part, partition, note, result, sidecar);
        code = eb_sidecar_write(sidecar, &text, err);
    }
    if (code == EB_OK && part->replace && eb_fs_exists(part->image_path)) {
        code = set_aside(part, &old, err);
    }
    if (code == EB_OK && (code = name_files(part, text, err)) != EB_OK &&
        old.image_path[0] != '\0') {
        (void)eb_err_wrap(err, "the earlier backup is now %s", old.image_path);
    }
    if (code == EB_OK) {
        eb_journal_remove(&part->journal);
        if (old.image_path[0] != '\0') {
            /* An image that stays keeps its sidecar. */
            if (eb_fs_remove(old.image_path)) {
                (void)eb_fs_remove(old.sidecar_path);
            }
        }
        memcpy(result->image_path, part->image_path, sizeof(result->image_path));
        (void)snprintf(result->sidecar_path, sizeof(result->sidecar_path), "%s",
                       text != NULL ? part->sidecar_path : "");
    }
    free(text);
    return code;
}

eb_code_t eb_commit_backup(const eb_backup_job_t *job, eb_read_state_t *reading,
                           eb_backup_result_t *result, eb_err_t *err)
{
    eb_partial_file_t *part = reading->part;
    eb_sidecar_t sidecar = {0};
    eb_code_t code;

    memcpy(result->sha256, reading->sha256, sizeof(result->sha256));
    memcpy(result->md5, reading->md5, sizeof(result->md5));
    if ((code = find_contents(job, reading, &sidecar, err)) != EB_OK ||
        (code = hash_partitions(reading, &sidecar, err)) != EB_OK) {
        return code;
    }
    sidecar.chip = *eb_session_chip(reading->session);
    sidecar.flash = *eb_session_flash(reading->session);
    eb_origin_range_t *ranges = list_ranges(&reading->map, &sidecar.range_count);
    sidecar.ranges = ranges;
    if (job->contents != NULL) {
        *job->contents = (eb_flash_contents_t){sidecar.table, sidecar.boot};
    }
    if (job->partition == NULL) { /* an erased one is nothing strange */
        warn_of_contents(reading, result);
    }
    code = eb_commit_files(part, job->partition, job->options->note, &sidecar, result, err);
    free(ranges);
    return code;
}
