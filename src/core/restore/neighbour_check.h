/*
 * neighbour_check.h: sectors that must stay as they are, next to those that are changed.
 *
 * A request to erase carries no checksum: a flipped bit of its size erases more than it was told
 * to, in one stretch behind what it was told, and verifying the range itself does not show that.
 * Behind each stretch that is to be changed the nearest sector that is not blank is looked at
 * before and after; a longer erase takes that one first. Outside the range no more than 64 KB is
 * searched.
 */
#ifndef EB_RESTORE_NEIGHBOUR_CHECK_H
#define EB_RESTORE_NEIGHBOUR_CHECK_H

#include "espbackup/session.h"

struct eb_write_engine;

typedef struct eb_neighbour {
    uint32_t addr; /* of a sector */
    bool outside;  /* not of the ranges that the work is about */
    uint8_t md5[EB_MD5_BYTES];
} eb_neighbour_t;

typedef struct eb_neighbours {
    eb_neighbour_t *items; /* owned */
    size_t count;
    uint32_t resets; /* of the board, when they were set */
} eb_neighbours_t;

/* Before the first change. Without digests of the chip there are none. */
eb_code_t eb_neighbours_set(struct eb_write_engine *engine, eb_err_t *err);
/*
 * After the work. *harmed: a sector within the ranges is not as it was; what else is not, nobody
 * knows. One outside: EB_ERR_UNVERIFIED, as nothing here can put it back; but not where the board
 * was reset meanwhile, for its firmware may have run and written there.
 */
eb_code_t eb_neighbours_check(struct eb_write_engine *engine, bool *harmed, eb_err_t *err);
void eb_neighbours_free(eb_neighbours_t *neighbours);

#endif
