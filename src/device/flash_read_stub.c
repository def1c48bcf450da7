/*
 * flash_read_stub.c: READ_FLASH of the stub: packets of 4096 bytes, each acknowledged, and then the
 * MD5 of what was sent.
 *
 * The stub sends the next packet when the packet before was acknowledged. We acknowledge a packet
 * at its first byte, so the acknowledgement travels while the packet does, and the round trip costs
 * nothing. We never do so earlier, because the stub counts acknowledgements against packets begun.
 * We acknowledge exactly once. After a lost packet we end the read and ask for the rest anew.
 */
#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "session_impl.h"

#include <string.h>

#define DIGEST_FRAME_BYTES 16u
#define PACKET_MS_MIN      1000
#define PACKET_MS_MIN_NET  2000
#define PACKET_TIMES       8  /* patience, in packets at the present rate */
#define PACKET_WAITS       10 /* for one packet, in times of that patience */
#define IN_FLIGHT          64u
/* With so many bytes between frames, the sender is not our stub. */
#define OUTSIDE_MAX        2048u
/* Waking up for every few bytes costs more than reading them. */
#define NAP_MAX_MS         8
#define NAP_MIN_MS         2

typedef struct eb_stream {
    eb_session_t *s;
    const eb_read_job_t *job;
    eb_digest_t *md5;
    int64_t packet_ms;
    size_t outside_before;
    bool ended; /* the stub is in its command loop again */
} eb_stream_t;

static eb_code_t send_ack(eb_stream_t *st, uint32_t total, eb_err_t *err)
{
    uint8_t ack[4];

    eb_put_le32(ack, total);
    return eb_link_send_frame(st->s->link, ack, sizeof(ack), err);
}

/* Sleep while an acknowledged packet is on its way, because there is nothing else to do. */
static void nap(const eb_stream_t *st, size_t left_bytes)
{
    const uint32_t baud = eb_transport_baud(st->s->transport);
    int64_t ms;

    if (!eb_port_traits(st->s->port.kind)->has_rate) {
        return;
    }
    ms = (int64_t)left_bytes * 10000 / baud / 2;
    if (ms >= NAP_MIN_MS) {
        eb_sleep_ms(ms < NAP_MAX_MS ? ms : NAP_MAX_MS);
    }
}

/* Look at bytes outside frames, because a board that restarts prints some. */
static eb_code_t check_outside(eb_stream_t *st, eb_err_t *err)
{
    const size_t now = eb_link_outside_total(st->s->link);
    eb_code_t code;

    if (now == st->outside_before) {
        return EB_OK;
    }
    code = eb_link_blame_reset(st->s->link, EB_OK, err);
    if (code == EB_OK && now - st->outside_before > OUTSIDE_MAX) {
        code = eb_err_set(err, EB_ERR_GARBAGE, "bytes come that are no flash data");
    }
    return code;
}

/* Receive one frame of exactly `want` bytes to where the link decodes to. ack_total 0: none. */
static eb_code_t receive_packet(eb_stream_t *st, uint32_t want, uint32_t ack_total, eb_err_t *err)
{
    eb_link_t *link = st->s->link;
    const int64_t end = eb_clock_ms() + PACKET_WAITS * st->packet_ms;
    int64_t deadline = eb_clock_ms() + st->packet_ms;
    size_t before = 0;
    bool acked = ack_total == 0;

    for (;;) {
        eb_slip_event_t event;
        size_t len, decoded;
        bool late;
        eb_code_t code = eb_link_step(link, deadline, &event, &len, &late, err);

        if (code != EB_OK) {
            return code;
        }
        /* Only bytes of the packet buy time, because noise and delimiters may come for ever. */
        if (eb_link_frame_started(link, &decoded) && decoded > before) {
            before = decoded;
            deadline = eb_clock_ms() + st->packet_ms;
            deadline = deadline < end ? deadline : end;
        } else if (late) {
            code = eb_err_set(err, EB_ERR_TIMEOUT, "the flash data stopped");
            return eb_link_blame_reset(link, code, err);
        }
        if (!acked && (event == EB_SLIP_FRAME || decoded > 0)) {
            code = send_ack(st, ack_total, err);
            if (code != EB_OK) {
                return code;
            }
            acked = true;
        }
        if (event == EB_SLIP_FRAME) {
            if (len == want) {
                return EB_OK;
            }
            st->ended = len == DIGEST_FRAME_BYTES;
            return eb_err_set(err, EB_ERR_LINE, "a packet of %zu bytes came instead of %u", len,
                              (unsigned)want);
        }
        if (event != EB_SLIP_MORE) {
            return eb_err_set(err, EB_ERR_LINE, "a packet was damaged");
        }
        code = check_outside(st, err);
        if (code != EB_OK) {
            return code;
        }
        if (acked && decoded > 0 && decoded < want) {
            nap(st, want - decoded);
        }
    }
}

static eb_code_t start(eb_stream_t *st, eb_err_t *err)
{
    uint8_t data[16];
    eb_reply_t reply;
    const eb_request_t request = {
        .op = EB_CMD_READ_FLASH, .data = data, .len = sizeof(data), .timeout_ms = st->s->reply_ms};

    eb_put_le32(data, st->job->addr);
    eb_put_le32(data + 4, st->job->size);
    eb_put_le32(data + 8, EB_FLASH_PACKET);
    eb_put_le32(data + 12, IN_FLIGHT);
    return eb_link_command(st->s->link, &request, &reply, err);
}

static eb_code_t receive_all(eb_stream_t *st, eb_err_t *err)
{
    const eb_read_job_t *job = st->job;

    st->outside_before = eb_link_outside_total(st->s->link);
    for (uint32_t at = 0; at < job->size;) {
        const uint32_t want = eb_min_u32(EB_FLASH_PACKET, job->size - at);
        eb_code_t code;

        eb_link_set_buf(st->s->link, job->buf + at, want);
        code = receive_packet(st, want, at + want, err);
        if (code != EB_OK) {
            return code;
        }
        eb_digest_update(st->md5, job->buf + at, want);
        at += want;
        job->result->received = at;
        if (job->on_progress != NULL) {
            job->on_progress(job->user, at);
        }
    }
    return EB_OK;
}

/*
 * End a read: after a frame that is no acknowledgement both kinds of stub send the MD5 and wait for
 * commands. Eight bytes FF do no harm if the stub waits for a command already. A shorter frame
 * would: the stub would complete it with the rest of the command before.
 */
static eb_code_t send_end(eb_stream_t *st, eb_err_t *err)
{
    uint8_t end[8];

    memset(end, 0xFF, sizeof(end));
    return eb_link_send_frame(st->s->link, end, sizeof(end), err);
}

static eb_code_t receive_digest(eb_stream_t *st, uint8_t theirs[DIGEST_FRAME_BYTES], eb_err_t *err)
{
    eb_code_t code;

    eb_link_set_buf(st->s->link, theirs, DIGEST_FRAME_BYTES);
    code = receive_packet(st, DIGEST_FRAME_BYTES, 0, err);
    if (code == EB_ERR_TIMEOUT) {
        /* All data is here, but the stub may wait for an acknowledgement that was damaged. Ending
         * the read makes it send the MD5. */
        code = send_end(st, err);
        if (code == EB_OK) {
            code = receive_packet(st, DIGEST_FRAME_BYTES, 0, err);
        }
    }
    st->ended = code == EB_OK;
    return code;
}

/* Bring the stub back to its command loop. The error before stays in err, unless the board has left
 * the stub. */
static eb_code_t abandon(eb_stream_t *st, eb_code_t before, eb_err_t *err)
{
    eb_session_t *s = st->s;
    eb_err_t now = {.code = EB_OK};
    eb_sync_info_t info;
    eb_code_t code = EB_OK;

    eb_link_set_buf(s->link, NULL, 0);
    eb_link_mark_dirty(s->link);
    if (!st->ended) {
        code = send_end(st, &now);
    }
    if (code == EB_OK) {
        code = eb_link_resync(s->link, 3, &info, &now);
    }
    if (code == EB_OK && info.dialect != EB_DIALECT_STUB) {
        code = eb_err_set(&now, EB_ERR_CHIP_RESET, "the board restarted in the middle of the work");
    }
    if (code == EB_OK || eb_code_row(code)->reply_lost) {
        return before; /* the next command brings the link back in step */
    }
    s->out_of_step = true;
    if (err != NULL) {
        *err = now;
    }
    return code;
}

/* The wait from one byte to the next, in which the stub reads flash for some milliseconds. */
static int64_t packet_patience(const eb_session_t *s)
{
    const int64_t wire_ms =
        (int64_t)EB_FLASH_PACKET * 10000 / (int64_t)eb_transport_baud(s->transport);
    const bool net = eb_port_traits(s->port.kind)->network;
    int64_t floor_ms = net ? PACKET_MS_MIN_NET : PACKET_MS_MIN;

    if (s->reply_ms < floor_ms) {
        floor_ms = s->reply_ms;
    }
    return eb_link_late_ms(s->link) +
           (wire_ms * PACKET_TIMES > floor_ms ? wire_ms * PACKET_TIMES : floor_ms);
}

eb_code_t eb_flash_read_stub(eb_session_t *s, const eb_read_job_t *job, eb_err_t *err)
{
    eb_stream_t st = {.s = s, .job = job, .packet_ms = packet_patience(s)};
    uint8_t ours[DIGEST_FRAME_BYTES], theirs[DIGEST_FRAME_BYTES];
    eb_code_t code;

    st.md5 = eb_digest_new(EB_DIGEST_MD5);
    if (st.md5 == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "the system's library refuses MD5");
    }
    code = start(&st, err);
    if (code == EB_ERR_DEVICE) {
        goto done; /* refused before it began: the stub waits for commands */
    }
    if (code == EB_OK) {
        code = receive_all(&st, err);
    }
    if (code == EB_OK) {
        code = receive_digest(&st, theirs, err);
    }
    eb_link_set_buf(s->link, NULL, 0);
    if (code == EB_OK) {
        eb_digest_finish(st.md5, ours);
        if (memcmp(ours, theirs, sizeof(ours)) == 0) {
            job->result->verified = true;
        } else {
            code = eb_err_set(err, EB_ERR_LINE, "the digest of the board does not match the data");
        }
    } else if (code != EB_ERR_PORT_LOST && code != EB_ERR_CHIP_RESET) {
        code = abandon(&st, code, err);
    }
done:
    eb_digest_free(st.md5);
    return code;
}
