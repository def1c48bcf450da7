/*
 * data_image.h: the data image of the Particle Electron: files for the device's program, which
 * reads them in place.
 *
 * All numbers are LE32. A header of 48 bytes: magic E0917763, version 1, number of files, size of
 * the image, CRC-32 of the image with this field 0, time it was made, six of 0. Then a record of 80
 * bytes for each file: name (32 bytes, NUL-filled), time, size, offset from the start of the image,
 * 0, MIME type (32 bytes, NUL-filled). Then the content of the files, in the order of the records.
 * Source: the public project electron-flash-data, its README, imagetool and reader.
 */
#ifndef EB_FORMAT_DATA_IMAGE_H
#define EB_FORMAT_DATA_IMAGE_H

#include "espbackup/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_DATA_HEADER_BYTES 48u
#define EB_DATA_RECORD_BYTES 80u
#define EB_DATA_TEXT_BYTES   32u /* of a name and of a type, NUL included */

typedef struct eb_data_file {
    char name[EB_DATA_TEXT_BYTES];
    char type[EB_DATA_TEXT_BYTES];
    uint32_t time_unix;
    uint32_t size;
    uint32_t offset; /* of the content in the image */
} eb_data_file_t;

typedef struct eb_data_image {
    eb_data_file_t *files; /* malloc'd, in the order of the records */
    size_t count;
    uint32_t size; /* of the image */
    uint32_t time_unix;
    uint32_t crc; /* as the header has it */
    bool crc_matches;
} eb_data_image_t;

/* The size that an image of these files has; 0: more than an image can have. */
uint32_t eb_data_image_size(const eb_data_file_t *files, size_t count);

/* The image as bytes, malloc'd, of image->size. contents: of each file, borrowed; NULL for an empty
 * one. Sets size, crc and the files' offsets. EB_ERR_INTERNAL: no memory. */
eb_code_t eb_data_image_write(eb_data_image_t *image, const uint8_t *const *contents, uint8_t **out,
                              eb_err_t *err);

/*
 * The records of an image, which may have other bytes behind it. EB_ERR_IMAGE_INVALID names the
 * field that cannot be: magic, version, number or size; a name or type without an end; a name that
 * is empty or has another file too; content beyond the image or in that of another file. A CRC that
 * does not match is no failure here: see crc_matches. Free with eb_data_image_free.
 */
eb_code_t eb_data_image_read(const uint8_t *bytes, size_t len, eb_data_image_t *out, eb_err_t *err);
void eb_data_image_free(eb_data_image_t *image); /* NULL is allowed */

/* Why a name may be no name of a file in a folder, here or on another system, in words that follow
 * it; NULL: it may. */
const char *eb_data_name_why_unsafe(const char *name);

#endif
