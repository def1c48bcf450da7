/*
 * read_stats.h: what filling an image cost: calls, bytes and time by what they were spent
 * on, for whoever asks why it took so long (-v).
 */
#ifndef EB_BACKUP_READ_STATS_H
#define EB_BACKUP_READ_STATS_H

#include "espbackup/event.h"
#include "read_plan.h"

typedef enum eb_spent_on {
    EB_SPENT_READ,      /* reads that were verified */
    EB_SPENT_READ_LOST, /* reads that were not */
    EB_SPENT_GUESSED,   /* digests that matched a guess; one row a guess */
    EB_SPENT_WRONG = EB_SPENT_GUESSED + EB_GUESS_COUNT, /* digests that did not agree */
    EB_SPENT_SALVAGE,                                   /* digests of pieces of a damaged read */
    EB_SPENT_SPOT, /* digests of a piece of what is good, at its address */
    EB_SPENT_COUNT
} eb_spent_on_t;

/* Notes at EB_LEVEL_DETAIL: a line a row, and the measured speeds that decided. */
void eb_read_stats_tell(const eb_cost_t spent[EB_SPENT_COUNT], const eb_link_speed_t *speed,
                        const eb_events_t *ev);

#endif
