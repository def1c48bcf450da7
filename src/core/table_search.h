/* table_search.h: where the partition table of a board, or of an image, lies. */
#ifndef EB_CORE_TABLE_SEARCH_H
#define EB_CORE_TABLE_SEARCH_H

#include "layout.h"

#define EB_TABLE_SEARCH_END 0x20000u /* last place that is looked at */

/*
 * Look at source->table_addr if that is not 0, and nowhere else; otherwise at 0x8000 and then at
 * every sector after it up to EB_TABLE_SEARCH_END. Found: source->table_addr is set, *found true,
 * and a note tells a place that is not the usual one. What looks like a table but contradicts
 * itself is a warning. Errors are those of source->read.
 */
eb_code_t eb_table_search(eb_layout_source_t *source, const eb_events_t *ev, bool *found,
                          eb_err_t *err);

/* eb_table_search, then eb_layout_find; without a table as eb_layout_find leaves it. */
eb_code_t eb_layout_search(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                           eb_err_t *err);

#endif
