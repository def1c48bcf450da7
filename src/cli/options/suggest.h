/* suggest.h: the name that was probably meant. */
#ifndef EB_OPTIONS_SUGGEST_H
#define EB_OPTIONS_SUGGEST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) from a to b; words over 40 bytes are far. */
size_t eb_suggest_distance(const char *a, const char *b);

/* Whether `best` (or NULL) shall give way to `name` as the nearest to `word`; gives the better one,
 * or `best`. Start with NULL and go through all names; NULL at the end: nothing is near. */
const char *eb_suggest_better(const char *word, const char *best, const char *name);

#endif
