/* nvs_compare.c: which keys of an NVS were added, removed or changed. */
#include "nvs_compare.h"

#include <stdlib.h>
#include <string.h>

typedef struct named {
    const eb_nvs_item_t *item;
    char name_space[EB_NVS_NUMBER_BYTES]; /* numbers of namespaces differ from store to store */
} named_t;

static int compare_named(const void *a, const void *b)
{
    const named_t *x = a, *y = b;
    int order = strcmp(x->name_space, y->name_space);

    order = order != 0 ? order : strcmp(x->item->key, y->item->key);
    return order != 0 ? order
                      : strcmp(eb_nvs_type_word(x->item->type), eb_nvs_type_word(y->item->type));
}

static named_t *names_of(const eb_nvs_t *nvs)
{
    named_t *list = calloc(nvs->count + 1, sizeof(*list));
    char number[EB_NVS_NUMBER_BYTES];

    for (size_t i = 0; i < nvs->count && list != NULL; i++) {
        const char *name = eb_nvs_namespace(nvs, &nvs->items[i], number);
        list[i].item = &nvs->items[i];
        memcpy(list[i].name_space, name, strlen(name) + 1);
    }
    if (list != NULL) {
        qsort(list, nvs->count, sizeof(*list), compare_named);
    }
    return list;
}

/* False: no memory. */
static bool same_data(const eb_nvs_store_t *a, const eb_nvs_item_t *x, const eb_nvs_store_t *b,
                      const eb_nvs_item_t *y, bool *same)
{
    uint8_t *of_a = malloc(x->size + 1u), *of_b = malloc(y->size + 1u);
    bool good = of_a != NULL && of_b != NULL;

    if (good) {
        eb_nvs_data(a->nvs, a->bytes, x, of_a);
        eb_nvs_data(b->nvs, b->bytes, y, of_b);
        *same = memcmp(of_a, of_b, x->size) == 0;
    }
    free(of_a);
    free(of_b);
    return good;
}

static bool same_value(const eb_nvs_store_t *a, const eb_nvs_item_t *x, const eb_nvs_store_t *b,
                       const eb_nvs_item_t *y, bool *same)
{
    *same = x->damaged == y->damaged && x->number == y->number && x->size == y->size;
    return !*same || x->damaged || eb_nvs_is_number(x->type) || same_data(a, x, b, y, same);
}

static void add_change(eb_nvs_change_t *list, size_t *count, const named_t *named,
                       eb_nvs_change_kind_t kind)
{
    eb_nvs_change_t *change = &list[(*count)++];

    change->kind = kind;
    change->type = named->item->type;
    memcpy(change->name_space, named->name_space, sizeof(change->name_space));
    memcpy(change->key, named->item->key, sizeof(change->key));
}

bool eb_nvs_compare(const eb_nvs_store_t *a, const eb_nvs_store_t *b, eb_nvs_change_t **out,
                    size_t *count)
{
    named_t *of_a = names_of(a->nvs), *of_b = names_of(b->nvs);
    eb_nvs_change_t *list = calloc(a->nvs->count + b->nvs->count + 1, sizeof(*list));
    bool good = of_a != NULL && of_b != NULL && list != NULL;

    *count = 0;
    for (size_t i = 0, k = 0; good && (i < a->nvs->count || k < b->nvs->count);) {
        const int order = i == a->nvs->count   ? 1
                          : k == b->nvs->count ? -1
                                               : compare_named(&of_a[i], &of_b[k]);
        bool same = false;
        if (order < 0) {
            add_change(list, count, &of_a[i++], EB_NVS_REMOVED);
        } else if (order > 0) {
            add_change(list, count, &of_b[k++], EB_NVS_ADDED);
        } else {
            good = same_value(a, of_a[i].item, b, of_b[k].item, &same);
            if (good && !same) {
                add_change(list, count, &of_a[i], EB_NVS_CHANGED);
            }
            i++;
            k++;
        }
    }
    free(of_a);
    free(of_b);
    if (!good || *count == 0) {
        free(list);
        list = NULL;
        *count = 0;
    }
    *out = list;
    return good;
}
