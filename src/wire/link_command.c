/* link_command.c: one request and its reply, among whatever else comes over the line. */
#include "clock.h"
#include "link_impl.h"

#include <string.h>

#define AFTER_DAMAGE_MS 400
#define ERROR_INVALID   0x05u
/* Only late flash packets are longer than this before they are whole. */
#define REPLY_LONG      80u

static eb_code_t send_request(eb_link_t *l, const eb_request_t *request, eb_err_t *err)
{
    const size_t len = request->len + request->bulk_len;
    const uint32_t sum =
        request->bulk_len > 0 ? eb_packet_checksum(request->bulk, request->bulk_len) : 0;

    if (len > EB_LINK_DATA_MAX) {
        return eb_err_set(err, EB_ERR_INTERNAL, "a command of %zu bytes is too long", len);
    }
    eb_packet_header(request->op, len, sum, l->plain);
    if (request->len > 0) {
        memcpy(l->plain + EB_PACKET_HEADER_BYTES, request->data, request->len);
    }
    if (request->bulk_len > 0) {
        memcpy(l->plain + EB_PACKET_HEADER_BYTES + request->len, request->bulk, request->bulk_len);
    }
    return eb_link_send(l, l->plain, EB_PACKET_HEADER_BYTES + len,
                        EB_PACKET_HEADER_BYTES + request->len, err);
}

/* The chip answers an unknown or unreadable command several times, under the number of the command
 * before. */
static eb_code_t refused(eb_link_t *l, const eb_request_t *request, const eb_reply_t *reply,
                         eb_err_t *err)
{
    char name[16];
    const eb_reply_t kept = *reply;
    const eb_code_t code = eb_link_drain(l, EB_LINK_QUIET_MS, EB_LINK_DRAIN_MS, err);

    if (code != EB_OK) {
        return code;
    }
    if (!request->probe) {
        l->dirty = true;
        return eb_err_set(err, EB_ERR_LINE, "%s did not reach the board whole",
                          eb_cmd_name(request->op, name, sizeof(name)));
    }
    (void)eb_err_set(err, EB_ERR_DEVICE, "%s: %s", eb_cmd_name(request->op, name, sizeof(name)),
                     eb_status_text(kept.status, kept.error));
    if (err != NULL) {
        err->device_status = eb_status_code(kept.status, kept.error);
    }
    return EB_ERR_DEVICE;
}

/* The board found the request damaged: a fault of the line, not a refusal. */
static bool checksum_failed(const eb_reply_t *reply)
{
    return (reply->status == 0x01 && reply->error == 0x07) || reply->status == 0xC1;
}

/* Whether the frame answers the request; EB_OK, or the error that it carries. */
static eb_code_t judge_reply(eb_link_t *l, const eb_request_t *request, const uint8_t *frame,
                             size_t len, eb_reply_t *reply, bool *answered, eb_err_t *err)
{
    char name[16];

    *answered = false;
    if (!eb_packet_reply(frame, len, l->dialect, reply)) {
        return EB_OK;
    }
    if (reply->op != request->op) {
        if (reply->status == 0x01 && reply->error == ERROR_INVALID) {
            *answered = true;
            return refused(l, request, reply, err);
        }
        return EB_OK;
    }
    *answered = true;
    if (reply->status == 0) {
        return EB_OK;
    }
    const eb_code_t code = checksum_failed(reply) ? EB_ERR_LINE : EB_ERR_DEVICE;
    (void)eb_err_set(err, code, "%s: the board answered error 0x%02x: %s",
                     eb_cmd_name(request->op, name, sizeof(name)),
                     (unsigned)eb_status_code(reply->status, reply->error),
                     eb_status_text(reply->status, reply->error));
    if (err != NULL) {
        err->device_status = eb_status_code(reply->status, reply->error);
    }
    return code;
}

static eb_code_t no_reply(eb_link_t *l, const eb_request_t *request, bool damaged, eb_err_t *err)
{
    char name[16];
    eb_code_t code;

    l->dirty = true;
    if (damaged) {
        code = eb_err_set(err, EB_ERR_LINE, "the reply to %s was damaged",
                          eb_cmd_name(request->op, name, sizeof(name)));
    } else {
        code = eb_err_set(err, EB_ERR_TIMEOUT, "no reply to %s within %.1f s",
                          eb_cmd_name(request->op, name, sizeof(name)),
                          (double)(request->timeout_ms + eb_link_late_ms(l)) / 1000.0);
    }
    return eb_link_blame_reset(l, code, err);
}

/* A board that restarts while a request is on its way may still answer it, from the ROM bootloader.
 * But all that was set up before is gone. */
static eb_code_t not_of_another_run(eb_link_t *l, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    if (l->slip.outside_total != l->text_mark) {
        code = eb_link_blame_reset(l, EB_OK, err);
        l->dirty = l->dirty || code != EB_OK;
    }
    return code;
}

static eb_code_t await_reply(eb_link_t *l, const eb_request_t *request, eb_reply_t *reply,
                             eb_err_t *err)
{
    int64_t deadline = eb_clock_ms() + request->timeout_ms + eb_link_late_ms(l);
    size_t outside = l->text_mark;
    bool damaged = false;

    for (int frames = 0; frames < EB_LINK_SKIPPED_MAX;) {
        eb_slip_event_t event;
        bool late, answered;
        size_t len, decoded;
        eb_code_t code = eb_link_step(l, deadline, &event, &len, &late, err);

        if (code != EB_OK) {
            return code;
        }
        if (event == EB_SLIP_FRAME) {
            frames++;
            code = judge_reply(l, request, l->slip.buf, len, reply, &answered, err);
            if (answered) {
                return code == EB_OK ? not_of_another_run(l, err) : code;
            }
            continue;
        }
        if (event != EB_SLIP_MORE && !damaged) {
            /* Most likely this was our reply, so do not wait long for another. */
            damaged = true;
            if (deadline > eb_clock_ms() + AFTER_DAMAGE_MS) {
                deadline = eb_clock_ms() + AFTER_DAMAGE_MS;
            }
        }
        /* A restart cuts a frame off, and the boot log then continues the frame. */
        if (l->slip.outside_total != outside ||
            (eb_link_frame_started(l, &decoded) && decoded > REPLY_LONG)) {
            outside = l->slip.outside_total;
            code = eb_link_blame_reset(l, EB_OK, err);
            if (code != EB_OK) {
                l->dirty = true;
                return code;
            }
        }
        if (late) {
            return no_reply(l, request, damaged, err);
        }
    }
    l->dirty = true;
    return eb_err_set(err, EB_ERR_PROTOCOL, "frames without end, but no reply");
}

eb_code_t eb_link_command(eb_link_t *l, const eb_request_t *request, eb_reply_t *reply,
                          eb_err_t *err)
{
    eb_code_t code;

    memset(reply, 0, sizeof(*reply));
    if (l->dirty) {
        const eb_dialect_t before = l->dialect;
        eb_sync_info_t info;

        code = eb_link_resync(l, 3, &info, err);
        if (code != EB_OK) {
            (void)eb_err_wrap(err, "after a damaged reply");
            return code;
        }
        if (info.dialect != before) {
            return eb_err_set(err, EB_ERR_CHIP_RESET,
                              "the board restarted in the middle of the work");
        }
    }
    eb_link_set_buf(l, NULL, 0);
    l->text_mark = l->slip.outside_total;
    code = send_request(l, request, err);
    if (code != EB_OK) {
        l->dirty = true;
        return code;
    }
    return await_reply(l, request, reply, err);
}
