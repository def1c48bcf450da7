/* device_command.c: idempotent commands, made again when the line damaged them. */
#include "bytes.h"
#include "clock.h"
#include "session_impl.h"

#define COMMAND_TRIES 3

eb_code_t eb_dev_command(eb_session_t *s, const eb_request_t *request, eb_reply_t *reply,
                         eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (int i = 0; i < COMMAND_TRIES; i++) {
        if (i > 0) {
            s->stats.retries++;
        }
        code = eb_link_command(s->link, request, reply, err);
        if (code == EB_OK) {
            return EB_OK;
        }
        /* Noise may turn a command into another that the board refuses, and a stub reports a
         * failed write with the next command. So only the last refusal counts. */
        if (!eb_code_row(code)->reply_lost && !(code == EB_ERR_DEVICE && !request->probe)) {
            return code;
        }
    }
    return code;
}

eb_code_t eb_dev_read_reg(eb_session_t *s, uint32_t reg, uint32_t *out, eb_err_t *err)
{
    uint8_t data[4];
    eb_reply_t reply;
    const eb_request_t request = {
        .op = EB_CMD_READ_REG, .data = data, .len = sizeof(data), .timeout_ms = s->reply_ms};
    eb_code_t code;

    *out = 0;
    eb_put_le32(data, reg);
    const uint32_t retries = s->stats.retries;
    const int64_t started_ms = eb_clock_ms();
    code = eb_dev_command(s, &request, &reply, err);
    if (code == EB_OK && s->stats.retries == retries) {
        eb_connect_learn_patience(s, eb_clock_ms() - started_ms);
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "register 0x%08x", (unsigned)reg);
        return code;
    }
    *out = reply.value;
    return EB_OK;
}

eb_code_t eb_dev_read_confirmed(eb_session_t *s, uint32_t reg, uint32_t *out, eb_err_t *err)
{
    uint32_t before;
    eb_code_t code = eb_dev_read_reg(s, reg, out, err);

    for (int i = 0; code == EB_OK && i < EB_DEV_CONFIRM_READS; i++) {
        before = *out;
        code = eb_dev_read_reg(s, reg, out, err);
        if (code == EB_OK && *out == before) {
            return EB_OK;
        }
        s->stats.retries++;
    }
    return code != EB_OK ? code
                         : eb_err_set(err, EB_ERR_LINE, "register 0x%08x is never the same twice",
                                      (unsigned)reg);
}

static eb_code_t write_batch(eb_session_t *s, const eb_reg_write_t *writes, size_t count,
                             eb_err_t *err)
{
    uint8_t data[16 * EB_REG_WRITES_MAX];
    eb_reply_t reply;
    const eb_request_t request = {
        .op = EB_CMD_WRITE_REG, .data = data, .len = 16 * count, .timeout_ms = s->reply_ms};
    eb_code_t code;

    for (size_t i = 0; i < count; i++) {
        uint8_t *at = data + 16 * i;

        eb_put_le32(at, writes[i].reg);
        eb_put_le32(at + 4, writes[i].value);
        eb_put_le32(at + 8, UINT32_MAX); /* mask: all bits */
        eb_put_le32(at + 12, 0);         /* delay */
    }
    code = eb_dev_command(s, &request, &reply, err);
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "register 0x%08x", (unsigned)writes[0].reg);
    }
    return code;
}

eb_code_t eb_dev_write_regs(eb_session_t *s, const eb_reg_write_t *writes, size_t count,
                            eb_err_t *err)
{
    eb_code_t code = EB_OK;

    if (count == 0 || count > EB_REG_WRITES_MAX) {
        return eb_err_set(err, EB_ERR_INTERNAL, "%zu registers in one go", count);
    }
    if (s->stub) {
        return write_batch(s, writes, count, err);
    }
    for (size_t i = 0; code == EB_OK && i < count; i++) {
        code = write_batch(s, &writes[i], 1, err);
    }
    return code;
}

eb_code_t eb_dev_write_reg(eb_session_t *s, uint32_t reg, uint32_t value, eb_err_t *err)
{
    const eb_reg_write_t write = {reg, value};

    return write_batch(s, &write, 1, err);
}
