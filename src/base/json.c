#include "json.h"

#include "json_scan.h"
#include "utf8.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * An eb_json_t is a cJSON under another name. Two members that cJSON leaves unused in objects and
 * arrays are ours: `valuestring` holds the container's own path (freed by cJSON with the node), so
 * that a getter can name a field in full; `valueint` != 0 says that an addition failed.
 */
#define PATH_BYTES 256
#define FEW_KEYS   24

static const cJSON *node_of(const eb_json_t *node)
{
    return (const cJSON *)(const void *)node;
}

static cJSON *writable(eb_json_t *node)
{
    return (cJSON *)(void *)node;
}

static const eb_json_t *wrap_const(const cJSON *item)
{
    return (const eb_json_t *)(const void *)item;
}

static eb_json_t *wrap(cJSON *item)
{
    return (eb_json_t *)(void *)item;
}

static bool is_container(const cJSON *item)
{
    return cJSON_IsObject(item) || cJSON_IsArray(item);
}

/* -- reading --------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static eb_code_t given_twice(const cJSON *object, const char *key, eb_err_t *err)
{
    return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "%.64s%s%.64s: given twice", object->valuestring,
                      object->valuestring[0] != '\0' ? "." : "", key);
}

/* Compare few keys pairwise, which is fastest, and sort many, because a hostile object may have
 * very many. */
static eb_code_t refuse_duplicates(const cJSON *object, eb_err_t *err)
{
    const size_t count = (size_t)cJSON_GetArraySize(object);
    const char **keys;
    const cJSON *item;
    size_t used = 0;
    eb_code_t code = EB_OK;

    if (count <= FEW_KEYS) {
        cJSON_ArrayForEach(item, object)
        {
            for (const cJSON *other = item->next; other != NULL; other = other->next) {
                if (item->string[0] == other->string[0] &&
                    strcmp(item->string, other->string) == 0) {
                    return given_twice(object, item->string, err);
                }
            }
        }
        return EB_OK;
    }
    keys = calloc(count, sizeof(*keys));
    if (keys == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    cJSON_ArrayForEach(item, object) keys[used++] = item->string;
    qsort(keys, used, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < used && code == EB_OK; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0) {
            code = given_twice(object, keys[i], err);
        }
    }
    free(keys);
    return code;
}

/* Give every container its path and refuse duplicate keys. Recursion is bounded by the depth. */
static eb_code_t prepare(cJSON *item, const char *path, eb_err_t *err)
{
    char below[PATH_BYTES];
    cJSON *child;
    size_t index = 0;
    eb_code_t code = EB_OK;

    if (!is_container(item)) {
        return EB_OK;
    }
    item->valuestring = cJSON_malloc(strlen(path) + 1);
    if (item->valuestring == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    memcpy(item->valuestring, path, strlen(path) + 1);
    if (cJSON_IsObject(item)) {
        code = refuse_duplicates(item, err);
    }
    for (child = item->child; child != NULL && code == EB_OK; child = child->next) {
        if (is_container(child)) {
            if (cJSON_IsObject(item)) {
                (void)snprintf(below, sizeof(below), "%.180s%s%.64s", path,
                               path[0] != '\0' ? "." : "", child->string);
            } else {
                (void)snprintf(below, sizeof(below), "%.180s[%zu]", path, index);
            }
            code = prepare(child, below, err);
        }
        index++;
    }
    return code;
}

eb_code_t eb_json_parse(const char *text, size_t len, eb_json_t **out, eb_err_t *err)
{
    char *copy = NULL;
    const char *end = NULL;
    cJSON *root = NULL;
    eb_code_t code;

    *out = NULL;
    code = eb_json_scan(text, len, err);
    if (code != EB_OK) {
        return code;
    }
    /* A copy with a NUL behind it: only then does cJSON look for trailing bytes. */
    copy = malloc(len + 1);
    if (copy == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    errno = 0;
    root = cJSON_ParseWithLengthOpts(copy, len + 1, &end, true);
    if (root == NULL && errno == ENOMEM) { /* cJSON does not tell it from a fault of the text */
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    } else if (root == NULL) {
        code = eb_err_set(err, EB_ERR_SIDECAR_INVALID, "not valid JSON near byte %zu",
                          end != NULL ? (size_t)(end - copy) : 0);
    } else {
        code = prepare(root, "", err);
    }
    if (code == EB_OK) {
        *out = wrap(root);
    } else {
        cJSON_Delete(root);
    }
    free(copy);
    return code;
}

void eb_json_free(eb_json_t *root)
{
    cJSON_Delete(writable(root));
}

/* "flash.size_bytes: expected a whole number" */
static eb_code_t bad_field(const cJSON *object, const char *key, const char *what, eb_err_t *err)
{
    const char *path =
        is_container(object) && object->valuestring != NULL ? object->valuestring : "";

    return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "%s%s%s: %s", path, path[0] != '\0' ? "." : "",
                      key, what);
}

static const cJSON *find(const eb_json_t *node, const char *key)
{
    return cJSON_IsObject(node_of(node)) ? cJSON_GetObjectItemCaseSensitive(node_of(node), key)
                                         : NULL;
}

/* The member `key`, or an error that says that it is missing. */
static eb_code_t need(const eb_json_t *node, const char *key, const cJSON **out, eb_err_t *err)
{
    *out = find(node, key);
    if (*out != NULL) {
        return EB_OK;
    }
    return bad_field(node_of(node), key,
                     cJSON_IsObject(node_of(node)) ? "missing" : "not inside an object", err);
}

bool eb_json_has(const eb_json_t *node, const char *key)
{
    const cJSON *item = find(node, key);

    return item != NULL && !cJSON_IsNull(item);
}

eb_code_t eb_json_get_object(const eb_json_t *node, const char *key, const eb_json_t **out,
                             eb_err_t *err)
{
    const cJSON *item;
    const eb_code_t code = need(node, key, &item, err);

    if (code != EB_OK) {
        return code;
    }
    if (!cJSON_IsObject(item)) {
        return bad_field(node_of(node), key, "expected an object", err);
    }
    *out = wrap_const(item);
    return EB_OK;
}

eb_code_t eb_json_get_array(const eb_json_t *node, const char *key, const eb_json_t **out,
                            eb_err_t *err)
{
    const cJSON *item;
    const eb_code_t code = need(node, key, &item, err);

    if (code != EB_OK) {
        return code;
    }
    if (!cJSON_IsArray(item)) {
        return bad_field(node_of(node), key, "expected an array", err);
    }
    *out = wrap_const(item);
    return EB_OK;
}

size_t eb_json_count(const eb_json_t *array)
{
    return cJSON_IsArray(node_of(array)) ? (size_t)cJSON_GetArraySize(node_of(array)) : 0;
}

const eb_json_t *eb_json_at(const eb_json_t *array, size_t index)
{
    if (index >= eb_json_count(array)) {
        return NULL;
    }
    return wrap_const(cJSON_GetArrayItem(node_of(array), (int)index));
}

eb_code_t eb_json_get_text(const eb_json_t *node, const char *key, const char **out, eb_err_t *err)
{
    const cJSON *item;
    const eb_code_t code = need(node, key, &item, err);

    if (code != EB_OK) {
        return code;
    }
    if (!cJSON_IsString(item)) {
        return bad_field(node_of(node), key, "expected text", err);
    }
    *out = item->valuestring;
    return EB_OK;
}

eb_code_t eb_json_copy_text(const eb_json_t *node, const char *key, char *out, size_t cap,
                            eb_err_t *err)
{
    char what[64];
    const char *text = NULL;
    const eb_code_t code = eb_json_get_text(node, key, &text, err);

    if (code != EB_OK) {
        return code;
    }
    if (strlen(text) >= cap) {
        (void)snprintf(what, sizeof(what), "longer than %zu bytes", cap > 0 ? cap - 1 : 0);
        return bad_field(node_of(node), key, what, err);
    }
    memcpy(out, text, strlen(text) + 1);
    return EB_OK;
}

/* "chip.features[2]: expected text" */
static eb_code_t bad_item(const eb_json_t *array, size_t index, const char *what, eb_err_t *err)
{
    const cJSON *list = node_of(array);
    const char *path = is_container(list) && list->valuestring != NULL ? list->valuestring : "";

    return eb_err_set(err, EB_ERR_SIDECAR_INVALID, "%s[%zu]: %s", path, index, what);
}

eb_code_t eb_json_get_object_at(const eb_json_t *array, size_t index, const eb_json_t **out,
                                eb_err_t *err)
{
    const eb_json_t *item = eb_json_at(array, index);

    if (!cJSON_IsObject(node_of(item))) {
        return bad_item(array, index, "expected an object", err);
    }
    *out = item;
    return EB_OK;
}

eb_code_t eb_json_copy_text_at(const eb_json_t *array, size_t index, char *out, size_t cap,
                               eb_err_t *err)
{
    const cJSON *item = node_of(eb_json_at(array, index));
    char what[64];

    if (!cJSON_IsString(item)) {
        return bad_item(array, index, "expected text", err);
    }
    if (strlen(item->valuestring) >= cap) {
        (void)snprintf(what, sizeof(what), "longer than %zu bytes", cap > 0 ? cap - 1 : 0);
        return bad_item(array, index, what, err);
    }
    memcpy(out, item->valuestring, strlen(item->valuestring) + 1);
    return EB_OK;
}

eb_code_t eb_json_get_int(const eb_json_t *node, const char *key, int64_t min, int64_t max,
                          int64_t *out, eb_err_t *err)
{
    char what[96];
    const cJSON *item;
    const eb_code_t code = need(node, key, &item, err);

    if (code != EB_OK) {
        return code;
    }
    /* valuedouble, because valueint saturates. Over 2^53 a double has lost digits. */
    if (!cJSON_IsNumber(item) || item->valuedouble > (double)EB_JSON_INT_MAX ||
        item->valuedouble < -(double)EB_JSON_INT_MAX ||
        (double)(int64_t)item->valuedouble != item->valuedouble) {
        return bad_field(node_of(node), key, "expected a whole number", err);
    }
    if ((int64_t)item->valuedouble < min || (int64_t)item->valuedouble > max) {
        (void)snprintf(what, sizeof(what),
                       "%" PRId64 " is out of range, expected %" PRId64 " to %" PRId64,
                       (int64_t)item->valuedouble, min, max);
        return bad_field(node_of(node), key, what, err);
    }
    *out = (int64_t)item->valuedouble;
    return EB_OK;
}

eb_code_t eb_json_get_number(const eb_json_t *node, const char *key, double *out, eb_err_t *err)
{
    const cJSON *item;
    const eb_code_t code = need(node, key, &item, err);

    if (code != EB_OK) {
        return code;
    }
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= DBL_MAX)) {
        return bad_field(node_of(node), key, "expected a number", err);
    }
    *out = item->valuedouble;
    return EB_OK;
}

eb_code_t eb_json_get_bool(const eb_json_t *node, const char *key, bool *out, eb_err_t *err)
{
    const cJSON *item;
    const eb_code_t code = need(node, key, &item, err);

    if (code != EB_OK) {
        return code;
    }
    if (!cJSON_IsBool(item)) {
        return bad_field(node_of(node), key, "expected true or false", err);
    }
    *out = cJSON_IsTrue(item) != 0;
    return EB_OK;
}

/* -- writing --------------------------------------------------------------------------------- */

/* Hand `item` over to `node`, which remembers a failure until eb_json_print. */
static cJSON *attach(eb_json_t *node, const char *key, cJSON *item)
{
    cJSON *parent = writable(node);
    bool attached = false;

    if (item != NULL && key != NULL && cJSON_IsObject(parent)) {
        attached = cJSON_AddItemToObject(parent, key, item) != 0;
    } else if (item != NULL && key == NULL && cJSON_IsArray(parent)) {
        attached = cJSON_AddItemToArray(parent, item) != 0;
    }
    if (attached) {
        return item;
    }
    cJSON_Delete(item);
    if (parent != NULL) {
        parent->valueint = 1;
    }
    return NULL;
}

static bool addition_failed(const cJSON *item)
{
    const cJSON *child;

    if (!is_container(item)) {
        return false;
    }
    if (item->valueint != 0) {
        return true;
    }
    cJSON_ArrayForEach(child, item)
    {
        if (addition_failed(child)) {
            return true;
        }
    }
    return false;
}

eb_json_t *eb_json_new_object(void)
{
    return wrap(cJSON_CreateObject());
}

eb_json_t *eb_json_add_object(eb_json_t *node, const char *key)
{
    return wrap(attach(node, key, cJSON_CreateObject()));
}

eb_json_t *eb_json_append_object(eb_json_t *array)
{
    return wrap(attach(array, NULL, cJSON_CreateObject()));
}

eb_json_t *eb_json_add_array(eb_json_t *node, const char *key)
{
    return wrap(attach(node, key, cJSON_CreateArray()));
}

void eb_json_add_text(eb_json_t *node, const char *key, const char *text)
{
    char *clean = eb_utf8_clean(text);

    (void)attach(node, key, clean != NULL ? cJSON_CreateString(clean) : NULL);
    free(clean);
}

void eb_json_add_int(eb_json_t *node, const char *key, int64_t value)
{
    char digits[24];

    /* As raw text: cJSON would write large numbers with an exponent. */
    (void)snprintf(digits, sizeof(digits), "%" PRId64, value);
    (void)attach(node, key, cJSON_CreateRaw(digits));
}

void eb_json_add_number(eb_json_t *node, const char *key, double value)
{
    (void)attach(node, key, cJSON_CreateNumber(value));
}

void eb_json_add_bool(eb_json_t *node, const char *key, bool value)
{
    (void)attach(node, key, cJSON_CreateBool(value));
}

void eb_json_add_null(eb_json_t *node, const char *key)
{
    (void)attach(node, key, cJSON_CreateNull());
}

char *eb_json_print(const eb_json_t *root)
{
    char *text, *out;

    if (root == NULL || addition_failed(node_of(root))) {
        return NULL;
    }
    text = cJSON_Print(node_of(root));
    if (text == NULL) {
        return NULL;
    }
    /* cJSON leaves characters in text that a terminal obeys. */
    out = eb_utf8_escape(text);
    cJSON_free(text);
    return out;
}
