/* restore_checks.c: every reason not to write to a board. */
#include "partition_table.h"
#include "partition_types.h"
#include "range.h"
#include "refuse.h"
#include "restore_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSE(job, reason, err, ...)                                                              \
    eb_refuse((job)->ev, (job)->options->force, (reason), (err), __VA_ARGS__)

/* -- the image ------------------------------------------------------------------------------- */

/* The header of an application or bootloader at an address of the image, if there is one. */
static eb_code_t peek(eb_restore_job_t *job, uint32_t addr, eb_app_image_t *out, eb_err_t *err)
{
    const eb_backup_image_t *image = &job->image;
    uint8_t bytes[EB_APP_IMAGE_PEEK_BYTES];

    memset(out, 0, sizeof(*out));
    if (!eb_backup_image_holds(image, addr, sizeof(bytes))) {
        return EB_OK;
    }
    eb_code_t code = eb_backup_image_read(image, addr, bytes, sizeof(bytes), err);
    if (code == EB_OK) {
        eb_app_image_peek(bytes, sizeof(bytes), out);
    }
    return code;
}

static eb_code_t check_header(eb_restore_job_t *job, uint32_t addr, eb_err_t *err)
{
    const eb_chip_info_t *chip = eb_session_chip(job->session);
    eb_app_image_t header;
    eb_code_t code = peek(job, addr, &header, err);

    bool has_id = header.chip_id != EB_IMAGE_CHIP_NONE;
    if (code != EB_OK || header.state != EB_IMAGE_UNCHECKED || header.chip_id == chip->chip_id ||
        (!has_id && chip->chip_id == EB_CHIP_ID_NONE)) {
        return code;
    }
    char words[24] = "names no chip";

    if (has_id) {
        (void)snprintf(words, sizeof(words), "has chip id %u", header.chip_id);
    }
    return REFUSE(job, EB_REASON_FORCE, err,
                  "%s is for another chip: the program at 0x%x in it %s, and this is an %s",
                  job->image.path, addr, words, chip->name);
}

/* Without a sidecar the programs in the image tell; the first bytes of a bare .bin may be one. */
static eb_code_t check_headers(eb_restore_job_t *job, eb_err_t *err)
{
    const uint32_t places[] = {job->image.addr, 0, 0x1000, 0x2000,
                               eb_session_chip(job->session)->bootloader_addr};
    const eb_partition_table_t *table = job->image.table;
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < EB_COUNT_OF(places) && code == EB_OK; i++) {
        code = check_header(job, places[i], err);
    }
    for (size_t i = 0; table != NULL && i < table->count && code == EB_OK; i++) {
        if (table->entries[i].type == EB_PART_APP) {
            code = check_header(job, table->entries[i].addr, err);
        }
    }
    return code;
}

eb_code_t eb_restore_check_chip(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_chip_info_t *chip = eb_session_chip(job->session);
    const eb_sidecar_t *sidecar = job->image.sidecar;

    if (sidecar == NULL || sidecar->chip.id[0] == '\0') {
        return check_headers(job, err);
    }
    if (strcmp(sidecar->chip.id, chip->id) == 0) {
        return EB_OK;
    }
    return REFUSE(job, EB_REASON_FORCE, err, "%s is of another chip: %s (%s), and this is %s",
                  job->image.path, sidecar->chip.name, sidecar->chip.id, chip->name);
}

/* A bare .bin that is no image of a flash would end up in the place of the bootloader. */
eb_code_t eb_restore_check_place(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_backup_image_t *image = &job->image;

    if (job->into != NULL || image->sidecar != NULL || job->options->has_address ||
        image->table != NULL || image->size_bytes == job->flash_bytes) {
        return EB_OK;
    }
    eb_code_t code = REFUSE(job, EB_REASON_FORCE_AT_ZERO, err,
                            "%s does not say where it belongs: it has no sidecar and no partition "
                            "table, and is not as long as the flash",
                            image->path);
    if (code != EB_OK) {
        eb_err_hint(err, "0x%x", eb_session_chip(job->session)->bootloader_addr);
    }
    return code;
}

/* -- the board ------------------------------------------------------------------------------- */

eb_code_t eb_restore_check_mac(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_restore_options_t *options = job->options;
    const eb_sidecar_t *sidecar = job->image.sidecar;
    const char *here = eb_chip_mac(eb_session_chip(job->session));
    const char *there = sidecar != NULL ? eb_chip_mac(&sidecar->chip) : "";

    job->other_mac = there[0] != '\0' && strcmp(here, there) != 0;
    bool unseen = options->assume_yes && strcmp(options->backup, "latest") == 0;
    if (!job->other_mac || options->dry_run || (options->confirm != NULL && !unseen)) {
        return EB_OK;
    }
    return REFUSE(job, unseen ? EB_REASON_FORCE_LATEST : EB_REASON_FORCE_COPY, err,
                  "%s%s is of another board: its MAC is %s, this one has %s",
                  unseen ? "the latest backup, " : "", job->image.path, there, here);
}

/* Whether a program is seen in clear in the image, which ciphertext does not show. */
static eb_code_t looks_plain(eb_restore_job_t *job, bool *plain, eb_err_t *err)
{
    const uint32_t places[] = {job->image.addr, eb_session_chip(job->session)->bootloader_addr};
    eb_code_t code = EB_OK;

    *plain = job->image.table != NULL;
    for (size_t i = 0; i < EB_COUNT_OF(places) && code == EB_OK; i++) {
        eb_app_image_t header;
        code = peek(job, places[i], &header, err);
        *plain = *plain || header.state == EB_IMAGE_UNCHECKED;
    }
    return code;
}

static eb_code_t check_encrypted_board(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_sidecar_t *sidecar = job->image.sidecar;
    bool plain = false;

    if (sidecar != NULL && job->other_mac) {
        return REFUSE(job, EB_REASON_FORCE_NO_START, err,
                      "flash encryption is on, and %s is of another board: without this board's "
                      "key it is of no use",
                      job->image.path);
    }
    eb_code_t code = looks_plain(job, &plain, err);
    if (code != EB_OK) {
        return code;
    }
    bool taken_encrypted = sidecar != NULL && sidecar->chip.security.flash_encryption == EB_YES;
    if (plain || (sidecar != NULL && !taken_encrypted)) {
        return REFUSE(job, EB_REASON_FORCE_NO_START, err,
                      "flash encryption is on, and %s is not encrypted: written as it is, the "
                      "board could not read it",
                      job->image.path);
    }
    if (sidecar == NULL) {
        return REFUSE(job, EB_REASON_FORCE, err,
                      "flash encryption is on, and %s has no sidecar: nobody can tell whether it "
                      "was taken from this board",
                      job->image.path);
    }
    eb_event_note(job->ev, EB_LEVEL_NOTE,
                  "flash encryption is on: %s is this board's own ciphertext and is put back as it "
                  "is",
                  job->image.path);
    return EB_OK;
}

eb_code_t eb_restore_check_security(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_security_t *security = &eb_session_chip(job->session)->security;
    const eb_sidecar_t *sidecar = job->image.sidecar;

    if (security->flash_encryption == EB_YES) {
        return check_encrypted_board(job, err);
    }
    if (sidecar != NULL && sidecar->chip.security.flash_encryption == EB_YES) {
        return REFUSE(job, EB_REASON_FORCE_NO_START, err,
                      "%s is ciphertext of a board with flash encryption, and this board has it "
                      "off",
                      job->image.path);
    }
    if (security->secure_boot == EB_YES && (job->other_mac || sidecar == NULL)) {
        eb_event_note(job->ev, EB_LEVEL_WARNING,
                      "secure boot is on: the board starts this firmware only if it is signed with "
                      "the key that the board trusts");
    }
    return EB_OK;
}

/* -- partitions ------------------------------------------------------------------------------ */

/* What is odd in the table of `where` is not written by its name. */
static eb_code_t check_sound(eb_restore_job_t *job, const eb_partition_table_t *table, size_t index,
                             const char *where, eb_err_t *err)
{
    char fault[EB_FAULT_TEXT_BYTES];

    if (table->entries[index].fault == EB_ENTRY_SOUND) {
        return EB_OK;
    }
    eb_partition_fault_text(table, index, fault, sizeof(fault));
    return REFUSE(job, EB_REASON_FORCE, err, "in the partition table of %s, %s", where, fault);
}

/* What the image calls NAME must be what the board calls NAME; two may have that name. */
static eb_code_t check_same_entry(eb_restore_job_t *job, const eb_partition_t *entry, eb_err_t *err)
{
    const eb_partition_table_t *board = &job->board.table;
    const eb_partition_t *there = NULL;

    if (eb_ranges_hold(job->ranges, job->range_count, job->table_addr, EB_PARTITION_TABLE_BYTES) ||
        job->options->erase_all) {
        return EB_OK; /* the image's own table comes along, or all else goes */
    }
    if (!board->present) {
        return REFUSE(job, EB_REASON_FORCE_TABLE, err,
                      "partition \"%s\": the board has no partition table that could name it",
                      entry->label);
    }
    for (size_t i = 0; i < board->count; i++) {
        const eb_partition_t *other = &board->entries[i];
        if (strcmp(other->label, entry->label) != 0) {
            continue;
        }
        if (other->addr == entry->addr && other->size == entry->size &&
            other->type == entry->type && other->subtype == entry->subtype) {
            return check_sound(job, board, i, "the board", err);
        }
        there = there != NULL ? there : other;
    }
    if (there == NULL) {
        return REFUSE(job, EB_REASON_FORCE, err,
                      "partition \"%s\": the board's own table has none of that name",
                      entry->label);
    }
    return REFUSE(job, EB_REASON_FORCE_TABLE, err,
                  "partition \"%s\" is 0x%x + 0x%x in the image, but 0x%x + 0x%x on the board",
                  entry->label, entry->addr, entry->size, there->addr, there->size);
}

eb_code_t eb_restore_check_names(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_partition_table_t *table = eb_backup_image_table(&job->image);
    const char *only = job->image.sidecar != NULL ? job->image.sidecar->partition : "";
    eb_code_t code = EB_OK;

    for (size_t i = 0; job->into == NULL && table != NULL && i < table->count && code == EB_OK;
         i++) {
        const eb_partition_t *entry = &table->entries[i];
        bool named = job->options->partition_count == 0 && only[0] != '\0' &&
                     strcmp(only, entry->label) == 0;
        for (size_t k = 0; k < job->options->partition_count; k++) {
            named = named || strcmp(job->options->partitions[k], entry->label) == 0;
        }
        code = named ? check_sound(job, table, i, job->image.path, err) : EB_OK;
        code = named && code == EB_OK ? check_same_entry(job, entry, err) : code;
    }
    return code;
}

/* -- the table that would result ------------------------------------------------------------- */

/* A copy that is too short shows here: its table tells of bytes that it does not have. */
static void warn_of_missing(eb_restore_job_t *job)
{
    const eb_partition_table_t *table = &job->after.table;
    const char *first = NULL;
    size_t count = 0;

    if (job->options->erase_all || job->options->partition_count > 0 || job->options->has_range) {
        return;
    }
    for (size_t i = 0; table->present && i < table->count; i++) {
        const eb_partition_t *entry = &table->entries[i];
        if (!eb_ranges_hold(job->ranges, job->range_count, entry->addr, entry->size)) {
            first = first != NULL ? first : entry->label;
            count++;
        }
    }
    if (count > 0) {
        eb_event_note(
            job->ev, EB_LEVEL_WARNING,
            "%s ends before \"%s\" does, the first of %zu partitions of its table that it "
            "does not hold as a whole: what it lacks stays unchanged in the flash",
            job->image.path, first, count);
    }
}

/* The stretch of sectors that the table lies in; size 0: it is not touched. */
static eb_range_t stretch_of_table(const eb_restore_job_t *job)
{
    for (size_t i = 0; i < job->sector_count; i++) {
        if (eb_range_holds(job->sectors[i], job->table_addr, EB_PARTITION_TABLE_BYTES)) {
            return job->sectors[i];
        }
    }
    return (eb_range_t){0, 0};
}

static bool same_entries(const eb_partition_table_t *a, const eb_partition_table_t *b)
{
    bool same = a->count == b->count && a->unusable == b->unusable;

    for (size_t i = 0; same && i < a->count + a->unusable; i++) {
        const eb_partition_t *p = &a->entries[i], *q = &b->entries[i];
        same = strcmp(p->label, q->label) == 0 && p->addr == q->addr && p->size == q->size &&
               p->type == q->type && p->subtype == q->subtype;
    }
    return same;
}

/* A board that has this very table gets nothing odd that it has not. */
static eb_code_t check_odd_entries(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_partition_table_t *table = &job->after.table;
    char fault[EB_FAULT_TEXT_BYTES];
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < table->count + table->unusable && code == EB_OK; i++) {
        if (table->entries[i].fault != EB_ENTRY_SOUND && !same_entries(table, &job->board.table)) {
            eb_partition_fault_text(table, i, fault, sizeof(fault));
            code = REFUSE(job, EB_REASON_FORCE, err,
                          "the partition table that would result is invalid: %s", fault);
        }
    }
    return code;
}

eb_code_t eb_restore_check_table(eb_restore_job_t *job, eb_err_t *err)
{
    eb_layout_source_t source = {
        .read = eb_restore_wanted,
        .user = job,
        .range = stretch_of_table(job),
        .flash_size_bytes = job->flash_bytes,
        .table_addr = job->table_addr,
        .bootloader_addr = eb_session_chip(job->session)->bootloader_addr,
        .chip = eb_session_chip(job->session),
    };
    eb_partition_table_t *table = &job->after.table;
    uint8_t bytes[EB_PARTITION_TABLE_BYTES];
    eb_err_t why = {0};

    if (source.range.size == 0) {
        return EB_OK;
    }
    job->table_changes = true;
    eb_code_t code = eb_restore_wanted(job, job->table_addr, sizeof(bytes), bytes, err);
    if (code == EB_OK && eb_partition_table_parse(bytes, sizeof(bytes), job->table_addr,
                                                  job->flash_bytes, table, &why) != EB_OK) {
        code = REFUSE(job, EB_REASON_FORCE, err,
                      "the partition table that would result is invalid: %s", why.message);
    } else if (code == EB_OK) {
        code = check_odd_entries(job, err);
    }
    if (code == EB_OK && !table->present && job->board.table.present) {
        eb_event_note(job->ev, EB_LEVEL_WARNING,
                      "afterwards there is no partition table at 0x%x; the board has one now",
                      job->table_addr);
    }
    if (code == EB_OK && (code = eb_layout_search(&source, NULL, &job->after, err)) == EB_OK) {
        warn_of_missing(job);
    }
    return code;
}

/* -- what would change ----------------------------------------------------------------------- */

static bool changes_below(const eb_spans_t *spans, uint32_t end)
{
    for (size_t i = 0; i < spans->count; i++) {
        if (spans->spans[i].state == EB_SPAN_OLD && spans->spans[i].addr < end) {
            return true;
        }
    }
    return false;
}

eb_code_t eb_restore_check_change(eb_restore_job_t *job, const eb_spans_t *spans, eb_err_t *err)
{
    const eb_security_t *security = &eb_session_chip(job->session)->security;
    eb_code_t code = EB_OK;

    if (eb_spans_bytes(spans, EB_SPAN_OLD) == 0) {
        return EB_OK;
    }
    if (security->secure_boot == EB_YES && changes_below(spans, job->table_addr)) {
        code = REFUSE(job, EB_REASON_FORCE_BOOTLOADER, err,
                      "secure boot (version %d) is on, and the bootloader's range below 0x%x would "
                      "change",
                      security->secure_boot_version, job->table_addr);
    }
    return code == EB_OK ? eb_refuse_protected(&job->retry, job->options->force, err) : code;
}
