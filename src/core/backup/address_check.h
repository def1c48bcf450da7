/*
 * address_check.h: whether verified bytes lie at their address.
 *
 * Requests carry no checksum. If noise changes the address in a request, the chip answers truly
 * about another range: a read from there matches its digest, and so may a digest of uniform bytes.
 * A second request for a small piece of the range, a spot, tells unless the flash is equal there.
 *
 * After a read the spot is its last sector that is not uniform, because uniform bytes match at many
 * addresses. A wrong spot means a wrong read. An equal spot leaves one case: at an address one bit
 * away lies a copy, such as another build of the same program, that holds the same spot. Then the
 * image holds the bytes of the read twice, here and where they came from. Once all is read, such
 * reads are therefore checked in whole; where there are none this costs nothing.
 *
 * After a guess of uniform bytes the spot is its first sector. A second digest of all that was
 * verified by digest alone would cost as much as the first. Only when the line has damaged
 * something in this session, or a wrong address was found, does the engine compare the whole image
 * again.
 */
#ifndef EB_BACKUP_ADDRESS_CHECK_H
#define EB_BACKUP_ADDRESS_CHECK_H

#include "flash_compare.h"
#include "read_state.h"

/* The read in state->buf matches its digest. *there: its spot matches too. */
eb_code_t eb_address_check_read(eb_read_state_t *state, eb_range_t range, bool *there,
                                eb_err_t *err);

/* The guess in state->buf matches. *there: it is not uniform, or its spot matches too. Sets
 * retry.wrong_address otherwise. */
eb_code_t eb_address_check_guess(eb_read_state_t *state, eb_range_t range, bool *there,
                                 eb_err_t *err);

/* All of the image is verified: *doubtful, compare it again. Checks reads that may be of a copy,
 * unless the line has shown faults anyway. Shows EB_PHASE_CHECK while it asks. */
eb_code_t eb_address_check_image(eb_read_state_t *state, bool *doubtful, eb_err_t *err);

/*
 * *possible: as far as the image tells, the read may be of an address that differs in one bit
 * (within the flash). bytes gives the image: at most 4 KiB at once, only of `image`. Fails only as
 * `bytes` does; then *possible is false.
 */
eb_code_t eb_address_copy_possible(const eb_checked_read_t *read, eb_range_t image,
                                   uint64_t flash_bytes, eb_wanted_fn bytes, void *user,
                                   bool *possible, eb_err_t *err);

#endif
