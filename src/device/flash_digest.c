/* flash_digest.c: the MD5 that the chip computes over a range. */
#include "bytes.h"
#include "digest.h"
#include "session_impl.h"

#include <string.h>

/* The vendor allows the chip this long for a megabyte. */
#define DIGEST_MS_PER_MB 8000
#define DIGEST_MS_MIN    3000
#define HEX_BYTES        (2u * EB_MD5_BYTES)

/*
 * A ROM bootloader that restarted unnoticed reads FF, because its pins do not lead to the flash,
 * and its MD5 agrees. So the MD5 of erased bytes counts only when the flash still answers its JEDEC
 * id. The stub needs no such check, because it does not survive a reset.
 */
static eb_code_t confirm_erased(eb_session_t *s, uint32_t size, const uint8_t md5[EB_MD5_BYTES],
                                eb_err_t *err)
{
    uint8_t erased[EB_MD5_BYTES];

    if (s->stub) {
        return EB_OK;
    }
    eb_md5_erased(size, erased);
    return memcmp(md5, erased, sizeof(erased)) == 0 ? eb_flash_confirm_present(s, err) : EB_OK;
}

eb_code_t eb_flash_digest(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t md5[EB_MD5_BYTES],
                          eb_err_t *err)
{
    uint8_t data[16];
    eb_reply_t reply;
    eb_request_t request = {.op = EB_CMD_SPI_FLASH_MD5, .data = data, .len = sizeof(data)};
    char hex[HEX_BYTES + 1] = {0};
    eb_code_t code;

    memset(md5, 0, EB_MD5_BYTES);
    code = eb_session_check_range(s, addr, size, err);
    if (code != EB_OK) {
        return code;
    }
    if (!eb_session_has_digest(s)) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "the ROM of the %s has no digest", s->row->name);
    }
    request.timeout_ms = (int64_t)size * DIGEST_MS_PER_MB / (1 << 20) + DIGEST_MS_MIN;
    eb_put_le32(data, addr);
    eb_put_le32(data + 4, size);
    memset(data + 8, 0, 8);
    code = eb_dev_command(s, &request, &reply, err);
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "digest of 0x%x + 0x%x", (unsigned)addr, (unsigned)size);
        return code;
    }
    /* The stub sends it raw, the ROM in hex. */
    if (reply.data_len == EB_MD5_BYTES) {
        memcpy(md5, reply.data, EB_MD5_BYTES);
        return confirm_erased(s, size, md5, err);
    }
    if (reply.data_len == HEX_BYTES) {
        memcpy(hex, reply.data, HEX_BYTES);
        if (eb_hex_decode(hex, md5, EB_MD5_BYTES)) {
            return confirm_erased(s, size, md5, err);
        }
    }
    eb_link_mark_dirty(s->link);
    return eb_err_set(err, EB_ERR_PROTOCOL, "a digest of %zu bytes that is none", reply.data_len);
}
