/* render_json_change.c: changes of a board and comparisons, as JSON. */
#include "render_json.h"

/* Each state with its bytes, those without too. */
static void add_states(eb_json_t *node, const uint64_t bytes[EB_RANGE_STATES])
{
    for (int i = 0; i < EB_RANGE_STATES; i++) {
        eb_json_add_int(node, eb_range_state_name((eb_span_state_t)i), (int64_t)bytes[i]);
    }
}

/* "states", "ranges" and "partitions". Without memory the lists are short: pieces are none then,
 * and the caller has said so. */
static void add_pieces(eb_json_t *root, const eb_pieces_t *pieces, const eb_piece_sums_t *sums)
{
    uint64_t bytes[EB_RANGE_STATES] = {0};
    eb_json_t *list;

    for (size_t i = 0; i < pieces->count; i++) {
        bytes[pieces->list[i].state] += pieces->list[i].size;
    }
    add_states(eb_json_add_object(root, "states"), bytes);
    list = eb_json_add_array(root, "partitions");
    for (size_t i = 0; i < sums->count; i++) {
        eb_json_t *node = eb_json_append_object(list);
        eb_json_put_text_or_null(node, "name", sums->list[i].name);
        eb_json_add_int(node, "addr", sums->list[i].addr);
        add_states(node, sums->list[i].bytes);
    }
    list = eb_json_add_array(root, "ranges");
    for (size_t i = 0; i < pieces->count; i++) {
        eb_json_t *node = eb_json_append_object(list);
        eb_json_add_int(node, "addr", pieces->list[i].addr);
        eb_json_add_int(node, "size_bytes", pieces->list[i].size);
        eb_json_add_text(node, "state", eb_range_state_name(pieces->list[i].state));
        eb_json_put_text_or_null(node, "partition", pieces->list[i].name);
    }
}

bool eb_json_spans(eb_json_t *root, const eb_spans_t *spans, const eb_areas_t *areas)
{
    eb_pieces_t pieces = {0};
    eb_piece_sums_t sums = {0};
    bool good = eb_pieces_of_spans(spans, areas, &pieces) && eb_piece_sums_make(&pieces, &sums);

    if (good) {
        add_pieces(root, &pieces, &sums);
    }
    eb_piece_sums_free(&sums);
    eb_pieces_free(&pieces);
    return good;
}

void eb_json_restore(eb_json_t *root, const eb_restore_result_t *result, bool dry_run)
{
    eb_json_add_bool(root, "verified", result->verified);
    eb_json_add_bool(root, "changed", result->changed);
    eb_json_add_bool(root, "dry_run", dry_run);
    eb_json_put_text_or_null(root, "image", result->image_path);
    eb_json_put_text_or_null(root, "first_backup", result->first_backup_path);
    eb_json_put_text_or_null(root, "into_partition", result->into);
    eb_json_add_int(root, "rest_bytes", (int64_t)result->rest_bytes);
    eb_json_add_int(root, "addr", result->addr);
    eb_json_add_int(root, "size_bytes", (int64_t)result->size_bytes);
    eb_json_add_int(root, "bytes_written", (int64_t)result->bytes_written);
    eb_json_add_int(root, "wire_bytes", (int64_t)result->wire_bytes);
    eb_json_add_bool(root, "header_changed", result->header_changed);
    if (dry_run) {
        eb_json_stores(root, &result->stores);
    }
    eb_json_add_number(root, "seconds", result->seconds);
}

void eb_json_erase(eb_json_t *root, const eb_erase_result_t *result)
{
    eb_json_add_bool(root, "verified", result->verified);
    eb_json_add_bool(root, "changed", result->changed);
    eb_json_add_int(root, "addr", result->addr);
    eb_json_add_int(root, "size_bytes", (int64_t)result->size_bytes);
    eb_json_add_number(root, "seconds", result->seconds);
}

static const char *kind_name(eb_difference_kind_t kind)
{
    switch (kind) {
    case EB_DIFFERENCE_CHANGED:
        return "changed";
    case EB_DIFFERENCE_ONLY_A:
        return "only_a";
    case EB_DIFFERENCE_ONLY_B:
        return "only_b";
    }
    return "changed";
}

static void add_difference_sums(eb_json_t *root, const eb_piece_sums_t *sums)
{
    eb_json_t *list = eb_json_add_array(root, "partitions");

    for (size_t i = 0; i < sums->count; i++) {
        eb_json_t *node = eb_json_append_object(list);
        eb_json_put_text_or_null(node, "name", sums->list[i].name);
        eb_json_add_int(node, "addr", sums->list[i].addr);
        eb_json_add_int(node, "differing_bytes", (int64_t)sums->list[i].bytes[EB_SPAN_OLD]);
        eb_json_add_int(node, "ranges", (int64_t)sums->list[i].count);
    }
}

static bool add_differences(eb_json_t *root, const eb_diff_result_t *result)
{
    eb_pieces_t pieces = {0};
    eb_piece_sums_t sums = {0};
    bool good = eb_pieces_of_diff(result, &pieces) && eb_piece_sums_make(&pieces, &sums);

    if (good) {
        add_difference_sums(root, &sums);
    }
    eb_piece_sums_free(&sums);
    eb_pieces_free(&pieces);
    eb_json_t *list = eb_json_add_array(root, "differences");
    for (size_t i = 0; i < result->count; i++) {
        const eb_difference_t *one = &result->differences[i];
        eb_json_t *node = eb_json_append_object(list);

        eb_json_add_int(node, "addr", one->addr);
        eb_json_add_int(node, "size_bytes", one->size);
        eb_json_add_int(node, "differing_bytes", one->differing_bytes);
        eb_json_add_text(node, "kind", kind_name(one->kind));
        eb_json_put_text_or_null(node, "partition", one->partition);
    }
    return good;
}

static bool add_comparison(eb_json_t *root, const eb_diff_result_t *result, bool compared)
{
    eb_json_add_int(root, "addr", result->addr);
    eb_json_add_int(root, "size_bytes", (int64_t)result->size_bytes);
    eb_json_add_number(root, "seconds", result->seconds);
    if (!compared) {
        return true;
    }
    eb_json_add_int(root, "differing_bytes", (int64_t)result->differing_bytes);
    return add_differences(root, result);
}

bool eb_json_verify(eb_json_t *root, const eb_diff_result_t *result, bool file_only)
{
    eb_json_add_bool(root, "verified", result->verified && result->count == 0);
    eb_json_put_text_or_null(root, "image", result->a_path);
    eb_json_add_bool(root, "sidecar", result->has_sidecar);
    eb_json_add_bool(root, "file_checked", result->file_checked);
    eb_json_add_bool(root, "board_checked", !file_only && result->verified);
    return add_comparison(root, result, !file_only);
}

bool eb_json_diff(eb_json_t *root, const eb_diff_result_t *result)
{
    eb_json_add_bool(root, "equal", result->verified && result->count == 0);
    eb_json_add_bool(root, "complete", result->verified);
    eb_json_put_text_or_null(root, "a", result->a_path);
    eb_json_put_text_or_null(root, "b", result->b_path);
    eb_json_stores(root, &result->stores);
    return add_comparison(root, result, true);
}

void eb_json_partition_backup(eb_json_t *root, const eb_partition_backup_result_t *result)
{
    bool verified = result->count > 0;
    eb_json_t *list;

    for (size_t i = 0; i < result->count; i++) {
        verified = verified && result->files[i].verified;
    }
    eb_json_add_bool(root, "verified", verified);
    list = eb_json_add_array(root, "files");
    for (size_t i = 0; i < result->count; i++) {
        eb_json_t *node = eb_json_append_object(list);
        eb_json_put_text_or_null(node, "partition", result->files[i].partition);
        eb_json_backup(node, &result->files[i]);
    }
}
