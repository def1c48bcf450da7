#include "partition_extract.h"

#include "bytes.h"
#include "clock.h"
#include "commit.h"
#include "fs_atomic.h"
#include "range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES EB_BLOCK_BYTES
/* In the journal, for what a killed run leaves: never taken for the .part of a board. */
#define NO_BOARD   "image"

static eb_code_t copy_bytes(const eb_backup_image_t *source, eb_partial_file_t *part,
                            eb_range_t range, const eb_events_t *ev, eb_err_t *err)
{
    uint8_t *bytes = malloc(COPY_BYTES);
    eb_code_t code = EB_OK;

    if (bytes == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to copy a partition");
    }
    eb_event_progress(ev, EB_PHASE_READ, 0, range.size);
    for (uint32_t done = 0, count; done < range.size && code == EB_OK; done += count) {
        count = eb_min_u32(range.size - done, COPY_BYTES);
        if ((code = eb_event_check(ev, err)) == EB_OK &&
            (code = eb_backup_image_read(source, range.addr + done, bytes, count, err)) == EB_OK &&
            (code = eb_partial_file_write(part, range.addr + done, bytes, count, err)) == EB_OK) {
            eb_event_progress(ev, EB_PHASE_READ, done + count, range.size);
        }
    }
    free(bytes);
    return code;
}

/* What is known of how the bytes came off the board: nothing was read now, and without a sidecar
 * nobody knows. */
static void fill_result(const eb_backup_image_t *source, const eb_part_choice_t *choice,
                        eb_backup_result_t *result)
{
    const eb_sidecar_t *sidecar = source->sidecar;

    result->addr = choice->range.addr;
    result->size_bytes = choice->range.size;
    if (sidecar == NULL) {
        return;
    }
    /* Verified by a backup made earlier, as good as that one was. */
    result->origins.bytes[EB_ORIGIN_EARLIER] = choice->range.size;
    result->stats = sidecar->stats;
    result->stats.wire_bytes_in = result->stats.wire_bytes_out = 0;
    result->stats.retries = result->stats.reconnects = result->stats.slowdowns = 0;
}

/* The sidecar is the source's, of this partition: what is told of the board and the reading stays.
 */
static eb_code_t finish(const eb_backup_image_t *source, const eb_backup_options_t *options,
                        const eb_part_choice_t *choice, eb_partial_file_t *part,
                        eb_backup_result_t *result, eb_err_t *err)
{
    char note[EB_NOTE_BYTES];

    if (source->sidecar == NULL) {
        return eb_commit_files(part, choice, NULL, NULL, result, err);
    }
    eb_sidecar_t sidecar = *source->sidecar;
    (void)snprintf(note, sizeof(note), "out of %.200s of %s", eb_path_file_name(source->path),
                   sidecar.created_utc);
    for (size_t i = 0; i < sidecar.table.count; i++) {
        const eb_partition_t *entry = &sidecar.table.entries[i];
        sidecar.part_hash[i].known =
            sidecar.part_hash[i].known && eb_range_holds(choice->range, entry->addr, entry->size);
    }
    return eb_commit_files(part, choice, options->note != NULL ? options->note : note, &sidecar,
                           result, err);
}

eb_code_t eb_partition_extract(eb_backup_image_t *source, const eb_backup_options_t *options,
                               const eb_part_choice_t *choice, const eb_events_t *ev,
                               eb_backup_result_t *result, eb_err_t *err)
{
    eb_partial_file_t part;
    eb_range_t range = choice->range;
    int64_t started_us = eb_clock_us();
    eb_journal_head_t head = {
        .id = {.mac = NO_BOARD,
               .flash_size_bytes = source->addr + source->size_bytes,
               .range = range},
        .started_unix = eb_clock_unix(),
    };

    (void)snprintf(head.id.chip, sizeof(head.id.chip), "%s",
                   source->sidecar != NULL ? source->sidecar->chip.id : "unknown");
    eb_clock_utc_text(head.started_unix, result->created_utc, sizeof(result->created_utc));
    fill_result(source, choice, result);
    eb_code_t code = eb_partial_file_open(&part, options, choice, &head, NULL, err);
    if (code != EB_OK) {
        return code;
    }
    if ((code = copy_bytes(source, &part, range, ev, err)) == EB_OK) {
        code = eb_partial_file_check(&part, NULL, NULL, result->sha256, result->md5, err);
    }
    result->seconds = (double)(eb_clock_us() - started_us) / 1e6;
    if (code == EB_OK) {
        code = finish(source, options, choice, &part, result, err);
    }
    if (code != EB_OK) {
        /* Nothing in it that the image has not. */
        eb_partial_file_remove(&part);
    }
    result->verified = code == EB_OK && source->hash_checked;
    eb_partial_file_close(&part);
    return code;
}
