/*
 * render_show.h: what partitions hold. details: all of each, not only a line. reveal: values that
 * are secret too.
 */
#ifndef EB_OUTPUT_RENDER_SHOW_H
#define EB_OUTPUT_RENDER_SHOW_H

#include "render_json.h"
#include "render_text.h"

/* board NULL: an image. False: no memory. */
bool eb_text_show(const eb_term_t *term, const eb_chip_info_t *board,
                  const eb_show_result_t *result, bool details, bool reveal);
/* False: no memory. */
bool eb_json_show(eb_json_t *root, const eb_show_result_t *result, bool details, bool reveal);

/* An NVS as the CSV that Espressif's generator reads. What is hidden or damaged, or cannot be told
 * in it, is a comment. False: no memory. */
bool eb_csv_nvs(FILE *file, const eb_content_t *content, bool reveal);

#endif
