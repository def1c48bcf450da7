/*
 * link.h: requests to the ROM bootloader or the stub, one at a time, each under a deadline.
 *
 * Replies carry no sequence number, so a late reply looks like the reply to the next command.
 * Therefore a command that fails on the way (timeout, damaged reply) marks the link, and the next
 * command first brings the link back in step (drain, SYNC).
 *
 * All calls return EB_ERR_CANCELLED and EB_ERR_PORT_LOST as the transport does.
 */
#ifndef EB_WIRE_LINK_H
#define EB_WIRE_LINK_H

#include "boot_text.h"
#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/transport.h"
#include "packet.h"
#include "slip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest data of one command (a 16 KiB flash block and its 16-byte header). */
#define EB_LINK_DATA_MAX 0x4010u

typedef struct eb_link eb_link_t;

typedef struct eb_request {
    uint8_t op;
    const uint8_t *data; /* head of the data: parameters */
    size_t len;
    const uint8_t *bulk; /* what follows it; covered by the checksum */
    size_t bulk_len;
    int64_t timeout_ms; /* for the reply, from when the command has left; see eb_link_late_ms */
    bool probe;         /* the chip may not know this command: "invalid" is then an answer */
} eb_request_t;

/* What answered a SYNC. */
typedef struct eb_sync_info {
    eb_dialect_t dialect;
    uint32_t value;
} eb_sync_info_t;

/* The transport and ev are borrowed for the life of the link. */
eb_code_t eb_link_new(eb_transport_t *transport, const eb_events_t *ev, eb_link_t **out,
                      eb_err_t *err);
void eb_link_free(eb_link_t *l); /* NULL is allowed */

eb_dialect_t eb_link_dialect(const eb_link_t *l);
void eb_link_set_dialect(eb_link_t *l, eb_dialect_t dialect);

/*
 * Send a command and wait for its reply. Stale replies are skipped. reply->data is valid until the
 * next call on the link. A status that is not 0 gives EB_ERR_DEVICE with device_status, reply
 * filled. EB_ERR_TIMEOUT: nothing came; EB_ERR_LINE: something damaged came; EB_ERR_CHIP_RESET: a
 * boot banner came.
 */
eb_code_t eb_link_command(eb_link_t *l, const eb_request_t *request, eb_reply_t *reply,
                          eb_err_t *err);

/* One SYNC, to a board that was just reset or is in step. The dialect of the link becomes that of
 * whoever answered. A stub has then also answered a second request, and is in step. EB_ERR_TIMEOUT
 * without a reply. */
eb_code_t eb_link_sync(eb_link_t *l, int64_t timeout_ms, eb_sync_info_t *out, eb_err_t *err);
/* The same to a board that may have lost a delimiter, or may still be busy. */
eb_code_t eb_link_sync_any_step(eb_link_t *l, int64_t timeout_ms, eb_sync_info_t *out,
                                eb_err_t *err);
/* Drain and SYNC, up to `tries` times; clears the mark of a failed command. EB_ERR_GARBAGE at once
 * when the board sends without end, because then the program runs. EB_ERR_CHIP_RESET with *out
 * filled when a boot banner came since the last command: in step, but the chip has lost its
 * settings. */
eb_code_t eb_link_resync(eb_link_t *l, int tries, eb_sync_info_t *out, eb_err_t *err);
/* The next command has to resync first. */
void eb_link_mark_dirty(eb_link_t *l);
/* Discard bytes until none come for quiet_ms, at most max_ms. EB_ERR_GARBAGE when they do not end.
 */
eb_code_t eb_link_drain(eb_link_t *l, int64_t quiet_ms, int64_t max_ms, eb_err_t *err);
/* Discard bytes that were not decoded yet, and the text seen so far. */
eb_code_t eb_link_flush(eb_link_t *l, eb_err_t *err);

/*
 * How much longer than on a near line the link waits: 0, or the round trip in ms where that is more
 * than 100 ms (a mobile network, a satellite). A SYNC measures it. The calls above add it to the
 * limits that they are given; who waits for raw frames adds it.
 */
int64_t eb_link_late_ms(const eb_link_t *l);
/* Answers are later than that: wait ms longer, at least, from now on. */
void eb_link_expect_late(eb_link_t *l, int64_t ms);

/* -- raw frames, for flash reads and the greeting of a stub --------------------------------- */

eb_code_t eb_link_send_frame(eb_link_t *l, const uint8_t *frame, size_t len, eb_err_t *err);
/* Where the next frames are decoded to; NULL: back to the link's own buffer. */
void eb_link_set_buf(eb_link_t *l, uint8_t *buf, size_t cap);
/* Decode bytes once: those at hand, else those that come before the deadline. *event EB_SLIP_FRAME:
 * the frame is in the buffer, its length in *len. *late: the deadline has passed, and no frame
 * ended; bytes may still come, because noise has no end. */
eb_code_t eb_link_step(eb_link_t *l, int64_t deadline_ms, eb_slip_event_t *event, size_t *len,
                       bool *late, eb_err_t *err);
/* The same, and where the frame is. */
eb_code_t eb_link_step_frame(eb_link_t *l, int64_t deadline_ms, eb_slip_event_t *event,
                             const uint8_t **frame, size_t *len, bool *late, eb_err_t *err);
/* Whether the next frame has begun, and how much of it is there. */
bool eb_link_frame_started(const eb_link_t *l, size_t *decoded);
/* The next whole frame in the link's own buffer; EB_ERR_TIMEOUT. */
eb_code_t eb_link_receive(eb_link_t *l, int64_t deadline_ms, const uint8_t **frame, size_t *len,
                          eb_err_t *err);

/* -- text ----------------------------------------------------------------------------------- */

/* Bytes seen outside frames since eb_link_flush, for what they say. */
size_t eb_link_outside_total(const eb_link_t *l);
eb_talk_t eb_link_talk(const eb_link_t *l, char quote[EB_BOOT_QUOTE_BYTES]);
/* EB_ERR_CHIP_RESET when a boot banner came since the last flush or command, else `code` with err
 * as it is. */
eb_code_t eb_link_blame_reset(const eb_link_t *l, eb_code_t code, eb_err_t *err);

#endif
