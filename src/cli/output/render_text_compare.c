/* render_text_compare.c: verify, diff and the backups of partitions, for people. */
#include "find.h"
#include "human.h"
#include "paths.h"
#include "render_text.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_BYTES 256

static const char *kind_text(eb_difference_kind_t kind)
{
    switch (kind) {
    case EB_DIFFERENCE_CHANGED:
        return "";
    case EB_DIFFERENCE_ONLY_A:
        return "only in the first";
    case EB_DIFFERENCE_ONLY_B:
        return "only in the second";
    }
    return "";
}

static bool text_ranges(const eb_term_t *term, const eb_diff_result_t *result)
{
    static const eb_column_t columns[] = {
        {"From", true, 0},       {"To", true, 0}, {"Size", true, 0},
        {"Partition", false, 0}, {"", false, 0},
    };
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < result->count; i++) {
        const eb_difference_t *one = &result->differences[i];
        char size[EB_HUMAN_BYTES];

        eb_human_size(one->size, size);
        eb_table_addf(&rows, "0x%" PRIx32, one->addr);
        eb_table_addf(&rows, "0x%" PRIx64, (uint64_t)one->addr + one->size - 1);
        eb_table_add(&rows, size);
        eb_table_add(&rows, one->partition[0] != '\0' ? one->partition : "(no partition)");
        eb_table_add(&rows, kind_text(one->kind));
    }
    fputc('\n', term->file);
    bool printed = eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    return printed;
}

/* Of the differences that make up one sum. Two images may overlap, but then each ends elsewhere, so
 * that only the one or the other has more. */
static void sum_kind_text(const eb_difference_t *list, size_t count, char out[TEXT_BYTES])
{
    const char *only = "";
    size_t of_both = 0;

    for (size_t i = 0; i < count; i++) {
        of_both += list[i].kind == EB_DIFFERENCE_CHANGED;
        if (list[i].kind != EB_DIFFERENCE_CHANGED) {
            only = kind_text(list[i].kind);
        }
    }
    snprintf(out, TEXT_BYTES, "%s%s", of_both > 0 && of_both < count ? "partly " : "", only);
}

static bool text_sums(const eb_term_t *term, const eb_diff_result_t *result)
{
    static const eb_column_t columns[] = {
        {"Partition", false, 0}, {"From", true, 0},   {"To", true, 0},
        {"Differs", true, 0},    {"Ranges", true, 0}, {"", false, 0},
    };
    eb_pieces_t pieces = {0};
    eb_piece_sums_t sums = {0};
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    bool good = eb_pieces_of_diff(result, &pieces) && eb_piece_sums_make(&pieces, &sums);
    for (size_t i = 0, first = 0; i < sums.count; first += sums.list[i++].count) {
        const eb_piece_sum_t *sum = &sums.list[i];
        char size[EB_HUMAN_BYTES], only[TEXT_BYTES];

        eb_human_size(sum->bytes[EB_SPAN_OLD], size);
        eb_table_add(&rows, sum->name[0] != '\0' ? sum->name : "(no partition)");
        eb_table_addf(&rows, "0x%" PRIx32, sum->addr);
        eb_table_addf(&rows, "0x%" PRIx32, sum->end - 1);
        eb_table_add(&rows, size);
        eb_table_addf(&rows, "%zu", sum->count);
        sum_kind_text(&result->differences[first], sum->count, only);
        eb_table_add(&rows, only);
    }
    fputc('\n', term->file);
    good = good && eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    eb_piece_sums_free(&sums);
    eb_pieces_free(&pieces);
    return good;
}

static void text_differs(const eb_term_t *term, const eb_diff_result_t *result, bool by_sector)
{
    char size[EB_HUMAN_BYTES], whole[EB_HUMAN_BYTES];

    eb_human_size(result->differing_bytes, size);
    eb_human_size(result->size_bytes, whole);
    if (!result->verified) {
        eb_text_field(term, "Differs", "unknown, because the comparison was not finished");
    } else if (result->count == 0) {
        eb_text_field(term, "Differs", "nothing: all %s are equal", whole);
    } else {
        eb_text_field(term, "Differs", "%s of %s, in %zu range%s%s", size, whole, result->count,
                      result->count == 1 ? "" : "s", by_sector ? " of whole sectors" : "");
    }
}

bool eb_text_verify(const eb_term_t *term, const eb_chip_info_t *board,
                    const eb_diff_result_t *result)
{
    char range[TEXT_BYTES], took[EB_HUMAN_BYTES];

    eb_text_range(result->addr, result->size_bytes, range, sizeof(range));
    eb_human_seconds(result->seconds, took);
    eb_text_title(term, "Verify");
    eb_text_field(term, "Image", "%s", result->a_path);
    eb_text_field(term, "Range", "%s", range);
    eb_text_field(term, "File", "%s",
                  result->file_checked  ? "matches the SHA-256 in its sidecar"
                  : result->has_sidecar ? "not checked"
                                        : "not checked, because there is no sidecar");
    if (board != NULL) {
        eb_text_board(term, "Board", board);
        text_differs(term, result, true);
        if (result->verified && result->count == 0) {
            eb_text_field(term, "Verified", EB_TEXT_BY_MD5);
        }
    }
    eb_text_field(term, "Took", "%s", took);
    return result->count == 0 || text_ranges(term, result);
}

static void text_side(const eb_term_t *term, const char *name, const char *path,
                      const eb_chip_info_t *board)
{
    if (path[0] != '\0') {
        eb_text_field(term, name, "%s", path);
    } else if (board != NULL) {
        eb_text_board(term, name, board);
    }
}

bool eb_text_diff(const eb_term_t *term, const eb_chip_info_t *board,
                  const eb_diff_result_t *result, bool every)
{
    static const char *const words[] = {"only in the second", "only in the first", "changed"};

    eb_text_title(term, "Diff");
    text_side(term, "First", result->a_path, board);
    text_side(term, "Second", result->b_path, board);
    text_differs(term, result, board != NULL);
    if (result->count == 0) {
        return true;
    }
    return text_sums(term, result) && eb_text_stores(term, &result->stores, words) &&
           (!every || text_ranges(term, result));
}

bool eb_text_partition_backup(const eb_term_t *term, const eb_chip_info_t *board,
                              const eb_partition_backup_result_t *result)
{
    static const eb_column_t columns[] = {
        {"Name", false, 0},  {"Offset", true, EB_COLUMN_DROP},
        {"Size", true, 0},   {"State", false, 0},
        {"Image", false, 0},
    };
    eb_table_t rows;
    const char *first = "";

    eb_text_title(term, "Backup of partitions");
    if (board != NULL) {
        eb_text_board(term, "Board", board);
    }
    for (size_t i = result->count; i-- > 0;) {
        if (result->files[i].image_path[0] != '\0') {
            first = result->files[i].image_path;
        }
    }
    /* All of them lie in one folder: with it in each line they would not fit a terminal. */
    const size_t folder_len = (size_t)(eb_path_file_name(first) - first);
    eb_text_field(term, "Folder", "%.*s", (int)(folder_len > 1 ? folder_len - 1 : folder_len),
                  first);
    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < result->count; i++) {
        const eb_backup_result_t *file = &result->files[i];
        char size[EB_HUMAN_BYTES];

        eb_human_size(file->size_bytes, size);
        eb_table_add(&rows, file->partition);
        eb_table_addf(&rows, "0x%" PRIx32, file->addr);
        eb_table_add(&rows, size);
        eb_table_add(&rows, file->image_path[0] == '\0' ? "not saved"
                            : file->verified            ? "verified"
                                                        : "not verified");
        eb_table_add(&rows, eb_path_file_name(file->image_path));
    }
    fputc('\n', term->file);
    bool printed = eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    return printed;
}
