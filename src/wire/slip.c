#include "slip.h"

#include <string.h>

#define SLIP_ESC     0xDBu
#define SLIP_ESC_END 0xDCu
#define SLIP_ESC_ESC 0xDDu

size_t eb_slip_encode(const uint8_t *frame, size_t len, uint8_t *out)
{
    size_t used = 0;

    out[used++] = EB_SLIP_END;
    for (size_t i = 0; i < len; i++) {
        if (frame[i] == EB_SLIP_END || frame[i] == SLIP_ESC) {
            out[used++] = SLIP_ESC;
            out[used++] = frame[i] == EB_SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
        } else {
            out[used++] = frame[i];
        }
    }
    out[used++] = EB_SLIP_END;
    return used;
}

void eb_slip_init(eb_slip_t *d, uint8_t *buf, size_t cap)
{
    memset(d, 0, sizeof(*d));
    d->buf = buf;
    d->cap = cap;
}

void eb_slip_set_buf(eb_slip_t *d, uint8_t *buf, size_t cap)
{
    d->buf = buf;
    d->cap = cap;
    d->len = 0;
    d->done = false;
}

bool eb_slip_started(const eb_slip_t *d)
{
    return d->in_frame && !d->dropping && (d->len > 0 || d->escaped);
}

size_t eb_slip_outside(const eb_slip_t *d, uint8_t *out, size_t cap)
{
    size_t have =
        d->outside_total < EB_SLIP_OUTSIDE_BYTES ? d->outside_total : (size_t)EB_SLIP_OUTSIDE_BYTES;
    if (have > cap) {
        have = cap;
    }
    for (size_t i = 0; i < have; i++) {
        out[i] = d->outside[(d->outside_total - have + i) % EB_SLIP_OUTSIDE_BYTES];
    }
    return have;
}

void eb_slip_add_outside(eb_slip_t *d, const uint8_t *bytes, size_t count)
{
    if (count > EB_SLIP_OUTSIDE_BYTES) {
        d->outside_total += count - EB_SLIP_OUTSIDE_BYTES;
        bytes += count - EB_SLIP_OUTSIDE_BYTES;
        count = EB_SLIP_OUTSIDE_BYTES;
    }
    while (count > 0) {
        size_t at = d->outside_total % EB_SLIP_OUTSIDE_BYTES;
        size_t n = EB_SLIP_OUTSIDE_BYTES - at < count ? EB_SLIP_OUTSIDE_BYTES - at : count;

        memcpy(d->outside + at, bytes, n);
        d->outside_total += n;
        bytes += n;
        count -= n;
    }
}

/* Plain bytes of a frame: no delimiter, no escape. False when they do not fit. */
static bool put_plain(eb_slip_t *d, const uint8_t *bytes, size_t count)
{
    if (count > d->cap - d->len) {
        d->dropping = true;
        return false;
    }
    memcpy(d->buf + d->len, bytes, count);
    d->len += count;
    return true;
}

static eb_slip_event_t put_escaped(eb_slip_t *d, uint8_t byte)
{
    const uint8_t plain = byte == SLIP_ESC_END ? (uint8_t)EB_SLIP_END : (uint8_t)SLIP_ESC;

    d->escaped = false;
    if (byte != SLIP_ESC_END && byte != SLIP_ESC_ESC) {
        d->dropping = true;
        return EB_SLIP_INVALID_ESCAPE;
    }
    return put_plain(d, &plain, 1) ? EB_SLIP_MORE : EB_SLIP_TOO_LONG;
}

/* Bytes of a frame up to, not including, its last delimiter. */
static eb_slip_event_t push_inside(eb_slip_t *d, const uint8_t *bytes, size_t count, size_t *used)
{
    size_t at = 0;

    while (at < count) {
        if (d->escaped) {
            const eb_slip_event_t event = put_escaped(d, bytes[at++]);

            if (event != EB_SLIP_MORE) {
                *used = at;
                return event;
            }
            continue;
        }
        const uint8_t *esc = memchr(bytes + at, (int)SLIP_ESC, count - at);
        const size_t plain = esc == NULL ? count - at : (size_t)(esc - (bytes + at));

        if (!put_plain(d, bytes + at, plain)) {
            *used = at + plain;
            return EB_SLIP_TOO_LONG;
        }
        at += plain;
        if (esc != NULL) {
            d->escaped = true;
            at++;
        }
    }
    *used = count;
    return EB_SLIP_MORE;
}

/* The delimiter that ends a frame was met. */
static eb_slip_event_t end_frame(eb_slip_t *d)
{
    const bool invalid_escape = d->escaped && !d->dropping;

    if (d->dropping || d->escaped) {
        d->in_frame = false;
        d->dropping = false;
        d->escaped = false;
        d->len = 0;
        return invalid_escape ? EB_SLIP_INVALID_ESCAPE : EB_SLIP_MORE;
    }
    /* No bytes between two delimiters: the first ended a frame whose start was lost, so this
     * delimiter starts the next frame. Staying inside brings the decoder back in step. */
    if (d->len == 0) {
        return EB_SLIP_MORE;
    }
    d->in_frame = false;
    d->done = true;
    return EB_SLIP_FRAME;
}

eb_slip_event_t eb_slip_push(eb_slip_t *d, const uint8_t *bytes, size_t count, size_t *used)
{
    size_t at = 0;

    if (d->done) {
        d->done = false;
        d->len = 0;
    }
    while (at < count) {
        const uint8_t *end = memchr(bytes + at, (int)EB_SLIP_END, count - at);
        const size_t stretch = end == NULL ? count - at : (size_t)(end - (bytes + at));
        size_t taken = stretch;
        eb_slip_event_t event = EB_SLIP_MORE;

        if (!d->in_frame) {
            eb_slip_add_outside(d, bytes + at, stretch);
        } else if (!d->dropping) {
            event = push_inside(d, bytes + at, stretch, &taken);
        }
        at += taken;
        if (event == EB_SLIP_MORE && end != NULL) {
            at++;
            if (d->in_frame) {
                event = end_frame(d);
            } else {
                d->in_frame = true;
                d->len = 0;
            }
        }
        if (event != EB_SLIP_MORE) {
            *used = at;
            return event;
        }
    }
    *used = count;
    return EB_SLIP_MORE;
}
