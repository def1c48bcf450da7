/* data_image.c: reading and writing data images; no files, no devices. */
#include "data_image.h"

#include "bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MAGIC   0xE0917763u
#define VERSION 1u

#define AT_MAGIC   0x00
#define AT_VERSION 0x04
#define AT_COUNT   0x08
#define AT_SIZE    0x0C
#define AT_CRC     0x10
#define AT_TIME    0x14

#define AT_FILE_TIME   0x20
#define AT_FILE_SIZE   0x24
#define AT_FILE_OFFSET 0x28
#define AT_FILE_TYPE   0x30

/* Of an image whose field for it is taken as 0. */
static uint32_t crc_of(const uint8_t *image, size_t size)
{
    static const uint8_t zero[4];

    uLong crc = crc32_z(0, image, AT_CRC);
    crc = crc32_z(crc, zero, sizeof(zero));
    return (uint32_t)crc32_z(crc, image + AT_TIME, size - AT_TIME);
}

/* -- writing --------------------------------------------------------------------------------- */

uint32_t eb_data_image_size(const eb_data_file_t *files, size_t count)
{
    uint64_t size = EB_DATA_HEADER_BYTES;

    for (size_t i = 0; i < count && size <= UINT32_MAX; i++) {
        size += EB_DATA_RECORD_BYTES + (uint64_t)files[i].size;
    }
    return size <= UINT32_MAX ? (uint32_t)size : 0;
}

eb_code_t eb_data_image_write(eb_data_image_t *image, const uint8_t *const *contents, uint8_t **out,
                              eb_err_t *err)
{
    image->size = eb_data_image_size(image->files, image->count);
    uint8_t *bytes = *out = image->size > 0 ? calloc(1, image->size) : NULL;
    if (bytes == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for an image of %zu files",
                          image->count);
    }
    size_t at = EB_DATA_HEADER_BYTES + image->count * EB_DATA_RECORD_BYTES;
    for (size_t i = 0; i < image->count; i++) {
        eb_data_file_t *file = &image->files[i];
        uint8_t *record = bytes + EB_DATA_HEADER_BYTES + i * EB_DATA_RECORD_BYTES;

        file->offset = (uint32_t)at;
        memcpy(record, file->name, strlen(file->name));
        eb_put_le32(record + AT_FILE_TIME, file->time_unix);
        eb_put_le32(record + AT_FILE_SIZE, file->size);
        eb_put_le32(record + AT_FILE_OFFSET, file->offset);
        memcpy(record + AT_FILE_TYPE, file->type, strlen(file->type));
        if (file->size > 0) {
            memcpy(bytes + at, contents[i], file->size);
        }
        at += file->size;
    }
    eb_put_le32(bytes + AT_MAGIC, MAGIC);
    eb_put_le32(bytes + AT_VERSION, VERSION);
    eb_put_le32(bytes + AT_COUNT, (uint32_t)image->count);
    eb_put_le32(bytes + AT_SIZE, image->size);
    eb_put_le32(bytes + AT_TIME, image->time_unix);
    image->crc = crc_of(bytes, image->size);
    image->crc_matches = true;
    eb_put_le32(bytes + AT_CRC, image->crc);
    return EB_OK;
}

/* -- reading --------------------------------------------------------------------------------- */

static eb_code_t read_header(const uint8_t *bytes, size_t len, eb_data_image_t *out, eb_err_t *err)
{
    if (len < EB_DATA_HEADER_BYTES) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "size: %zu bytes are less than a header, which has %u", len,
                          EB_DATA_HEADER_BYTES);
    }
    const uint32_t magic = eb_get_le32(bytes + AT_MAGIC);
    const uint32_t version = eb_get_le32(bytes + AT_VERSION);
    const uint32_t count = eb_get_le32(bytes + AT_COUNT);
    const uint32_t size = eb_get_le32(bytes + AT_SIZE);
    if (magic != MAGIC) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "magic: 0x%08" PRIx32 " instead of 0x%08x, so it is no data image", magic,
                          MAGIC);
    }
    if (version != VERSION) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "version: %" PRIu32 " instead of %u", version,
                          VERSION);
    }
    if (size < EB_DATA_HEADER_BYTES || size > len) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "total size: %" PRIu32 " bytes, but there are %zu", size, len);
    }
    if (count > (size - EB_DATA_HEADER_BYTES) / EB_DATA_RECORD_BYTES) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "number of files: %" PRIu32 " do not fit into %" PRIu32 " bytes", count,
                          size);
    }
    out->count = count;
    out->size = size;
    out->time_unix = eb_get_le32(bytes + AT_TIME);
    out->crc = eb_get_le32(bytes + AT_CRC);
    out->crc_matches = crc_of(bytes, size) == out->crc;
    return EB_OK;
}

static eb_code_t read_text(const uint8_t *from, size_t number, const char *field,
                           char out[EB_DATA_TEXT_BYTES], eb_err_t *err)
{
    if (memchr(from, 0, EB_DATA_TEXT_BYTES) == NULL) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "file %zu: %s: no NUL within %u bytes", number,
                          field, EB_DATA_TEXT_BYTES);
    }
    memcpy(out, from, EB_DATA_TEXT_BYTES);
    return EB_OK;
}

static eb_code_t read_record(const uint8_t *record, size_t number, const eb_data_image_t *image,
                             eb_data_file_t *out, eb_err_t *err)
{
    const size_t begin = EB_DATA_HEADER_BYTES + image->count * EB_DATA_RECORD_BYTES;

    if (read_text(record, number, "name", out->name, err) != EB_OK ||
        read_text(record + AT_FILE_TYPE, number, "type", out->type, err) != EB_OK) {
        return EB_ERR_IMAGE_INVALID;
    }
    if (out->name[0] == '\0') {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "file %zu: name: it is empty", number);
    }
    out->time_unix = eb_get_le32(record + AT_FILE_TIME);
    out->size = eb_get_le32(record + AT_FILE_SIZE);
    out->offset = eb_get_le32(record + AT_FILE_OFFSET);
    if (out->offset < begin || out->offset > image->size) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "file %zu: offset: 0x%" PRIx32 " is not between 0x%zx and 0x%" PRIx32,
                          number, out->offset, begin, image->size);
    }
    if (out->size > image->size - out->offset) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "file %zu: size: %" PRIu32 " bytes end beyond the image", number,
                          out->size);
    }
    return EB_OK;
}

static int by_name(const void *a, const void *b)
{
    const eb_data_file_t *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static int by_offset(const void *a, const void *b)
{
    const eb_data_file_t *left = *(const eb_data_file_t *const *)a;
    const eb_data_file_t *right = *(const eb_data_file_t *const *)b;

    if (left->offset != right->offset) {
        return left->offset < right->offset ? -1 : 1;
    }
    return left->size < right->size ? -1 : left->size > right->size;
}

/* Two files of one name, or of the same bytes. */
static eb_code_t check_apart(const eb_data_image_t *image, eb_err_t *err)
{
    const eb_data_file_t **sorted = calloc(image->count + 1, sizeof(const eb_data_file_t *));
    eb_code_t code = EB_OK;

    if (sorted == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu files", image->count);
    }
    for (size_t i = 0; i < image->count; i++) {
        sorted[i] = &image->files[i];
    }
    qsort(sorted, image->count, sizeof(const eb_data_file_t *), by_name);
    for (size_t i = 1; i < image->count && code == EB_OK; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
            code =
                eb_err_set(err, EB_ERR_IMAGE_INVALID, "name: two files are '%s'", sorted[i]->name);
        }
    }
    qsort(sorted, image->count, sizeof(const eb_data_file_t *), by_offset);
    for (size_t i = 1; i < image->count && code == EB_OK; i++) {
        if (sorted[i]->offset - sorted[i - 1]->offset < sorted[i - 1]->size) {
            code =
                eb_err_set(err, EB_ERR_IMAGE_INVALID, "offset: '%s' at 0x%" PRIx32 " overlaps '%s'",
                           sorted[i]->name, sorted[i]->offset, sorted[i - 1]->name);
        }
    }
    free(sorted);
    return code;
}

eb_code_t eb_data_image_read(const uint8_t *bytes, size_t len, eb_data_image_t *out, eb_err_t *err)
{
    *out = (eb_data_image_t){0};
    eb_code_t code = read_header(bytes, len, out, err);
    if (code != EB_OK) {
        return code;
    }
    out->files = calloc(out->count + 1, sizeof(*out->files));
    if (out->files == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu files", out->count);
    }
    for (size_t i = 0; i < out->count && code == EB_OK; i++) {
        const uint8_t *record = bytes + EB_DATA_HEADER_BYTES + i * EB_DATA_RECORD_BYTES;
        code = read_record(record, i + 1, out, &out->files[i], err);
    }
    if (code == EB_OK) {
        code = check_apart(out, err);
    }
    if (code != EB_OK) {
        eb_data_image_free(out);
    }
    return code;
}

void eb_data_image_free(eb_data_image_t *image)
{
    if (image != NULL) {
        free(image->files);
        *image = (eb_data_image_t){0};
    }
}
