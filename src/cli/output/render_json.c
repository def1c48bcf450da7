/* render_json.c: what a board is, as JSON. */
#include "render_json.h"

#include "hints.h"

static const char *table_state(const eb_partition_table_t *table)
{
    return table->present     ? "valid"
           : table->damaged   ? "damaged"
           : table->encrypted ? "encrypted"
                              : "missing";
}

void eb_json_table(eb_json_t *root, const eb_partition_table_t *table, const eb_boot_choice_t *boot,
                   const eb_flash_usage_t *usage)
{
    eb_json_add_text(root, "partition_table_state", table_state(table));
    eb_json_t *list = eb_json_partition_list(root, table);

    for (size_t i = 0; i < table->count && list != NULL; i++) {
        eb_json_t *node = eb_json_partition(list, &table->entries[i]);
        if (usage != NULL) {
            eb_json_put_int_or_null(node, "erased_bytes", usage[i].known,
                                    (int64_t)usage[i].erased_bytes);
        }
    }
    eb_json_boot(root, table, boot);
}

void eb_json_flash_report(eb_json_t *root, const eb_flash_report_t *report, uint64_t flash_size)
{
    bool all = report->usage.known && report->asked_bytes == flash_size;

    eb_json_put_int_or_null(root, "erased_bytes", all, (int64_t)report->usage.erased_bytes);
    eb_json_app(root, "bootloader", &report->bootloader);
    eb_json_table(root, &report->table, &report->boot, report->part_usage);
}

void eb_json_error(eb_json_t *root, const eb_err_t *err)
{
    const eb_code_row_t *row = eb_code_row(err->code);
    char hint[EB_HINT_BYTES];
    eb_json_t *node = eb_json_add_object(root, "error");

    eb_json_add_text(node, "code", row->name);
    eb_json_add_text(node, "message", err->message);
    eb_hint(err, hint);
    eb_json_add_text(node, "hint", hint);
    eb_json_add_int(node, "exit", row->exit_status);
    if (err->device_status != 0) {
        eb_json_add_int(node, "device_status", err->device_status);
    }
}
