/* session_facts.c: the facts of a session, without asking the board. */
#include "bytes.h"
#include "range.h"
#include "session_impl.h"

#include <stdio.h>

const eb_chip_info_t *eb_session_chip(const eb_session_t *s)
{
    return &s->chip;
}

const eb_flash_info_t *eb_session_flash(const eb_session_t *s)
{
    return &s->flash;
}

void eb_session_get_stats(const eb_session_t *s, eb_session_stats_t *out)
{
    *out = s->stats;
    (void)snprintf(out->port, sizeof(out->port), "%s", s->port_name);
    out->port_kind = s->port.kind;
    out->stub = s->stub;
    out->wire_bytes_in = s->bytes_in_before;
    out->wire_bytes_out = s->bytes_out_before;
    out->baud = eb_baud_now(s);
    if (s->transport != NULL) {
        out->wire_bytes_in += eb_transport_bytes_in(s->transport);
        out->wire_bytes_out += eb_transport_bytes_out(s->transport);
    }
}

eb_code_t eb_session_need_flash(const eb_session_t *s, eb_err_t *err)
{
    if (s->secure_download) {
        (void)eb_err_set(err, EB_ERR_REFUSED,
                         "the chip is in secure download mode: it does not let its flash be read");
        eb_err_hint(
            err,
            "this is set for good by an eFuse; its flash can be neither read nor written this way");
        return EB_ERR_REFUSED;
    }
    if (!s->flash.known) {
        return eb_err_set(err, EB_ERR_FLASH_MUTE, "the flash does not answer (JEDEC id %06x)",
                          (unsigned)s->flash.jedec_id);
    }
    if (s->flash.size_bytes == 0) {
        return eb_err_set(err, EB_ERR_FLASH_SIZE, "the size of the flash with id 0x%06x is unknown",
                          (unsigned)s->flash.jedec_id);
    }
    return EB_OK;
}

eb_code_t eb_session_need_read(const eb_session_t *s, eb_err_t *err)
{
    const eb_code_t code = eb_session_need_flash(s, err);

    if (code != EB_OK || s->stub || !s->row->old_rom) {
        return code;
    }
    (void)eb_err_set(err, EB_ERR_UNSUPPORTED, "the ROM bootloader of the %s cannot read the flash",
                     s->row->name);
    eb_err_reason(err, s->options.no_stub ? EB_REASON_ALLOW_STUB : EB_REASON_OTHER_STUB);
    return EB_ERR_UNSUPPORTED;
}

bool eb_session_has_digest(const eb_session_t *s)
{
    return s->stub || !s->row->old_rom;
}

/* -- what stub or ROM bootloader can address --------------------------------------------------- */

static bool has_foreign_stub(const eb_session_t *s)
{
    return s->stub && s->row->stub.far_only_ours && s->stats.stub_version[0] == '\0';
}

uint64_t eb_session_reach(const eb_session_t *s)
{
    const uint64_t limit =
        s->stub && !has_foreign_stub(s) ? s->row->stub_flash_limit : EB_FLASH_LIMIT_24BIT;

    return eb_min_u64(eb_min_u64(limit, s->flash.size_bytes), UINT32_MAX);
}

static eb_reason_t why_out_of_reach(const eb_session_t *s, uint64_t end)
{
    if (end > s->row->stub_flash_limit) {
        return EB_REASON_WITHIN_REACH;
    }
    if (has_foreign_stub(s)) {
        return EB_REASON_OWN_STUB;
    }
    return s->options.no_stub ? EB_REASON_ALLOW_STUB : EB_REASON_OTHER_STUB;
}

eb_code_t eb_session_check_range(const eb_session_t *s, uint64_t addr, uint64_t size, eb_err_t *err)
{
    const uint64_t reach = eb_session_reach(s);
    const eb_code_t code = eb_session_need_flash(s, err);

    if (code != EB_OK) {
        return code;
    }
    if (s->link == NULL) {
        return eb_err_set(err, EB_ERR_PORT_LOST, "%s is gone", s->port_name);
    }
    if (size == 0 || !eb_range_within(addr, size, s->flash.size_bytes)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "range 0x%llx + 0x%llx does not lie within the %llu bytes of the flash",
                          (unsigned long long)addr, (unsigned long long)size,
                          (unsigned long long)s->flash.size_bytes);
    }
    if (!eb_range_within(addr, size, reach)) {
        (void)eb_err_set(err, EB_ERR_UNSUPPORTED,
                         "range 0x%llx + 0x%llx does not lie within the first %llu MB of the "
                         "flash, which is all that the %s of the %s can address",
                         (unsigned long long)addr, (unsigned long long)size,
                         (unsigned long long)(reach >> 20), s->stub ? "stub" : "ROM bootloader",
                         s->row->name);
        eb_err_hint(err, "%lluMB", (unsigned long long)(reach >> 20));
        eb_err_reason(err, why_out_of_reach(s, addr + size));
        return EB_ERR_UNSUPPORTED;
    }
    return EB_OK;
}
