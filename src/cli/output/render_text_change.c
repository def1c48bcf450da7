/* render_text_change.c: what will change on a board, what changed, and what a failure left. */
#include "human.h"
#include "ota_data.h"
#include "render_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256
#define STATE_ROWS 40 /* more ranges than that are for programs */

/* -- the plan -------------------------------------------------------------------------------- */

/* "porch-light 1.5.0, in ota_0"; empty when it cannot be told. */
static void firmware_text(const eb_partition_table_t *table, const eb_boot_choice_t *boot,
                          char *out, size_t cap)
{
    const eb_partition_t *part;
    char name[EB_TEXT_APP_BYTES];

    out[0] = '\0';
    if (table == NULL || !table->present || boot == NULL) {
        return;
    }
    if (boot->index < 0 || (size_t)boot->index >= table->count) {
        snprintf(out, cap, "%s", eb_boot_stop_text(boot));
        return;
    }
    part = &table->entries[boot->index];
    if (eb_image_is_program(part->app.state)) {
        eb_text_app(part->app.desc.project, part->app.desc.version, name, sizeof(name));
        snprintf(out, cap, "%s, in %s", name, part->label);
    } else if (part->app.state == EB_IMAGE_ABSENT) {
        snprintf(out, cap, "not in the image: %s boots", part->label);
    } else {
        snprintf(out, cap, "not an app, or encrypted, in %s", part->label);
    }
}

/* A file that is no image of the flash. */
static void text_into(const eb_term_t *term, const eb_change_plan_t *plan)
{
    char type[64], rest[EB_HUMAN_BYTES];

    eb_partition_type_text(plan->into->type, plan->into->subtype, type, sizeof(type));
    eb_human_size(plan->rest_bytes, rest);
    eb_text_field(term, "Into", "partition %s, %s", plan->into->label, type);
    if (plan->rest_bytes > 0) {
        eb_text_field(term, "Rest", "%s of the partition, behind the file: will be erased", rest);
    }
}

static void text_source(const eb_term_t *term, const eb_change_plan_t *plan)
{
    char when[EB_HUMAN_BYTES], firmware[TEXT_BYTES];

    eb_text_field(term, "Image", "%s", plan->source);
    if (plan->image_created_utc != NULL) {
        eb_human_local_time(plan->image_created_utc, when);
        eb_text_field(term, "Created", "%s", when);
    }
    if (plan->image_chip != NULL) {
        eb_text_board(term, "Saved from", plan->image_chip);
    } else if (plan->into == NULL) {
        eb_text_field(term, "Saved from", "unknown, because the image has no sidecar");
    }
    firmware_text(plan->image_table, plan->image_boot, firmware, sizeof(firmware));
    eb_text_field(term, "Image app", "%s", firmware);
    if (plan->into != NULL) {
        text_into(term, plan);
    }
}

static void text_amount(const eb_term_t *term, const eb_change_plan_t *plan)
{
    char changes[EB_HUMAN_BYTES], whole[EB_HUMAN_BYTES], unasked[EB_HUMAN_BYTES];
    uint64_t bytes = eb_spans_bytes(plan->spans, EB_SPAN_OLD);
    uint64_t all = bytes + eb_spans_bytes(plan->spans, EB_SPAN_SAME); /* of whole sectors too */
    const char *name = plan->is_erase ? "Will erase" : "Will change";

    eb_human_size(bytes, changes);
    eb_human_size(all, whole);
    if (bytes == 0) {
        eb_text_field(term, name, "nothing: %s",
                      plan->is_erase ? "everything is erased already"
                                     : "the board matches the image already");
    } else if (plan->skipped_bytes > 0) {
        eb_human_size(plan->skipped_bytes, unasked);
        eb_text_field(term, name,
                      "up to %s of %s; %s is not compared, because the flash around it differs",
                      changes, whole, unasked);
    } else if (bytes == all) {
        eb_text_field(term, name, "everything");
    } else {
        eb_text_field(term, name, "%s of %s; the rest is %s", changes, whole,
                      plan->is_erase ? "erased already" : "equal already");
    }
}

static const eb_partition_t *entry_of(const eb_partition_table_t *table, const eb_piece_sum_t *sum)
{
    for (size_t i = 0; table != NULL && i < table->count; i++) {
        const eb_partition_t *entry = &table->entries[i];
        if (strcmp(entry->label, sum->name) == 0 && sum->addr >= entry->addr &&
            sum->addr - entry->addr < entry->size) {
            return entry;
        }
    }
    return NULL;
}

static void add_plan_row(eb_table_t *rows, const eb_partition_table_t *table,
                         const eb_piece_sum_t *sum)
{
    const eb_partition_t *entry = entry_of(table, sum);
    char size[EB_HUMAN_BYTES] = "", changes[EB_HUMAN_BYTES], name[TEXT_BYTES] = "";

    eb_human_size(sum->bytes[EB_SPAN_OLD], changes);
    if (entry != NULL) {
        eb_human_size(entry->size, size);
    }
    eb_table_add(rows, sum->name[0] != '\0' ? sum->name : "(no partition)");
    eb_table_addf(rows, "0x%" PRIx32, entry != NULL ? entry->addr : sum->addr);
    eb_table_add(rows, size);
    eb_table_add(rows, changes);
    if (entry != NULL && eb_image_is_program(entry->app.state)) {
        eb_text_app(entry->app.desc.project, entry->app.desc.version, name, sizeof(name));
    }
    eb_table_add(rows, name);
}

static bool text_plan_rows(const eb_term_t *term, const eb_change_plan_t *plan,
                           const eb_piece_sums_t *sums, const eb_partition_table_t *table)
{
    const eb_column_t columns[] = {
        {"Partition", false, 0}, {"Offset", true, 0},
        {"Size", true, 0},       {plan->is_erase ? "Will erase" : "Will change", true, 0},
        {"App", false, 12},
    };
    eb_table_t rows;
    size_t shown = 0;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < sums->count; i++) {
        if (sums->list[i].bytes[EB_SPAN_OLD] == 0) {
            continue;
        }
        add_plan_row(&rows, table, &sums->list[i]);
        shown++;
    }
    bool printed = true;
    if (shown > 0) {
        fputc('\n', term->file);
        printed = eb_table_print(&rows, term, 2);
    }
    eb_table_free(&rows);
    return printed;
}

static void warn(const eb_term_t *term, const char *text)
{
    fprintf(term->file, "\n%s", eb_term_style(term, EB_STYLE_WARNING));
    eb_term_wrap(term->file, text, (size_t)term->width, 0, 2);
    fputs(eb_term_plain(term), term->file);
}

static void text_warnings(const eb_term_t *term, const eb_chip_info_t *board,
                          const eb_change_plan_t *plan)
{
    const eb_chip_info_t *image = plan->image_chip;
    char text[2 * TEXT_BYTES];

    if (plan->other_mac) {
        snprintf(text, sizeof(text),
                 "WARNING: THE IMAGE IS FROM ANOTHER BOARD: its MAC is %s, and the MAC of this "
                 "board is %s. Both boards will then have the same keys, certificates, "
                 "calibration and network name.",
                 image != NULL && image->mac_count > 0 ? image->macs[0].text : "unknown",
                 board->mac_count > 0 ? board->macs[0].text : "unknown");
        warn(term, text);
    }
    if (plan->encrypted) {
        warn(term,
             plan->is_erase
                 ? "WARNING: FLASH ENCRYPTION IS ON: only a backup of this board can bring the "
                   "erased data back."
                 : "WARNING: FLASH ENCRYPTION IS ON: this board runs only an image that was read "
                   "from it with encryption on.");
    }
}

bool eb_text_change_plan(const eb_term_t *term, const eb_chip_info_t *board,
                         const eb_change_plan_t *plan)
{
    static const char *const words[] = {"added", "removed", "changed"};
    const eb_partition_table_t *table = plan->image_table;
    char range[TEXT_BYTES], firmware[TEXT_BYTES];
    eb_pieces_t pieces = {0};
    eb_piece_sums_t sums = {0};

    if (table == NULL || !table->present) {
        table = plan->board_table;
    }
    const eb_areas_t areas = {.table = table, .bootloader_addr = board->bootloader_addr};
    eb_text_title(term, plan->put_back   ? "Self-test plan"
                        : plan->is_erase ? "Erase plan"
                                         : "Restore plan");
    if (!plan->is_erase) {
        text_source(term, plan);
    }
    eb_text_board(term, "Board", board);
    firmware_text(plan->board_table, plan->board_boot, firmware, sizeof(firmware));
    eb_text_field(term, "Current app", "%s", firmware);
    eb_text_range(plan->addr, plan->size_bytes, range, sizeof(range));
    eb_text_field(term, "Range", "%s", range);
    text_amount(term, plan);
    bool good = eb_pieces_of_spans(plan->spans, &areas, &pieces) &&
                eb_piece_sums_make(&pieces, &sums) && text_plan_rows(term, plan, &sums, table);
    eb_piece_sums_free(&sums);
    eb_pieces_free(&pieces);
    good = good && (plan->stores == NULL || eb_text_stores(term, plan->stores, words));
    text_warnings(term, board, plan);
    if (plan->put_back) {
        fprintf(term->file, "\nThis data is saved to disk first, and restored at the end.\n");
    } else if (plan->is_erase && eb_spans_bytes(plan->spans, EB_SPAN_OLD) > 0) {
        fprintf(term->file,
                "\nOnly a backup can bring this data back; 'espbackup backup' makes one.\n");
    }
    fputc('\n', term->file);
    return good;
}

/* -- the result ------------------------------------------------------------------------------ */

static void text_written(const eb_term_t *term, const eb_restore_result_t *result)
{
    char written[EB_HUMAN_BYTES], wire[EB_HUMAN_BYTES], erased[EB_HUMAN_BYTES];

    eb_human_size(result->bytes_written, written);
    eb_human_size(result->wire_bytes, wire);
    eb_human_size(eb_spans_bytes(&result->spans, EB_SPAN_NEW), erased);
    if (result->changed && result->bytes_written == 0) {
        eb_text_field(term, "Written", "nothing, %s erased", erased);
    } else if (result->changed) {
        eb_text_field(term, "Written", "%s, %s over the wire", written, wire);
    } else {
        eb_text_field(term, "Written", "nothing: the board matched the image already");
    }
}

/* After the plan, which shows everything else. */
void eb_text_dry_run(const eb_term_t *term, const eb_restore_result_t *result)
{
    if (result->header_changed) {
        fprintf(term->file, "The bootloader's header would get other flash settings.\n");
    }
    fprintf(term->file, "Nothing was changed, because of --dry-run.\n");
}

void eb_text_restore(const eb_term_t *term, const eb_restore_result_t *result)
{
    char range[TEXT_BYTES], took[EB_HUMAN_BYTES];

    eb_text_range(result->addr, result->size_bytes, range, sizeof(range));
    eb_human_seconds(result->seconds, took);
    eb_text_title(term, "Restored");
    eb_text_field(term, "Image", "%s", result->image_path);
    eb_text_field(term, "Backup first", "%s", result->first_backup_path);
    eb_text_field(term, "Range", "%s", range);
    text_written(term, result);
    if (result->header_changed) {
        eb_text_field(term, "Header", "new flash settings, with new checksum and hash");
    }
    if (result->verified) {
        eb_text_field(term, "Verified", EB_TEXT_BY_MD5);
    }
    eb_text_field(term, "Took", "%s", took);
    eb_text_connection_line(term, &result->stats);
}

void eb_text_erase(const eb_term_t *term, const eb_erase_result_t *result,
                   const eb_session_stats_t *stats)
{
    char range[TEXT_BYTES], took[EB_HUMAN_BYTES];

    eb_text_range(result->addr, result->size_bytes, range, sizeof(range));
    eb_human_seconds(result->seconds, took);
    eb_text_title(term, "Erased");
    eb_text_field(term, "Range", "%s", range);
    if (!result->changed) {
        eb_text_field(term, "Erased", "nothing: everything was erased already");
    }
    if (result->verified) {
        eb_text_field(term, "Verified", "every byte is 0xFF, by an MD5 that the chip computes");
    }
    eb_text_field(term, "Took", "%s", took);
    eb_text_connection_line(term, stats);
}

/* -- what a failure left --------------------------------------------------------------------- */

static const char *state_text(eb_span_state_t state)
{
    switch (state) {
    case EB_SPAN_SAME:
        return "unchanged";
    case EB_SPAN_OLD:
        return "old";
    case EB_SPAN_NEW:
        return "new, verified";
    case EB_SPAN_WRITTEN:
        return "new, not verified";
    case EB_SPAN_UNKNOWN:
        return "unknown";
    }
    return "unknown";
}

bool eb_text_board_state(const eb_term_t *term, const eb_pieces_t *pieces)
{
    static const eb_column_t columns[] = {
        {"From", true, 0},   {"To", true, 0},         {"Size", true, 0},
        {"State", false, 0}, {"Partition", false, 0},
    };
    eb_table_t rows;
    size_t shown = 0, left_out = 0;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < pieces->count; i++) {
        const eb_piece_t *piece = &pieces->list[i];
        char size[EB_HUMAN_BYTES];

        if (piece->state == EB_SPAN_SAME || shown == STATE_ROWS) {
            left_out += piece->state != EB_SPAN_SAME;
            continue;
        }
        shown++;
        eb_human_size(piece->size, size);
        eb_table_addf(&rows, "0x%" PRIx32, piece->addr);
        eb_table_addf(&rows, "0x%" PRIx64, (uint64_t)piece->addr + piece->size - 1);
        eb_table_add(&rows, size);
        eb_table_add(&rows, state_text(piece->state));
        eb_table_add(&rows, piece->name);
    }
    eb_text_title(term, "State of the board");
    bool printed = shown == 0 || eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    if (left_out > 0) {
        fprintf(term->file, "  %zu more range%s not shown; --json lists all of them\n", left_out,
                left_out == 1 ? " is" : "s are");
    }
    if (eb_pieces_bytes(pieces, EB_SPAN_SAME) > 0) {
        fprintf(term->file, "  The rest of the range already matched, and is unchanged.\n");
    }
    fputc('\n', term->file);
    return printed;
}
