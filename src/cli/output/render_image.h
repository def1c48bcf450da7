/* render_image.h: data images, as text or as JSON. EB_ERR_INTERNAL: no memory. */
#ifndef EB_OUTPUT_RENDER_IMAGE_H
#define EB_OUTPUT_RENDER_IMAGE_H

#include "cli.h"
#include "data_image.h"

eb_code_t eb_render_image_list(eb_cli_t *cli, const char *path, const eb_data_image_t *image,
                               eb_err_t *err);
eb_code_t eb_render_image_pack(eb_cli_t *cli, const char *path, const eb_data_image_t *image,
                               eb_err_t *err);
eb_code_t eb_render_image_extract(eb_cli_t *cli, const char *dir, const eb_data_image_t *image,
                                  eb_err_t *err);

#endif
