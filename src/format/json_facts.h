/*
 * json_facts.h: facts of a board as JSON, the same in sidecars and in the answers of commands. What
 * is not known is null. Texts come from boards, files and command lines; control characters and
 * broken UTF-8 are taken out of them.
 */
#ifndef EB_FORMAT_JSON_FACTS_H
#define EB_FORMAT_JSON_FACTS_H

#include "espbackup/facts.h"
#include "espbackup/image.h"
#include "flash_text.h"
#include "json.h"

void eb_json_put_lines(eb_json_t *node, const char *key, const char *text, eb_text_lines_t lines);
void eb_json_put_text(eb_json_t *node, const char *key, const char *text);
/* Empty text is null. */
void eb_json_put_text_or_null(eb_json_t *node, const char *key, const char *text);
void eb_json_put_int_or_null(eb_json_t *node, const char *key, bool known, int64_t value);
/* Up to 32 bytes. */
void eb_json_put_hex_or_null(eb_json_t *node, const char *key, bool known, const uint8_t *bytes,
                             size_t len);

void eb_json_chip(eb_json_t *root, const eb_chip_info_t *c);   /* "chip" and "security" */
void eb_json_flash(eb_json_t *root, const eb_flash_info_t *f); /* "flash" */
void eb_json_app(eb_json_t *node, const char *key, const eb_app_image_t *a);
/* "partition_table" of root; gives its list of partitions. NULL: there is none, and it is null. */
eb_json_t *eb_json_partition_list(eb_json_t *root, const eb_partition_table_t *table);
eb_json_t *eb_json_partition(eb_json_t *list, const eb_partition_t *p); /* gives the new object */
/* "boot"; null without a table. */
void eb_json_boot(eb_json_t *root, const eb_partition_table_t *table, const eb_boot_choice_t *b);
void eb_json_connection(eb_json_t *root, const eb_session_stats_t *t); /* "connection" */

#endif
