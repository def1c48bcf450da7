/* op_list.c: what is in the folder of backups. */
#include "clock.h"
#include "espbackup/ops.h"
#include "find.h"
#include "fs_atomic.h"
#include "hash_file.h"
#include "journal.h"
#include "paths.h"
#include "platform.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void copy_text(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%.*s", (int)cap - 1, text);
}

static void fill_from_sidecar(eb_backup_entry_t *entry, const eb_sidecar_t *sidecar)
{
    copy_text(entry->created_utc, sizeof(entry->created_utc), sidecar->created_utc);
    copy_text(entry->chip, sizeof(entry->chip), sidecar->chip.id);
    copy_text(entry->chip_name, sizeof(entry->chip_name), sidecar->chip.name);
    copy_text(entry->mac, sizeof(entry->mac), eb_chip_mac(&sidecar->chip));
    entry->addr = sidecar->addr;
    entry->flash_size_bytes = sidecar->flash.size_bytes;
    copy_text(entry->partition, sizeof(entry->partition), sidecar->partition);
    copy_text(entry->note, sizeof(entry->note), sidecar->note);
    if (sidecar->boot.index >= 0 && (size_t)sidecar->boot.index < sidecar->table.count) {
        const eb_app_image_t *app = &sidecar->table.entries[sidecar->boot.index].app;
        entry->has_app = eb_image_is_program(app->state);
        copy_text(entry->app_name, sizeof(entry->app_name), app->desc.project);
        copy_text(entry->app_version, sizeof(entry->app_version), app->desc.version);
    }
}

static void tell(eb_backup_entry_t *entry, eb_backup_state_t state, const eb_err_t *why)
{
    entry->state = state;
    copy_text(entry->detail, sizeof(entry->detail), why->message);
}

static eb_code_t check_hash(const char *path, const eb_sidecar_t *sidecar, const eb_events_t *ev,
                            eb_backup_entry_t *entry, eb_err_t *err)
{
    uint8_t sha256[EB_SHA256_BYTES];
    eb_err_t why = {0};
    uint64_t size;
    int fd;

    eb_code_t code = eb_fs_open_read(path, &fd, &size, &why);
    if (code == EB_OK) {
        code = eb_hash_file(fd, path, 0, sidecar->size_bytes, ev, sha256, &why);
    }
    eb_fs_close(&fd);
    if (code == EB_ERR_CANCELLED || code == EB_ERR_INTERNAL) {
        return eb_err_set(err, code, "%s", why.message);
    }
    if (code != EB_OK) {
        tell(entry, EB_BACKUP_UNREADABLE, &why);
    } else if (memcmp(sha256, sidecar->sha256, sizeof(sha256)) != 0) {
        entry->state = EB_BACKUP_BAD_HASH;
        copy_text(entry->detail, sizeof(entry->detail), "SHA-256 is not the sidecar's");
    } else {
        entry->state = EB_BACKUP_CHECKED;
    }
    return EB_OK;
}

static eb_code_t examine_image(const char *path, const eb_list_options_t *options,
                               const eb_events_t *ev, eb_backup_entry_t *entry, eb_err_t *err)
{
    eb_sidecar_t *sidecar = NULL;
    eb_err_t why = {0};
    eb_code_t code = eb_find_sidecar(path, &sidecar, &why);

    if (code == EB_ERR_BACKUP_NOT_FOUND) {
        entry->state = EB_BACKUP_NO_SIDECAR;
        return EB_OK;
    }
    if (code == EB_ERR_INTERNAL) {
        return eb_err_set(err, code, "%s", why.message);
    }
    if (code != EB_OK) {
        tell(entry, code == EB_ERR_SIDECAR_INVALID ? EB_BACKUP_BAD_SIDECAR : EB_BACKUP_UNREADABLE,
             &why);
        return EB_OK;
    }
    fill_from_sidecar(entry, sidecar);
    if (entry->size_bytes != sidecar->size_bytes) {
        entry->state = EB_BACKUP_BAD_SIZE;
        (void)snprintf(entry->detail, sizeof(entry->detail),
                       "%llu bytes long, the sidecar says %llu",
                       (unsigned long long)entry->size_bytes,
                       (unsigned long long)sidecar->size_bytes);
    } else if (options->check) {
        code = check_hash(path, sidecar, ev, entry, err);
    }
    free(sidecar);
    return code;
}

/* A .part: its journal knows the board. */
static void examine_part(const char *path, eb_backup_entry_t *entry)
{
    char journal_path[EB_PATH_BYTES];
    eb_journal_head_t head;
    eb_verified_map_t resumed = {0};
    uint64_t end_bytes;

    entry->state = EB_BACKUP_PARTIAL;
    if (eb_path_printf(journal_path, NULL, "%s" EB_PATH_JOURNAL_SUFFIX, path) != EB_OK ||
        eb_journal_load(journal_path, &head, &resumed, &end_bytes, NULL) != EB_OK) {
        copy_text(entry->detail, sizeof(entry->detail), "without a journal: cannot be resumed");
        return;
    }
    copy_text(entry->chip, sizeof(entry->chip), head.id.chip);
    copy_text(entry->chip_name, sizeof(entry->chip_name), eb_chip_name(head.id.chip));
    copy_text(entry->mac, sizeof(entry->mac), head.id.mac);
    entry->addr = head.id.range.addr;
    entry->flash_size_bytes = head.id.flash_size_bytes;
    eb_clock_utc_text(head.started_unix, entry->created_utc, sizeof(entry->created_utc));
    (void)snprintf(entry->detail, sizeof(entry->detail), "%llu of %u bytes",
                   (unsigned long long)resumed.verified_bytes, head.id.range.size);
    eb_verified_map_free(&resumed);
}

static bool passes(const eb_list_options_t *options, const eb_backup_entry_t *entry)
{
    if (options->chip != NULL && strcasecmp(options->chip, entry->chip) != 0 &&
        strcasecmp(options->chip, entry->chip_name) != 0) {
        return false;
    }
    if (options->partition != NULL && strcmp(options->partition, entry->partition) != 0) {
        return false;
    }
    return options->mac == NULL || strncasecmp(options->mac, entry->mac, strlen(options->mac)) == 0;
}

/* -- many at once ---------------------------------------------------------------------------- */

/* Most of the time goes into waiting for the disk and reading JSON, so it is shared out. */
#define WORKERS_MAX       4u
#define NAMES_OF_A_WORKER 256u

typedef struct eb_list_worker {
    const eb_list_options_t *options;
    const eb_events_t *ev;
    const eb_file_names_t *names;
    eb_backup_entry_t *entries; /* one a name; an empty name: not to be listed */
    size_t first, step;         /* which of them are this worker's */
    pthread_t thread;
    bool started;
    eb_code_t code;
    eb_err_t err;
} eb_list_worker_t;

static eb_code_t examine(const eb_list_worker_t *w, const char *name, eb_backup_entry_t *entry,
                         eb_err_t *err)
{
    bool is_part = eb_path_has_suffix(name, EB_PATH_IMAGE_SUFFIX EB_PATH_PART_SUFFIX);
    char path[EB_PATH_BYTES];
    eb_file_facts_t facts;
    eb_code_t code = EB_OK;

    if ((!is_part && !eb_path_has_suffix(name, EB_PATH_IMAGE_SUFFIX)) ||
        strlen(name) >= sizeof(entry->name) ||
        eb_path_join(path, w->options->dir, name, NULL) != EB_OK) {
        return EB_OK;
    }
    const int failure = eb_platform_look(path, &facts);
    if (failure == ENOENT || (failure == 0 && !facts.is_file)) {
        return EB_OK; /* a folder, or gone meanwhile */
    }
    if (failure != 0) {
        eb_err_t why = {0};
        (void)eb_fs_error(&why, failure, "examine", path);
        tell(entry, EB_BACKUP_UNREADABLE, &why);
    } else {
        entry->size_bytes = facts.size_bytes;
        eb_clock_utc_text(facts.mtime_unix, entry->created_utc, sizeof(entry->created_utc));
        if (is_part) {
            examine_part(path, entry);
        } else {
            code = examine_image(path, w->options, w->ev, entry, err);
        }
    }
    if (code == EB_OK && passes(w->options, entry)) {
        copy_text(entry->name, sizeof(entry->name), name);
    }
    return code;
}

static void *work(void *user)
{
    eb_list_worker_t *w = user;

    for (size_t i = w->first; i < w->names->count && w->code == EB_OK; i += w->step) {
        w->code = examine(w, w->names->names[i], &w->entries[i], &w->err);
    }
    return NULL;
}

/* The events belong to one thread: with check, which tells progress, there is only that. */
static eb_code_t examine_all(const eb_list_worker_t *job, eb_err_t *err)
{
    eb_list_worker_t workers[WORKERS_MAX];
    size_t count = 1 + job->names->count / NAMES_OF_A_WORKER;
    eb_code_t code = EB_OK;

    count = job->options->check ? 1 : count < WORKERS_MAX ? count : WORKERS_MAX;
    for (size_t i = count; i-- > 0;) {
        workers[i] = *job;
        workers[i].first = i;
        workers[i].step = count;
        workers[i].started =
            i > 0 && pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
        if (!workers[i].started) {
            (void)work(&workers[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (workers[i].started) {
            (void)pthread_join(workers[i].thread, NULL);
        }
        if (code == EB_OK && workers[i].code != EB_OK) {
            code = eb_err_copy(err, &workers[i].err);
        }
    }
    return code;
}

static int newest_first(const void *a, const void *b)
{
    const eb_backup_entry_t *left = a, *right = b;
    int order = strcmp(right->created_utc, left->created_utc);

    return order != 0 ? order : strcmp(right->name, left->name);
}

eb_code_t eb_op_list(const eb_list_options_t *options, const eb_events_t *ev, eb_backup_list_t *out,
                     eb_err_t *err)
{
    eb_file_names_t names;

    memset(out, 0, sizeof(*out));
    eb_code_t code = eb_find_names(options->dir, "", &names, err);
    if (code != EB_OK || names.count == 0) {
        return code;
    }
    eb_backup_entry_t *entries = out->entries = calloc(names.count, sizeof(*entries));
    if (entries == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory to list %s", options->dir);
    } else {
        const eb_list_worker_t job = {
            .options = options, .ev = ev, .names = &names, .entries = entries};
        code = examine_all(&job, err);
    }
    for (size_t i = 0; i < names.count && code == EB_OK; i++) {
        if (entries[i].name[0] != '\0') {
            entries[out->count++] = entries[i];
        }
    }
    eb_file_names_free(&names);
    if (code != EB_OK) {
        eb_backup_list_free(out);
        return code;
    }
    qsort(entries, out->count, sizeof(*entries), newest_first);
    return EB_OK;
}

void eb_backup_list_free(eb_backup_list_t *list)
{
    if (list != NULL) {
        free(list->entries);
        memset(list, 0, sizeof(*list));
    }
}
