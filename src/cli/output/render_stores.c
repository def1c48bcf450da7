/* render_stores.c: the keys that differ in NVS partitions, for people and as JSON. Values are not
 * shown, because many of them are secret. */
#include "render_json.h"
#include "render_text.h"

#include <stdio.h>

static const char *why_text(eb_store_state_t state)
{
    switch (state) {
    case EB_STORE_COMPARED:
        break;
    case EB_STORE_OPAQUE:
        return "it has no valid entry, so it is encrypted or damaged";
    case EB_STORE_OTHER:
        return "on one side it is no NVS";
    case EB_STORE_NOT_READ:
        return "the ROM bootloader cannot read this flash";
    }
    return NULL;
}

static const char *why_name(eb_store_state_t state)
{
    switch (state) {
    case EB_STORE_COMPARED:
        break;
    case EB_STORE_OPAQUE:
        return "encrypted_or_damaged";
    case EB_STORE_OTHER:
        return "not_nvs";
    case EB_STORE_NOT_READ:
        return "not_read";
    }
    return NULL;
}

static bool text_keys(const eb_term_t *term, const eb_diff_stores_t *stores,
                      const char *const words[3])
{
    static const eb_column_t columns[] = {
        {"Partition", false, 0}, {"Namespace", false, 0}, {"Key", false, 0},
        {"Type", false, 0},      {"", false, 0},
    };
    eb_table_t rows;
    size_t count = 0;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < stores->count; i++) {
        const eb_diff_store_t *store = &stores->list[i];
        for (size_t k = 0; k < store->count; k++, count++) {
            eb_table_add(&rows, store->partition);
            eb_table_add(&rows, store->changes[k].name_space);
            eb_table_add(&rows, store->changes[k].key);
            eb_table_add(&rows, eb_nvs_type_word(store->changes[k].type));
            eb_table_add(&rows, words[store->changes[k].kind]);
        }
    }
    if (count > 0) {
        fputc('\n', term->file);
    }
    bool printed = count == 0 || eb_table_print(&rows, term, 2);
    eb_table_free(&rows);
    return printed;
}

bool eb_text_stores(const eb_term_t *term, const eb_diff_stores_t *stores,
                    const char *const words[3])
{
    bool printed = text_keys(term, stores, words), parted = false;

    for (size_t i = 0; i < stores->count; i++) {
        const char *why = why_text(stores->list[i].state);
        if (why != NULL) {
            fprintf(term->file, "%s  The keys of %s are not compared: %s.\n", parted ? "" : "\n",
                    stores->list[i].partition, why);
            parted = true;
        }
    }
    return printed;
}

void eb_json_stores(eb_json_t *root, const eb_diff_stores_t *stores)
{
    static const char *const words[] = {"added", "removed", "changed"};
    eb_json_t *keys = eb_json_add_array(root, "nvs_keys");
    eb_json_t *others = eb_json_add_array(root, "nvs_not_compared");

    for (size_t i = 0; i < stores->count; i++) {
        const eb_diff_store_t *store = &stores->list[i];
        for (size_t k = 0; k < store->count; k++) {
            const eb_nvs_change_t *change = &store->changes[k];
            eb_json_t *node = eb_json_append_object(keys);
            eb_json_put_text(node, "partition", store->partition);
            eb_json_put_text(node, "namespace", change->name_space);
            eb_json_put_text(node, "key", change->key);
            eb_json_add_text(node, "type", eb_nvs_type_word(change->type));
            eb_json_add_text(node, "change", words[change->kind]);
        }
        if (store->state != EB_STORE_COMPARED) {
            eb_json_t *node = eb_json_append_object(others);
            eb_json_put_text(node, "partition", store->partition);
            eb_json_add_text(node, "why", why_name(store->state));
        }
    }
}
