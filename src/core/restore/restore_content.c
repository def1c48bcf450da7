/* restore_content.c: a file that is not an image of a flash, but what one partition shall hold. */
#include "bytes.h"
#include "content.h"
#include "partition_lookup.h"
#include "partition_table.h"
#include "partition_types.h"
#include "refuse.h"
#include "restore_job.h"

#include <stdlib.h>
#include <string.h>

#define REFUSE(job, err, ...)                                                                      \
    eb_refuse((job)->ev, (job)->options->force, EB_REASON_FORCE, (err), __VA_ARGS__)

/* -- which partition ------------------------------------------------------------------------- */

/* The bootloader and the table have names, but are entries of few tables: their backups go where
 * they came from. */
static bool is_entry(const eb_partition_table_t *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->entries[i].label, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A table makes a file an image of the flash, a damaged one too; so does an address, and a sidecar
 * that names no partition. */
static bool is_content(const eb_restore_job_t *job)
{
    const eb_partition_table_t *own = &job->image.layout.table;
    const eb_sidecar_t *sidecar = job->image.sidecar;

    if (job->options->partition_count == 0) {
        return false;
    }
    if (sidecar != NULL) {
        return sidecar->partition[0] != '\0' && is_entry(&sidecar->table, sidecar->partition);
    }
    return !job->options->has_address && !own->present && !own->damaged && !own->encrypted;
}

static eb_code_t check_usage(const eb_restore_job_t *job, eb_err_t *err)
{
    const eb_restore_options_t *options = job->options;

    if (options->partition_count > 1) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "%s has no partition table: it is the content of one partition, and %zu "
                          "are named",
                          job->image.path, options->partition_count);
    }
    if (options->erase_all) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "%s is the content of one partition: to erase all else would erase the "
                          "partition table too",
                          job->image.path);
    }
    return options->has_range
               ? eb_err_set(err, EB_ERR_USAGE, "partitions and a range exclude each other")
               : EB_OK;
}

static eb_code_t find_entry(eb_restore_job_t *job, eb_err_t *err)
{
    const eb_partition_table_t *table = &job->board.table;
    const char *name = job->options->partitions[0];
    const eb_lookup_t lookup = {table, "the board", job->options->table_addr,
                                eb_session_chip(job->session)->bootloader_addr, false};
    eb_part_choice_t found;

    eb_code_t code = eb_partition_lookup(&lookup, name, &found, NULL, err);
    for (size_t i = 0; i < table->count && code == EB_OK; i++) {
        if (strcmp(table->entries[i].label, name) == 0) {
            job->into = &table->entries[i];
        }
    }
    if (code == EB_OK && (job->into == NULL || job->into->type > EB_PART_DATA)) {
        job->into = NULL;
        return eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_GIVE_ADDRESS,
                                 "%s has no partition table: it can be the content of an app or "
                                 "data partition, and \"%s\" is none",
                                 job->image.path, name);
    }
    return code;
}

static eb_code_t check_size(const eb_restore_job_t *job, eb_err_t *err)
{
    if (job->image.size_bytes <= job->into->size) {
        return eb_session_check_range(job->session, job->into->addr, job->into->size, err);
    }
    return eb_err_set_reason(err, EB_ERR_REFUSED, EB_REASON_PARTITION_SIZE,
                             "%s does not fit into partition \"%s\": it has %llu bytes, and the "
                             "partition has %u",
                             job->image.path, job->into->label,
                             (unsigned long long)job->image.size_bytes, job->into->size);
}

eb_code_t eb_restore_find_partition(eb_restore_job_t *job, eb_err_t *err)
{
    eb_code_t code;

    if (!is_content(job)) {
        return EB_OK;
    }
    if ((code = check_usage(job, err)) != EB_OK ||
        (code = eb_restore_look_at_board(job, err)) != EB_OK ||
        (code = find_entry(job, err)) != EB_OK || (code = check_size(job, err)) != EB_OK) {
        return code;
    }
    job->ranges = calloc(1, sizeof(*job->ranges));
    if (job->ranges == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the range");
    }
    job->ranges[job->range_count++] = (eb_range_t){job->into->addr, job->into->size};
    job->image.addr = job->into->addr;
    return EB_OK;
}

/* -- whether it belongs there ---------------------------------------------------------------- */

typedef struct file_view {
    const eb_backup_image_t *image;
    eb_code_t code; /* of the first read that failed */
    eb_err_t *err;
} file_view_t;

static bool read_file(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    file_view_t *view = user;

    if (!eb_range_within(offset, count, view->image->size_bytes)) {
        return false;
    }
    if (view->code == EB_OK) {
        view->code =
            eb_backup_image_read(view->image, view->image->addr + offset, bytes, count, view->err);
    }
    return view->code == EB_OK;
}

static bool is_erased(file_view_t *view, uint32_t size)
{
    uint8_t bytes[EB_SECTOR_BYTES];
    bool erased = true;

    for (uint32_t at = 0, count; at < size && erased; at += count) {
        count = eb_min_u32(sizeof(bytes), size - at);
        erased = read_file(view, at, bytes, count) && eb_bytes_erased(bytes, count);
    }
    return erased;
}

/* What was saved from a partition of another name or kind. */
static eb_code_t check_origin(const eb_restore_job_t *job, eb_err_t *err)
{
    const eb_sidecar_t *sidecar = job->image.sidecar;
    eb_code_t code = EB_OK;
    char there[64], here[64];

    if (sidecar == NULL) {
        return EB_OK;
    }
    if (strcmp(sidecar->partition, job->into->label) != 0) {
        code = REFUSE(job, err, "%s is a backup of partition \"%s\", not of \"%s\"",
                      job->image.path, sidecar->partition, job->into->label);
    }
    if (code == EB_OK && sidecar->chip.security.flash_encryption == EB_YES &&
        sidecar->addr != job->into->addr) {
        code = REFUSE(job, err,
                      "%s is ciphertext of 0x%x, and partition \"%s\" is at 0x%x: encrypted bytes "
                      "are of use only at their address",
                      job->image.path, sidecar->addr, job->into->label, job->into->addr);
    }
    for (size_t i = 0; i < sidecar->table.count && code == EB_OK; i++) {
        const eb_partition_t *entry = &sidecar->table.entries[i];
        if (entry->addr == sidecar->addr && strcmp(entry->label, sidecar->partition) == 0 &&
            (entry->type != job->into->type || entry->subtype != job->into->subtype)) {
            eb_partition_type_text(entry->type, entry->subtype, there, sizeof(there));
            eb_partition_type_text(job->into->type, job->into->subtype, here, sizeof(here));
            code = REFUSE(job, err, "partition \"%s\" is %s in the backup, but %s on the board",
                          entry->label, there, here);
        }
    }
    return code;
}

/* A bootloader is a whole program too, but has no description of an app. */
static eb_code_t check_app(const eb_restore_job_t *job, file_view_t *view, eb_err_t *err)
{
    eb_app_image_t app;

    eb_app_image_check(read_file, view, (uint32_t)job->image.size_bytes, &app);
    if (view->code != EB_OK) {
        return view->code;
    }
    if (!eb_image_is_program(app.state)) {
        return REFUSE(job, err, "%s is no app, and \"%s\" is a partition for an app",
                      job->image.path, job->into->label);
    }
    if (app.state != EB_IMAGE_VALID) {
        return REFUSE(job, err, "%s holds no whole app: it is cut off or damaged", job->image.path);
    }
    if (!app.desc.present) {
        return REFUSE(job, err,
                      "%s is a program without the description that an app has: it may be a "
                      "bootloader",
                      job->image.path);
    }
    return EB_OK;
}

/* Where the bootloader lies in an image of a flash; what lies before it is erased there. */
static eb_code_t check_no_program(const eb_restore_job_t *job, file_view_t *view, eb_err_t *err)
{
    static const uint32_t places[] = {0, 0x1000, 0x2000};
    uint8_t bytes[EB_APP_IMAGE_PEEK_BYTES];
    eb_app_image_t header;

    for (size_t i = 0; i < EB_COUNT_OF(places); i++) {
        if (!read_file(view, places[i], bytes, sizeof(bytes)) || !is_erased(view, places[i])) {
            break;
        }
        eb_app_image_peek(bytes, sizeof(bytes), &header);
        if (header.state == EB_IMAGE_UNCHECKED) {
            return REFUSE(job, err,
                          "%s begins with a program, at 0x%x in it, and \"%s\" is a partition for "
                          "data",
                          job->image.path, places[i], job->into->label);
        }
    }
    return view->code;
}

/* What the firmware could not read is most likely meant for another partition. */
static const char *why_unfit(uint8_t subtype, const eb_content_t *content)
{
    const bool known = content->kind != EB_CONTENT_NOT_KNOWN;

    switch (subtype) {
    case EB_PART_DATA_NVS:
        return known ? NULL : "no NVS";
    case EB_PART_DATA_OTA:
        return known && (content->ota[0].crc_holds || content->ota[1].crc_holds) ? NULL
                                                                                 : "no OTA data";
    case EB_PART_DATA_PHY:
        return known ? NULL : "no PHY data of ESP-IDF";
    case EB_PART_DATA_COREDUMP:
        return known ? NULL : "no core dump";
    case EB_PART_DATA_NVS_KEYS:
        return NULL; /* encrypted ones show nothing */
    default:
        return content->kind == EB_CONTENT_NVS ? "an NVS" : NULL;
    }
}

static eb_code_t check_data(const eb_restore_job_t *job, file_view_t *view, eb_err_t *err)
{
    const eb_content_place_t place = {read_file, view, (uint32_t)job->image.size_bytes,
                                      job->into->subtype};
    eb_content_t content;
    char type[64];

    eb_code_t code = check_no_program(job, view, err);
    if (code != EB_OK || is_erased(view, place.size)) {
        return code;
    }
    if (!eb_content_find(&place, &content)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the content of %s", job->image.path);
    }
    const char *why = why_unfit(job->into->subtype, &content);
    eb_content_free(&content);
    if (view->code != EB_OK || why == NULL) {
        return view->code;
    }
    eb_partition_type_text(job->into->type, job->into->subtype, type, sizeof(type));
    return REFUSE(job, err, "%s is %s, and partition \"%s\" is %s", job->image.path, why,
                  job->into->label, type);
}

eb_code_t eb_restore_check_content(eb_restore_job_t *job, eb_err_t *err)
{
    file_view_t view = {.image = &job->image, .err = err};
    eb_code_t code = job->into != NULL ? check_origin(job, err) : EB_OK;

    if (job->into == NULL || job->image.sidecar != NULL || code != EB_OK) {
        return code; /* what its partition held may be anything */
    }
    return job->into->type == EB_PART_APP ? check_app(job, &view, err)
                                          : check_data(job, &view, err);
}
