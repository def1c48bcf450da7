/* op_backup_partition.c: images of single partitions, of a board or out of a backup. */
#include "backup_run.h"
#include "espbackup/ops.h"
#include "flash_layout.h"
#include "partition_extract.h"
#include "partition_select.h"

#include <stdlib.h>
#include <string.h>

typedef struct work {
    eb_session_t *session; /* NULL: out of an image */
    const eb_partition_backup_options_t *options;
    eb_backup_options_t file_options;
    eb_backup_image_t source;
    eb_layout_t layout;
    eb_part_choices_t choices;
    /* Several files are one work to who looks on: their progress is joined. */
    eb_events_t ev; /* what the files tell */
    eb_event_part_t part;
    uint64_t before_bytes, total_bytes;
} work_t;

void eb_partition_backup_result_free(eb_partition_backup_result_t *result)
{
    if (result != NULL) {
        free(result->files);
        memset(result, 0, sizeof(*result));
    }
}

/* -- progress ------------------------------------------------------------------------------- */

static void join_progress(void *user, const eb_progress_t *progress)
{
    const work_t *w = user;

    if (progress->phase == EB_PHASE_READ) {
        eb_event_progress(w->part.outer, EB_PHASE_READ, w->before_bytes + progress->done,
                          w->total_bytes);
    } else if (progress->phase != EB_PHASE_HASH) { /* of a moment, between the files */
        eb_event_progress(w->part.outer, progress->phase, progress->done, progress->total);
    }
}

/* -- what lies where ------------------------------------------------------------------------ */

static eb_code_t open_image(work_t *w, const eb_events_t *ev, eb_err_t *err)
{
    const eb_partition_backup_options_t *options = w->options;
    const eb_image_request_t request = {.backup = options->from_image,
                                        .dir = options->dir,
                                        .has_address = options->has_address,
                                        .address = options->address,
                                        .table_addr = options->select.table_addr};
    eb_code_t code = eb_backup_image_open(&request, ev, &w->source, err);

    if (code == EB_OK && w->source.sidecar == NULL) {
        eb_event_note(ev, EB_LEVEL_NOTE,
                      "%s has no sidecar: the chip is not known, and what is taken out of it gets "
                      "no sidecar either",
                      w->source.path);
    }
    w->layout = w->source.layout;
    return code;
}

static eb_code_t choose(work_t *w, const eb_events_t *ev, eb_err_t *err)
{
    bool from_image = w->options->from_image != NULL;
    eb_part_board_t board = {.layout = &w->layout, .session = w->session};
    eb_layout_source_t source;
    eb_retry_t retry;
    eb_code_t code = from_image ? open_image(w, ev, err) : eb_session_need_flash(w->session, err);

    if (code != EB_OK) {
        return code;
    }
    if (from_image) {
        source = eb_backup_image_layout(&w->source);
        board.image = w->source.path;
        board.bare = w->source.sidecar == NULL;
    } else {
        eb_retry_init(&retry, w->session, ev);
        source = eb_layout_of_board(&retry, w->options->select.table_addr);
        code = eb_layout_search(&source, ev, &w->layout, err);
    }
    board.source = &source;
    if (code == EB_OK &&
        (code = eb_partition_select(&w->options->select, &board, ev, &w->choices, err)) == EB_OK &&
        w->options->output != NULL && w->choices.count != 1) {
        code = eb_err_set(err, EB_ERR_USAGE, "one output file cannot hold %zu partitions",
                          w->choices.count);
    }
    return code;
}

/* -- the files ------------------------------------------------------------------------------ */

static eb_code_t make_file(work_t *w, size_t index, eb_backup_result_t *result, eb_err_t *err)
{
    const eb_part_choice_t *choice = &w->choices.list[index];
    eb_code_t code;

    memset(result, 0, sizeof(*result));
    memcpy(result->partition, choice->label, sizeof(result->partition));
    if (w->options->from_image != NULL) {
        code = eb_partition_extract(&w->source, &w->file_options, choice, &w->ev, result, err);
    } else {
        const eb_backup_job_t job = {
            .options = &w->file_options,
            .range = choice->range,
            .partition = choice,
            .layout = &w->layout,
            .security_told = index > 0,
        };
        code = eb_backup_run(w->session, &job, &w->ev, result, err);
    }
    w->before_bytes += choice->range.size;
    return code != EB_OK ? eb_err_wrap(err, "partition \"%s\"", choice->label) : EB_OK;
}

static eb_code_t make_files(work_t *w, eb_partition_backup_result_t *result, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    if (w->choices.count == 0) {
        return EB_OK;
    }
    result->files = calloc(w->choices.count, sizeof(*result->files));
    if (result->files == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu partitions", w->choices.count);
    }
    for (size_t i = 0; i < w->choices.count && code == EB_OK; i++) {
        result->count = i + 1;
        code = make_file(w, i, &result->files[i], err);
        if (code != EB_OK && i > 0) {
            eb_event_note(w->part.outer, EB_LEVEL_NOTE,
                          "%zu of %zu partitions are complete; their files stay", i,
                          w->choices.count);
        }
    }
    return code;
}

eb_code_t eb_op_backup_partition(eb_session_t *s, const eb_partition_backup_options_t *options,
                                 const eb_events_t *ev, eb_partition_backup_result_t *result,
                                 eb_err_t *err)
{
    eb_err_t unused;

    err = err != NULL ? err : &unused; /* eb_err_wrap gives its code */
    memset(result, 0, sizeof(*result));
    work_t w = {
        .session = s,
        .options = options,
        .source.fd = -1,
        .file_options = {.dir = options->dir,
                         .output = options->output,
                         .force = options->force,
                         .note = options->note},
    };
    eb_code_t code = choose(&w, ev, err);
    if (code == EB_OK) {
        w.file_options.table_addr = w.layout.table.addr;
        result->contents = (eb_flash_contents_t){w.layout.table, w.layout.boot};
        w.part = (eb_event_part_t){ev, &w, join_progress};
        w.ev = eb_events_of_part(&w.part);
        for (size_t i = 0; i < w.choices.count; i++) {
            w.total_bytes += w.choices.list[i].range.size;
        }
        code = make_files(&w, result, err);
    }
    eb_backup_image_close(&w.source);
    return code;
}
