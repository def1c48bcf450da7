/*
 * sidecar_field.h: fields of a sidecar, from JSON that nobody vouches for.
 *
 * An `eb_field_t` is an object of the file and where it lies. The first fault is kept in the shared
 * `fault`, and every call after it does nothing, so that the reading functions are plain lists. A
 * fault names the field: EB_ERR_SIDECAR_INVALID. What `_or_null` gives for a field that is absent
 * or null is 0, false or nothing.
 */
#ifndef EB_FORMAT_SIDECAR_FIELD_H
#define EB_FORMAT_SIDECAR_FIELD_H

#include "flash_text.h"
#include "json.h"
#include "sidecar_rules.h"

#define EB_FIELD_PATH_BYTES 112

typedef struct eb_field_fault {
    eb_err_t *err;
    eb_code_t code;
} eb_field_fault_t;

typedef struct eb_field {
    eb_field_fault_t *fault;
    const eb_json_t *node;          /* NULL: absent or null in the file */
    char path[EB_FIELD_PATH_BYTES]; /* "flash.", empty for the root */
} eb_field_t;

/* No fault so far, and the object is there. */
bool eb_field_sound(const eb_field_t *f);
void eb_field_refuse(const eb_field_t *f, const char *key, const char *what);
/* Whether the field is there and says something. */
bool eb_field_has(const eb_field_t *f, const char *key);
/* An object within; one that is absent or null is not sound. */
eb_field_t eb_field_enter(const eb_field_t *f, const char *key);
/* An array of at most `max` items; *count is 0 after a fault. */
const eb_json_t *eb_field_list(const eb_field_t *f, const char *key, size_t max, size_t *count);
eb_field_t eb_field_enter_at(const eb_field_t *f, const char *key, const eb_json_t *list,
                             size_t index);
void eb_field_lines(const eb_field_t *f, const char *key, eb_text_lines_t lines, char *out,
                    size_t cap);
void eb_field_text(const eb_field_t *f, const char *key, char *out, size_t cap);
void eb_field_text_or_null(const eb_field_t *f, const char *key, char *out, size_t cap);
int64_t eb_field_int(const eb_field_t *f, const char *key, int64_t min, int64_t max);
int64_t eb_field_int_or_null(const eb_field_t *f, const char *key, int64_t min, int64_t max);
uint32_t eb_field_u32(const eb_field_t *f, const char *key);
uint64_t eb_field_bytes(const eb_field_t *f, const char *key);
bool eb_field_bool(const eb_field_t *f, const char *key);
eb_tristate_t eb_field_tristate(const eb_field_t *f, const char *key);
void eb_field_hex(const eb_field_t *f, const char *key, uint8_t *out, size_t len);
bool eb_field_hex_or_null(const eb_field_t *f, const char *key, uint8_t *out, size_t len);
/* The value of a word of the table. */
int eb_field_name(const eb_field_t *f, const char *key, const eb_name_table_t *table);

#endif
