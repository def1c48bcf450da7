/*
 * render_json.h: results as JSON: exact numbers. What sidecars tell too is in format/json_facts.h.
 * Each adds its keys to `root`.
 */
#ifndef EB_OUTPUT_RENDER_JSON_H
#define EB_OUTPUT_RENDER_JSON_H

#include "espbackup/ops.h"
#include "flash_pieces.h"
#include "json_facts.h"

/* "partition_table" and "boot"; usage by entry, or NULL. */
void eb_json_table(eb_json_t *root, const eb_partition_table_t *table, const eb_boot_choice_t *boot,
                   const eb_flash_usage_t *usage);
void eb_json_flash_report(eb_json_t *root, const eb_flash_report_t *report, uint64_t flash_size);
/* Of a failed run: "verified": false and, when there is one, "part". */
void eb_json_backup(eb_json_t *root, const eb_backup_result_t *result);
void eb_json_list(eb_json_t *root, const char *dir, const eb_backup_list_t *list);

/* Changes of a board, finished or not; and its ranges: "states", "partitions", "ranges" (false: no
 * memory). */
void eb_json_restore(eb_json_t *root, const eb_restore_result_t *result, bool dry_run);
void eb_json_erase(eb_json_t *root, const eb_erase_result_t *result);
bool eb_json_spans(eb_json_t *root, const eb_spans_t *spans, const eb_areas_t *areas);

/* Comparisons; false: no memory. The board is the side of `diff` that is null. */
bool eb_json_verify(eb_json_t *root, const eb_diff_result_t *result, bool file_only);
bool eb_json_diff(eb_json_t *root, const eb_diff_result_t *result);

/* "nvs_keys" and "nvs_not_compared". */
void eb_json_stores(eb_json_t *root, const eb_diff_stores_t *stores);

void eb_json_partition_backup(eb_json_t *root, const eb_partition_backup_result_t *result);

/* The whole report. */
void eb_json_selftest(eb_json_t *root, const eb_selftest_result_t *result);

/* "error": code, message, hint, exit. */
void eb_json_error(eb_json_t *root, const eb_err_t *err);

const char *eb_json_backup_state(eb_backup_state_t state);

#endif
