/*
 * json.h: JSON, strictly. Only json.c sees cJSON.
 *
 * Reading refuses what cJSON lets through: trailing bytes, duplicate keys, keys in another case,
 * numbers that are not whole or lie out of range, depth over 32. Every getter of a missing or wrong
 * field returns EB_ERR_SIDECAR_INVALID with the field's path ("flash.size_bytes: ...").
 *
 * An eb_json_t * is a node. Only a root, from eb_json_parse or eb_json_new_object, is freed, by
 * eb_json_free. A node owns all nodes added to it.
 */
#ifndef EB_BASE_JSON_H
#define EB_BASE_JSON_H

#include "espbackup/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct eb_json eb_json_t;

/* Largest whole number that JSON carries exactly: 2^53 - 1. */
#define EB_JSON_INT_MAX 9007199254740991

eb_code_t eb_json_parse(const char *text, size_t len, eb_json_t **out, eb_err_t *err);
void eb_json_free(eb_json_t *root); /* NULL is allowed */

/* Reading: `node` must be an object; `key` as it stands, exactly. `out` untouched on failure. */
bool eb_json_has(const eb_json_t *node, const char *key); /* present and not null */
eb_code_t eb_json_get_object(const eb_json_t *node, const char *key, const eb_json_t **out,
                             eb_err_t *err);
eb_code_t eb_json_get_array(const eb_json_t *node, const char *key, const eb_json_t **out,
                            eb_err_t *err);
size_t eb_json_count(const eb_json_t *array);
const eb_json_t *eb_json_at(const eb_json_t *array, size_t index); /* NULL past the end */
/* Object number `index` of an array. */
eb_code_t eb_json_get_object_at(const eb_json_t *array, size_t index, const eb_json_t **out,
                                eb_err_t *err);
/* Text number `index` of an array; the same rules as eb_json_copy_text. */
eb_code_t eb_json_copy_text_at(const eb_json_t *array, size_t index, char *out, size_t cap,
                               eb_err_t *err);
/* Borrowed text, valid UTF-8 without NUL, as long as the root lives. */
eb_code_t eb_json_get_text(const eb_json_t *node, const char *key, const char **out, eb_err_t *err);
/* Copy of at most cap - 1 bytes; longer text is an error, never cut. */
eb_code_t eb_json_copy_text(const eb_json_t *node, const char *key, char *out, size_t cap,
                            eb_err_t *err);
eb_code_t eb_json_get_int(const eb_json_t *node, const char *key, int64_t min, int64_t max,
                          int64_t *out, eb_err_t *err);
eb_code_t eb_json_get_number(const eb_json_t *node, const char *key, double *out, eb_err_t *err);
eb_code_t eb_json_get_bool(const eb_json_t *node, const char *key, bool *out, eb_err_t *err);

/* Writing: an addition without memory marks its node, and eb_json_print then returns NULL. So the
 * caller checks only the last call. */
eb_json_t *eb_json_new_object(void);
eb_json_t *eb_json_add_object(eb_json_t *node, const char *key);
eb_json_t *eb_json_add_array(eb_json_t *node, const char *key);
/* The next four with key NULL append to an array. Invalid UTF-8 is written as U+FFFD. */
void eb_json_add_text(eb_json_t *node, const char *key, const char *text);
void eb_json_add_int(eb_json_t *node, const char *key, int64_t value);
void eb_json_add_number(eb_json_t *node, const char *key, double value);
void eb_json_add_bool(eb_json_t *node, const char *key, bool value);
void eb_json_add_null(eb_json_t *node, const char *key);
eb_json_t *eb_json_append_object(eb_json_t *array);

/* malloc'd, NUL-terminated, ends in a newline; NULL without memory. */
char *eb_json_print(const eb_json_t *root);

#endif
