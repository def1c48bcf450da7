/* link_sync.c: SYNC, and what brings a link back in step. */
#include "bytes.h"
#include "clock.h"
#include "link_impl.h"

#include <string.h>

#define SYNC_REPLIES      8
#define SYNC_QUIET_MS     80
#define RESYNC_TIMEOUT_MS 300
#define STEP_TRIES        4

/*
 * Two frames without their first delimiters. A receiver between frames ignores the first and takes
 * the second. One that lost a delimiter, and takes ends for starts, takes the first and ignores the
 * second. Neither sees two delimiters with nothing between them: these make a stub of the first
 * generation execute once more what its buffer held, perhaps an erase.
 */
static eb_code_t send_tails(eb_link_t *l, const uint8_t *first, size_t first_len,
                            const uint8_t *second, size_t second_len, eb_err_t *err)
{
    size_t used = eb_slip_encode(first, first_len, l->wire) - 1;

    memmove(l->wire, l->wire + 1, used);
    if (second != NULL) {
        uint8_t *at = l->wire + used - 1; /* the first delimiter of it falls on the last before */

        used += eb_slip_encode(second, second_len, at) - 1;
        eb_link_trace(l, "->", second, second_len, second_len);
    } else {
        eb_link_trace(l, "->", first, first_len, first_len);
    }
    return eb_transport_write(l->transport, l->wire, used, eb_clock_ms() + EB_LINK_WRITE_MS, err);
}

/* The dialect is unknown before SYNC, so length and value of the reply tell who answered. */
static bool sync_reply(const uint8_t *frame, size_t len, eb_sync_info_t *out)
{
    const eb_dialect_t guess =
        len == EB_PACKET_HEADER_BYTES + 4u ? EB_DIALECT_ROM : EB_DIALECT_STUB;
    eb_reply_t reply;

    if (!eb_packet_reply(frame, len, guess, &reply) || reply.op != EB_CMD_SYNC ||
        reply.status != 0 || reply.data_len != 0) {
        return false;
    }
    out->value = reply.value;
    out->dialect = guess == EB_DIALECT_STUB && reply.value != 0 ? EB_DIALECT_ROM_OLD : guess;
    return true;
}

#define SYNC_BYTES (EB_PACKET_HEADER_BYTES + 36u)

static void make_sync(uint8_t frame[SYNC_BYTES])
{
    static const uint8_t head[] = {0x07, 0x07, 0x12, 0x20};

    eb_packet_header(EB_CMD_SYNC, 36, 0, frame);
    memcpy(frame + EB_PACKET_HEADER_BYTES, head, sizeof(head));
    memset(frame + EB_PACKET_HEADER_BYTES + 4, 0x55, 32);
}

/* It may answer the first SYNC that is not answered yet. A board that still started up did not hear
 * that one, and then a later SYNC measures less. */
static void measure_trip(eb_link_t *l)
{
    const int64_t took_ms = eb_clock_ms() - l->asked_ms;

    if (l->asked_ms != 0 && (l->trip_ms == 0 || took_ms < l->trip_ms)) {
        l->trip_ms = took_ms > 0 ? took_ms : 1;
    }
    l->asked_ms = 0;
}

static eb_code_t await_sync(eb_link_t *l, int64_t timeout_ms, eb_sync_info_t *out, eb_err_t *err)
{
    int64_t deadline = eb_clock_ms() + timeout_ms + eb_link_late_ms(l);
    int replies = 0;

    for (int seen = 0; seen < EB_LINK_SKIPPED_MAX && replies < SYNC_REPLIES; seen++) {
        const uint8_t *reply;
        size_t len;
        const eb_code_t code = eb_link_receive(l, deadline, &reply, &len, err);

        if (code == EB_ERR_TIMEOUT && replies > 0) {
            break; /* less than eight are common when the first SYNC sets the ROM's baud rate */
        }
        if (code != EB_OK) {
            return code;
        }
        if (sync_reply(reply, len, out)) {
            if (replies++ == 0) {
                measure_trip(l);
            }
            deadline = eb_clock_ms() + SYNC_QUIET_MS;
        }
    }
    return replies > 0 ? EB_OK : eb_err_set(err, EB_ERR_GARBAGE, "frames, but no reply to SYNC");
}

/* Which of two commands the board has answered. EB_ERR_TIMEOUT: none. */
static eb_code_t await_either(eb_link_t *l, uint8_t first, uint8_t second, uint8_t *which,
                              eb_err_t *err)
{
    const int64_t deadline = eb_clock_ms() + RESYNC_TIMEOUT_MS + eb_link_late_ms(l);

    for (int seen = 0; seen < EB_LINK_SKIPPED_MAX; seen++) {
        const uint8_t *frame;
        size_t len;
        const eb_code_t code = eb_link_receive(l, deadline, &frame, &len, err);

        if (code != EB_OK) {
            return code;
        }
        *which = len >= EB_PACKET_HEADER_BYTES && frame[0] == 1 ? frame[1] : 0;
        if (*which == first || *which == second) {
            return EB_OK;
        }
    }
    return eb_err_set(err, EB_ERR_GARBAGE, "frames, but no reply to a probe");
}

/*
 * A reply to SYNC may be late, or that to a SYNC in the other buffer of a stub that is out of step.
 * Of two commands a stub in step answers the second, and otherwise the first. Both lack their
 * arguments, so it only refuses them.
 */
static eb_code_t confirm_step(eb_link_t *l, eb_err_t *err)
{
    uint8_t first[EB_PACKET_HEADER_BYTES], second[EB_PACKET_HEADER_BYTES], sync[SYNC_BYTES];

    eb_packet_header(EB_CMD_SPI_ATTACH, 0, 0, first);
    eb_packet_header(EB_CMD_SPI_SET_PARAMS, 0, 0, second);
    make_sync(sync);
    for (int i = 0; i < STEP_TRIES; i++) {
        eb_sync_info_t info;
        uint8_t which = 0;
        eb_code_t code = send_tails(l, first, sizeof(first), second, sizeof(second), err);

        if (code == EB_OK) {
            code = await_either(l, first[1], second[1], &which, err);
        }
        if (code != EB_OK || which == second[1]) {
            return code;
        }
        code = send_tails(l, sync, sizeof(sync), NULL, 0, err);
        if (code == EB_OK) {
            code = await_sync(l, RESYNC_TIMEOUT_MS, &info, err);
        }
        if (code != EB_OK) {
            return code;
        }
    }
    return eb_err_set(err, EB_ERR_GARBAGE, "the board does not come in step");
}

static eb_code_t sync_by(eb_link_t *l, bool in_any_step, int64_t timeout_ms, eb_sync_info_t *out,
                         eb_err_t *err)
{
    uint8_t frame[SYNC_BYTES];
    eb_code_t code;

    memset(out, 0, sizeof(*out));
    make_sync(frame);
    eb_link_set_buf(l, NULL, 0);
    if (l->asked_ms == 0) {
        l->asked_ms = eb_clock_ms();
    }
    code = in_any_step ? send_tails(l, frame, sizeof(frame), frame, sizeof(frame), err)
                       : eb_link_send_frame(l, frame, sizeof(frame), err);
    if (code == EB_OK) {
        code = await_sync(l, timeout_ms, out, err);
    }
    /* The ROM bootloader ignores empty frames. */
    if (code == EB_OK && out->dialect == EB_DIALECT_STUB) {
        code = confirm_step(l, err);
    }
    if (code == EB_OK) {
        l->dialect = out->dialect;
        l->dirty = l->contents = false;
    }
    return code;
}

eb_code_t eb_link_sync(eb_link_t *l, int64_t timeout_ms, eb_sync_info_t *out, eb_err_t *err)
{
    return sync_by(l, false, timeout_ms, out, err);
}

eb_code_t eb_link_sync_any_step(eb_link_t *l, int64_t timeout_ms, eb_sync_info_t *out,
                                eb_err_t *err)
{
    return sync_by(l, true, timeout_ms, out, err);
}

eb_code_t eb_link_resync(eb_link_t *l, int tries, eb_sync_info_t *out, eb_err_t *err)
{
    eb_code_t code = EB_ERR_TIMEOUT;

    for (int i = 0; i < tries; i++) {
        code = eb_link_drain(l, EB_LINK_QUIET_MS, EB_LINK_DRAIN_MS, err);
        if (code == EB_ERR_GARBAGE) {
            return code;
        }
        if (code == EB_OK) {
            code = sync_by(l, true, RESYNC_TIMEOUT_MS, out, err);
        }
        if (code == EB_OK) {
            /* The ROM bootloader may have restarted, because it answers the same afterwards. */
            code = eb_link_blame_reset(l, EB_OK, err);
            l->text_mark = l->slip.outside_total;
            return code;
        }
        if (code == EB_ERR_CANCELLED || code == EB_ERR_PORT_LOST) {
            return code;
        }
    }
    return code;
}
