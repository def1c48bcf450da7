/* json_scan.h: the rules of RFC 8259 that the JSON library does not enforce. */
#ifndef EB_BASE_JSON_SCAN_H
#define EB_BASE_JSON_SCAN_H

#include "espbackup/err.h"

#include <stddef.h>

#define EB_JSON_DEPTH_MAX 32

/*
 * Look at the tokens of text[0..len): strings (UTF-8, escapes, no control characters, no NUL),
 * numbers (grammar), white space and depth. The parser checks that the tokens make a document.
 * EB_ERR_SIDECAR_INVALID names the byte.
 */
eb_code_t eb_json_scan(const char *text, size_t len, eb_err_t *err);

#endif
