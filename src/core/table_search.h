/* table_search.h: where the partition table of a board, or of an image, lies. */
#ifndef EB_CORE_TABLE_SEARCH_H
#define EB_CORE_TABLE_SEARCH_H

#include "layout.h"

#define EB_TABLE_SEARCH_END 0x20000u /* last place that is looked at */

/*
 * eb_layout_find where the table is: at source->table_addr if that is not 0, and nowhere else;
 * otherwise at 0x8000 or at the first sector after it, up to EB_TABLE_SEARCH_END, that has one.
 * Found: source->table_addr is set, and a note tells a place that is not the usual one. What looks
 * like a table but contradicts itself is a warning, and without another table out->table.damaged.
 * Errors are those of source->read.
 */
eb_code_t eb_layout_search(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                           eb_err_t *err);

/* The same for what a board merely tells: where the first place has none and no bootloader is there
 * either, which would look for one, the search, 24 reads, is spared. */
eb_code_t eb_layout_search_used(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                                eb_err_t *err);

#endif
