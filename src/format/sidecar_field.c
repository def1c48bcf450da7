/* sidecar_field.c: fields of a sidecar, from JSON that nobody vouches for. */
#include "sidecar_field.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

bool eb_field_sound(const eb_field_t *f)
{
    return f->fault->code == EB_OK && f->node != NULL;
}

void eb_field_refuse(const eb_field_t *f, const char *key, const char *what)
{
    if (f->fault->code == EB_OK) {
        f->fault->code =
            eb_err_set(f->fault->err, EB_ERR_SIDECAR_INVALID, "%s%s: %s", f->path, key, what);
    }
}

/* Whether the field is there and says something. */
bool eb_field_has(const eb_field_t *f, const char *key)
{
    return eb_field_sound(f) && eb_json_has(f->node, key);
}

eb_field_t eb_field_enter(const eb_field_t *f, const char *key)
{
    eb_field_t inner = {.fault = f->fault};

    snprintf(inner.path, sizeof(inner.path), "%.60s%.30s.", f->path, key);
    if (eb_field_sound(f)) {
        f->fault->code = eb_json_get_object(f->node, key, &inner.node, f->fault->err);
    }
    return inner;
}

const eb_json_t *eb_field_list(const eb_field_t *f, const char *key, size_t max, size_t *count)
{
    const eb_json_t *list = NULL;
    char what[64];

    *count = 0;
    if (!eb_field_sound(f)) {
        return NULL;
    }
    f->fault->code = eb_json_get_array(f->node, key, &list, f->fault->err);
    if (f->fault->code != EB_OK) {
        return NULL;
    }
    if (eb_json_count(list) > max) {
        snprintf(what, sizeof(what), "%zu items, at most %zu are possible", eb_json_count(list),
                 max);
        eb_field_refuse(f, key, what);
        return NULL;
    }
    *count = eb_json_count(list);
    return list;
}

eb_field_t eb_field_enter_at(const eb_field_t *f, const char *key, const eb_json_t *list,
                             size_t index)
{
    eb_field_t inner = {.fault = f->fault};

    snprintf(inner.path, sizeof(inner.path), "%.60s%.24s[%zu].", f->path, key, index);
    if (f->fault->code == EB_OK) {
        f->fault->code = eb_json_get_object_at(list, index, &inner.node, f->fault->err);
    }
    return inner;
}

void eb_field_lines(const eb_field_t *f, const char *key, eb_text_lines_t lines, char *out,
                    size_t cap)
{
    if (!eb_field_sound(f)) {
        return;
    }
    f->fault->code = eb_json_copy_text(f->node, key, out, cap, f->fault->err);
    if (f->fault->code == EB_OK && !eb_text_is_clean(out, lines)) {
        eb_field_refuse(f, key, "has control characters");
    }
}

void eb_field_text(const eb_field_t *f, const char *key, char *out, size_t cap)
{
    eb_field_lines(f, key, EB_TEXT_ONE_LINE, out, cap);
}

void eb_field_text_or_null(const eb_field_t *f, const char *key, char *out, size_t cap)
{
    if (eb_field_has(f, key)) {
        eb_field_text(f, key, out, cap);
    }
}

int64_t eb_field_int(const eb_field_t *f, const char *key, int64_t min, int64_t max)
{
    int64_t value = 0;

    if (eb_field_sound(f)) {
        f->fault->code = eb_json_get_int(f->node, key, min, max, &value, f->fault->err);
    }
    return value;
}

int64_t eb_field_int_or_null(const eb_field_t *f, const char *key, int64_t min, int64_t max)
{
    return eb_field_has(f, key) ? eb_field_int(f, key, min, max) : 0;
}

uint32_t eb_field_u32(const eb_field_t *f, const char *key)
{
    return (uint32_t)eb_field_int(f, key, 0, UINT32_MAX);
}

uint64_t eb_field_bytes(const eb_field_t *f, const char *key)
{
    return (uint64_t)eb_field_int(f, key, 0, EB_JSON_INT_MAX);
}

bool eb_field_bool(const eb_field_t *f, const char *key)
{
    bool value = false;

    if (eb_field_sound(f)) {
        f->fault->code = eb_json_get_bool(f->node, key, &value, f->fault->err);
    }
    return value;
}

eb_tristate_t eb_field_tristate(const eb_field_t *f, const char *key)
{
    if (!eb_field_has(f, key)) {
        return EB_UNKNOWN;
    }
    return eb_field_bool(f, key) ? EB_YES : EB_NO;
}

void eb_field_hex(const eb_field_t *f, const char *key, uint8_t *out, size_t len)
{
    char text[2 * EB_SHA256_BYTES + 1] = "", what[64];

    eb_field_text(f, key, text, sizeof(text));
    if (eb_field_sound(f) && (strlen(text) != 2 * len || !eb_hex_decode(text, out, len))) {
        snprintf(what, sizeof(what), "expected %zu hex digits", 2 * len);
        eb_field_refuse(f, key, what);
    }
}

bool eb_field_hex_or_null(const eb_field_t *f, const char *key, uint8_t *out, size_t len)
{
    if (!eb_field_has(f, key)) {
        return false;
    }
    eb_field_hex(f, key, out, len);
    return true;
}

int eb_field_name(const eb_field_t *f, const char *key, const eb_name_table_t *table)
{
    char text[24] = "";
    int value;

    eb_field_text(f, key, text, sizeof(text));
    value = eb_name_value(table, text);
    if (eb_field_sound(f) && value < 0) {
        eb_field_refuse(f, key, "not one of the known words");
    }
    return value < 0 ? 0 : value;
}
