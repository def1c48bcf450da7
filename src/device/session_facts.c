/* session_facts.c: the facts of a session, without asking the board. */
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
