/* render_text_table.c: what lies in a flash: bootloader, partitions, what boots. */
#include "human.h"
#include "ota_data.h"
#include "partition_types.h"
#include "render_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#define CELL_BYTES 160
#define BOOT_BYTES 512

static void app_text(const eb_app_image_t *app, bool of_board, char *out, size_t cap)
{
    const eb_app_desc_t *desc = &app->desc;

    switch (app->state) {
    case EB_IMAGE_NONE:
        snprintf(out, cap, "(empty)");
        return;
    case EB_IMAGE_ABSENT:
        snprintf(out, cap, of_board ? "(out of reach)" : "(not in the image)");
        return;
    case EB_IMAGE_OPAQUE:
        snprintf(out, cap, "(not an image, or encrypted)");
        return;
    case EB_IMAGE_VALID:
    case EB_IMAGE_UNCHECKED:
    case EB_IMAGE_DAMAGED:
        break;
    }
    const char *damaged = app->state == EB_IMAGE_DAMAGED ? " (damaged)" : "";
    char name[EB_TEXT_APP_BYTES];

    eb_text_app(desc->project, desc->version, name, sizeof(name));
    snprintf(out, cap, "%s%s", name, damaged);
}

static void used_text(const eb_flash_usage_t *usage, uint32_t size, char out[EB_HUMAN_BYTES])
{
    out[0] = '\0';
    if (usage != NULL && usage->known) {
        eb_human_used(usage->erased_bytes < size ? size - usage->erased_bytes : 0, size, out);
    }
}

static const char *note_text(const eb_partition_t *part)
{
    switch (part->fault) {
    case EB_ENTRY_SOUND:
        break;
    case EB_ENTRY_EMPTY:
        return "no size";
    case EB_ENTRY_BEYOND:
        return "beyond the flash";
    case EB_ENTRY_MISALIGNED:
        return "misaligned";
    case EB_ENTRY_OVERLAPS:
        return "overlaps";
    }
    return part->encrypted ? "encrypted" : part->readonly ? "read-only" : "";
}

static void add_row(eb_table_t *out, const eb_partition_t *part, bool boots,
                    const eb_flash_usage_t *usage)
{
    char type[64], size[EB_HUMAN_BYTES], used[EB_HUMAN_BYTES], text[CELL_BYTES];
    bool is_app = part->type == EB_PART_APP;

    eb_partition_type_text(part->type, part->subtype, type, sizeof(type));
    eb_human_size(part->size, size);
    eb_table_add(out, boots ? "*" : "");
    eb_table_add(out, part->label);
    eb_table_add(out, type);
    eb_table_addf(out, "0x%" PRIx32, part->addr);
    eb_table_add(out, size);
    used_text(usage, part->size, used);
    eb_table_add(out, used);
    text[0] = '\0';
    if (is_app && part->fault != EB_ENTRY_EMPTY && part->fault != EB_ENTRY_BEYOND) {
        app_text(&part->app, usage != NULL, text, sizeof(text));
    }
    eb_table_add(out, text);
    eb_table_add(out, part->app.desc.present ? part->app.desc.idf_version : "");
    eb_table_add(out, part->app.desc.present ? part->app.desc.build_date : "");
    eb_table_add(out, note_text(part));
}

/* Why the bootloader tries first what it tries first: `first` is its label, or NULL. */
static void reason_text(const eb_boot_choice_t *boot, const char *first, char *out, size_t cap)
{
    switch (boot->reason) {
    case EB_OTA_NO_SLOTS:
        snprintf(out, cap, "there are no OTA slots%s", first == NULL ? " and no factory app" : "");
        return;
    case EB_OTA_FACTORY:
        snprintf(out, cap, "the OTA data selects no slot");
        return;
    case EB_OTA_FIRST_SLOT:
        snprintf(out, cap, "the OTA data selects no slot and there is no factory app");
        return;
    case EB_OTA_SEQUENCE:
        snprintf(out, cap, "the OTA data selects %s (sequence %" PRIu32 ")",
                 first != NULL ? first : "a slot that the table lacks", boot->sequence);
        return;
    case EB_OTA_NOTHING:
        break;
    }
    out[0] = '\0';
}

static const char *label_of(const eb_partition_table_t *table, int index)
{
    return index >= 0 && (size_t)index < table->count ? table->entries[index].label : NULL;
}

static void boot_text(const eb_partition_table_t *table, const eb_boot_choice_t *boot, char *out,
                      size_t cap)
{
    const char *label = label_of(table, boot->index), *first = label_of(table, boot->chosen);
    const char *on_trial = label_of(table, boot->on_trial);
    char reason[CELL_BYTES];
    size_t used;

    if (label == NULL) {
        used = (size_t)snprintf(out, cap, "%s", eb_boot_stop_text(boot));
        out[0] = (char)toupper((unsigned char)out[0]);
    } else {
        bool is_test = table->entries[boot->index].subtype == EB_PART_APP_TEST;
        bool is_first = boot->index == boot->chosen;
        reason_text(boot, is_first && boot->reason == EB_OTA_SEQUENCE ? "it" : first, reason,
                    sizeof(reason));
        used = (size_t)snprintf(out, cap, "* %s%s boots next, because %s", label,
                                is_test ? " (test)" : "", reason);
        if (!is_first && first != NULL) {
            used += (size_t)snprintf(out + used, cap - used,
                                     ", and %s holds no whole app for this chip", first);
        }
    }
    if (on_trial != NULL) {
        snprintf(out + used, cap - used,
                 "; %s was on trial and is not confirmed, so the bootloader goes back from it",
                 on_trial);
    }
}

bool eb_text_partitions(const eb_term_t *term, const eb_partition_table_t *table,
                        const eb_boot_choice_t *boot, const eb_flash_usage_t *usage)
{
    static const eb_column_t columns[] = {
        {"", false, 0},
        {"Name", false, 6},
        {"Type", false, 0},
        {"Offset", true, 0},
        {"Size", true, 0},
        {"Used", true, EB_COLUMN_DROP},
        {"App", false, 12},
        {"IDF", false, EB_COLUMN_DROP},
        {"Built", false, EB_COLUMN_DROP},
        {"", false, 0},
    };
    eb_table_t rows;
    char text[BOOT_BYTES], clean[BOOT_BYTES];

    eb_text_heading(term, "Partitions");
    if (table->encrypted) {
        fprintf(term->file,
                "  Flash encryption is on: the partition table at 0x%" PRIx32
                " and the apps are ciphertext.\n",
                table->addr);
    } else if (table->damaged) {
        fprintf(term->file, "  The partition table at 0x%" PRIx32 " is damaged.\n", table->addr);
    } else if (!table->present) {
        fprintf(term->file, "  There is no partition table.\n");
    }
    if (!table->present) {
        return true;
    }
    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < table->count + table->unusable; i++) {
        add_row(&rows, &table->entries[i], boot->index == (int)i,
                usage != NULL && i < table->count ? &usage[i] : NULL);
    }
    bool printed = eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    boot_text(table, boot, text, sizeof(text));
    eb_term_clean(text, 0, clean, sizeof(clean));
    fputs("  ", term->file);
    eb_term_wrap(term->file, clean, (size_t)term->width, 2, 4);
    if (table->other_addr != 0) {
        fprintf(term->file,
                "  Another partition table lies at 0x%" PRIx32
                "; 'espbackup flash-info --partition-table 0x%" PRIx32 "' shows it.\n",
                table->other_addr, table->other_addr);
    }
    return printed;
}

bool eb_text_flash_report(const eb_term_t *term, const eb_flash_report_t *report,
                          uint64_t flash_size)
{
    char text[CELL_BYTES];
    char used[EB_HUMAN_BYTES], erased[EB_HUMAN_BYTES];

    if (report->usage.known && report->usage.erased_bytes <= report->asked_bytes) {
        eb_human_size(report->asked_bytes - report->usage.erased_bytes, used);
        eb_human_size(report->usage.erased_bytes, erased);
        eb_text_field(term, "Used", "%s, %s erased%s", used, erased,
                      report->asked_bytes < flash_size ? "; the rest is not known" : "");
    }
    app_text(&report->bootloader, true, text, sizeof(text));
    if (report->table.encrypted && report->bootloader.state == EB_IMAGE_OPAQUE) {
        snprintf(text, sizeof(text), "(ciphertext)");
    }
    /* The bootloaders of ESP-IDF carry no description before 5.3; a name missing is no news. */
    if (!report->bootloader.desc.present && report->bootloader.state == EB_IMAGE_VALID) {
        snprintf(text, sizeof(text), "valid image");
    }
    if (!report->bootloader.desc.present && report->bootloader.state == EB_IMAGE_UNCHECKED) {
        snprintf(text, sizeof(text), "image, not checked");
    }
    if (!report->bootloader.desc.present && report->bootloader.state == EB_IMAGE_DAMAGED) {
        snprintf(text, sizeof(text), "damaged image");
    }
    eb_text_field(term, "Bootloader", "%s", text);
    if (report->table.present) {
        eb_text_field(term, "Table", "at 0x%" PRIx32 "%s", report->table.addr,
                      report->table.has_md5 ? ", MD5 valid" : ", without MD5");
    }
    return eb_text_partitions(term, &report->table, &report->boot, report->part_usage);
}
