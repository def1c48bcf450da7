#include "difference.h"

#include "bytes.h"
#include "flash_compare.h"
#include "flash_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void eb_diff_result_free(eb_diff_result_t *result)
{
    if (result != NULL) {
        eb_diff_stores_free(&result->stores);
        free(result->differences);
        eb_flash_map_free(&result->map);
        result->differences = NULL;
        result->count = 0;
    }
}

/* -- the list ------------------------------------------------------------------------------- */

static eb_code_t append(eb_diff_result_t *result, uint32_t addr, uint32_t size,
                        eb_difference_kind_t kind, const char *name, eb_err_t *err)
{
    size_t count = result->count;

    /* The room is always the next power of two. */
    if ((count & (count - 1)) == 0) {
        size_t room = count == 0 ? 1 : 2 * count;
        eb_difference_t *more = realloc(result->differences, room * sizeof(*more));
        if (more == NULL) {
            return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu differences", room);
        }
        result->differences = more;
    }
    eb_difference_t *added = &result->differences[result->count++];
    *added = (eb_difference_t){.addr = addr, .size = size, .differing_bytes = size, .kind = kind};
    (void)snprintf(added->partition, sizeof(added->partition), "%s", name);
    return EB_OK;
}

eb_code_t eb_difference_add(eb_diff_result_t *result, const eb_areas_t *areas, uint32_t addr,
                            uint32_t size, eb_difference_kind_t kind, eb_err_t *err)
{
    uint64_t end = (uint64_t)addr + size;
    eb_code_t code = EB_OK;

    for (uint64_t at = addr, stop; at < end && code == EB_OK; at = stop) {
        eb_area_t area = eb_areas_at(areas, (uint32_t)at);
        stop = eb_min_u64(area.end, end);
        code = append(result, (uint32_t)at, (uint32_t)(stop - at), kind, area.name, err);
    }
    return code;
}

eb_code_t eb_difference_error(const eb_diff_result_t *result, const char *what, eb_err_t *err)
{
    if (result->count == 0) {
        return EB_OK;
    }
    const eb_difference_t *first = &result->differences[0];
    const char *name = first->partition;
    return eb_err_set(err, EB_ERR_DIFFERENT,
                      "%s: %llu bytes in %zu range%s, the first at 0x%x%s%s%s", what,
                      (unsigned long long)result->differing_bytes, result->count,
                      result->count == 1 ? "" : "s", first->addr, name[0] != '\0' ? " (" : "", name,
                      name[0] != '\0' ? ")" : "");
}

/* -- the board ------------------------------------------------------------------------------ */

/* An image that knows no table, as a bare .bin, lies on a board that may have one. */
static eb_code_t table_of_board(eb_retry_t *retry, eb_layout_t *layout, eb_areas_t *areas,
                                eb_err_t *err)
{
    if (eb_areas_known(areas)) {
        return EB_OK;
    }
    areas->bootloader_addr = eb_session_chip(retry->session)->bootloader_addr;
    eb_layout_source_t source = eb_layout_of_board(retry, 0);
    eb_code_t code = eb_layout_search(&source, NULL, layout, err);
    if (code == EB_OK) {
        areas->table = &layout->table;
    }
    return code;
}

static eb_code_t take_spans(const eb_spans_t *spans, const eb_areas_t *areas,
                            eb_diff_result_t *result, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < spans->count && code == EB_OK; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        if (span->state != EB_SPAN_SAME) {
            code = eb_difference_add(result, areas, span->addr, span->size, EB_DIFFERENCE_CHANGED,
                                     err);
            result->differing_bytes += span->size;
        }
    }
    return code;
}

static void tell_of_other_board(eb_session_t *s, const eb_backup_image_t *source,
                                const eb_events_t *ev)
{
    const eb_chip_info_t *board = eb_session_chip(s);

    if (source->sidecar == NULL) {
        return;
    }
    const eb_chip_info_t *image = &source->sidecar->chip;
    if (strcmp(board->id, image->id) != 0) {
        eb_event_note(ev, EB_LEVEL_WARNING, "the image is of an %s, the board is an %s",
                      image->name, board->name);
    } else if (board->mac_count > 0 && image->mac_count > 0 &&
               strcmp(eb_chip_mac(board), eb_chip_mac(image)) != 0) {
        eb_event_note(ev, EB_LEVEL_NOTE, "the image is of board %s, this is board %s",
                      eb_chip_mac(image), eb_chip_mac(board));
    }
}

/* Names for what differs, and its keys. */
static eb_code_t look_inside(eb_retry_t *retry, eb_backup_image_t *source, const eb_spans_t *spans,
                             eb_areas_t areas, eb_board_keys_t keys, eb_diff_result_t *result,
                             eb_err_t *err)
{
    const eb_board_stores_t board = {retry, spans, eb_backup_image_bytes, source,
                                     keys == EB_KEYS_BOARD_IS_B};
    eb_layout_t layout;

    eb_code_t code = table_of_board(retry, &layout, &areas, err);
    if (code == EB_OK) {
        code = take_spans(spans, &areas, result, err);
    }
    if (code == EB_OK) { /* the board may have told more names */
        code = eb_flash_map_begin(&result->map, source->addr, source->size_bytes, &areas, -1, err);
    }
    if (code == EB_OK && keys != EB_KEYS_NOT_ASKED) {
        code = eb_difference_stores_of_board(&board, areas.table, retry->ev, &result->stores, err);
    }
    return code;
}

eb_code_t eb_difference_with_board(eb_session_t *s, eb_backup_image_t *source, eb_board_keys_t keys,
                                   const eb_events_t *ev, eb_diff_result_t *result, eb_err_t *err)
{
    eb_areas_t areas = eb_areas_of_image(source);
    eb_spans_t spans = {0};
    eb_retry_t retry;

    eb_code_t code = eb_session_check_range(s, source->addr, source->size_bytes, err);
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "%s", source->path);
        return code;
    }
    tell_of_other_board(s, source, ev);
    if (source->sidecar == NULL) {
        areas.bootloader_addr = eb_session_chip(s)->bootloader_addr;
    }
    code = eb_flash_compare(s, source->addr, (uint32_t)source->size_bytes, eb_backup_image_bytes,
                            source, NULL, ev, &spans, err);
    eb_retry_init(&retry, s, ev);
    if (code == EB_OK) {
        code = eb_flash_map_begin(&result->map, source->addr, source->size_bytes, &areas, -1, err);
    }
    if (code == EB_OK && eb_spans_bytes(&spans, EB_SPAN_OLD) > 0) {
        code = look_inside(&retry, source, &spans, areas, keys, result, err);
    }
    result->verified = code == EB_OK;
    eb_spans_free(&spans);
    return code == EB_OK ? eb_difference_error(result, "the board differs from the image", err)
                         : code;
}
