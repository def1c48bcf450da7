/* render_text.h: results for people: sizes rounded, columns aligned, facts not known left out. */
#ifndef EB_CLI_RENDER_TEXT_H
#define EB_CLI_RENDER_TEXT_H

#include "espbackup/ops.h"
#include "term.h"
#include "text_table.h"

/* false: no memory. */
void eb_text_chip(const eb_term_t *term, const eb_chip_info_t *chip);
void eb_text_connection(const eb_term_t *term, const eb_session_stats_t *stats);
void eb_text_flash(const eb_term_t *term, const eb_flash_info_t *flash);
bool eb_text_flash_report(const eb_term_t *term, const eb_flash_report_t *report,
                          uint64_t flash_size);
bool eb_text_backup(const eb_term_t *term, const eb_chip_info_t *chip,
                    const eb_backup_result_t *result);
bool eb_text_list(const eb_term_t *term, const eb_backup_list_t *list);

/* Heading, table and what boots; usage by entry, or NULL. */
bool eb_text_partitions(const eb_term_t *term, const eb_partition_table_t *table,
                        const eb_boot_choice_t *boot, const eb_flash_usage_t *usage);

const char *eb_text_port_kind(eb_port_kind_t kind);

#endif
