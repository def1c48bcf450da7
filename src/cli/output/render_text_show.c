/* render_text_show.c: what partitions hold, for people. */
#include "human.h"
#include "partition_types.h"
#include "render_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 512
#define HEX_SHOWN  32u /* bytes of a blob; all of them are in JSON and CSV */
#define TEXT_SHOWN 200u

/* -- a line for each ------------------------------------------------------------------------- */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void nvs_line(const eb_show_result_t *result, const eb_nvs_t *nvs, char *out)
{
    if (nvs->state == EB_NVS_OPAQUE) {
        snprintf(out, LINE_BYTES, "%s",
                 result->keys_seen         ? "NVS, encrypted with the keys of another partition"
                 : result->flash_encrypted ? "NVS, encrypted"
                                           : "NVS with no valid entry: encrypted, or damaged");
        return;
    }
    int used = snprintf(out, LINE_BYTES, "NVS: %zu value%s in %zu namespace%s", nvs->count,
                        plural(nvs->count), nvs->namespaces, plural(nvs->namespaces));
    size_t damaged = nvs->invalid;
    for (size_t i = 0; i < nvs->count; i++) {
        damaged += nvs->items[i].damaged;
    }
    if (damaged > 0) {
        snprintf(out + used, LINE_BYTES - (size_t)used, ", %zu damaged", damaged);
    }
}

static void ota_line(const eb_show_result_t *result, const eb_content_t *content, char *out)
{
    const eb_ota_copy_t *a = &content->ota[0], *b = &content->ota[1];
    const eb_ota_copy_t *newest =
        b->crc_holds && (!a->crc_holds || b->sequence > a->sequence) ? b : a;

    if (!newest->crc_holds) {
        snprintf(out, LINE_BYTES, "OTA data: no valid copy");
        return;
    }
    int used = snprintf(out, LINE_BYTES, "OTA data: sequence %" PRIu32 ", %s", newest->sequence,
                        eb_ota_state_word(newest->state));
    if (result->boots[0] != '\0') {
        snprintf(out + used, LINE_BYTES - (size_t)used, "; %s boots next", result->boots);
    }
}

static void core_dump_line(const eb_core_dump_t *dump, char *out)
{
    snprintf(out, LINE_BYTES, "core dump %u.%u of %" PRIu32 " task%s%s%s%s", dump->version >> 8,
             dump->version & 0xFFu, dump->tasks, plural(dump->tasks),
             dump->state == EB_CORE_DUMP_DAMAGED ? ", damaged" : "",
             dump->reason[0] != '\0' ? ": " : "", dump->reason);
}

static void file_system_line(const eb_file_system_t *fs, char *out)
{
    char block[EB_HUMAN_BYTES], used[EB_HUMAN_BYTES], version[24] = "";

    eb_human_size(fs->block_bytes, block);
    eb_human_size(fs->used_bytes, used);
    if (fs->kind == EB_FILE_SYSTEM_LITTLEFS) {
        snprintf(version, sizeof(version), " %u.%u", fs->major, fs->minor);
    }
    int len = snprintf(out, LINE_BYTES, "%s%s: %" PRIu32 " %s%s of %s", eb_file_system_name(fs),
                       version, fs->blocks, fs->kind == EB_FILE_SYSTEM_FAT ? "cluster" : "block",
                       plural(fs->blocks), block);
    if (fs->used_known && len < LINE_BYTES) {
        snprintf(out + len, LINE_BYTES - (size_t)len, ", %s used", used);
    }
}

static void unknown_line(const eb_show_result_t *result, const eb_shown_part_t *part, char *out)
{
    const char *what = "not recognised";

    if (part->has_type && part->type == EB_PART_DATA && part->subtype == EB_PART_DATA_NVS) {
        what = "no valid NVS page";
    } else if (part->has_type && part->type == EB_PART_DATA &&
               part->subtype == EB_PART_DATA_COREDUMP) {
        what = "no core dump of a known version";
    } else if (part->has_type && part->type == EB_PART_DATA && part->subtype == EB_PART_DATA_PHY) {
        what = "no PHY data of ESP-IDF";
    }
    snprintf(out, LINE_BYTES, "%s%s", what,
             result->flash_encrypted && part->encrypted ? ", because flash encryption covers it"
             : result->flash_encrypted                  ? "; flash encryption is on"
                                                        : "");
}

static void app_line(const eb_app_image_t *app, char *out)
{
    char name[LINE_BYTES];

    switch (app->state) {
    case EB_IMAGE_NONE:
        snprintf(out, LINE_BYTES, "erased");
        return;
    case EB_IMAGE_ABSENT:
        snprintf(out, LINE_BYTES, "not looked at");
        return;
    case EB_IMAGE_OPAQUE:
        snprintf(out, LINE_BYTES, "not an image, or encrypted");
        return;
    case EB_IMAGE_VALID:
    case EB_IMAGE_UNCHECKED:
    case EB_IMAGE_DAMAGED:
        break;
    }
    eb_text_app(app->desc.project, app->desc.version, name, sizeof(name));
    snprintf(out, LINE_BYTES, "app %s%.400s", app->state == EB_IMAGE_DAMAGED ? "(damaged) " : "",
             name);
}

static void part_line(const eb_show_result_t *result, const eb_shown_part_t *part,
                      char out[LINE_BYTES])
{
    const eb_content_t *content = &part->content;

    out[0] = '\0';
    if (part->app.state != EB_IMAGE_ABSENT ||
        (part->has_type && (part->type == EB_PART_APP || part->type == EB_PART_BOOTLOADER))) {
        app_line(&part->app, out);
        return;
    }
    if (part->has_type && part->type == EB_PART_TABLE) {
        snprintf(out, LINE_BYTES, "partition table; 'espbackup flash-info' shows that of a board");
        return;
    }
    switch (content->kind) {
    case EB_CONTENT_NOT_KNOWN:
        unknown_line(result, part, out);
        break;
    case EB_CONTENT_ERASED:
        snprintf(out, LINE_BYTES, "erased");
        break;
    case EB_CONTENT_NVS:
        nvs_line(result, &content->nvs, out);
        break;
    case EB_CONTENT_NVS_KEYS:
        snprintf(out, LINE_BYTES, "keys for NVS encryption%s",
                 content->keys_hold ? "" : ", damaged or encrypted");
        break;
    case EB_CONTENT_OTA_DATA:
        ota_line(result, content, out);
        break;
    case EB_CONTENT_PHY:
        snprintf(out, LINE_BYTES, "PHY init data: %u bytes for the radio%s", EB_PHY_DATA_BYTES,
                 content->phy_ends ? "" : ", damaged: the mark at their end is missing");
        break;
    case EB_CONTENT_CORE_DUMP:
        core_dump_line(&content->core_dump, out);
        break;
    case EB_CONTENT_FILE_SYSTEM:
        file_system_line(&content->file_system, out);
        break;
    case EB_CONTENT_TOO_LARGE:
        snprintf(out, LINE_BYTES, "too large to be read");
        break;
    }
}

/* -- all of them ----------------------------------------------------------------------------- */

static void type_text(const eb_shown_part_t *part, char *out, size_t cap)
{
    out[0] = '\0';
    if (part->has_type) {
        eb_partition_type_text(part->type, part->subtype, out, cap);
    }
}

static bool text_overview(const eb_term_t *term, const eb_show_result_t *result)
{
    static const eb_column_t columns[] = {
        {"Name", false, 0}, {"Type", false, 0},     {"Offset", true, EB_COLUMN_DROP},
        {"Size", true, 0},  {"Content", false, 20},
    };
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < result->count; i++) {
        const eb_shown_part_t *part = &result->parts[i];
        char type[64], size[EB_HUMAN_BYTES], line[LINE_BYTES];

        type_text(part, type, sizeof(type));
        eb_human_size(part->size, size);
        part_line(result, part, line);
        eb_table_add(&rows, part->label);
        eb_table_add(&rows, type);
        eb_table_addf(&rows, "0x%" PRIx32, part->addr);
        eb_table_add(&rows, size);
        eb_table_add(&rows, line);
    }
    fputc('\n', term->file);
    bool printed = eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    return printed;
}

/* -- details --------------------------------------------------------------------------------- */

static void blob_text(const eb_content_t *content, const eb_nvs_item_t *item, char *out, size_t cap)
{
    uint8_t *bytes = malloc(item->size + 1u);
    const size_t shown = item->size < HEX_SHOWN ? item->size : HEX_SHOWN;

    out[0] = '\0';
    if (bytes != NULL && cap > 2 * HEX_SHOWN + 4) {
        eb_nvs_data(&content->nvs, content->nvs_bytes, item, bytes);
        for (size_t i = 0; i < shown; i++) {
            snprintf(out + 2 * i, cap - 2 * i, "%02x", bytes[i]);
        }
        snprintf(out + 2 * shown, cap - 2 * shown, "%s", shown < item->size ? "..." : "");
    }
    free(bytes);
}

static void value_text(const eb_content_t *content, const eb_nvs_item_t *item, bool reveal,
                       char *out, size_t cap)
{
    if (item->damaged) {
        snprintf(out, cap, "(damaged)");
    } else if (!reveal && eb_nvs_is_secret(content->nvs_bytes, item)) {
        snprintf(out, cap, "(hidden)");
    } else if (eb_nvs_is_number(item->type)) {
        eb_nvs_number_text(item, out);
    } else if (item->type == EB_NVS_STRING) {
        const bool is_cut = item->size > TEXT_SHOWN;
        snprintf(out, cap, "\"%.*s\"%s", (int)(is_cut ? TEXT_SHOWN : item->size),
                 (const char *)content->nvs_bytes + item->data, is_cut ? "..." : "");
    } else {
        blob_text(content, item, out, cap);
    }
}

static bool text_nvs_items(const eb_term_t *term, const eb_content_t *content, bool reveal)
{
    static const eb_column_t columns[] = {
        {"Namespace", false, 0}, {"Key", false, 0},    {"Type", false, 0},
        {"Size", true, 0},       {"Value", false, 20},
    };
    const eb_nvs_t *nvs = &content->nvs;
    char text[LINE_BYTES], space[EB_NVS_NUMBER_BYTES];
    bool hidden = false;
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < nvs->count; i++) {
        const eb_nvs_item_t *item = &nvs->items[i];
        bool is_blob = !eb_nvs_is_number(item->type) && item->type != EB_NVS_STRING;

        eb_table_add(&rows, eb_nvs_namespace(nvs, item, space));
        eb_table_add(&rows, item->key);
        eb_table_add(&rows, eb_nvs_type_word(item->type));
        snprintf(text, sizeof(text), "%" PRIu32, item->size);
        eb_table_add(&rows, is_blob ? text : "");
        value_text(content, item, reveal, text, sizeof(text));
        eb_table_add(&rows, text);
        hidden =
            hidden || (!reveal && !item->damaged && eb_nvs_is_secret(content->nvs_bytes, item));
    }
    fputc('\n', term->file);
    bool printed = eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    if (hidden) {
        fputs("\n  Blobs and what looks like a secret are hidden; --reveal shows them.\n",
              term->file);
    }
    return printed;
}

static bool text_nvs(const eb_term_t *term, const eb_content_t *content, bool reveal)
{
    static const char *const states[] = {"erased",  "active",   "full",
                                         "freeing", "given up", "damaged"};
    const eb_nvs_t *nvs = &content->nvs;
    char pages[LINE_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < EB_NVS_PAGE_STATES; i++) {
        if (nvs->pages[i] > 0) {
            used += (size_t)snprintf(pages + used, sizeof(pages) - used, "%s%" PRIu32 " %s",
                                     used > 0 ? ", " : "", nvs->pages[i], states[i]);
        }
    }
    eb_text_field(term, "Pages", "%s", pages);
    eb_text_field(term, "Entries", "%" PRIu32 " written, %" PRIu32 " erased, %" PRIu32 " empty",
                  nvs->written, nvs->erased, nvs->empty);
    if (nvs->state == EB_NVS_OPAQUE) {
        return true;
    }
    if (nvs->rewritten + nvs->deleted > 0) {
        eb_text_field(term, "Old values",
                      "%" PRIu32 " of keys with a newer one, %" PRIu32
                      " of deleted keys; they are still in the flash",
                      nvs->rewritten, nvs->deleted);
    }
    if (nvs->invalid + nvs->orphans > 0) {
        eb_text_field(term, "Damaged", "%" PRIu32 " entries, %" PRIu32 " chunks of no blob",
                      nvs->invalid, nvs->orphans);
    }
    return nvs->count == 0 || text_nvs_items(term, content, reveal);
}

static void text_ota(const eb_term_t *term, const eb_content_t *content)
{
    for (size_t i = 0; i < 2; i++) {
        const eb_ota_copy_t *copy = &content->ota[i];
        const char *name = i == 0 ? "First copy" : "Second copy";
        if (copy->crc_holds) {
            eb_text_field(term, name, "sequence %" PRIu32 ", %s", copy->sequence,
                          eb_ota_state_word(copy->state));
        } else {
            eb_text_field(term, name, "%s", copy->erased ? "erased" : "invalid");
        }
    }
}

static void text_core_dump(const eb_term_t *term, const eb_shown_part_t *part)
{
    const eb_core_dump_t *dump = &part->content.core_dump;
    char size[EB_HUMAN_BYTES];

    eb_human_size(dump->size_bytes, size);
    eb_text_field(term, "Version", "%u.%u, %s, %s", dump->version >> 8, dump->version & 0xFFu,
                  dump->is_elf ? "ELF" : "binary", size);
    eb_text_field(term, "Checksum", "%s %s", dump->has_sha256 ? "SHA-256" : "CRC-32",
                  dump->state == EB_CORE_DUMP_WHOLE ? "valid" : "invalid, or its notes are");
    if (dump->elf_sha256[0] != '\0') {
        eb_text_field(term, "App ELF", "SHA-256 %s%s, %s%s", dump->elf_sha256,
                      strlen(dump->elf_sha256) < 64 ? "..." : "",
                      part->dumped[0] != '\0' ? "that of " : "of no app in the table",
                      part->dumped);
    }
    eb_text_field(term, "Tasks", "%" PRIu32, dump->tasks);
    if (dump->has_crashed) {
        eb_text_field(term, "Crashed", "task with handle 0x%" PRIx32, dump->crashed_task);
    }
    eb_text_field(term, "Reason", "%s", dump->reason);
}

/* Commands of tools that open the file of the partition. */
static void text_open(const eb_term_t *term, const eb_shown_part_t *part)
{
    const eb_file_system_t *fs = &part->content.file_system;
    char command[LINE_BYTES] = "";

    if (part->content.kind == EB_CONTENT_CORE_DUMP) {
        snprintf(command, sizeof(command),
                 "esp-coredump info_corefile --core FILE --core-format raw APP.elf");
    } else if (fs->kind == EB_FILE_SYSTEM_LITTLEFS) {
        snprintf(command, sizeof(command),
                 "littlefs-python extract --block-size %" PRIu32 " FILE FOLDER", fs->block_bytes);
    } else if (fs->kind == EB_FILE_SYSTEM_FAT) {
        snprintf(command, sizeof(command), "%s",
                 fs->wear_levelled ? "python $IDF_PATH/components/fatfs/fatfsparse.py FILE"
                                   : "mcopy -s -i FILE ::/ FOLDER");
    }
    if (command[0] != '\0') {
        fprintf(term->file, "\n  To read it:\n%s    %s\n",
                part->has_type ? "    espbackup backup-partition NAME --from BACKUP -o FILE\n" : "",
                command);
    }
}

static void text_file_system(const eb_term_t *term, const eb_file_system_t *fs)
{
    eb_text_field(term, "Label", "%s", fs->label);
    if (fs->wear_levelled) {
        eb_text_field(term, "Within", "wear levelling of ESP-IDF");
    }
    if (fs->page_bytes > 0) {
        eb_text_field(term, "Pages", "of %" PRIu32 " bytes", fs->page_bytes);
    }
}

static bool text_part(const eb_term_t *term, const eb_show_result_t *result,
                      const eb_shown_part_t *part, bool reveal)
{
    char type[64], range[LINE_BYTES], line[LINE_BYTES];

    type_text(part, type, sizeof(type));
    eb_text_range(part->addr, part->size, range, sizeof(range));
    part_line(result, part, line);
    eb_text_field(term, "Partition", "%s%s%s", part->label, type[0] != '\0' ? ", " : "", type);
    eb_text_field(term, "Range", "%s", range);
    eb_text_field(term, "Content", "%s", line);
    bool good = true;
    if (part->content.kind == EB_CONTENT_NVS) {
        good = text_nvs(term, &part->content, reveal);
    } else if (part->content.kind == EB_CONTENT_OTA_DATA) {
        text_ota(term, &part->content);
    } else if (part->content.kind == EB_CONTENT_CORE_DUMP) {
        text_core_dump(term, part);
    } else if (part->content.kind == EB_CONTENT_FILE_SYSTEM) {
        text_file_system(term, &part->content.file_system);
    }
    text_open(term, part);
    return good;
}

bool eb_text_show(const eb_term_t *term, const eb_chip_info_t *board,
                  const eb_show_result_t *result, bool details, bool reveal)
{
    bool good = true;

    eb_text_title(term, "Show");
    eb_text_field(term, "Image", "%s", result->path);
    if (board != NULL) {
        eb_text_board(term, "Board", board);
    }
    if (!details) {
        good = text_overview(term, result);
    }
    for (size_t i = 0; i < result->count && details && good; i++) {
        good = text_part(term, result, &result->parts[i], reveal);
    }
    if (result->left_out > 0) {
        fprintf(term->file, "  %zu more partition%s of the table %s not in the image.\n",
                result->left_out, plural(result->left_out), result->left_out == 1 ? "is" : "are");
    }
    return good;
}
