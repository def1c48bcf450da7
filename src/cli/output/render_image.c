/* render_image.c: what is in a data image, and what became of it. */
#include "render_image.h"

#include "clock.h"
#include "human.h"
#include "json_facts.h"
#include "text_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- JSON ------------------------------------------------------------------------------------ */

static void json_time(eb_json_t *node, const char *key, uint32_t time_unix)
{
    char text[EB_TIME_TEXT_BYTES];

    eb_clock_utc_text(time_unix, text, sizeof(text));
    eb_json_add_text(node, key, text);
}

static void json_files(eb_json_t *root, const eb_data_image_t *image)
{
    eb_json_t *list = eb_json_add_array(root, "files");

    for (size_t i = 0; i < image->count; i++) {
        const eb_data_file_t *file = &image->files[i];
        eb_json_t *node = eb_json_append_object(list);

        eb_json_put_text(node, "name", file->name);
        eb_json_put_text(node, "type", file->type);
        eb_json_add_int(node, "size_bytes", file->size);
        eb_json_add_int(node, "offset", file->offset);
        json_time(node, "modified_utc", file->time_unix);
    }
}

static void json_image(eb_json_t *root, const char *path, const eb_data_image_t *image)
{
    eb_json_add_text(root, "image", path);
    eb_json_add_int(root, "size_bytes", image->size);
    json_time(root, "created_utc", image->time_unix);
    eb_json_add_int(root, "crc", image->crc);
    eb_json_add_bool(root, "crc_matches", image->crc_matches);
    json_files(root, image);
}

/* -- text ------------------------------------------------------------------------------------ */

static void local_time(uint32_t time_unix, char out[EB_HUMAN_BYTES])
{
    char utc[EB_TIME_TEXT_BYTES];

    eb_clock_utc_text(time_unix, utc, sizeof(utc));
    eb_human_local_time(utc, out);
}

static eb_code_t text_files(eb_cli_t *cli, const eb_data_image_t *image, eb_err_t *err)
{
    static const eb_column_t columns[] = {
        {"Name", false, 12}, {"Type", false, 12}, {"Size", true, 0}, {"Modified", false, 0}};
    char text[EB_HUMAN_BYTES];
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < image->count; i++) {
        const eb_data_file_t *file = &image->files[i];

        eb_table_add(&rows, file->name);
        eb_table_add(&rows, file->type);
        eb_human_size(file->size, text);
        eb_table_add(&rows, text);
        local_time(file->time_unix, text);
        eb_table_add(&rows, text);
    }
    const bool printed = image->count == 0 || eb_table_print(&rows, &cli->out, 0);
    eb_table_free(&rows);
    return printed ? EB_OK : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table");
}

eb_code_t eb_render_image_list(eb_cli_t *cli, const char *path, const eb_data_image_t *image,
                               eb_err_t *err)
{
    char size[EB_HUMAN_BYTES], made[EB_HUMAN_BYTES];

    if (cli->json != NULL) {
        json_image(cli->json, path, image);
        return EB_OK;
    }
    eb_code_t code = text_files(cli, image, err);
    eb_human_size(image->size, size);
    local_time(image->time_unix, made);
    fprintf(cli->out.file, "%s%zu file%s, image of %s, made %s, CRC %08" PRIx32 " %s\n",
            image->count > 0 ? "\n" : "", image->count, image->count == 1 ? "" : "s", size, made,
            image->crc, image->crc_matches ? "matches" : "does not match");
    return code;
}

eb_code_t eb_render_image_pack(eb_cli_t *cli, const char *path, const eb_data_image_t *image,
                               eb_err_t *err)
{
    char size[EB_HUMAN_BYTES];

    if (cli->json != NULL) {
        json_image(cli->json, path, image);
        return EB_OK;
    }
    eb_code_t code = text_files(cli, image, err);
    eb_human_size(image->size, size);
    fprintf(cli->out.file, "%s", image->count > 0 ? "\n" : "");
    eb_text_field(&cli->out, "Image", "%s", path);
    eb_text_field(&cli->out, "Size", "%" PRIu32 " bytes (%s), %zu file%s", image->size, size,
                  image->count, image->count == 1 ? "" : "s");
    return code;
}

eb_code_t eb_render_image_extract(eb_cli_t *cli, const char *dir, const eb_data_image_t *image,
                                  eb_err_t *err)
{
    if (cli->json != NULL) {
        eb_json_add_text(cli->json, "directory", dir);
        json_files(cli->json, image);
        return EB_OK;
    }
    return text_files(cli, image, err);
}

/* A word as a shell takes it. */
static void put_word(FILE *file, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:,+=@%";

    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '\'') {
            fputs("'\\''", file);
        } else {
            fputc(*p, file);
        }
    }
    fputc('\'', file);
}

void eb_render_image_upload(eb_cli_t *cli, const eb_image_upload_options_t *options,
                            const eb_image_upload_result_t *result)
{
    char size[EB_HUMAN_BYTES];

    if (cli->json != NULL) {
        eb_json_add_text(cli->json, "image", options->image);
        eb_json_add_int(cli->json, "size_bytes", result->size);
        eb_json_add_text(cli->json, "device", options->usb_id);
        eb_json_add_int(cli->json, "address", options->address);
        eb_json_add_bool(cli->json, "verified", result->verified);
        eb_json_t *list = eb_json_add_array(cli->json, "command");
        for (size_t i = 0; result->argv[i] != NULL; i++) {
            eb_json_add_text(list, NULL, result->argv[i]);
        }
        return;
    }
    if (options->dry_run) {
        for (size_t i = 0; result->argv[i] != NULL; i++) {
            fputs(i > 0 ? " " : "", cli->out.file);
            put_word(cli->out.file, result->argv[i]);
        }
        fputc('\n', cli->out.file);
        return;
    }
    eb_human_size(result->size, size);
    eb_text_field(&cli->out, "Image", "%s", options->image);
    eb_text_field(&cli->out, "Written", "%s at %s of %s", size, result->address, options->usb_id);
    eb_text_field(&cli->out, "Verified", "%s",
                  result->verified ? "every byte, read back from the device" : "no");
    eb_text_field(&cli->out, "Next", "press RESET to start the program of the device");
}
