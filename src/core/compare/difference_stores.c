/* difference_stores.c: the keys that differ in the NVS partitions of two images. */
#include "content.h"
#include "difference.h"
#include "partition_types.h"

#include <stdlib.h>
#include <string.h>

typedef struct view {
    const eb_backup_image_t *image;
    uint32_t addr;
    eb_code_t code;
    eb_err_t *err;
} view_t;

static bool read_view(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    view_t *view = user;

    view->code = eb_backup_image_read(view->image, view->addr + offset, bytes, count, view->err);
    return view->code == EB_OK;
}

static eb_code_t no_memory(const eb_partition_t *entry, eb_err_t *err)
{
    return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the keys of \"%s\"", entry->label);
}

static eb_code_t read_store(const eb_backup_image_t *image, const eb_partition_t *entry,
                            eb_content_t *out, eb_err_t *err)
{
    view_t view = {.image = image, .addr = entry->addr, .err = err};
    const eb_content_place_t place = {read_view, &view, entry->size, EB_PART_DATA_NVS};

    return eb_content_find(&place, out) ? view.code : no_memory(entry, err);
}

/* An erased store has no key. */
static bool is_readable(const eb_content_t *content)
{
    return content->kind == EB_CONTENT_NVS ? content->nvs.state == EB_NVS_READ
                                           : content->nvs.state == EB_NVS_ERASED;
}

static bool differs(const eb_diff_result_t *result, const eb_partition_t *entry)
{
    for (size_t i = 0; i < result->count; i++) {
        const eb_difference_t *one = &result->differences[i];
        if (eb_range_common((eb_range_t){one->addr, one->size},
                            (eb_range_t){entry->addr, entry->size})
                .size > 0) {
            return true;
        }
    }
    return false;
}

static eb_code_t compare_store(const eb_backup_image_t *a, const eb_backup_image_t *b,
                               const eb_partition_t *entry, eb_diff_result_t *result, eb_err_t *err)
{
    eb_diff_store_t *store = &result->stores[result->store_count];
    eb_content_t of_a = {0}, of_b = {0};

    eb_code_t code = read_store(a, entry, &of_a, err);
    if (code == EB_OK) {
        code = read_store(b, entry, &of_b, err);
    }
    if (code == EB_OK && is_readable(&of_a) && is_readable(&of_b)) {
        const eb_nvs_store_t x = {&of_a.nvs, of_a.nvs_bytes}, y = {&of_b.nvs, of_b.nvs_bytes};
        memcpy(store->partition, entry->label, sizeof(store->partition));
        if (eb_nvs_compare(&x, &y, &store->changes, &store->count)) {
            result->store_count++;
        } else {
            code = no_memory(entry, err);
        }
    }
    eb_content_free(&of_a);
    eb_content_free(&of_b);
    return code;
}

eb_code_t eb_difference_stores(const eb_backup_image_t *a, const eb_backup_image_t *b,
                               const eb_partition_table_t *table, eb_diff_result_t *result,
                               eb_err_t *err)
{
    eb_code_t code = EB_OK;

    if (table == NULL || !table->present) {
        return EB_OK;
    }
    result->stores = calloc(table->count + 1, sizeof(*result->stores));
    if (result->stores == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu partitions", table->count);
    }
    for (size_t i = 0; i < table->count && code == EB_OK; i++) {
        const eb_partition_t *entry = &table->entries[i];
        if (entry->type == EB_PART_DATA && entry->subtype == EB_PART_DATA_NVS &&
            eb_backup_image_holds(a, entry->addr, entry->size) &&
            eb_backup_image_holds(b, entry->addr, entry->size) && differs(result, entry)) {
            code = compare_store(a, b, entry, result, err);
        }
    }
    return code;
}
