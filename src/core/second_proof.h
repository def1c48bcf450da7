/*
 * second_proof.h: a second digest of everything, on a line that has shown faults.
 *
 * Requests carry no checksum. If noise changes the address in a READ_FLASH or a digest request, the
 * chip answers truly about another range, and that answer proves itself. A read is therefore
 * followed by the digest of a small piece of it; for ranges settled by a digest alone a second one
 * costs as much as the first. So only on a line that has damaged something in this session all of
 * the image is compared once more, and what differs is settled again.
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
