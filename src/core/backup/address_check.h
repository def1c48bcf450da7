/*
 * address_check.h: what was settled is asked for once more where that may tell something new.
 *
 * Requests carry no checksum. If noise changes the address in a READ_FLASH or a digest request, the
 * chip answers truly about another range, and that answer proves itself. A read is therefore
 * followed by the digest of a small piece of it. Where the image has all of its bytes a second
 * time, at an address one bit away, that piece was equal there too: of such reads the whole is
 * asked for (twin.h), which costs nothing where there are none. For ranges settled by a digest
 * alone a second one costs as much as the first. So only on a line that has damaged something in
 * this session, or when a read was found to be of another address, all of the image is compared
 * once more, and what differs is settled again.
 */
#ifndef EB_BACKUP_ADDRESS_CHECK_H
#define EB_BACKUP_ADDRESS_CHECK_H

#include "read_engine.h"

/*
 * After eb_read_engine_run was EB_OK. EB_OK: nothing differs of what was asked for again, or the
 * chip has no digests. EB_ERR_UNVERIFIED when it does not come to an end, or the board was erased
 * (erased_check.h). Tells EB_PHASE_CHECK where it asks.
 */
eb_code_t eb_address_check(eb_read_engine_t *engine, eb_err_t *err);

#endif
