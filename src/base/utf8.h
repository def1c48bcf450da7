/* utf8.h: checking UTF-8, replacing invalid bytes, telling unsafe characters. */
#ifndef EB_BASE_UTF8_H
#define EB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes (1 to 4) of the valid sequence at the start of text[0..len), 0 when there is none:
 * overlong forms, surrogates and values over U+10FFFF are not valid. */
size_t eb_utf8_sequence(const char *text, size_t len);
/* The same; *point is its code point, 0 when there is none. */
size_t eb_utf8_decode(const char *text, size_t len, uint32_t *point);

/* Whether a code point is a control character, one that turns or hides the text around it, or one
 * that no XML may have. */
bool eb_utf8_unsafe(uint32_t point);

/* malloc'd copy of a NUL-terminated text, each invalid byte as U+FFFD; NULL without memory. */
char *eb_utf8_clean(const char *text);

/* malloc'd copy of the text of a JSON document with a newline behind it, where each unsafe
 * character but tab and newline is \uXXXX; NULL without memory. */
char *eb_utf8_escape(const char *json);

/* The same into a buffer; NULL is empty. A text that is too long is cut between characters. */
void eb_utf8_copy_clean(char *out, size_t cap, const char *text);

#endif
