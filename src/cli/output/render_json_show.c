/* render_json_show.c: what partitions hold, as JSON, and an NVS as CSV. */
#include "bytes.h"
#include "flash_text.h"
#include "partition_types.h"
#include "render_show.h"

#include <stdlib.h>
#include <string.h>

/* -- values of an NVS ------------------------------------------------------------------------ */

/* The bytes, or of a string its characters, with a NUL behind; NULL: no memory. */
static uint8_t *data_of(const eb_content_t *content, const eb_nvs_item_t *item)
{
    uint8_t *bytes = malloc(item->size + 1u);

    if (bytes != NULL) {
        eb_nvs_data(&content->nvs, content->nvs_bytes, item, bytes);
        bytes[item->size] = '\0';
    }
    return bytes;
}

/* Lower-case hex; NULL: no memory. */
static char *hex_of(const eb_content_t *content, const eb_nvs_item_t *item)
{
    uint8_t *bytes = data_of(content, item);
    char *hex = bytes != NULL ? malloc(2 * (size_t)item->size + 1) : NULL;

    if (hex != NULL) {
        eb_hex_encode(bytes, item->size, hex);
    }
    free(bytes);
    return hex;
}

/* -- JSON ------------------------------------------------------------------------------------ */

/* Numbers of 64 bits are text, because JSON carries only 53. */
static bool json_value(eb_json_t *node, const eb_content_t *content, const eb_nvs_item_t *item)
{
    char number[EB_NVS_NUMBER_BYTES];

    if (eb_nvs_is_number(item->type)) {
        if (item->type == EB_NVS_U64 || item->type == EB_NVS_I64) {
            eb_nvs_number_text(item, number);
            eb_json_add_text(node, "value", number);
        } else {
            eb_json_add_int(node, "value", (int64_t)item->number);
        }
        return true;
    }
    bool is_text = item->type == EB_NVS_STRING;
    char *text = is_text ? malloc(item->size + 1u) : hex_of(content, item);
    if (text != NULL && is_text) {
        eb_text_clean(content->nvs_bytes + item->data, item->size, EB_TEXT_MANY_LINES, text);
    }
    if (text != NULL) { /* may be longer than the texts of eb_json_put_lines */
        eb_json_add_text(node, "value", text);
    }
    free(text);
    return text != NULL;
}

static bool json_items(eb_json_t *node, const eb_content_t *content, bool reveal)
{
    const eb_nvs_t *nvs = &content->nvs;
    eb_json_t *list = eb_json_add_array(node, "values");
    char space[EB_NVS_NUMBER_BYTES];
    bool good = true;

    for (size_t i = 0; i < nvs->count && good; i++) {
        const eb_nvs_item_t *item = &nvs->items[i];
        eb_json_t *one = eb_json_append_object(list);
        bool hidden = !reveal && eb_nvs_is_secret(content->nvs_bytes, item);
        eb_json_put_text(one, "namespace", eb_nvs_namespace(nvs, item, space));
        eb_json_put_text(one, "key", item->key);
        eb_json_add_text(one, "type", eb_nvs_type_word(item->type));
        eb_json_put_int_or_null(one, "size_bytes", !hidden && !eb_nvs_is_number(item->type),
                                item->size);
        eb_json_add_bool(one, "hidden", hidden);
        eb_json_add_bool(one, "damaged", item->damaged);
        if (hidden || item->damaged) {
            eb_json_add_null(one, "value");
        } else {
            good = json_value(one, content, item);
        }
    }
    return good;
}

static bool json_nvs(eb_json_t *node, const eb_content_t *content, bool details, bool reveal)
{
    static const char *const states[] = {"erased",  "active",  "full",
                                         "freeing", "corrupt", "damaged"};
    const eb_nvs_t *nvs = &content->nvs;
    eb_json_t *pages = eb_json_add_object(node, "pages");

    for (size_t i = 0; i < EB_NVS_PAGE_STATES; i++) {
        eb_json_add_int(pages, states[i], nvs->pages[i]);
    }
    eb_json_add_bool(node, "readable", nvs->state == EB_NVS_READ);
    eb_json_add_int(node, "version", nvs->version);
    eb_json_add_int(node, "written", nvs->written);
    eb_json_add_int(node, "erased", nvs->erased);
    eb_json_add_int(node, "empty", nvs->empty);
    eb_json_add_int(node, "rewritten", nvs->rewritten);
    eb_json_add_int(node, "deleted", nvs->deleted);
    eb_json_add_int(node, "invalid", nvs->invalid);
    eb_json_add_int(node, "orphans", nvs->orphans);
    eb_json_add_int(node, "namespaces", (int64_t)nvs->namespaces);
    eb_json_add_int(node, "count", (int64_t)nvs->count);
    return !details || json_items(node, content, reveal);
}

static void json_core_dump(eb_json_t *node, const eb_shown_part_t *part)
{
    const eb_core_dump_t *dump = &part->content.core_dump;

    eb_json_add_bool(node, "whole", dump->state == EB_CORE_DUMP_WHOLE);
    eb_json_add_int(node, "size_bytes", dump->size_bytes);
    eb_json_add_int(node, "major", dump->version >> 8);
    eb_json_add_int(node, "minor", dump->version & 0xFF);
    eb_json_add_text(node, "format", dump->is_elf ? "elf" : "binary");
    eb_json_add_int(node, "tasks", dump->tasks);
    eb_json_put_int_or_null(node, "crashed_task", dump->has_crashed, dump->crashed_task);
    eb_json_put_text_or_null(node, "app_elf_sha256", dump->elf_sha256);
    eb_json_put_text_or_null(node, "app", part->dumped);
    eb_json_put_text_or_null(node, "reason", dump->reason);
}

static void json_file_system(eb_json_t *node, const eb_file_system_t *fs)
{
    eb_json_add_text(node, "name", eb_file_system_name(fs));
    eb_json_add_int(node, "block_bytes", fs->block_bytes);
    eb_json_add_int(node, "blocks", fs->blocks);
    eb_json_put_int_or_null(node, "used_bytes", fs->used_known, (int64_t)fs->used_bytes);
    eb_json_add_bool(node, "wear_levelled", fs->wear_levelled);
    eb_json_put_text_or_null(node, "label", fs->label);
}

static void json_ota(eb_json_t *node, const eb_content_t *content)
{
    eb_json_t *list = eb_json_add_array(node, "copies");

    for (size_t i = 0; i < 2; i++) {
        const eb_ota_copy_t *copy = &content->ota[i];
        eb_json_t *one = eb_json_append_object(list);
        eb_json_add_bool(one, "valid", copy->crc_holds);
        eb_json_put_int_or_null(one, "sequence", copy->crc_holds, copy->sequence);
        eb_json_put_text_or_null(one, "state",
                                 copy->crc_holds ? eb_ota_state_word(copy->state) : "");
    }
}

static const char *kind_word(eb_content_kind_t kind)
{
    switch (kind) {
    case EB_CONTENT_NOT_KNOWN:
        break;
    case EB_CONTENT_ERASED:
        return "erased";
    case EB_CONTENT_NVS:
        return "nvs";
    case EB_CONTENT_NVS_KEYS:
        return "nvs_keys";
    case EB_CONTENT_OTA_DATA:
        return "ota_data";
    case EB_CONTENT_PHY:
        return "phy";
    case EB_CONTENT_CORE_DUMP:
        return "core_dump";
    case EB_CONTENT_FILE_SYSTEM:
        return "file_system";
    case EB_CONTENT_TOO_LARGE:
        return "too_large";
    }
    return "unknown";
}

static bool json_part(eb_json_t *list, const eb_shown_part_t *part, bool details, bool reveal)
{
    const eb_content_t *content = &part->content;
    eb_json_t *node = eb_json_append_object(list);
    char type[64] = "";
    bool is_app = part->app.state != EB_IMAGE_ABSENT;
    bool is_table = part->has_type && part->type == EB_PART_TABLE;

    if (part->has_type) {
        eb_partition_type_text(part->type, part->subtype, type, sizeof(type));
    }
    eb_json_put_text_or_null(node, "name", part->label);
    eb_json_put_text_or_null(node, "type", type);
    eb_json_add_int(node, "addr", part->addr);
    eb_json_add_int(node, "size_bytes", part->size);
    eb_json_add_text(node, "content",
                     is_app     ? "app"
                     : is_table ? "partition_table"
                                : kind_word(content->kind));
    if (is_app) {
        eb_json_app(node, "app", &part->app);
    }
    switch (content->kind) {
    case EB_CONTENT_NVS:
        return json_nvs(eb_json_add_object(node, "nvs"), content, details, reveal);
    case EB_CONTENT_OTA_DATA:
        json_ota(eb_json_add_object(node, "ota_data"), content);
        break;
    case EB_CONTENT_PHY:
        eb_json_add_bool(eb_json_add_object(node, "phy"), "whole", content->phy_ends);
        break;
    case EB_CONTENT_CORE_DUMP:
        json_core_dump(eb_json_add_object(node, "core_dump"), part);
        break;
    case EB_CONTENT_FILE_SYSTEM:
        json_file_system(eb_json_add_object(node, "file_system"), &content->file_system);
        break;
    case EB_CONTENT_NOT_KNOWN:
    case EB_CONTENT_ERASED:
    case EB_CONTENT_NVS_KEYS:
    case EB_CONTENT_TOO_LARGE:
        break;
    }
    return true;
}

bool eb_json_show(eb_json_t *root, const eb_show_result_t *result, bool details, bool reveal)
{
    bool good = true;

    eb_json_put_text_or_null(root, "image", result->path);
    eb_json_t *list = eb_json_add_array(root, "partitions");
    for (size_t i = 0; i < result->count && good; i++) {
        good = json_part(list, &result->parts[i], details, reveal);
    }
    eb_json_add_int(root, "left_out", (int64_t)result->left_out);
    return good;
}

/* -- CSV ------------------------------------------------------------------------------------- */

static void csv_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        fputs(*text == '"' ? "\"" : "", file);
        fputc(*text, file);
    }
    fputc('"', file);
}

/* False: no memory. */
static bool csv_item(FILE *file, const eb_content_t *content, const eb_nvs_item_t *item)
{
    char number[EB_NVS_NUMBER_BYTES];

    if (eb_nvs_is_number(item->type)) {
        eb_nvs_number_text(item, number);
        csv_text(file, item->key);
        fprintf(file, ",data,%s,%s\n", eb_nvs_type_word(item->type), number);
        return true;
    }
    bool is_text = item->type == EB_NVS_STRING;
    char *text = is_text ? (char *)data_of(content, item) : hex_of(content, item);
    if (text == NULL) {
        return false;
    }
    /* The generator leaves out lines that begin with '#', of a text too. */
    if (is_text && (strlen(text) + 1 != item->size || strstr(text, "\n#") != NULL ||
                    !eb_text_is_clean(text, EB_TEXT_MANY_LINES))) {
        fprintf(file, "# %s: a string that CSV cannot tell\n", item->key);
    } else {
        csv_text(file, item->key);
        fprintf(file, ",data,%s,", is_text ? "string" : "hex2bin");
        csv_text(file, text);
        fputc('\n', file);
    }
    free(text);
    return true;
}

bool eb_csv_nvs(FILE *file, const eb_content_t *content, bool reveal)
{
    const eb_nvs_t *nvs = &content->nvs;
    char space[EB_NVS_NUMBER_BYTES];
    bool good = true;

    fputs("key,type,encoding,value\n", file);
    for (size_t i = 0; i < nvs->count && good; i++) {
        const eb_nvs_item_t *item = &nvs->items[i];
        if (i == 0 || nvs->items[i - 1].name_space != item->name_space) {
            csv_text(file, eb_nvs_namespace(nvs, item, space));
            fputs(",namespace,,\n", file);
        }
        if (item->damaged) {
            fprintf(file, "# %s: damaged\n", item->key);
        } else if (!reveal && eb_nvs_is_secret(content->nvs_bytes, item)) {
            fprintf(file, "# %s: hidden; --reveal shows it\n", item->key);
        } else {
            good = csv_item(file, content, item);
        }
    }
    return good;
}
