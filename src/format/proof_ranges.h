/*
 * proof_ranges.h: which range of an image was settled in which way, as the sidecar lists it:
 * "0x9000+0x1000 read". Written for people and programs to look at; checked when read, not kept.
 */
#ifndef EB_FORMAT_PROOF_RANGES_H
#define EB_FORMAT_PROOF_RANGES_H

#include "json.h"
#include "sidecar.h"

/* Adds "ranges" to the object "proof": an array, or null when there is none, or too many. */
void eb_proof_ranges_write(eb_json_t *proof, const eb_sidecar_t *s);

/* `proof` as read. Ranges that are given must follow each other, fill the image's range and add up
 * to s->settled. EB_ERR_SIDECAR_INVALID names the item. */
eb_code_t eb_proof_ranges_check(const eb_json_t *proof, const eb_sidecar_t *s, eb_err_t *err);

#endif
