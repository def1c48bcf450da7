#include "sector_save.h"

#include "find.h"
#include "fs_atomic.h"
#include "paths.h"
#include "range.h"
#include "refuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX           ".sector"
#define MAC_DIGITS       16
#define ADDR_DIGITS      8
#define NAME_START_BYTES 32
#define FILE_BYTES       (EB_SECTOR_BYTES + EB_SHA256_BYTES)

/* "saved_240ac4123456_", or shorter than that without a MAC. */
static void name_start(const eb_session_t *session, char out[NAME_START_BYTES])
{
    char mac[MAC_DIGITS + 1] = "";
    size_t n = 0;

    for (const char *c = eb_chip_mac(eb_session_chip(session)); *c != '\0'; c++) {
        if (*c != ':' && n < MAC_DIGITS) {
            mac[n++] = *c;
        }
    }
    (void)snprintf(out, NAME_START_BYTES, "saved_%s_", mac);
}

static eb_code_t path_of(const eb_restore_job_t *job, const eb_partial_sector_t *partial,
                         char path[EB_PATH_BYTES], eb_err_t *err)
{
    char start[NAME_START_BYTES], name[NAME_START_BYTES + 32];

    name_start(job->session, start);
    (void)snprintf(name, sizeof(name), "%s%08x" SUFFIX, start, (unsigned)partial->addr);
    return eb_path_join(path, job->options->dir, name, err);
}

typedef enum board_state {
    BOARD_WHOLE, /* the board has all that is to stay */
    BOARD_TORN,  /* bits are missing: erased, and not or not wholly written again */
    BOARD_OTHER
} board_state_t;

/* Of the bytes around the ranges only: the others are to change anyway. */
static board_state_t compare(const eb_restore_job_t *job, const eb_partial_sector_t *partial,
                             const uint8_t *kept)
{
    board_state_t state = BOARD_WHOLE;

    for (uint32_t i = 0; i < EB_SECTOR_BYTES; i++) {
        if (partial->bytes[i] == kept[i] ||
            eb_ranges_hold(job->ranges, job->range_count, (uint64_t)partial->addr + i, 1)) {
            continue;
        }
        if ((partial->bytes[i] & kept[i]) != kept[i]) {
            return BOARD_OTHER;
        }
        state = BOARD_TORN;
    }
    return state;
}

/* -- what a saved sector belongs to ------------------------------------------------------------ */

static bool is_touched(const eb_restore_job_t *job, eb_range_t sector)
{
    for (size_t i = 0; i < job->range_count; i++) {
        if (eb_range_common(job->ranges[i], sector).size > 0) {
            return true;
        }
    }
    return false;
}

/* The MD5 of the sector at `addr`, if there is one that stays as it is; else all zero. */
static eb_code_t digest_beside(eb_restore_job_t *job, uint64_t addr, uint8_t md5[EB_MD5_BYTES],
                               eb_err_t *err)
{
    memset(md5, 0, EB_MD5_BYTES);
    return addr >= job->flash_bytes ||
                   is_touched(job, (eb_range_t){(uint32_t)addr, EB_SECTOR_BYTES})
               ? EB_OK
               : eb_retry_digest_twice(&job->retry, (uint32_t)addr, EB_SECTOR_BYTES, md5, err);
}

static eb_code_t digest_of_owner(eb_restore_job_t *job, uint32_t addr, uint8_t out[EB_SHA256_BYTES],
                                 eb_err_t *err)
{
    char board[128];
    uint8_t bytes[sizeof(board) + EB_SHA256_BYTES + 2 * EB_MD5_BYTES];
    uint8_t *image = bytes + sizeof(board), *beside = image + EB_SHA256_BYTES;
    const eb_chip_info_t *chip = eb_session_chip(job->session);

    memset(board, 0, sizeof(board));
    (void)snprintf(board, sizeof(board), "%s %s %x %llu %x", chip->id, eb_chip_mac(chip),
                   (unsigned)eb_session_flash(job->session)->jedec_id,
                   (unsigned long long)job->flash_bytes, (unsigned)addr);
    memcpy(bytes, board, sizeof(board));
    memcpy(image, job->image.sha256, EB_SHA256_BYTES);
    /* Before address 0 there is none: that wraps to the end of all addresses. */
    eb_code_t code = digest_beside(job, (uint64_t)addr - EB_SECTOR_BYTES, beside, err);
    if (code == EB_OK && (code = digest_beside(job, (uint64_t)addr + EB_SECTOR_BYTES,
                                               beside + EB_MD5_BYTES, err)) == EB_OK) {
        eb_sha256(bytes, sizeof(bytes), out);
    }
    return code;
}

/* -- the file ---------------------------------------------------------------------------------- */

eb_code_t eb_sector_save_recall(eb_restore_job_t *job, eb_partial_sector_t *partial, eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    uint8_t owner[EB_SHA256_BYTES], *kept = NULL;
    size_t len = 0;
    board_state_t state = BOARD_OTHER;
    const char *other = "the file is damaged";
    eb_code_t code = path_of(job, partial, path, err);

    if (code != EB_OK || !eb_fs_exists(path)) {
        return code;
    }
    eb_err_t why = {0};
    code = eb_fs_read_own_file(path, FILE_BYTES, &kept, &len, &why);
    if (code != EB_OK && why.os_errno != EFBIG) {
        return eb_err_copy(err, &why);
    }
    code = EB_OK; /* one that is too long is damaged, as one that is too short */
    if (len == FILE_BYTES) {
        state = compare(job, partial, kept);
        other = "the board holds other bytes";
    }
    if (state == BOARD_TORN && (code = digest_of_owner(job, partial->addr, owner, err)) == EB_OK &&
        memcmp(owner, kept + EB_SECTOR_BYTES, sizeof(owner)) != 0) {
        state = BOARD_OTHER;
        other = "that was of another image or range, or the board has changed since";
    }
    if (code == EB_OK && state == BOARD_TORN) {
        eb_event_note(job->ev, EB_LEVEL_NOTE,
                      "a restore was interrupted in the sector at 0x%x: the bytes around the image "
                      "are taken from %s",
                      (unsigned)partial->addr, path);
        memcpy(partial->bytes, kept, EB_SECTOR_BYTES);
    } else if (code == EB_OK && state == BOARD_OTHER) {
        code = eb_refuse(job->ev, job->options->force, EB_REASON_FORCE_SAVED, err,
                         "%s holds the bytes around the image at 0x%x from an interrupted "
                         "restore, and %s",
                         path, (unsigned)partial->addr, other);
    }
    free(kept);
    return code;
}

static bool verified_at(const eb_spans_t *spans, uint32_t addr)
{
    for (size_t i = 0; i < spans->count; i++) {
        if (eb_range_holds(eb_span_range(&spans->spans[i]), addr, 1)) {
            return eb_span_is_verified(spans->spans[i].state);
        }
    }
    return false;
}

eb_code_t eb_sector_save_save(eb_restore_job_t *job, const eb_spans_t *spans, eb_err_t *err)
{
    char path[EB_PATH_BYTES];
    uint8_t bytes[FILE_BYTES];
    eb_code_t code = EB_OK;

    for (size_t i = 0; code == EB_OK && i < job->partial_count; i++) {
        const eb_partial_sector_t *partial = &job->partials[i];
        if (verified_at(spans, partial->addr)) {
            continue;
        }
        memcpy(bytes, partial->bytes, EB_SECTOR_BYTES);
        if ((code = path_of(job, partial, path, err)) != EB_OK ||
            (code = digest_of_owner(job, partial->addr, bytes + EB_SECTOR_BYTES, err)) != EB_OK ||
            (code = eb_fs_make_dir(job->options->dir, err)) != EB_OK ||
            (code = eb_fs_write_file(path, bytes, sizeof(bytes), true, err)) != EB_OK) {
            (void)eb_err_wrap(err, "saving the sector at 0x%x; nothing was changed", partial->addr);
        }
    }
    return code;
}

static bool addr_in(const char *name, const char *start, uint32_t *addr)
{
    char *end = NULL;

    if (strncmp(name, start, strlen(start)) != 0) {
        return false;
    }
    *addr = (uint32_t)strtoul(name + strlen(start), &end, 16);
    return end == name + strlen(start) + ADDR_DIGITS && strcmp(end, SUFFIX) == 0;
}

void eb_sector_save_drop(const eb_session_t *session, const char *dir, const eb_spans_t *spans)
{
    char start[NAME_START_BYTES], path[EB_PATH_BYTES];
    eb_file_names_t names;
    uint32_t addr = 0;

    if (dir == NULL || eb_find_names(dir, SUFFIX, &names, NULL) != EB_OK) {
        return;
    }
    name_start(session, start);
    for (size_t i = 0; i < names.count; i++) {
        if (addr_in(names.names[i], start, &addr) && verified_at(spans, addr) &&
            eb_path_join(path, dir, names.names[i], NULL) == EB_OK) {
            (void)eb_fs_remove_left(path, UINT64_MAX, NULL);
        }
    }
    eb_file_names_free(&names);
}
