/*
 * slip.h: SLIP framing (RFC 1055) as ROM bootloader and stub use it: C0 at both ends, DB DC / DB
 * DD.
 *
 * The decoder takes whole buffers, so that the hot path is a memchr and not a switch for each byte.
 * A frame longer than its buffer is an error, never cut. The decoder keeps bytes outside frames,
 * because boot text or noise tells the cause of a fault.
 */
#ifndef EB_WIRE_SLIP_H
#define EB_WIRE_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_SLIP_END 0xC0u

/* Bytes needed at most for a frame of len bytes. */
#define EB_SLIP_MAX(len) (2u * (len) + 2u)
/* Encode with both delimiters; returns the bytes written; out has EB_SLIP_MAX(len). */
size_t eb_slip_encode(const uint8_t *frame, size_t len, uint8_t *out);

typedef enum eb_slip_event {
    EB_SLIP_MORE,     /* all input used, no frame complete */
    EB_SLIP_FRAME,    /* frame complete in buf, frame_len set; call again with the rest */
    EB_SLIP_TOO_LONG, /* told at once; the rest of the frame is then dropped up to its delimiter */
    EB_SLIP_INVALID_ESCAPE /* likewise */
} eb_slip_event_t;

#define EB_SLIP_OUTSIDE_BYTES 512

typedef struct eb_slip {
    uint8_t *buf;
    size_t cap;
    size_t len;    /* decoded bytes of the frame so far */
    bool in_frame; /* the first delimiter was seen, the last was not */
    bool done;     /* buf holds a whole frame; the next push starts anew */
    bool escaped;
    bool dropping;
    uint8_t outside[EB_SLIP_OUTSIDE_BYTES]; /* the last bytes seen outside frames, a ring */
    size_t outside_total;
} eb_slip_t;

/* buf is borrowed for the life of the decoder. */
void eb_slip_init(eb_slip_t *d, uint8_t *buf, size_t cap);
/* Push bytes; *used says how many were taken. After EB_SLIP_FRAME the frame is buf[0..len) until
 * the next push. */
eb_slip_event_t eb_slip_push(eb_slip_t *d, const uint8_t *bytes, size_t count, size_t *used);
/* Whether at least one byte of the next frame has been decoded. */
bool eb_slip_started(const eb_slip_t *d);
/* Decode the next frame to another place. Only between frames (not while one is started). */
void eb_slip_set_buf(eb_slip_t *d, uint8_t *buf, size_t cap);
/* The last bytes seen outside frames, oldest first, at most cap; returns how many. */
size_t eb_slip_outside(const eb_slip_t *d, uint8_t *out, size_t cap);
/* Count bytes as seen outside frames: a damaged frame is often text behind a single delimiter. */
void eb_slip_add_outside(eb_slip_t *d, const uint8_t *bytes, size_t count);

#endif
