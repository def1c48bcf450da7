#include "bytes.h"
#include "clock.h"
#include "link_impl.h"

#include <stdlib.h>
#include <string.h>

/* A round trip to a near board takes less, over a network too. */
#define NEAR_MS 100

eb_code_t eb_link_new(eb_transport_t *transport, const eb_events_t *ev, eb_link_t **out,
                      eb_err_t *err)
{
    eb_link_t *l;

    *out = NULL;
    l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the link");
    }
    l->transport = transport;
    l->ev = ev;
    eb_slip_init(&l->slip, l->frame, sizeof(l->frame));
    *out = l;
    return EB_OK;
}

void eb_link_free(eb_link_t *l)
{
    free(l);
}

eb_dialect_t eb_link_dialect(const eb_link_t *l)
{
    return l->dialect;
}

void eb_link_set_dialect(eb_link_t *l, eb_dialect_t dialect)
{
    l->dialect = dialect;
}

void eb_link_mark_dirty(eb_link_t *l)
{
    l->dirty = true;
}

int64_t eb_link_late_ms(const eb_link_t *l)
{
    const int64_t ms = l->trip_ms > l->expect_ms ? l->trip_ms : l->expect_ms;

    return ms > NEAR_MS ? ms : 0;
}

void eb_link_expect_late(eb_link_t *l, int64_t ms)
{
    l->expect_ms = ms;
    l->trip_ms = 0; /* that may have been an answer to an earlier SYNC */
}

/* -- frames ---------------------------------------------------------------------------------- */

eb_code_t eb_link_send(eb_link_t *l, const uint8_t *frame, size_t len, size_t open, eb_err_t *err)
{
    size_t used;

    if (EB_SLIP_MAX(len) > sizeof(l->wire)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "a frame of %zu bytes is too long", len);
    }
    eb_link_trace(l, "->", frame, len, open);
    used = eb_slip_encode(frame, len, l->wire);
    return eb_transport_write(l->transport, l->wire, used, eb_clock_ms() + EB_LINK_WRITE_MS, err);
}

eb_code_t eb_link_send_frame(eb_link_t *l, const uint8_t *frame, size_t len, eb_err_t *err)
{
    return eb_link_send(l, frame, len, len, err);
}

void eb_link_set_buf(eb_link_t *l, uint8_t *buf, size_t cap)
{
    if (buf == NULL) {
        eb_slip_set_buf(&l->slip, l->frame, sizeof(l->frame));
    } else {
        eb_slip_set_buf(&l->slip, buf, cap);
        l->contents = true;
    }
}

bool eb_link_frame_started(const eb_link_t *l, size_t *decoded)
{
    *decoded = eb_slip_started(&l->slip) ? l->slip.len : 0;
    return eb_slip_started(&l->slip);
}

/* How much of a frame that came is no flash contents. Late packets of a read come too, and only a
 * whole reply is none of them. */
static size_t open_part(const eb_link_t *l, const uint8_t *frame, size_t len)
{
    if (len < EB_PACKET_HEADER_BYTES || frame[0] != 1 ||
        eb_get_le16(frame + 2) != len - EB_PACKET_HEADER_BYTES) {
        return 0;
    }
    return frame == l->frame && frame[1] != EB_CMD_READ_FLASH_SLOW ? len : EB_PACKET_HEADER_BYTES;
}

eb_code_t eb_link_step(eb_link_t *l, int64_t deadline_ms, eb_slip_event_t *event, size_t *len,
                       bool *late, eb_err_t *err)
{
    size_t used = 0;

    *event = EB_SLIP_MORE;
    *len = 0;
    *late = false;
    if (l->raw_at == l->raw_len) {
        l->raw_at = l->raw_len = 0;
        const eb_code_t code =
            eb_transport_read(l->transport, l->raw, sizeof(l->raw), deadline_ms, &l->raw_len, err);
        if (code != EB_OK) {
            l->raw_len = 0;
            l->dirty = true;
            return code;
        }
    }
    *event = eb_slip_push(&l->slip, l->raw + l->raw_at, l->raw_len - l->raw_at, &used);
    l->raw_at += used;
    if (*event == EB_SLIP_FRAME) {
        *len = l->slip.len;
        eb_link_trace(l, "<-", l->slip.buf, *len, open_part(l, l->slip.buf, *len));
    } else if (*event != EB_SLIP_MORE) {
        /* A boot log behind a single delimiter looks like a frame. */
        eb_slip_add_outside(&l->slip, l->slip.buf, l->slip.len);
        eb_event_note(l->ev, EB_LEVEL_TRACE, "<- damaged frame (%s) after %zu bytes",
                      *event == EB_SLIP_TOO_LONG ? "too long" : "invalid escape", l->slip.len);
    }
    *late =
        *event != EB_SLIP_FRAME && l->raw_at == l->raw_len && eb_clock_left_ms(deadline_ms) == 0;
    return EB_OK;
}

eb_code_t eb_link_step_frame(eb_link_t *l, int64_t deadline_ms, eb_slip_event_t *event,
                             const uint8_t **frame, size_t *len, bool *late, eb_err_t *err)
{
    const eb_code_t code = eb_link_step(l, deadline_ms, event, len, late, err);

    *frame = l->slip.buf;
    return code;
}

eb_code_t eb_link_receive(eb_link_t *l, int64_t deadline_ms, const uint8_t **frame, size_t *len,
                          eb_err_t *err)
{
    eb_slip_event_t event = EB_SLIP_MORE;
    bool late = false;

    *frame = NULL;
    *len = 0;
    while (!late) {
        const eb_code_t code = eb_link_step(l, deadline_ms, &event, len, &late, err);

        if (code != EB_OK) {
            return code;
        }
        if (event == EB_SLIP_FRAME) {
            *frame = l->slip.buf;
            return EB_OK;
        }
    }
    return eb_err_set(err, EB_ERR_TIMEOUT, "the board sent no frame in time");
}

/* -- text ------------------------------------------------------------------------------------ */

size_t eb_link_outside_total(const eb_link_t *l)
{
    return l->slip.outside_total;
}

static size_t text_outside(const eb_link_t *l, size_t since, uint8_t *out, size_t cap)
{
    const size_t fresh = l->slip.outside_total - since;

    return eb_slip_outside(&l->slip, out, fresh < cap ? fresh : cap);
}

/* The end of a frame which has begun and not ended. */
static size_t text_in_frame(const eb_link_t *l, uint8_t *out, size_t cap)
{
    const size_t len = l->slip.in_frame ? l->slip.len : 0, part = len < cap ? len : cap;

    if (part > 0) {
        memcpy(out, l->slip.buf + len - part, part);
    }
    return part;
}

eb_talk_t eb_link_talk(const eb_link_t *l, char quote[EB_BOOT_QUOTE_BYTES])
{
    uint8_t text[2 * EB_SLIP_OUTSIDE_BYTES];
    size_t len = text_outside(l, 0, text, EB_SLIP_OUTSIDE_BYTES);
    eb_talk_t talk;

    len += text_in_frame(l, text + len, sizeof(text) - len);
    talk = eb_boot_text_classify(text, len, quote);
    /* It may be the rest of a read, and the flash holds secrets. */
    if (talk == EB_TALK_TEXT && l->contents) {
        quote[0] = '\0';
        talk = EB_TALK_GARBAGE;
    }
    return talk;
}

eb_code_t eb_link_blame_reset(const eb_link_t *l, eb_code_t code, eb_err_t *err)
{
    uint8_t text[EB_SLIP_OUTSIDE_BYTES];
    char quote[EB_BOOT_QUOTE_BYTES];
    const size_t len = text_outside(l, l->text_mark, text, sizeof(text));

    if (!eb_boot_text_is_reset(text, len, quote) &&
        !eb_boot_text_ends_in_reset(text, text_in_frame(l, text, sizeof(text)), quote)) {
        return code;
    }
    return eb_err_set(err, EB_ERR_CHIP_RESET, "the board restarted in the middle of the work: %s",
                      quote);
}

eb_code_t eb_link_drain(eb_link_t *l, int64_t quiet_ms, int64_t max_ms, eb_err_t *err)
{
    const int64_t late_ms = eb_link_late_ms(l), end = eb_clock_ms() + max_ms + 2 * late_ms;

    eb_link_set_buf(l, NULL, 0);
    for (;;) {
        const int64_t now = eb_clock_ms();
        eb_slip_event_t event;
        eb_code_t code;
        size_t len;
        bool late;

        if (now >= end) {
            return eb_err_set(err, EB_ERR_GARBAGE, "the board does not stop sending");
        }
        code = eb_link_step(l, now + quiet_ms + late_ms, &event, &len, &late, err);
        if (code != EB_OK) {
            return code;
        }
        if (l->raw_len == 0) { /* nothing came */
            break;
        }
    }
    l->slip.in_frame = l->slip.escaped = l->slip.dropping = false;
    l->asked_ms = 0;
    eb_link_set_buf(l, NULL, 0);
    return EB_OK;
}

eb_code_t eb_link_flush(eb_link_t *l, eb_err_t *err)
{
    l->raw_at = l->raw_len = 0;
    l->text_mark = 0;
    l->asked_ms = 0;
    eb_slip_init(&l->slip, l->frame, sizeof(l->frame));
    return eb_transport_flush_input(l->transport, err);
}
