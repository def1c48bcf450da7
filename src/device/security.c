/* security.c: the security state by GET_SECURITY_INFO. */
#include "bytes.h"
#include "session_impl.h"

#include <string.h>

/* Flags of GET_SECURITY_INFO, the same on all chips that have it. */
#define FLAG_SECURE_BOOT     (1u << 0)
#define FLAG_SECURE_DOWNLOAD (1u << 2)
#define FLAG_SOFT_DIS_JTAG   (1u << 6)
#define FLAG_HARD_DIS_JTAG   (1u << 7)

#define SECURITY_SHORT_BYTES 12u /* without chip id */

static eb_tristate_t yes_if(bool yes)
{
    return yes ? EB_YES : EB_NO;
}

bool eb_security_decode(const uint8_t *data, size_t len, eb_security_t *out, uint32_t *chip_id)
{
    uint32_t flags;
    unsigned ones = 0;

    memset(out, 0, sizeof(*out));
    *chip_id = UINT32_MAX;
    if (len < SECURITY_SHORT_BYTES) {
        return false;
    }
    flags = eb_get_le32(data);
    for (unsigned i = 0; i < 8; i++) {
        ones += ((unsigned)data[4] >> i) & 1u;
    }
    out->flash_encryption = yes_if(ones % 2 == 1);
    out->secure_boot = yes_if((flags & FLAG_SECURE_BOOT) != 0);
    out->secure_boot_version = (flags & FLAG_SECURE_BOOT) != 0 ? 2 : 0;
    out->secure_download_mode = yes_if((flags & FLAG_SECURE_DOWNLOAD) != 0);
    out->download_disabled = EB_NO; /* or we would not talk */
    out->jtag_disabled = yes_if((flags & (FLAG_SOFT_DIS_JTAG | FLAG_HARD_DIS_JTAG)) != 0);
    out->raw_valid = true;
    out->raw_flags = flags;
    out->raw_crypt_cnt = data[4];
    if (len >= EB_SECURITY_INFO_BYTES) {
        *chip_id = eb_get_le32(data + 12);
    }
    return true;
}

typedef struct eb_security_reply {
    size_t len; /* 0: the chip does not know the command */
    uint8_t data[EB_SECURITY_INFO_BYTES];
} eb_security_reply_t;

static eb_code_t ask_once(eb_session_t *s, eb_security_reply_t *out, eb_err_t *err)
{
    const eb_request_t request = {.op = EB_CMD_GET_SECURITY_INFO,
                                  .timeout_ms = s->reply_ms,
                                  .probe = true};
    eb_reply_t reply;
    eb_code_t code;

    memset(out, 0, sizeof(*out));
    code = eb_dev_command(s, &request, &reply, err);
    if (code != EB_OK) {
        return code == EB_ERR_DEVICE ? EB_OK : code;
    }
    out->len = reply.data_len < sizeof(out->data) ? reply.data_len : sizeof(out->data);
    memcpy(out->data, reply.data, out->len);
    return EB_OK;
}

eb_code_t eb_security_ask(eb_session_t *s, eb_security_t *out, uint32_t *chip_id, bool *answered,
                          eb_err_t *err)
{
    eb_security_reply_t reply, before;
    eb_code_t code = ask_once(s, &reply, err);
    bool confirmed = false;

    *answered = false;
    *chip_id = UINT32_MAX;
    /* A chip without the command is identified by its magic word. */
    if (code == EB_OK && reply.len == 0) {
        return EB_OK;
    }
    for (int i = 0; code == EB_OK && !confirmed && i < EB_DEV_CONFIRM_READS; i++) {
        before = reply;
        code = ask_once(s, &reply, err);
        confirmed = before.len == reply.len && memcmp(before.data, reply.data, reply.len) == 0;
        s->stats.retries += confirmed ? 0 : 1;
    }
    if (code != EB_OK) {
        return code;
    }
    if (!confirmed) {
        return eb_err_set(err, EB_ERR_LINE, "the chip never answers the same security state twice");
    }
    *answered = eb_security_decode(reply.data, reply.len, out, chip_id);
    return EB_OK;
}
