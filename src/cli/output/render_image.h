/* render_image.h: data images, as text or as JSON. EB_ERR_INTERNAL: no memory. */
#ifndef EB_OUTPUT_RENDER_IMAGE_H
#define EB_OUTPUT_RENDER_IMAGE_H

#include "cli.h"
#include "data_image.h"
#include "espbackup/image_ops.h"

eb_code_t eb_render_image_list(eb_cli_t *cli, const char *path, const eb_data_image_t *image,
                               eb_err_t *err);
eb_code_t eb_render_image_pack(eb_cli_t *cli, const char *path, const eb_data_image_t *image,
                               eb_err_t *err);
eb_code_t eb_render_image_extract(eb_cli_t *cli, const char *dir, const eb_data_image_t *image,
                                  eb_err_t *err);
/* In JSON of a failed run too. */
void eb_render_image_upload(eb_cli_t *cli, const eb_image_upload_options_t *options,
                            const eb_image_upload_result_t *result);

#endif
