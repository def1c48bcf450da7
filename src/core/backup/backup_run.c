#include "backup_run.h"

#include "clock.h"
#include "commit.h"
#include "find.h"
#include "fs_atomic.h"
#include "partial_file.h"
#include "paths.h"
#include "platform.h"
#include "read_engine.h"

#include <stdlib.h>
#include <string.h>

typedef struct backup {
    const eb_backup_job_t *job;
    eb_partial_file_t part;
    eb_read_state_t reading;
} backup_t;

static void describe_board(const eb_read_state_t *reading, int64_t now_unix,
                           eb_journal_head_t *head)
{
    const eb_chip_info_t *chip = eb_session_chip(reading->session);
    const eb_flash_info_t *flash = eb_session_flash(reading->session);

    memset(head, 0, sizeof(*head));
    memcpy(head->id.chip, chip->id, sizeof(head->id.chip));
    memcpy(head->id.mac, chip->mac_count > 0 ? chip->macs[0].text : "none",
           chip->mac_count > 0 ? sizeof(head->id.mac) : sizeof("none"));
    head->id.jedec_id = flash->jedec_id & 0xFFFFFF;
    head->id.flash_size_bytes = flash->size_bytes;
    head->id.range = reading->range;
    head->started_unix = now_unix;
}

/* By what the file has got: on FAT and on some mounts all files have the same mode. */
static void tell_secrets(int fd, const eb_events_t *ev)
{
    static const char secrets[] =
        "the image holds everything that is on the board, Wi-Fi passwords and keys too";
    char why[EB_PRIVATE_TEXT_BYTES];

    if (eb_platform_is_private(fd, why)) {
        eb_event_note(ev, EB_LEVEL_NOTE, "%s: only you can read the file; keep it so", secrets);
    } else {
        eb_event_note(ev, EB_LEVEL_WARNING, "%s: others may read the file, which %s", secrets, why);
    }
}

static void tell_security(const eb_session_t *session, const eb_events_t *ev)
{
    const eb_security_t *security = &eb_session_chip(session)->security;

    if (security->flash_encryption == EB_YES) {
        eb_event_note(ev, EB_LEVEL_WARNING,
                      "flash encryption is on: the image is ciphertext, and of use on this very "
                      "chip only");
    }
    if (security->secure_boot == EB_YES) {
        eb_event_note(ev, EB_LEVEL_NOTE,
                      "secure boot is on: a board starts this firmware only if it trusts the same "
                      "signing key");
    }
}

/* -- guesses -------------------------------------------------------------------------------- */

/* The flash addresses of a backup's bytes: its sidecar tells; without one it must be as long as the
 * flash. */
static eb_code_t range_of_earlier(uint64_t flash_bytes, const char *path, uint64_t size,
                                  eb_range_t *out, eb_err_t *err)
{
    eb_sidecar_t *sidecar = NULL;
    eb_code_t code = eb_find_sidecar(path, &sidecar, err);

    if (code == EB_OK) {
        *out = (eb_range_t){sidecar->addr, (uint32_t)sidecar->size_bytes};
        if (size != sidecar->size_bytes) {
            code = eb_err_set(err, EB_ERR_IMAGE_INVALID,
                              "%s is %llu bytes long, its sidecar says %llu", path,
                              (unsigned long long)size, (unsigned long long)sidecar->size_bytes);
        }
    } else if (code == EB_ERR_BACKUP_NOT_FOUND) {
        *out = (eb_range_t){0, (uint32_t)size};
        code = EB_OK;
        if (size != flash_bytes) {
            code = eb_err_set(err, EB_ERR_IMAGE_INVALID,
                              "%s has no sidecar and is not as long as the flash", path);
        }
    }
    free(sidecar);
    return code;
}

/* The earlier backup whose bytes are worth a guess. What the user named must be there; what is
 * found by itself is a help only. */
static eb_code_t open_earlier(backup_t *b, const eb_journal_head_t *head, eb_err_t *err)
{
    const eb_backup_options_t *options = b->job->options;
    eb_candidate_file_t *earlier = &b->reading.earlier;
    uint64_t size;
    bool found = true;

    if (options->full) {
        return EB_OK;
    }
    eb_code_t code = options->since != NULL
                         ? eb_find_backup(options->dir, options->since, earlier->path, err)
                         : eb_find_newest(options->dir, head->id.mac, head->id.range, earlier->path,
                                          &found, err);
    if (code == EB_OK && found &&
        (code = eb_fs_open_read(earlier->path, &earlier->fd, &size, err)) == EB_OK) {
        code =
            range_of_earlier(head->id.flash_size_bytes, earlier->path, size, &earlier->range, err);
    }
    if (code != EB_OK || !found) {
        eb_fs_close(&earlier->fd);
        return options->since != NULL ? code : EB_OK;
    }
    b->reading.plan.earlier = eb_range_common(earlier->range, head->id.range);
    /* Of each of several partitions it is another one: a line for each is too much. */
    eb_event_note(b->reading.ev, b->job->partition != NULL ? EB_LEVEL_DETAIL : EB_LEVEL_NOTE,
                  "bytes that equal %s are verified, not read", earlier->path);
    return EB_OK;
}

/* Where the table and the app headers say that nothing is. Few and short reads; a board that is
 * mostly known from an earlier backup does not need them. */
static eb_code_t guess_from_layout(backup_t *b, eb_err_t *err)
{
    const eb_backup_options_t *options = b->job->options;
    const eb_layout_t *layout = b->job->layout;
    eb_read_state_t *reading = &b->reading;
    eb_layout_t searched;

    if (options->full || reading->plan.earlier.size == reading->range.size) {
        return EB_OK;
    }
    eb_layout_source_t source = eb_layout_of_board(&reading->retry, options->table_addr);
    if (layout == NULL) {
        eb_code_t code = eb_layout_search_used(&source, NULL, &searched, err);
        if (code != EB_OK) {
            return code;
        }
        layout = &searched;
    }
    eb_regions_use_table(&reading->plan.regions, &layout->table, source.bootloader_addr,
                         layout->bootloader.length_bytes);
    return EB_OK;
}

/* -- the whole ------------------------------------------------------------------------------ */

static eb_code_t read_all(backup_t *b, const eb_journal_head_t *head, eb_err_t *err)
{
    eb_read_state_t *reading = &b->reading;
    eb_code_t code;

    reading->part = &b->part;
    reading->plan.only_resumed = b->job->options->full;
    if (b->part.resumed) {
        reading->plan.resumable = &b->part.resumable;
    }
    if ((code = open_earlier(b, head, err)) == EB_OK &&
        (code = guess_from_layout(b, err)) == EB_OK) {
        code = eb_read_engine_run(reading, err);
    }
    return code;
}

static void tell_what_is_kept(const eb_read_state_t *reading)
{
    if (reading->board_erased) {
        return; /* the hint tells more */
    }
    eb_event_note(reading->ev, EB_LEVEL_NOTE,
                  "kept %s (%llu %% verified): the next backup of this board resumes it",
                  reading->part->part_path,
                  (unsigned long long)(reading->map.verified_bytes * 100 / reading->range.size));
}

static eb_code_t run(backup_t *b, eb_backup_result_t *result, eb_err_t *err)
{
    eb_read_state_t *reading = &b->reading;
    eb_journal_head_t head;
    int64_t started_us = eb_clock_us(), now_unix = eb_clock_unix();

    describe_board(reading, now_unix, &head);
    eb_clock_utc_text(now_unix, result->created_utc, sizeof(result->created_utc));
    eb_code_t code =
        eb_partial_file_open(&b->part, b->job->options, b->job->partition, &head, reading->ev, err);
    if (code != EB_OK) {
        return code;
    }
    memcpy(result->part_path, b->part.part_path, sizeof(result->part_path));
    if (!b->job->security_told) {
        tell_secrets(b->part.fd, reading->ev);
        tell_security(reading->session, reading->ev);
    }
    code = read_all(b, &head, err);
    eb_verified_map_totals(&reading->map, &result->origins);
    eb_session_get_stats(reading->session, &result->stats);
    result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    if (code == EB_OK && (code = eb_commit_backup(b->job, reading, result, err)) == EB_OK) {
        result->verified = true;
        result->part_path[0] = '\0';
    } else if (eb_partial_file_is_there(&b->part)) {
        tell_what_is_kept(reading);
    } else {
        result->part_path[0] = '\0';
        /* Failed after the last rename: the image is whole, what is beside it may not be. */
        if (eb_fs_is_named(b->part.fd, b->part.image_path)) {
            memcpy(result->image_path, b->part.image_path, sizeof(result->image_path));
        }
    }
    return code;
}

eb_code_t eb_backup_run(eb_session_t *s, const eb_backup_job_t *job, const eb_events_t *ev,
                        eb_backup_result_t *result, eb_err_t *err)
{
    backup_t b = {.job = job, .part = {.fd = -1, .journal.fd = -1}};

    result->addr = job->range.addr;
    result->size_bytes = job->range.size;
    /* Before there is a file: one of nothing helps nobody. */
    eb_code_t code = eb_session_need_read(s, err);
    if (code != EB_OK) {
        return code;
    }
    if ((code = eb_read_state_init(&b.reading, s, ev, job->range, err)) == EB_OK) {
        code = run(&b, result, err);
    }
    eb_partial_file_close(&b.part);
    eb_read_state_free(&b.reading);
    return code;
}
