/*
 * second_proof.h: a second digest of everything, on a line that has shown faults.
 *
 * Requests carry no checksum. If noise changes the address in a READ_FLASH or a digest request, the
 * chip answers truly about another range, and that answer proves itself. On a line that has damaged
 * something else in this session this is not out of the question; so all of the image is compared
 * once more, by requests of other sizes, and what differs is settled again.
 */
#ifndef EB_CORE_SECOND_PROOF_H
#define EB_CORE_SECOND_PROOF_H

#include "settle.h"

/*
 * After eb_settle_run was EB_OK. EB_OK: nothing of it differs, or the line has shown no fault, or
 * the chip has no digests. EB_ERR_UNPROVED when it does not come to an end. Tells EB_PHASE_CHECK.
 */
eb_code_t eb_second_proof(eb_settle_t *settle, eb_err_t *err);

#endif
