/*
 * flash_read_rom.c: READ_FLASH_SLOW of the ROM bootloader: 64 bytes a request.
 *
 * A single request costs a round trip. The chip's receive FIFO holds 128 bytes, and a request has
 * 18 to 34 of them, so a few requests can wait there. The ROM answers them in order, but a reply
 * does not name its request. Therefore anything unusual (a damaged frame, bytes outside frames, a
 * wrong length) ends the run: drain, and continue with single requests after the last correct
 * reply. At the end the chip's MD5 over the whole range verifies the data.
 */
#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "espbackup/measure.h"
#include "session_impl.h"

#include <string.h>

#define BLOCK_BYTES  EB_ROM_READ_BYTES
#define REPLY_BYTES  (EB_PACKET_HEADER_BYTES + BLOCK_BYTES + 4u)
#define WINDOW_MAX   7u
#define FIFO_BYTES   128u
#define GROW_AFTER   16u /* correct replies in a row for one more in flight */
#define FAILURES_MAX 6   /* in a row, without another block */

typedef struct eb_rom_read {
    eb_session_t *s;
    const eb_read_job_t *job;
    uint32_t sent, received;   /* bytes asked for and got */
    uint32_t wire[WINDOW_MAX]; /* wire bytes of the requests in flight, a ring */
    uint32_t in_flight, first;
    uint32_t wire_in_flight;
    uint32_t window, limit, good;
    size_t outside;
    uint8_t frame[REPLY_BYTES];
} eb_rom_read_t;

/* Requests may wait only where a UART's FIFO holds them. */
static uint32_t window_limit(const eb_session_t *s)
{
    return eb_port_traits(s->port.kind)->in_chip ? 1 : WINDOW_MAX;
}

static size_t build(uint32_t addr, uint32_t size, uint8_t frame[EB_PACKET_HEADER_BYTES + 8])
{
    eb_packet_header(EB_CMD_READ_FLASH_SLOW, 8, 0, frame);
    eb_put_le32(frame + EB_PACKET_HEADER_BYTES, addr);
    eb_put_le32(frame + EB_PACKET_HEADER_BYTES + 4, size);
    return EB_PACKET_HEADER_BYTES + 8;
}

static eb_code_t fill_window(eb_rom_read_t *r, eb_err_t *err)
{
    while (r->in_flight < r->window && r->sent < r->job->size) {
        uint8_t frame[EB_PACKET_HEADER_BYTES + 8], wire[EB_SLIP_MAX(EB_PACKET_HEADER_BYTES + 8)];
        const size_t len =
            build(r->job->addr + r->sent, eb_min_u32(BLOCK_BYTES, r->job->size - r->sent), frame);
        const uint32_t cost = (uint32_t)eb_slip_encode(frame, len, wire);
        eb_code_t code;

        if (r->in_flight > 0 && r->wire_in_flight + cost > FIFO_BYTES) {
            return EB_OK;
        }
        code = eb_link_send_frame(r->s->link, frame, len, err);
        if (code != EB_OK) {
            return code;
        }
        r->wire[(r->first + r->in_flight) % WINDOW_MAX] = cost;
        r->wire_in_flight += cost;
        r->in_flight++;
        r->sent += eb_min_u32(BLOCK_BYTES, r->job->size - r->sent);
    }
    return EB_OK;
}

static void take_reply(eb_rom_read_t *r, const eb_reply_t *reply)
{
    const uint32_t want = eb_min_u32(BLOCK_BYTES, r->job->size - r->received);

    memcpy(r->job->buf + r->received, reply->data, want);
    r->received += want;
    r->wire_in_flight -= r->wire[r->first];
    r->first = (r->first + 1) % WINDOW_MAX;
    r->in_flight--;
    if (++r->good >= GROW_AFTER && r->window < r->limit) {
        r->window++;
        r->good = 0;
    }
    r->job->result->received = r->received;
    if (r->job->on_progress != NULL &&
        (r->received % EB_FLASH_PACKET == 0 || r->received == r->job->size)) {
        r->job->on_progress(r->job->user, r->received);
    }
}

static eb_code_t judge(eb_rom_read_t *r, const uint8_t *frame, size_t len, eb_err_t *err)
{
    eb_reply_t reply;

    if (len < EB_PACKET_HEADER_BYTES || !eb_packet_reply(frame, len, EB_DIALECT_ROM, &reply) ||
        reply.op != EB_CMD_READ_FLASH_SLOW) {
        return eb_err_set(err, EB_ERR_LINE, "a frame that is no flash data");
    }
    if (reply.status != 0) {
        (void)eb_err_set(err, EB_ERR_DEVICE, "the board cannot read its flash: %s",
                         eb_status_text(reply.status, reply.error));
        if (err != NULL) {
            err->device_status = eb_status_code(reply.status, reply.error);
        }
        return EB_ERR_DEVICE;
    }
    if (len != REPLY_BYTES) {
        return eb_err_set(err, EB_ERR_LINE, "%zu bytes of flash data instead of %u", reply.data_len,
                          BLOCK_BYTES);
    }
    take_reply(r, &reply);
    return EB_OK;
}

/* Until all data is here, or something unusual comes. */
static eb_code_t run(eb_rom_read_t *r, eb_err_t *err)
{
    eb_link_t *link = r->s->link;
    const int64_t reply_ms = r->s->reply_ms + eb_link_late_ms(link);
    int64_t deadline = eb_clock_ms() + reply_ms;

    /* The buffer is no longer than a reply, so that a boot log in the middle overflows it at once.
     */
    eb_link_set_buf(link, r->frame, sizeof(r->frame));
    r->outside = eb_link_outside_total(link);
    while (r->received < r->job->size) {
        eb_slip_event_t event;
        size_t len;
        bool late;
        const uint8_t *frame;
        eb_code_t code = fill_window(r, err);

        if (code == EB_OK) {
            code = eb_link_step_frame(link, deadline, &event, &frame, &len, &late, err);
        }
        if (code != EB_OK) {
            return code;
        }
        if (late) {
            return eb_link_blame_reset(link,
                                       eb_err_set(err, EB_ERR_TIMEOUT, "the flash data stopped"),
                                       err);
        }
        if (eb_link_outside_total(link) != r->outside) {
            return eb_link_blame_reset(link,
                                       eb_err_set(err, EB_ERR_LINE, "bytes between the frames"),
                                       err);
        }
        if (event == EB_SLIP_MORE) {
            continue;
        }
        if (event != EB_SLIP_FRAME) {
            return eb_err_set(err, EB_ERR_LINE, "a reply was damaged");
        }
        code = judge(r, frame, len, err);
        if (code != EB_OK) {
            return code;
        }
        deadline = eb_clock_ms() + reply_ms;
    }
    return EB_OK;
}

/* Bring the link back in step. Requests without a reply are made again. */
static eb_code_t start_over(eb_rom_read_t *r, eb_err_t *err)
{
    eb_sync_info_t info;
    eb_code_t code = eb_link_resync(r->s->link, 3, &info, err);

    r->sent = r->received;
    r->in_flight = r->first = r->wire_in_flight = r->good = 0;
    /* Too many requests in flight may be the reason, so allow fewer for the rest of this job. */
    if (r->window < r->limit) {
        r->limit = r->window;
    }
    r->limit = r->limit > 2 ? r->limit - 2 : 1;
    r->window = 1;
    r->s->stats.retries++;
    if (code == EB_OK && info.dialect != EB_DIALECT_ROM) {
        code = eb_err_set(err, EB_ERR_CHIP_RESET, "the stub answers instead of the ROM bootloader");
    }
    /* A ROM that restarted unnoticed has its flash pins off, and would read FF. */
    return code == EB_OK ? eb_flash_attach_again(r->s, false, err) : code;
}

static eb_code_t receive_all(eb_rom_read_t *r, eb_err_t *err)
{
    int failures = 0;

    for (;;) {
        const uint32_t before = r->received;
        eb_code_t code = run(r, err);
        const bool again = eb_code_row(code)->reply_lost || code == EB_ERR_DEVICE;

        eb_link_set_buf(r->s->link, NULL, 0);
        if (code == EB_OK) {
            return EB_OK;
        }
        eb_link_mark_dirty(r->s->link);
        failures = r->received > before ? 1 : failures + 1;
        if (!again || failures > FAILURES_MAX || (code == EB_ERR_DEVICE && failures > 1)) {
            return code;
        }
        code = start_over(r, err);
        if (code != EB_OK) {
            return code;
        }
    }
}

eb_code_t eb_flash_read_rom(eb_session_t *s, const eb_read_job_t *job, eb_err_t *err)
{
    eb_rom_read_t r = {.s = s, .job = job, .window = 1, .limit = window_limit(s)};
    uint8_t ours[EB_MD5_BYTES], theirs[EB_MD5_BYTES];
    eb_code_t code;

    /* Start as the last job ended. */
    if (s->rom_window > 1) {
        r.window = s->rom_window;
    }
    code = receive_all(&r, err);
    s->rom_window = r.window;
    if (code != EB_OK) {
        return code;
    }
    code = eb_flash_digest(s, job->addr, job->size, theirs, err);
    if (code != EB_OK) {
        return code;
    }
    eb_md5(job->buf, job->size, ours);
    if (memcmp(ours, theirs, sizeof(ours)) != 0) {
        return eb_err_set(err, EB_ERR_LINE, "the digest of the board does not match the data");
    }
    job->result->verified = true;
    return EB_OK;
}

/* -- measuring -------------------------------------------------------------------------------- */

static bool is_answer(const uint8_t *frame, size_t len, const uint8_t *expected)
{
    eb_reply_t reply;

    return len == REPLY_BYTES && eb_packet_reply(frame, len, EB_DIALECT_ROM, &reply) &&
           reply.op == EB_CMD_READ_FLASH_SLOW && reply.status == 0 &&
           memcmp(reply.data, expected, BLOCK_BYTES) == 0;
}

/* A faulty answer counts as a lost one. */
static eb_code_t count_answers(eb_session_t *s, const uint8_t *expected, uint32_t count,
                               uint32_t *answered, eb_err_t *err)
{
    const int64_t reply_ms = s->reply_ms + eb_link_late_ms(s->link);
    const uint8_t *frame;
    size_t len;
    eb_code_t code = EB_OK;

    while (code == EB_OK && *answered < count) {
        code = eb_link_receive(s->link, eb_clock_ms() + reply_ms, &frame, &len, err);
        if (code == EB_OK && !is_answer(frame, len, expected + *answered * BLOCK_BYTES)) {
            code = EB_ERR_LINE;
        }
        *answered += code == EB_OK;
    }
    return eb_code_row(code)->reply_lost ? EB_OK : code;
}

eb_code_t eb_flash_rom_burst(eb_session_t *s, uint32_t addr, const uint8_t *expected,
                             uint32_t count, uint32_t *answered, eb_err_t *err)
{
    eb_sync_info_t info;
    eb_code_t code = eb_session_check_range(s, addr, count * BLOCK_BYTES, err);

    *answered = 0;
    for (uint32_t i = 0; code == EB_OK && i < count; i++) {
        uint8_t frame[EB_PACKET_HEADER_BYTES + 8];
        const size_t length = build(addr + i * BLOCK_BYTES, BLOCK_BYTES, frame);

        code = eb_link_send_frame(s->link, frame, length, err);
    }
    if (code == EB_OK) {
        code = count_answers(s, expected, count, answered, err);
    }
    if (code != EB_OK || *answered == count) {
        return code;
    }
    eb_link_mark_dirty(s->link);
    code = eb_link_resync(s->link, 3, &info, err);
    return code == EB_OK ? eb_flash_attach_again(s, false, err) : code;
}
