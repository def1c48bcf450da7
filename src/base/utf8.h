/* utf8.h: checking UTF-8, and replacing invalid bytes. */
#ifndef EB_BASE_UTF8_H
#define EB_BASE_UTF8_H

#include <stddef.h>

/* Bytes (1 to 4) of the valid sequence at the start of text[0..len), 0 when there is none:
 * overlong forms, surrogates and values over U+10FFFF are not valid. */
size_t eb_utf8_sequence(const char *text, size_t len);

/* malloc'd copy of a NUL-terminated text, each invalid byte as U+FFFD; NULL without memory. */
char *eb_utf8_clean(const char *text);

#endif
