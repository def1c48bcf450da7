/* render_text.h: results for people: sizes rounded, columns aligned, facts not known left out. */
#ifndef EB_OUTPUT_RENDER_TEXT_H
#define EB_OUTPUT_RENDER_TEXT_H

#include "espbackup/ops.h"
#include "flash_pieces.h"
#include "term.h"
#include "text_table.h"

/* What a board is. Those that return a bool: false means no memory, here and below. */
void eb_text_chip(const eb_term_t *term, const eb_chip_info_t *chip);
void eb_text_connection(const eb_term_t *term, const eb_session_stats_t *stats);
void eb_text_flash(const eb_term_t *term, const eb_flash_info_t *flash);
bool eb_text_flash_report(const eb_term_t *term, const eb_flash_report_t *report,
                          uint64_t flash_size);
bool eb_text_backup(const eb_term_t *term, const eb_chip_info_t *chip,
                    const eb_backup_result_t *result, const eb_flash_contents_t *contents);
bool eb_text_list(const eb_term_t *term, const eb_backup_list_t *list);

/* Changes of a board: the plan before the question, the result, and what a failure left. */
bool eb_text_change_plan(const eb_term_t *term, const eb_chip_info_t *board,
                         const eb_change_plan_t *plan);
void eb_text_restore(const eb_term_t *term, const eb_restore_result_t *result);
void eb_text_dry_run(const eb_term_t *term, const eb_restore_result_t *result);
void eb_text_erase(const eb_term_t *term, const eb_erase_result_t *result,
                   const eb_session_stats_t *stats);
bool eb_text_board_state(const eb_term_t *term, const eb_pieces_t *pieces);

/* Comparisons. board NULL: none took part. every: list each range, not only the sums by partition.
 */
bool eb_text_verify(const eb_term_t *term, const eb_chip_info_t *board,
                    const eb_diff_result_t *result);
bool eb_text_diff(const eb_term_t *term, const eb_chip_info_t *board,
                  const eb_diff_result_t *result, bool every);

/* Words for what is added, removed and changed. */
bool eb_text_stores(const eb_term_t *term, const eb_diff_stores_t *stores,
                    const char *const words[3]);

bool eb_text_partition_backup(const eb_term_t *term, const eb_chip_info_t *board,
                              const eb_partition_backup_result_t *result);

bool eb_text_selftest(const eb_term_t *term, const eb_selftest_result_t *result);

#define EB_TEXT_BY_MD5 "every byte, by an MD5 that the chip computes"

/* Pieces used by several of them. */
void eb_text_board(const eb_term_t *term, const char *name, const eb_chip_info_t *chip);
#define EB_TEXT_APP_BYTES 68 /* of a name and a version as an image has them, NUL included */
/* "porch-light 1.5.0"; an app that carries no name is "unnamed". */
void eb_text_app(const char *name, const char *version, char *out, size_t cap);
void eb_text_range(uint32_t addr, uint64_t size_bytes, char *out, size_t cap);
void eb_text_connection_line(const eb_term_t *term, const eb_session_stats_t *stats);

/* Heading, table and what boots; usage by entry, or NULL. */
bool eb_text_partitions(const eb_term_t *term, const eb_partition_table_t *table,
                        const eb_boot_choice_t *boot, const eb_flash_usage_t *usage);

const char *eb_text_port_kind(eb_port_kind_t kind);

#endif
