/* nvs_compare.h: which keys of an NVS were added, removed or changed. Pure. Values stay out of it.
 */
#ifndef EB_FORMAT_NVS_COMPARE_H
#define EB_FORMAT_NVS_COMPARE_H

#include "nvs.h"

typedef enum eb_nvs_change_kind {
    EB_NVS_ADDED,
    EB_NVS_REMOVED,
    EB_NVS_CHANGED /* another value of the same type, or one of them is damaged */
} eb_nvs_change_kind_t;

typedef struct eb_nvs_change {
    eb_nvs_change_kind_t kind;
    char name_space[EB_NVS_NUMBER_BYTES];
    char key[EB_NVS_NAME_BYTES];
    eb_nvs_type_t type;
} eb_nvs_change_t;

/* What eb_nvs_parse made, and of which bytes. */
typedef struct eb_nvs_store {
    const eb_nvs_t *nvs;
    const uint8_t *bytes;
} eb_nvs_store_t;

/* From a to b, by namespace and key. False: no memory. *out is the caller's to free, and NULL if
 * *count is 0. */
bool eb_nvs_compare(const eb_nvs_store_t *a, const eb_nvs_store_t *b, eb_nvs_change_t **out,
                    size_t *count);

#endif
