/*
 * origin_ranges.h: where the bytes of an image came from, in JSON: the sums, and the list of ranges
 * that the sidecar holds for people and programs to look at; checked when read, not kept.
 */
#ifndef EB_FORMAT_ORIGIN_RANGES_H
#define EB_FORMAT_ORIGIN_RANGES_H

#include "json.h"
#include "sidecar.h"

/* Adds "verified_by" (null unless `verified`) and "origins": bytes by eb_origin_word. */
void eb_json_put_origins(eb_json_t *root, const eb_origins_t *origins, bool verified);

/* Adds "origin_ranges": texts like "0x9000+0x1000 read", or null when there are none, or too many.
 */
void eb_origin_ranges_write(eb_json_t *root, const eb_sidecar_t *s);

/* `root` as read. Ranges that are given must follow each other, fill the image's range and add up
 * to s->origins. EB_ERR_SIDECAR_INVALID names the item. */
eb_code_t eb_origin_ranges_check(const eb_json_t *root, const eb_sidecar_t *s, eb_err_t *err);

#endif
