/* op_show.c: what the partitions of an image or a board hold. */
#include "backup_image.h"
#include "bytes.h"
#include "espbackup/ops.h"
#include "partition_select.h"
#include "partition_table.h"
#include "partition_types.h"

#include <stdlib.h>
#include <string.h>

typedef struct show {
    eb_session_t *session; /* NULL: an image */
    const eb_show_options_t *options;
    const eb_events_t *ev;
    eb_show_result_t *result;
    eb_backup_image_t image;
    eb_retry_t retry;
    eb_layout_t layout;
    eb_layout_source_t source;
    eb_part_choices_t choices;
} show_t;

/* One partition as its parsers read it. */
typedef struct part_view {
    const show_t *show;
    eb_range_t range;
    eb_code_t code; /* of the first read that failed */
    eb_err_t *err;
} part_view_t;

void eb_show_result_free(eb_show_result_t *result)
{
    if (result != NULL) {
        for (size_t i = 0; i < result->count; i++) {
            eb_content_free(&result->parts[i].content);
        }
        free(result->parts);
        eb_flash_map_free(&result->map);
        memset(result, 0, sizeof(*result));
    }
}

/* -- what lies where ------------------------------------------------------------------------- */

/* The table of a partition's own image is in its sidecar. */
static eb_code_t open_image(show_t *show, eb_err_t *err)
{
    const eb_show_options_t *options = show->options;
    const eb_image_request_t request = {.backup = options->backup,
                                        .dir = options->dir,
                                        .has_address = options->has_address,
                                        .address = options->address,
                                        .table_addr = options->table_addr};
    eb_code_t code = eb_backup_image_open(&request, show->ev, &show->image, err);

    if (code == EB_OK) {
        memcpy(show->result->path, show->image.path, sizeof(show->result->path));
        show->layout = show->image.layout;
        show->source = eb_backup_image_layout(&show->image);
        const eb_partition_table_t *table = eb_backup_image_table(&show->image);
        if (table != NULL) {
            show->layout.table = *table;
        }
    }
    return code;
}

static eb_code_t open_board(show_t *show, eb_err_t *err)
{
    eb_code_t code = eb_session_need_flash(show->session, err);

    if (code == EB_OK) {
        eb_retry_init(&show->retry, show->session, show->ev);
        show->source = eb_layout_of_board(&show->retry, show->options->table_addr);
        code = eb_layout_search(&show->source, show->ev, &show->layout, err);
    }
    return code;
}

static eb_code_t choose_named(show_t *show, eb_err_t *err)
{
    const eb_partition_select_t select = {.names = &show->options->partition,
                                          .name_count = 1,
                                          .table_addr = show->options->table_addr};
    const eb_part_board_t board = {
        .layout = &show->layout,
        .source = &show->source,
        .image = show->session == NULL ? show->image.path : NULL,
        .bare = show->session == NULL && show->image.sidecar == NULL,
        .session = show->session,
    };

    return eb_partition_select(&select, &board, show->ev, &show->choices, err);
}

static eb_code_t choose_all(show_t *show, eb_err_t *err)
{
    const eb_partition_table_t *table = &show->layout.table;
    eb_part_choices_t *choices = &show->choices;

    if (!table->present && (show->session != NULL || table->damaged || table->encrypted)) {
        const eb_lookup_t lookup = {.table = table,
                                    .owner = show->session != NULL ? "the board" : show->image.path,
                                    .table_addr = show->options->table_addr};
        return eb_partition_no_table(&lookup, err);
    }
    for (size_t i = 0; i < table->count && table->present; i++) {
        const eb_partition_t *entry = &table->entries[i];
        if (eb_range_holds(show->source.range, entry->addr, entry->size)) {
            choices->list[choices->count++] = eb_part_choice_of(entry);
        } else {
            show->result->left_out++;
        }
    }
    if (choices->count == 0) { /* a file of its own: what it holds tells what it is */
        choices->list[choices->count++] = (eb_part_choice_t){.range = show->source.range};
        show->result->left_out = 0;
    }
    return EB_OK;
}

/* -- what they hold -------------------------------------------------------------------------- */

static bool read_part(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    part_view_t *view = user;
    const eb_layout_source_t *source = &view->show->source;

    if (view->code == EB_OK && !eb_range_within(offset, count, view->range.size)) {
        return false;
    }
    if (view->code == EB_OK && (view->code = eb_event_check(view->show->ev, view->err)) == EB_OK) {
        view->code = source->read(source->user, view->range.addr + offset, count, bytes, view->err);
    }
    return view->code == EB_OK;
}

/* A board answers by MD5. */
static bool is_erased(part_view_t *view)
{
    bool erased = true;

    if (view->show->session != NULL) {
        view->code = eb_retry_is_erased((eb_retry_t *)view->show->source.user, view->range, &erased,
                                        view->err);
        return erased && view->code == EB_OK;
    }
    uint8_t bytes[EB_SECTOR_BYTES];
    for (uint32_t at = 0; at < view->range.size && erased; at += sizeof(bytes)) {
        const uint32_t size = eb_min_u32(sizeof(bytes), view->range.size - at);
        erased = read_part(view, at, bytes, size) && eb_bytes_erased(bytes, size);
    }
    return erased;
}

/* The dump has the beginning of the SHA-256 that the app's description has. */
static void find_dumped(const eb_partition_table_t *table, eb_shown_part_t *out)
{
    const char *of_dump = out->content.core_dump.elf_sha256;
    char of_app[2 * EB_SHA256_BYTES + 1];

    for (size_t i = 0; i < table->count && of_dump[0] != '\0'; i++) {
        const eb_app_desc_t *desc = &table->entries[i].app.desc;
        eb_hex_encode(desc->elf_sha256, sizeof(desc->elf_sha256), of_app);
        if (desc->present && strncmp(of_app, of_dump, strlen(of_dump)) == 0) {
            memcpy(out->dumped, table->entries[i].label, sizeof(out->dumped));
        }
    }
}

static eb_code_t look_at_data(part_view_t *view, eb_shown_part_t *out)
{
    const eb_content_place_t place = {
        .read = read_part,
        .user = view,
        .size = view->range.size,
        .subtype = out->has_type && out->type == EB_PART_DATA ? out->subtype : -1,
    };

    if (!out->has_type) {
        eb_app_image_check(read_part, view, view->range.size, &out->app);
        if (view->code != EB_OK || eb_image_is_program(out->app.state)) {
            return view->code;
        }
        out->app.state = EB_IMAGE_ABSENT;
    }
    if (is_erased(view)) {
        out->content.kind = EB_CONTENT_ERASED;
        return EB_OK;
    }
    if (view->code == EB_OK && !eb_content_find(&place, &out->content)) {
        return eb_err_set(view->err, EB_ERR_INTERNAL, "no memory for the content of \"%s\"",
                          out->label);
    }
    find_dumped(&view->show->layout.table, out);
    return view->code;
}

static const eb_partition_t *entry_of(const show_t *show, const eb_part_choice_t *choice)
{
    const eb_partition_table_t *table = &show->layout.table;

    for (size_t i = 0; i < table->count && table->present; i++) {
        if (table->entries[i].addr == choice->range.addr &&
            table->entries[i].size == choice->range.size) {
            return &table->entries[i];
        }
    }
    return NULL;
}

/* What the table lists, or the bootloader and the table, which have names all the same. */
static eb_code_t show_part(const show_t *show, const eb_part_choice_t *choice, eb_shown_part_t *out,
                           eb_err_t *err)
{
    const eb_partition_t *entry = entry_of(show, choice);
    part_view_t view = {.show = show, .range = choice->range, .err = err};

    memcpy(out->label, choice->label, sizeof(out->label));
    out->addr = choice->range.addr;
    out->size = choice->range.size;
    out->app.state = EB_IMAGE_ABSENT;
    out->has_type = entry != NULL || choice->label[0] != '\0';
    if (entry != NULL) {
        out->type = entry->type;
        out->subtype = entry->subtype;
        out->encrypted = entry->encrypted;
    } else if (out->has_type) {
        out->type =
            choice->range.addr == show->source.bootloader_addr ? EB_PART_BOOTLOADER : EB_PART_TABLE;
    }
    if (out->has_type && out->type == EB_PART_APP) {
        out->app = entry->app;
    } else if (out->has_type && out->type == EB_PART_BOOTLOADER) {
        out->app = show->layout.bootloader;
    } else if (!out->has_type || out->type != EB_PART_TABLE) {
        return look_at_data(&view, out);
    }
    return EB_OK;
}

/* Apps are looked at with the layout; of a partition's own image its sidecar knows. */
static void tell_of_all(show_t *show)
{
    const eb_partition_table_t *table = &show->layout.table;
    const eb_chip_info_t *chip = show->source.chip;
    eb_show_result_t *result = show->result;

    result->has_table = table->present;
    result->flash_encrypted = chip != NULL && chip->security.flash_encryption == EB_YES;
    result->keys_seen =
        table->present && eb_partition_of_type(table, EB_PART_DATA, EB_PART_DATA_NVS_KEYS) >= 0;
    result->boot = show->layout.boot;
    if (result->boot.index >= 0 && (size_t)result->boot.index < table->count) {
        memcpy(result->boots, table->entries[result->boot.index].label, sizeof(result->boots));
    }
}

/* Of a file it is over at once. */
static void tell_progress(const show_t *show, size_t parts)
{
    uint64_t done = 0, total = 0;

    for (size_t i = 0; i < show->choices.count && show->session != NULL; i++) {
        total += show->choices.list[i].range.size;
        done += i < parts ? show->choices.list[i].range.size : 0;
    }
    if (total > 0) {
        eb_event_progress(show->ev, EB_PHASE_READ, done, total);
    }
}

static eb_code_t show_parts(show_t *show, eb_err_t *err)
{
    eb_show_result_t *result = show->result;
    const size_t count = show->choices.count;
    eb_code_t code = EB_OK;

    tell_of_all(show);
    result->parts = calloc(count > 0 ? count : 1, sizeof(*result->parts));
    if (result->parts == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu partitions", count);
    }
    tell_progress(show, 0);
    for (size_t i = 0; i < count && code == EB_OK; i++) {
        result->count = i + 1;
        code = show_part(show, &show->choices.list[i], &result->parts[i], err);
        tell_progress(show, code == EB_OK ? i + 1 : i);
    }
    return code;
}

static eb_code_t fill_map(show_t *show, eb_err_t *err)
{
    eb_flash_map_t *map = &show->result->map;
    const int boots = show->layout.boot.index;

    if (show->session == NULL) {
        const eb_backup_image_t *image = &show->image;
        eb_areas_t areas = eb_areas_of_image(image);
        areas.bootloader_addr = show->source.bootloader_addr;
        eb_code_t code =
            eb_flash_map_begin(map, image->addr, image->size_bytes, &areas, boots, err);
        return code == EB_OK ? eb_flash_map_read_image(map, image, show->ev, err) : code;
    }
    const eb_areas_t areas = {.table = &show->layout.table,
                              .bootloader_addr = show->source.bootloader_addr};
    eb_code_t code =
        eb_flash_map_begin(map, 0, eb_session_flash(show->session)->size_bytes, &areas, boots, err);
    return code == EB_OK
               ? eb_flash_map_ask_board(map, &show->retry, eb_session_reach(show->session), err)
               : code;
}

eb_code_t eb_op_show(eb_session_t *s, const eb_show_options_t *options, const eb_events_t *ev,
                     eb_show_result_t *result, eb_err_t *err)
{
    const bool is_board = options->backup == NULL;
    show_t show = {
        .session = is_board ? s : NULL,
        .options = options,
        .ev = ev,
        .result = result,
        .image.fd = -1,
    };

    memset(result, 0, sizeof(*result));
    result->boot.index = -1;
    eb_code_t code = is_board ? open_board(&show, err) : open_image(&show, err);
    if (code == EB_OK && (code = options->partition != NULL ? choose_named(&show, err)
                                                            : choose_all(&show, err)) == EB_OK) {
        code = show_parts(&show, err);
    }
    if (code == EB_OK && options->map) {
        code = fill_map(&show, err);
    }
    eb_backup_image_close(&show.image);
    return code;
}
