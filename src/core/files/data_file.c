/* data_file.c: reading a data image from the disk. */
#include "data_file.h"

#include "fs_atomic.h"

#include <stdlib.h>

#define FILE_BYTES_MAX (64u << 20) /* more than any flash that holds one */

eb_code_t eb_data_file_open(const char *path, uint8_t **bytes, size_t *len, eb_data_image_t *out,
                            eb_err_t *err)
{
    *out = (eb_data_image_t){0};
    eb_code_t code = eb_fs_read_file(path, FILE_BYTES_MAX, bytes, len, err);
    if (code != EB_OK) {
        return code;
    }
    code = eb_data_image_read(*bytes, *len, out, err);
    if (code != EB_OK) {
        eb_err_reason(err, EB_REASON_DATA_IMAGE);
        (void)eb_err_wrap(err, "%s", path);
        free(*bytes);
        *bytes = NULL;
    }
    return code;
}

eb_code_t eb_data_file_check_crc(const char *path, const eb_data_image_t *image, eb_err_t *err)
{
    if (image->crc_matches) {
        return EB_OK;
    }
    return eb_err_set_reason(err, EB_ERR_IMAGE_INVALID, EB_REASON_DATA_IMAGE,
                             "%s: CRC: 0x%08lx is not that of the content", path,
                             (unsigned long)image->crc);
}
