/*
 * json_facts.h: facts of a board as JSON, the same in sidecars and in the answers of commands. What
 * is not known is null. Texts come from boards, files and command lines; control characters and
 * broken UTF-8 are taken out of them.
 */
#ifndef EB_FORMAT_JSON_FACTS_H
#define EB_FORMAT_JSON_FACTS_H

#include "espbackup/chip.h"
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

/* Members "chip", "security" and "flash" of root. */
void eb_json_put_chip(eb_json_t *root, const eb_chip_info_t *c);
void eb_json_put_security(eb_json_t *root, const eb_security_t *s);
void eb_json_put_flash(eb_json_t *root, const eb_flash_info_t *f);

#endif
