/*
 * neighbour_check.h: sectors behind a changed stretch must stay unchanged.
 *
 * A request to erase carries no checksum. A flipped bit of its size erases more, in one stretch
 * behind the range, and verifying the range does not show that. A longer erase reaches the nearest
 * sector behind the range first. So the engine asks for the nearest sector that is not erased,
 * before and after the work. Outside the range the search ends after 64 KB.
 */
#ifndef EB_RESTORE_NEIGHBOUR_CHECK_H
#define EB_RESTORE_NEIGHBOUR_CHECK_H

#include "espbackup/session.h"

struct eb_write_engine;

typedef struct eb_neighbour {
    uint32_t addr; /* of a sector */
    bool outside;  /* of the ranges of the work */
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
 * After the work. *harmed: a sector within the ranges was modified, so others may be too. A
 * modified sector outside is EB_ERR_UNVERIFIED, because nothing here can restore it; but not after
 * a reset of the board, because its firmware may have run and written there.
 */
eb_code_t eb_neighbours_check(struct eb_write_engine *engine, bool *harmed, eb_err_t *err);
void eb_neighbours_free(eb_neighbours_t *neighbours);

#endif
