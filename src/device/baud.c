/* baud.c: changing the rate of the line on both sides. */
#include "bytes.h"
#include "clock.h"
#include "session_impl.h"

/* Chip and adapter change at slightly different times, and bytes in between are noise. */
#define CHANGE_MS      30
#define RATE_SYNC_MS   300
#define NEW_RATE_TRIES 3
#define OLD_RATE_TRIES 2

static const uint32_t ladder[] = {921600, 460800, 230400, 115200};

uint32_t eb_baud_below(uint32_t baud)
{
    for (size_t i = 0; i < sizeof(ladder) / sizeof(ladder[0]); i++) {
        if (ladder[i] < baud) {
            return ladder[i];
        }
    }
    return 0;
}

uint32_t eb_baud_now(const eb_session_t *s)
{
    const eb_port_traits_t *traits = eb_port_traits(s->port.kind);

    if (traits->has_rate) {
        return s->transport != NULL ? eb_transport_baud(s->transport) : 0;
    }
    return traits->in_chip ? 0 : s->baud_told;
}

/* An unknown rate is most likely the one that the ROM bootloader starts with. */
static uint32_t assumed_now(const eb_session_t *s)
{
    const uint32_t now = eb_baud_now(s);

    return now != 0 ? now : EB_ROM_BAUD;
}

/*
 * The rate to ask for, so that the line goes from `old` to `baud`; *from: the rate to call the old
 * one. A ROM that misjudges its crystal sets a rate that is off by the same share, so we ask for a
 * rate that is off the other way. The stub of a chip with an old ROM scales the present divider.
 * The first generation scales by the old rate that we tell, the second always by 115200. With the
 * ratio related to 115200 both do the same.
 */
static uint32_t rate_to_ask(const eb_session_t *s, uint32_t old, uint32_t baud, uint32_t *from)
{
    const uint64_t crystal_hz = (uint64_t)s->chip.crystal_mhz * 1000000u;

    *from = s->stub ? old : 0;
    if (s->stub && s->row->old_rom && old != 0) {
        *from = EB_ROM_BAUD;
        return (uint32_t)((uint64_t)baud * EB_ROM_BAUD / old);
    }
    if (s->stub || s->rom_clock_hz == 0 || crystal_hz == 0) {
        return baud;
    }
    return (uint32_t)(baud * s->rom_clock_hz / crystal_hz);
}

static eb_code_t check_rate(eb_session_t *s, int tries, eb_err_t *err)
{
    const eb_dialect_t before = eb_link_dialect(s->link);
    eb_sync_info_t info;
    eb_code_t code = EB_ERR_LINE;

    eb_sleep_ms(CHANGE_MS);
    code = eb_link_flush(s->link, err);
    for (int i = 0; code == EB_OK && i < tries; i++) {
        code = eb_link_sync_any_step(s->link, RATE_SYNC_MS, &info, err);
        if (code == EB_OK) {
            return info.dialect == before
                       ? EB_OK
                       : eb_err_set(err, EB_ERR_CHIP_RESET, "the board restarted");
        }
        if ((code == EB_ERR_TIMEOUT || code == EB_ERR_GARBAGE) && i + 1 < tries) {
            code = eb_link_drain(s->link, 50, 500, err);
            if (code == EB_ERR_GARBAGE) {
                code = EB_OK;
            }
        }
    }
    return code;
}

/* Try the rate on this computer, or its server, first: the board must not go there alone. */
static eb_code_t try_here(eb_session_t *s, uint32_t baud, uint32_t old, eb_err_t *err)
{
    eb_code_t code;

    if (!eb_transport_can_baud(s->transport)) {
        return EB_OK;
    }
    code = eb_transport_set_baud(s->transport, baud, err);
    return code == EB_OK ? eb_transport_set_baud(s->transport, old, err) : code;
}

eb_code_t eb_baud_change(eb_session_t *s, uint32_t baud, eb_err_t *err)
{
    const uint32_t old = assumed_now(s);
    const bool host = eb_transport_can_baud(s->transport);
    uint32_t from;
    uint8_t data[8];
    eb_reply_t reply;
    const eb_request_t request = {.op = EB_CMD_CHANGE_BAUDRATE,
                                  .data = data,
                                  .len = sizeof(data),
                                  .timeout_ms = s->reply_ms,
                                  .probe = true};
    eb_code_t code;

    code = try_here(s, baud, old, err);
    if (code != EB_OK) {
        return code;
    }
    eb_put_le32(data, rate_to_ask(s, old, baud, &from));
    eb_put_le32(data + 4, from);
    code = eb_link_command(s->link, &request, &reply, err);
    /* Without a reply the board may have changed or not: try the new rate, then the old rate. */
    if (code != EB_OK && !eb_code_row(code)->reply_lost) {
        return code;
    }
    if (!host) {
        if (code == EB_OK) {
            code = check_rate(s, NEW_RATE_TRIES, err);
        }
        s->baud_told = code == EB_OK ? baud : 0;
        return code;
    }
    code = eb_transport_set_baud(s->transport, baud, err);
    if (code == EB_OK) {
        code = check_rate(s, NEW_RATE_TRIES, err);
    }
    if (code == EB_OK) {
        eb_event_note(s->ev, EB_LEVEL_DETAIL, "line at %u baud", (unsigned)baud);
        return EB_OK;
    }
    if (code == EB_ERR_CANCELLED || code == EB_ERR_PORT_LOST || code == EB_ERR_CHIP_RESET) {
        return code;
    }
    code = eb_transport_set_baud(s->transport, old, err);
    if (code == EB_OK) {
        code = check_rate(s, OLD_RATE_TRIES, err);
    }
    if (code == EB_OK) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "the line does not work at %u baud",
                          (unsigned)baud);
    }
    return code;
}

eb_code_t eb_baud_raise(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code = EB_OK;
    int refused = 0;

    if (!eb_transport_can_baud(s->transport) && !s->baud_fixed) {
        return EB_OK;
    }
    /* A USB unit inside the chip ignores the rate. */
    if (eb_port_traits(s->port.kind)->in_chip) {
        return EB_OK;
    }
    if (s->row->old_rom && !s->stub) {
        return EB_OK;
    }
    /* A ROM that takes its crystal for another sets another rate than it is told. */
    if (!s->stub && eb_chip_crystal_varies(s->row) && s->chip.crystal_mhz == 0) {
        eb_event_note(s->ev, EB_LEVEL_DETAIL, "the line stays at %u baud: the crystal is unknown",
                      (unsigned)assumed_now(s));
        return EB_OK;
    }
    while (s->baud_target != 0 && s->baud_target != assumed_now(s)) {
        code = eb_baud_change(s, s->baud_target, err);
        if (code == EB_OK) {
            break;
        }
        if (code == EB_ERR_CANCELLED || code == EB_ERR_PORT_LOST) {
            return code;
        }
        /* A mode without the command, as secure download mode may be; twice, for damage. */
        if (code == EB_ERR_DEVICE && refused++ > 0) {
            eb_event_note(s->ev, EB_LEVEL_NOTE, "the board refuses other rates than %u baud",
                          (unsigned)assumed_now(s));
            s->baud_target = 0;
            return EB_OK;
        }
        if (code == EB_ERR_DEVICE) {
            continue;
        }
        eb_event_note(s->ev, EB_LEVEL_NOTE, "%u baud does not work here; going down",
                      (unsigned)s->baud_target);
        /* A rate that the port does not have says nothing about the line. */
        if (try_here(s, s->baud_target, assumed_now(s), NULL) != EB_ERR_UNSUPPORTED) {
            s->stats.slowdowns++;
        }
        s->baud_target = eb_baud_below(s->baud_target);
        if (code != EB_ERR_UNSUPPORTED) {
            return eb_err_set(err, EB_ERR_LINE, "the board was lost while the line was sped up");
        }
    }
    return EB_OK;
}
