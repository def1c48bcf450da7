/* data_file.h: a file that holds a data image. */
#ifndef EB_FILES_DATA_FILE_H
#define EB_FILES_DATA_FILE_H

#include "data_image.h"

/* Read it all: *bytes, malloc'd, *len of them, and what is in it, both owned by the caller. On
 * failure there is nothing to free. EB_ERR_IMAGE_INVALID names path and field; a CRC that does not
 * match is none. */
eb_code_t eb_data_file_open(const char *path, uint8_t **bytes, size_t *len, eb_data_image_t *out,
                            eb_err_t *err);
/* EB_ERR_IMAGE_INVALID unless the CRC matches. */
eb_code_t eb_data_file_check_crc(const char *path, const eb_data_image_t *image, eb_err_t *err);

#endif
